"""The one table of status changes."""

from smartspec_rollback.domain.rollback import ACTIVE, EXIT, NEXT, Status

TERMINAL = {status for status, after in NEXT.items() if not after}


def test_the_table_is_total_and_closed() -> None:
    """A status nobody thought of would end as an internal error in the middle of a rollback."""
    assert set(NEXT) == set(EXIT) == set(Status)
    assert {after for each in NEXT.values() for after in each} <= set(Status)


def test_every_status_is_reached_and_every_one_leads_to_an_end() -> None:
    """A status without a way out would hold its Target for ever."""
    reached, frontier = {Status.PLANNED}, {Status.PLANNED}
    while frontier:
        frontier = {after for status in frontier for after in NEXT[status]} - reached
        reached |= frontier
    # A refused plan is saved as refused at once, and so is a dry run; both also follow PLANNED.
    assert reached == set(Status)
    for start in Status:
        seen, frontier = {start}, {start}
        while frontier:
            frontier = {after for status in frontier for after in NEXT[status]} - seen
            seen |= frontier
        assert seen & TERMINAL


def test_what_is_closed_stays_closed() -> None:
    """A denied or expired rollback that came back to life would act without consent."""
    assert {
        Status.SUCCEEDED,
        Status.DRY_RUN,
        Status.REFUSED,
        Status.DENIED,
        Status.EXPIRED,
        Status.STALE,
        Status.CANCELLED,
        Status.ABANDONED,
        Status.FAILED,
    } == TERMINAL


def test_active_is_everything_that_holds_the_target() -> None:
    """A gap here would let two rollbacks of one Target run at once."""
    assert set(Status) - TERMINAL - {Status.UNSTABLE} == ACTIVE


def test_nothing_executes_without_having_been_approved() -> None:
    """The way into execution leads through APPROVED alone, or comes from execution itself."""
    ways_in = {status for status, after in NEXT.items() if Status.EXECUTING in after}
    assert ways_in == {Status.APPROVED, Status.INTERRUPTED, Status.UNKNOWN}


def test_a_deny_is_possible_until_the_first_step() -> None:
    """Denied after approval but before execution must still win."""
    before = {Status.PLANNED, Status.AWAITING_APPROVAL, Status.APPROVED}
    assert {status for status, after in NEXT.items() if Status.DENIED in after} == before


def test_exit_codes_tell_whether_production_was_touched() -> None:
    """Scripts branch on these numbers; 2 to 4 promise that nothing was changed."""
    untouched = {0: {Status.DRY_RUN}, 3: set(), 4: {Status.FAILED}}
    untouched[3] = {
        Status.PLANNED,
        Status.AWAITING_APPROVAL,
        Status.APPROVED,
        Status.REFUSED,
        Status.DENIED,
        Status.EXPIRED,
        Status.STALE,
        Status.CANCELLED,
    }
    for code, statuses in untouched.items():
        assert statuses <= {status for status, exit_ in EXIT.items() if exit_ == code}
    assert {s for s, code in EXIT.items() if code == 0} == {Status.SUCCEEDED, Status.DRY_RUN}
    partly = {Status.EXECUTING, Status.INTERRUPTED, Status.ABANDONED}
    assert {s for s, code in EXIT.items() if code == 5} == partly
    assert {s for s, code in EXIT.items() if code == 6} == {Status.UNKNOWN}
    assert {s for s, code in EXIT.items() if code == 7} == {Status.VERIFYING, Status.UNSTABLE}
