"""Everything that happens is told to all who listen, once and in order."""

from tests.integration.operations.conftest import ALICE, BAD, Served

from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.operations.events import Event
from smartspec_rollback.store.sqlite import SqliteStore


def test_all_who_listen_hear_the_same(served: Served) -> None:
    """A page that missed a step would show production as it no longer is."""
    one: list[Event] = []
    other: list[Event] = []
    served.opened.hub.subscribe(one.append)
    leave = served.opened.hub.subscribe(other.append)
    rollback_id = served.begin()
    served.comes_to(rollback_id, Status.AWAITING_APPROVAL)
    served.until(lambda: any(e.action == "journal.asked" for e in other), "nobody was told")
    recorded = [e for e in one if e.seq]
    assert [e for e in other if e.seq] == recorded
    assert [e.seq for e in recorded] == sorted({e.seq for e in recorded})
    assert {e.subject for e in recorded} >= {rollback_id}
    leave()
    heard = len(other)
    served.operations.mark(ALICE, BAD, VerdictOutcome.FAIL, reason="slow")
    served.until(lambda: any(e.action.startswith("verdict") for e in one), "no verdict")
    assert len(other) == heard


def test_what_another_process_writes_is_heard(served: Served) -> None:
    """Somebody marks a deployment at a terminal, and the server shows yesterday's health."""
    heard: list[Event] = []
    served.opened.hub.subscribe(heard.append)
    with SqliteStore.open(served.opened.workspace.store.path) as other:
        at = served.opened.workspace.clock.now()
        other.audit(actor="eve", action="note", subject="x", detail="y", at=at)
    served.until(lambda: [e.actor for e in heard] == ["eve"], "it was not heard")


def test_a_listener_that_fails_is_left_alone(served: Served) -> None:
    """One broken reader must not silence everybody else."""
    heard: list[Event] = []

    def fails(_: Event) -> None:
        raise ValueError

    served.opened.hub.subscribe(fails)
    served.opened.hub.subscribe(heard.append)
    served.opened.hub.progress("rb-1", "switch", "1 of 2")
    served.opened.hub.progress("rb-1", "switch", "2 of 2")
    assert [e.text for e in heard] == ["1 of 2", "2 of 2"]


def test_who_was_away_goes_on_from_where_they_were(served: Served) -> None:
    """A phone that lost its network reads on, without a gap and without doubles."""
    before = served.opened.hub.seen
    rollback_id = served.begin()
    served.comes_to(rollback_id, Status.AWAITING_APPROVAL)
    missed = served.opened.hub.since(before)
    assert [e.seq for e in missed] == list(range(before + 1, before + 1 + len(missed)))
    assert served.opened.hub.since(missed[-1].seq) == ()
