"""Assess: every fact reaches the checks, and one finding at most is lifted, by name and reason."""

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import go, hold

from smartspec_rollback.domain.approval import Policy
from smartspec_rollback.domain.finding import Finding, Outcome, Risk
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.engine.assess import lift
from smartspec_rollback.errors import ProviderUnavailable, Refused, UnknownName, UsageError
from smartspec_rollback.testing.engine_parts import APPROVE, Bench
from smartspec_rollback.testing.fake_channel import FakeChannel
from smartspec_rollback.testing.samples import GOOD, a_release

FINDINGS = (
    Finding(check="target-not-held", number=6, outcome=Outcome.BLOCKING, summary="held"),
    Finding(check="capacity", number=17, outcome=Outcome.BLOCKING, summary="full"),
    Finding(check="still-live", number=2, outcome=Outcome.BLOCKING, summary="gone"),
    Finding(check="data-loss", number=9, outcome=Outcome.PASSED, summary="fine"),
)


def test_one_finding_is_lifted_and_no_other() -> None:
    """An override of one check lifts another, or goes unrecorded."""
    lifted = lift(FINDINGS, "capacity", reason="we have spare machines", by="alice")
    assert [f.check for f in lifted if f.blocks] == ["target-not-held", "still-live"]
    (override,) = [f.override for f in lifted if f.override]
    assert (override.check, override.by) == ("capacity", "alice")
    assert override.reason == "we have spare machines"


def test_what_is_never_lifted() -> None:
    """A reason makes it possible to roll back what is not live."""
    with pytest.raises(Refused) as refused:
        lift(FINDINGS, "still-live", reason="I insist", by="alice")
    assert refused.value.exit_code == 3
    changed = Finding(
        check="artifact-exists", number=5, outcome=Outcome.BLOCKING, summary="changed"
    )
    with pytest.raises(Refused, match="not what was recorded"):
        lift((changed,), "artifact-exists", reason="I insist", by="alice")


def test_overrides_that_make_no_sense() -> None:
    """A mistyped, needless or silent override is accepted."""
    with pytest.raises(UsageError):
        lift(FINDINGS, "capacity", reason=None, by="alice")
    with pytest.raises(UsageError):
        lift(FINDINGS, "data-loss", reason="because", by="alice")
    with pytest.raises(UnknownName) as unknown:
        lift(FINDINGS, "capacty", reason="because", by="alice")
    assert "capacity" in unknown.value.nearest


def test_blocked_until_overridden(bench: Bench) -> None:
    """A held target is gone back to without anybody saying so, or not even when they do."""
    hold(bench, a_release(GOOD))
    refused = go(bench, target_version=GOOD)
    assert (refused.exit_code, refused.rollback.status) == (3, Status.REFUSED)
    report = go(bench, target_version=GOOD, override="target-not-held", reason="v1.2.1 is worse")
    assert report.exit_code == 0
    assert report.plan.risk is Risk.HIGH
    assert [o.check for o in report.plan.overrides] == ["target-not-held"]


def test_override_needs_somebody_else_where_there_is_one(bench: Bench) -> None:
    """Whoever lifts a check consents to it alone, though the policy names others."""
    policy = Policy(approvers=("alice", "bob"), expires=5.0)
    bench.settings = replace(bench.settings, policy=policy)
    bench.channel = FakeChannel(APPROVE)
    hold(bench, a_release(GOOD))
    report = go(bench, target_version=GOOD, override="target-not-held", reason="v1.2.1 is worse")
    assert report.rollback.status is Status.EXPIRED


def test_override_is_never_unattended(bench: Bench) -> None:
    """A pipeline lifts a check by itself."""
    hold(bench, a_release(GOOD))
    report = go(
        bench,
        target_version=GOOD,
        override="target-not-held",
        reason="v1.2.1 is worse",
        auto_approve=True,
    )
    assert [d.channel for d in report.decisions] == ["fake"]


def test_metrics_that_cannot_be_read_are_a_finding(bench: Bench) -> None:
    """A metrics source that is down keeps people from rolling back, or looks fresh."""

    def fail(*_: object, **__: object) -> None:
        raise ProviderUnavailable("down")

    bench.metrics.glance = fail  # type: ignore[method-assign,assignment] # to fail
    report = go(bench, dry_run=True)
    (finding,) = [f for f in report.plan.findings if f.check == "metrics-fresh"]
    assert finding.outcome is not Outcome.PASSED
    assert not finding.blocks
