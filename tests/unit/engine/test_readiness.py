"""Readiness: the engine answers from a plan that nobody carries out, and changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import go, hold, prewarming

from smartspec_rollback.domain.readiness import Ready, exit_code
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.settings import TargetSettings
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.readiness import look
from smartspec_rollback.engine.run import plan_rollback
from smartspec_rollback.errors import ProviderUnavailable, StoreError
from smartspec_rollback.testing.engine_parts import (
    FAILED_ID,
    HEALTHY_ID,
    Bench,
    asking_for,
    deploy,
    furnished,
)
from smartspec_rollback.testing.fake_platform import FakePlatform
from smartspec_rollback.testing.samples import BAD, GOOD, TARGET, a_release


def _changed(bench: Bench, **settings: Any) -> TargetSettings:
    changed: TargetSettings = replace(bench.settings, **settings)
    return changed


def test_a_service_with_a_healthy_version_before_could_go_back(bench: Bench) -> None:
    """Nobody can rely on the answer where everything is as it should be."""
    answer = look(bench.parts, lasts=600)
    assert answer.outcome is Ready.READY, answer.why
    assert (answer.live_version, answer.live_deployment_id) == (BAD, FAILED_ID)
    assert (answer.to_version, answer.to_deployment_id) == (GOOD, HEALTHY_ID)
    assert answer.estimate is not None
    assert answer.estimate.seconds == 11.0
    assert answer.newest_id == FAILED_ID
    assert not answer.findings
    assert set(answer.not_asked) == {"will-it-help", "target-boots"}
    assert exit_code([answer]) == 0


@pytest.mark.parametrize("prewarm", [False, True])
def test_asking_changes_nothing(bench: Bench, *, prewarm: bool) -> None:
    """A look every few minutes starts instances, or fills the ledger with rollbacks."""
    if prewarm:
        prewarming(bench)
    effects, audited = bench.platform.effects, bench.store.audit_log(limit=99)
    look(bench.parts, lasts=600)
    assert bench.platform.effects == effects
    assert bench.store.rollbacks(limit=9) == ()
    assert bench.store.audit_log(limit=99) == audited
    assert bench.recorder.plans == []
    assert bench.channel.questions == []


def test_no_evidence_asks_for_attention(tmp_path: Path) -> None:
    """A version that nobody ever saw healthy is called ready to go back to."""
    bench = furnished(tmp_path, gate=None)
    deploy(bench, "deploy-3", a_release("v1.2.2"), verdict=VerdictOutcome.PASS)
    bench.clock.advance(60.0)
    hold(bench, a_release(GOOD))
    answer = look(bench.parts, lasts=600)
    assert answer.outcome is Ready.ATTENTION
    assert answer.to_version == BAD
    assert exit_code([answer]) == 0


def test_a_version_that_is_gone_leaves_no_way_back(bench: Bench) -> None:
    """The only good version is on hold, and the answer is green."""
    hold(bench, a_release(GOOD))
    answer = look(bench.parts, lasts=600)
    assert answer.outcome is Ready.NOT_READY
    assert "no known good version" in answer.why
    assert answer.live_version == BAD
    assert exit_code([answer]) == 3


def test_a_check_that_cannot_be_made_is_unknown(bench: Bench) -> None:
    """A database that nobody declared is taken for one that fits."""
    bench.settings = _changed(bench, database=None)
    answer = look(bench.parts, lasts=600)
    assert answer.outcome is Ready.UNKNOWN
    assert "schema-compatible" in [f.check for f in answer.findings]
    assert "database" in answer.why.lower()
    assert exit_code([answer]) == 4


def test_the_only_version_ever_deployed_cannot_go_back(tmp_path: Path) -> None:
    """The first deployment of a service is called ready."""
    bench = Bench(tmp_path)
    deploy(bench, FAILED_ID, a_release(BAD))
    assert look(bench.parts, lasts=600).outcome is Ready.NOT_READY


def test_where_nothing_is_live_there_is_nothing_to_go_back_from(tmp_path: Path) -> None:
    """A configured service that was never deployed is called ready."""
    answer = look(Bench(tmp_path).parts, lasts=600)
    assert answer.outcome is Ready.NOTHING_LIVE
    assert exit_code([answer]) == 4


def test_a_deployment_that_nobody_recorded_is_what_is_live(bench: Bench) -> None:
    """The answer is about the newest record, while something else runs."""
    bench.platform.deploy(a_release("v9"), deployment_id="deploy-9")
    answer = look(bench.parts, lasts=600)
    assert (answer.live_version, answer.live_deployment_id) == ("v9", "deploy-9")
    assert answer.newest_id == FAILED_ID


def test_a_provider_that_is_down_is_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that cannot be asked is taken for one that said yes."""

    def down(*_: object) -> None:
        raise ProviderUnavailable("nobody answers", where="https://cluster.invalid")

    monkeypatch.setattr(FakePlatform, "observe", down)
    answer = look(bench.parts, lasts=600)
    assert answer.outcome is Ready.UNKNOWN
    assert answer.why == "nobody answers (https://cluster.invalid)"


def test_a_ledger_that_cannot_be_read_is_unknown(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged ledger ends the look at every other service."""

    def broken(*_: object, **__: object) -> None:
        raise StoreError("the ledger cannot be read")

    monkeypatch.setattr(bench.store, "earlier", broken)
    assert look(bench.parts, lasts=600).outcome is Ready.UNKNOWN


def test_the_last_rollback_is_the_last_drill(bench: Bench) -> None:
    """Nobody sees when going back was last shown to work, and how long it took."""
    assert look(bench.parts, lasts=600).drill is None
    done = go(bench)
    assert done.rollback.status is Status.SUCCEEDED
    answer = look(bench.parts, lasts=600)
    drill = answer.drill
    assert drill is not None
    assert (drill.rollback_id, drill.status) == (done.rollback.id, Status.SUCCEEDED)
    assert (drill.from_version, drill.to_version) == (BAD, GOOD)
    assert drill.seconds is not None
    assert answer.live_version == GOOD
    assert bench.store.live(TARGET) is not None


def test_a_rollback_that_runs_is_in_the_way(bench: Bench) -> None:
    """Somebody is told that they could go back while another rollback has the service."""
    planned, plan = plan_rollback(bench.parts, bench.failed, asking_for())
    bench.store.open_rollback(planned, plan)
    answer = look(bench.parts, lasts=600)
    assert answer.outcome is Ready.NOT_READY
    assert [f.check for f in answer.blocking] == ["nothing-else-running"]
