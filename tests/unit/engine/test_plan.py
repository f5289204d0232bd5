"""Plans: what people read and consent to is complete, bound by its digest, and true."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.engine.acting import go, prewarming

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.step import SWITCH, VERIFY
from smartspec_rollback.domain.verdict import VerdictOutcome, VerdictSource
from smartspec_rollback.testing.engine_parts import FAILED_ID, Bench, furnished
from smartspec_rollback.testing.fake_world import RESTORE, SCALE_DOWN, START
from smartspec_rollback.testing.samples import BAD, GOOD, a_plan, a_verdict


def _plan(bench: Bench, **request: Any) -> Plan:
    return go(bench, dry_run=True, **request).plan


def _verdict(bench: Bench, outcome: VerdictOutcome, source: VerdictSource) -> None:
    bench.store.record_verdict(
        a_verdict(
            FAILED_ID,
            outcome,
            source=source,
            reason="p99 latency > 200ms",
            at=bench.clock.now(),
            by="carol",
        )
    )


def test_reason_is_the_newest_verdict(bench: Bench) -> None:
    """The plan gives another reason than what the gate, a person or a verification said."""
    assert _plan(bench).reason == "Quality gate failed (p99 latency > 200ms)"
    _verdict(bench, VerdictOutcome.FAIL, VerdictSource.PERSON)
    assert _plan(bench).reason == "Marked failed by carol (p99 latency > 200ms)"
    _verdict(bench, VerdictOutcome.FAIL, VerdictSource.VERIFICATION)
    assert _plan(bench, reason="users complain").reason == (
        "Verification failed (p99 latency > 200ms)"
    )


@pytest.mark.parametrize(
    "gate", [None, VerdictOutcome.PASS, VerdictOutcome.INCONCLUSIVE], ids=["none", "pass", "?"]
)
def test_reason_without_a_failure(tmp_path: Path, gate: VerdictOutcome | None) -> None:
    """A plan claims a failure that nobody recorded, or drops what the requester said."""
    bench = furnished(tmp_path, gate=gate)
    assert _plan(bench).reason == "Requested by alice; no recorded failure"
    assert _plan(bench, reason="users complain").reason == "users complain"
    bench.store.close()


def test_steps_in_the_words_people_know(bench: Bench) -> None:
    """A plan leaves out a step, or puts them in another order."""
    steps = _plan(bench).steps
    assert [s.kind for s in steps] == [START, SWITCH, SCALE_DOWN, VERIFY]
    assert [s.title for s in steps[1:]] == [
        f"Switch production traffic from `{BAD}` to `{GOOD}`.",
        f"Scale down `{BAD}` instances to 0.",
        f"Run verification tests on `{GOOD}`.",
    ]
    assert all(s.undo for s in steps)


def test_prewarm_leaves_out_the_start(bench: Bench) -> None:
    """A prewarmed plan starts what runs already."""
    plan = _plan(prewarming(bench))
    assert plan.prewarm
    assert [s.kind for s in plan.steps] == [SWITCH, SCALE_DOWN, VERIFY]


def test_nothing_is_prewarmed_before_its_configuration_is_back(bench: Bench) -> None:
    """Instances are started early with the failed release's configuration, and then get traffic."""
    bench.platform.kept_configurations[GOOD] = "what it ran with"
    plan = _plan(prewarming(bench))
    assert not plan.prewarm
    assert [step.kind for step in plan.steps] == [RESTORE, START, SWITCH, SCALE_DOWN, VERIFY]
    found = next(f for f in plan.findings if f.number == 6)
    assert "will be put back as it ran with it: the configuration" in found.summary
    boots = next(f for f in plan.findings if f.check == "target-boots")
    assert "was not tried: it would start with another configuration" in boots.summary


def test_baseline_and_releases_are_what_was_recorded(bench: Bench) -> None:
    """Verification compares with the window of another release."""
    plan = _plan(bench)
    assert plan.baseline is not None
    assert plan.from_release.version == BAD
    assert plan.to.release.version == GOOD


def test_plan_is_the_same_when_read_back(bench: Bench) -> None:
    """A saved plan has another digest than what people consented to."""
    report = go(bench, dry_run=True)
    saved = bench.store.plan(report.rollback.id)
    assert saved == report.plan
    again = msgspec.json.decode(msgspec.json.encode(report.plan), type=Plan)
    assert again.digest == report.digest == report.rollback.plan_digest


CHANGES: dict[str, Any] = {
    "rollback_id": "rb-2",
    "failed_deployment_id": "deploy-2",
    "reason": "another",
    "prewarm": True,
    "steps": (),
    "verification": Verification(bake=1.0),
    "objectives": (),
    "fingerprint": "sha256:other",
    "baseline": None,
}


@given(st.sampled_from(sorted(CHANGES)))
def test_digest_is_bound_to_everything(field: str) -> None:
    """Something that executing needs can be changed after people consented."""
    plan = a_plan()
    assert replace(plan, **{field: CHANGES[field]}).digest != plan.digest
    assert replace(plan).digest == plan.digest


def test_estimate_learns_from_the_last_rollbacks(bench: Bench) -> None:
    """People are told a time that no rollback of this service ever took."""
    first = go(bench)
    assert first.plan.estimate is not None
    assert first.plan.estimate.seconds == 11.0
    assert "no earlier rollback" in first.plan.estimate.basis
    learnt = _plan(bench).estimate
    assert learnt is not None
    assert "the last rollback" in learnt.basis
    assert 11.0 <= learnt.seconds < 60.0
