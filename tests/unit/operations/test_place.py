"""What is due at a place arrives once and in order, whatever dies in between."""

from collections.abc import Callable

import pytest
from tests.unit.operations.telling import Driven, K, S

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import StoreError
from smartspec_rollback.operations.delivering import EDIT_EVERY, Telling
from smartspec_rollback.operations.place import MARK, Outlet, Place
from smartspec_rollback.ports.store import Delivery
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_messenger import FakeMessenger, FakeRoom
from smartspec_rollback.testing.samples import TARGET, a_plan, a_rollback

OTHER = Target(service="payments", environment="production")
ALL = ["rb-1/plan", "rb-1/progress", "rb-1/report"]


def place_of(store: SqliteStore, clock: FakeClock, room: FakeRoom) -> Place:
    """Serve the room as a new process would."""
    outlet = Outlet(FakeMessenger(room), frozenset({TARGET}))
    made = Place(outlet, Telling(store, clock, lambda rollback_id: f"https://x/{rollback_id}"))
    made.begin()
    return made


def tell(place: Place, store: SqliteStore) -> float | None:
    """Look at the ledger and deliver what is due."""
    place.take(tuple(reversed(store.rollbacks(limit=99))))
    return place.deliver()


@pytest.fixture
def place(store: SqliteStore, clock: FakeClock, room: FakeRoom) -> Place:
    """Serve the room."""
    return place_of(store, clock, room)


