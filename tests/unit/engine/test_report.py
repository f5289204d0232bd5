"""Reports: told from the ledger alone, true at every status, and never without advice."""

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import go, prewarming

from smartspec_rollback.domain.rollback import EXIT, EntryKind, JournalEntry, Status
from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.engine import report as reports
from smartspec_rollback.engine.report import unsaved
from smartspec_rollback.errors import NotDone, UnknownName
from smartspec_rollback.testing.engine_parts import DENY, Bench
from smartspec_rollback.testing.fake_channel import FakeChannel
from smartspec_rollback.testing.fake_metrics import FakeMetrics, unmeasured
from smartspec_rollback.testing.samples import NOON, a_plan, a_rollback

_QUIET = {Status.PLANNED, Status.AWAITING_APPROVAL, Status.APPROVED, Status.DRY_RUN}


def test_moments_of_a_rollback_are_in_order(bench: Bench) -> None:
    """The times of an incident are missing, or in an order that cannot be."""
    told = go(prewarming(bench)).moments
    times = (
        told.deployed,
        told.detected,
        told.decided,
        told.approved,
        told.switched,
        told.verified,
    )
    assert None not in times
    assert list(times) == sorted(times, key=str)


def test_moments_of_a_denied_one(bench: Bench) -> None:
    """A denied rollback is reported as approved or switched."""
    bench.channel = FakeChannel(DENY)
    told = go(bench).moments
    assert (told.approved, told.switched, told.verified) == (None, None, None)


def test_report_is_told_from_the_ledger_alone(bench: Bench) -> None:
    """`smartspec show` tells another story than the run itself."""
    told = go(bench)
    again = reports.build(bench.store, told.rollback.id)
    assert again == told
    assert [s.state for s in told.steps] == ["done"] * 4
    assert told.hold == f"hold-{told.rollback.id}"
    assert bench.reports.published[-1].steps == told.steps


def test_lifted_hold_is_not_reported(bench: Bench) -> None:
    """A rollback that changed nothing says that a release is banned."""
    bench.platform.fail_next("apply", NotDone("no"))
    told = go(bench)
    assert told.hold is None
    assert [s.state for s in told.steps] == ["failed", "pending", "pending", "pending"]


@pytest.mark.parametrize("status", list(Status))
def test_advice_for_every_status(status: Status) -> None:
    """Somebody in an incident is left without the next command, or with the wrong exit code."""
    told = unsaved(a_rollback(status=status, status_detail="why"), a_plan())
    assert told.exit_code == EXIT[status]
    assert bool(told.advice) is (status not in _QUIET)
    if told.exit_code in {5, 6, 7} and status is not Status.ABANDONED:
        assert any("smartspec resume rb-1" in line for line in told.advice)
    if told.exit_code in {3, 4} and status not in _QUIET:
        assert any("Nothing was changed" in line for line in told.advice)


def test_step_begun_but_not_ended_is_running() -> None:
    """A step whose outcome is not recorded counts as done or not begun."""
    plan = a_plan()
    entry = JournalEntry(
        rollback_id="rb-1",
        seq=1,
        at=NOON,
        token=1,
        kind=EntryKind.STEP_INTENT,
        text="",
        step=plan.steps[0].id,
    )
    told = reports._record(plan.steps[0], (entry,))
    assert (told.state, told.ended) == ("running", None)
    done = reports._record(plan.steps[0], (entry, replace(entry, seq=2, kind=EntryKind.STEP_DONE)))
    assert done.state == "done"


def test_inconclusive_verification_is_not_told_as_failed(bench: Bench) -> None:
    """A verification that could not tell reads as if the old version were bad too."""
    bench.metrics = FakeMetrics(unmeasured("nobody measures"))
    told = go(bench)
    assert told.exit_code == 7
    assert [s.state for s in told.steps] == ["done", "done", "done", "unknown"]


def test_unknown_rollback(bench: Bench) -> None:
    """A wrong id tells an empty story."""
    with pytest.raises(UnknownName):
        reports.build(bench.store, "rb-none")


def test_switched_is_when_traffic_moved(bench: Bench) -> None:
    """The time users were served again is taken from another step."""
    told = go(bench)
    (switched,) = [e.at for e in told.journal if e.kind is EntryKind.STEP_DONE and e.step == SWITCH]
    assert told.moments.switched == switched
