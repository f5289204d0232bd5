"""The courier serves each place from one process, and takes over from one that ended."""

import time
from collections.abc import Callable

from tests.unit.operations.telling import Driven

from smartspec_rollback.operations.courier import Courier, outlets
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_messenger import FakeMessenger, FakeRoom
from smartspec_rollback.testing.samples import TARGET

DEADLINE = 20.0
ALL = ["rb-1/plan", "rb-1/progress", "rb-1/report"]


def courier_of(store: SqliteStore, *rooms: FakeRoom, heard: list[str] | None = None) -> Courier:
    """Make a courier for some rooms, as a process of its own would."""
    serving = outlets((TARGET, FakeMessenger(room)) for room in rooms)
    tell = (lambda _: None) if heard is None else heard.append
    return Courier(store, serving, clock=SystemClock(), tell=tell)


def until(holds: Callable[[], bool]) -> None:
    """Poll until something holds."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def driven(store: SqliteStore, rollback_id: str = "rb-1") -> Driven:
    """Open a rollback now."""
    return Driven(store, FakeClock(SystemClock().now()), rollback_id)


def test_everything_is_told_and_drained(
    open_store: Callable[[], SqliteStore], room: FakeRoom
) -> None:
    """If it fails, a command ends before its report is in the room."""
    store = open_store()
    courier = courier_of(store, room)
    courier.start()
    try:
        until(lambda: store.delivery("fake:room", "told-before") is not None)
        driven(store).whole()
        courier.wake()
        assert courier.drain(within=DEADLINE)
        assert room.texts() == ALL
    finally:
        courier.stop()


def test_another_process_takes_over(open_store: Callable[[], SqliteStore], room: FakeRoom) -> None:
    """If it fails, two processes post side by side, or nobody does after one ended."""
    store, other = open_store(), open_store()
    first, second = courier_of(store, room), courier_of(other, room)
    first.start()
    until(lambda: store.delivery("fake:room", "told-before") is not None)
    second.start()
    try:
        one = driven(store)
        one.ask()
        until(lambda: room.texts() == ALL[:1])
        assert second.drain(within=DEADLINE)
        first.stop()
        one.approve()
        one.execute()
        one.succeed()
        until(lambda: room.texts() == ALL)
    finally:
        first.stop()
        second.stop()


def test_troubles_are_told_once_and_when_they_are_over(
    open_store: Callable[[], SqliteStore], room: FakeRoom
) -> None:
    """If it fails, nobody learns that a channel is down, or the console is flooded with it."""
    store, heard = open_store(), list[str]()
    courier = courier_of(store, room, heard=heard)
    courier.start()
    try:
        until(lambda: store.delivery("fake:room", "told-before") is not None)
        room.down = True
        driven(store).ask()
        until(lambda: bool(courier.troubles()))
        assert not courier.drain(within=DEADLINE)
        room.down = False
        until(lambda: room.texts() == ALL[:1] and not courier.troubles())
        until(lambda: len(heard) == 2)
        assert "fake:room could not be told: the room is down" in heard[0]
        assert heard[1] == "fake:room is told again."
    finally:
        courier.stop()


def test_a_place_shared_by_targets_is_one_outlet() -> None:
    """If it fails, a room that two services share gets everything twice."""
    room = FakeRoom()
    (one,) = outlets((TARGET, FakeMessenger(room)) for _ in range(2))
    assert one.targets == {TARGET}