def test_plan_progress_and_report_arrive(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, responders follow an incident that is not told, or told twice."""
    driven = Driven(store, clock)
    assert tell(place, store) is None
    assert not room.posts
    driven.ask()
    tell(place, store)
    assert room.texts() == ["rb-1/plan"]
    assert "Approve this plan?" in room.posts["$1"].text
    assert "https://x/rb-1" in room.posts["$1"].text
    driven.approve()
    tell(place, store)
    driven.execute()
    tell(place, store)
    assert room.texts() == ALL[:2]
    assert room.threads["$2"] == "$1"
    driven.succeed()
    tell(place, store)
    tell(place, store)
    assert room.texts() == ALL
    assert room.threads["$3"] == ""
    assert "Approved by bob" in room.posts["$1"].text
    assert "verified stable" in room.posts["$2"].text
    assert "Rolled back" in room.posts["$3"].text
    tries = room.tries
    assert tell(place, store) is None
    assert room.tries == tries


def test_what_was_not_told_is_told_by_the_next_process(
    store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, a process that dies takes the report with it."""
    place_of(store, clock, room)
    Driven(store, clock).whole()
    tell(place_of(store, clock, room), store)
    assert room.texts() == ALL
    later = place_of(store, clock, room)
    tell(later, store)
    assert room.texts() == ALL
    assert room.edits == 0


def test_a_lost_answer_makes_no_second_message(
    store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, the plan stands there twice, and two messages are answered."""
    first = place_of(store, clock, room)
    driven = Driven(store, clock)
    driven.ask()
    room.lose = True
    assert tell(first, store)
    assert store.delivery("fake:room", "rb-1/plan") is not None
    tell(place_of(store, clock, room), store)
    assert room.texts() == ["rb-1/plan"]
    found = store.delivered("fake:room", "$1")
    assert found is not None
    assert found.rollback_id == "rb-1"


def test_what_was_sent_before_does_not_stay_as_it_was(
    store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, a plan that is decided asks for answers as long as its message stands there."""
    first = place_of(store, clock, room)
    driven = Driven(store, clock)
    driven.ask()
    room.lose = True
    tell(first, store)
    driven.approve()
    driven.execute()
    driven.succeed()
    second = place_of(store, clock, room)
    tell(second, store)
    clock.advance(EDIT_EVERY)
    assert tell(second, store) is None
    assert room.texts() == ALL
    assert "Approved by bob" in room.posts["$1"].text


def test_a_death_between_sending_and_recording_is_made_up_for(
    store: SqliteStore, clock: FakeClock, room: FakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, a kill at that very moment doubles the message or loses its ref."""
    driven = Driven(store, clock)
    dying = place_of(store, clock, room)
    driven.ask()
    kept = store.deliver

    def deliver(delivery: Delivery) -> None:
        if delivery.ref is not None:
            raise StoreError("killed here")
        kept(delivery)

    monkeypatch.setattr(store, "deliver", deliver)
    with pytest.raises(StoreError):
        tell(dying, store)
    monkeypatch.undo()
    assert room.texts() == ["rb-1/plan"]
    tell(place_of(store, clock, room), store)
    assert room.texts() == ["rb-1/plan"]
    assert store.delivered("fake:room", "$1") is not None


def test_a_place_that_is_down_is_told_later_in_order(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, an outage of the chat system loses messages or shuffles them."""
    room.down = True
    first = Driven(store, clock)
    first.ask()
    wait = tell(place, store)
    assert wait is not None
    assert wait >= 2.0
    assert place.trouble is not None
    assert place.trouble.what == "the room is down"
    since, tries = place.trouble.since, room.tries
    tell(place, store)
    assert room.tries == tries
    first.approve()
    first.execute()
    clock.advance(wait)
    tell(place, store)
    assert place.trouble is not None
    assert place.trouble.since == since
    first.succeed()
    clock.advance(120.0)
    Driven(store, clock, "rb-2").ask()
    room.down = False
    tell(place, store)
    assert room.texts() == [*ALL, "rb-2/plan"]
    assert place.trouble is None


def test_progress_is_one_message_and_seldom_edited(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, the room is flooded, or its server tells us to be quiet."""
    driven = Driven(store, clock)
    driven.ask()
    driven.approve()
    driven.execute()
    tell(place, store)
    edits = room.edits
    for number in range(50):
        driven.write(K.STEP_INTENT, f"again {number}", step="1-switch")
        wait = tell(place, store)
        assert wait is not None
        assert wait <= EDIT_EVERY
    assert room.edits == edits
    clock.advance(EDIT_EVERY)
    tell(place, store)
    assert room.edits == edits + 1
    assert "again 49" in room.posts[room.ref_of("rb-1/progress")].text
    driven.succeed()
    tell(place, store)
    assert room.texts() == ALL


def test_a_message_somebody_deleted_stops_nothing(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, the report never arrives because the plan was deleted."""
    driven = Driven(store, clock)
    driven.ask()
    tell(place, store)
    room.frozen = True
    driven.approve()
    driven.execute()
    driven.succeed()
    for _ in range(9):
        tell(place, store)
        clock.advance(5.0)
    assert room.texts() == ALL


def test_going_on_after_a_report_is_reported_again(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, the last that the room heard is that production is half changed."""
    driven = Driven(store, clock)
    driven.ask()
    driven.approve()
    driven.execute()
    driven.write(K.STATUS, "interrupted", S.INTERRUPTED, detail="stopped on request")
    driven.write(K.REPORTED, "Report written")
    tell(place, store)
    assert "Partially applied" in room.posts["$3"].text
    driven.write(K.STATUS, "going on", S.EXECUTING)
    tell(place, store)
    driven.succeed()
    tell(place, store)
    assert room.texts() == [*ALL, "rb-1/2/report"]
    assert "Partially applied" in room.posts["$3"].text
    assert "Rolled back" in room.posts["$4"].text


def test_what_is_none_of_its_business_is_not_told(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, a room learns of other teams' incidents, of dry runs, or of old ones."""
    Driven(store, clock, "rb-2", OTHER).whole()
    dry = a_plan("rb-3", made_at=clock.now())
    store.open_rollback(a_rollback(plan=dry, status=S.DRY_RUN), dry)
    tell(place, store)
    assert not room.posts
    Driven(store, clock, "rb-4").whole()
    clock.advance(1.0)
    new_room = FakeRoom(place="fake:new")
    tell(place_of(store, clock, new_room), store)
    assert not new_room.posts


def test_answers_so_far_are_shown(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, nobody in the room sees that one approval is there already."""
    driven = Driven(store, clock)
    driven.ask()
    tell(place, store)
    driven.answer(Answer.APPROVE, "carol")
    clock.advance(EDIT_EVERY)
    tell(place, store)
    assert "1 of 1 approvals: carol" in room.posts["$1"].text


def test_the_mark_moves_and_never_passes_what_is_untold(
    place: Place, store: SqliteStore, clock: FakeClock
) -> None:
    """If it fails, a restart reads the whole ledger, or forgets what was owed."""
    first = store.delivery("fake:room", MARK)
    clock.advance(8000.0)
    open_one = Driven(store, clock)
    open_one.ask()
    clock.advance(8000.0)
    tell(place, store)
    moved = store.delivery("fake:room", MARK)
    assert first is not None
    assert moved is not None
    assert first.at < moved.at < open_one.plan.made_at


def test_two_outlets_are_told_of_their_own(
    open_store: Callable[[], SqliteStore], clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, one place's outage delays another."""
    store, other = open_store(), FakeRoom(place="fake:other")
    places = [place_of(store, clock, each) for each in (room, other)]
    Driven(store, clock).whole()
    room.down = True
    for place in places:
        tell(place, store)
    assert not room.posts
    assert other.texts() == ALL


def test_too_many_edits_hold_up_nothing_new(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, progress of one rollback delays the plan of the next, which people wait for."""
    first = Driven(store, clock)
    first.ask()
    tell(place, store)
    room.limited = True
    first.approve()
    clock.advance(EDIT_EVERY)
    assert tell(place, store) == 10.0
    assert place.trouble is None
    tries = room.tries
    assert tell(place, store) is not None
    assert room.tries == tries, "it asks again before it may"
    first.execute()
    tell(place, store)
    first.succeed()
    tell(place, store)
    assert room.texts() == ALL
    room.limited = False
    clock.advance(10.0)
    tell(place, store)
    assert "Approved by bob" in room.posts["$1"].text
    assert "verified stable" in room.posts["$2"].text
    assert tell(place, store) is None


def test_a_new_plan_does_not_wait_for_edits(
    place: Place, store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, in a big incident people are asked last of all."""
    busy = [
        Driven(store, clock, f"rb-{n}", Target(service=f"s{n}", environment="production"))
        for n in range(5)
    ]
    everywhere = Outlet(FakeMessenger(room), frozenset(each.target for each in busy))
    shared = Place(everywhere, place.telling)
    for each in busy[:-1]:
        each.ask()
        each.approve()
        each.execute()
    tell(shared, store)
    room.seconds_an_edit, room.clock = 0.4, clock
    for each in busy[:-1]:
        each.write(K.STEP_DONE, "switched", step="1-switch")
    clock.advance(EDIT_EVERY)
    assert tell(shared, store) == 0.0
    assert room.edits == 3
    busy[-1].ask()
    tell(shared, store)
    assert room.texts()[-1] == "rb-4/plan"
    assert room.edits == 4


def test_what_is_refused_holds_up_no_other(
    store: SqliteStore, clock: FakeClock, room: FakeRoom
) -> None:
    """If it fails, one plan that the chat system does not take silences the place for good."""
    outlet = Outlet(FakeMessenger(room), frozenset({TARGET, OTHER}))
    place = Place(outlet, Telling(store, clock, lambda rollback_id: f"https://x/{rollback_id}"))
    place.begin()
    room.unwelcome = "rb-1/"
    Driven(store, clock).ask()
    assert tell(place, store)
    assert place.trouble is not None
    Driven(store, clock, "rb-2", OTHER).ask()
    tell(place, store)
    assert room.texts() == ["rb-2/plan"]
    assert place.trouble is not None
    room.unwelcome = ""
    clock.advance(60.0)
    tell(place, store)
    assert room.texts() == ["rb-2/plan", "rb-1/plan"]
    assert place.trouble is None
