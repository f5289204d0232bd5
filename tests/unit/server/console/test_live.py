"""Live updates: one writing for all who look, nothing lost, and nobody holds anybody up."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import pytest
from starlette.types import Message, Scope
from tests.golden import cases, charted
from tests.loops import run

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry, Status
from smartspec_rollback.errors import StoreError
from smartspec_rollback.operations.events import PROGRESS, Event
from smartspec_rollback.server import streaming
from smartspec_rollback.server.console import live as module
from smartspec_rollback.server.console.live import Live, state_of
from smartspec_rollback.server.streaming import EventStream
from smartspec_rollback.testing.samples import NOON

PATIENCE = 20.0
ID = "rb-1"
_OFTEN = 3


class Hub:
    """A hub that a test speaks through."""

    def __init__(self) -> None:
        self.hears: list[Callable[[Event], None]] = []

    def subscribe(self, hears: Callable[[Event], None]) -> Callable[[], None]:
        """Take a listener."""
        self.hears.append(hears)
        return self.hears.clear

    def tell(self, action: str = "journal.status", subject: str = ID, text: str = "") -> None:
        """Say that something happened."""
        event = Event(
            seq=1, at=NOON, actor="a", action=action, subject=subject, text=text, step="s"
        )
        for hears in tuple(self.hears):
            hears(event)


class Ledger:
    """Tells how a rollback stands, and counts how often it was asked."""

    def __init__(self) -> None:
        self.told = running()
        self.asked = 0
        self.fails = False
        self.insisted = threading.Event()

    def report(self, _: str) -> Report:
        """Tell it."""
        self.asked += 1
        if self.asked > _OFTEN:
            self.insisted.set()
        if self.fails:
            raise StoreError("the ledger is locked")
        return self.told

    def goes_on(self, *, over: bool = False) -> None:
        """Let something happen."""
        last = self.told.journal[-1]
        kind = EntryKind.REPORTED if over else last.kind
        entry: JournalEntry = msgspec.structs.replace(last, seq=last.seq + 1, kind=kind)
        status = Status.SUCCEEDED if over else self.told.rollback.status
        self.told = msgspec.structs.replace(
            self.told,
            rollback=msgspec.structs.replace(self.told.rollback, status=status),
            journal=(*self.told.journal, entry),
        )


def running() -> Report:
    """Make the report of a rollback that is being carried out."""
    told = cases.succeeded()
    rollback = msgspec.structs.replace(told.rollback, status=Status.EXECUTING)
    return msgspec.structs.replace(told, rollback=rollback, verdict=None)


class Followed:
    """One viewer."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        self._events = events

    async def next(self, kind: bytes = b"event: shown") -> bytes:
        """Read on to an event of a kind."""
        async with asyncio.timeout(PATIENCE):
            async for content in self._events:
                if kind in content:
                    return content
        raise AssertionError("it ended")

    async def rest(self) -> list[bytes]:
        """Read to the end."""
        async with asyncio.timeout(PATIENCE):
            return [content async for content in self._events]

    async def leave(self) -> None:
        """Go."""
        await self._events.aclose()


class Room:
    """Live updates with everything around them at hand."""

    def __init__(self) -> None:
        self.hub, self.ledger = Hub(), Ledger()
        self.live = Live(self.hub, self.ledger.report)  # type: ignore[arg-type] # what it uses of one
        self.may = True

    async def still(self) -> bool:
        """Tell whether viewers may look."""
        return self.may

    def viewer(self, seen: str = "") -> Followed:
        """Come to look."""
        return Followed(self.live.follow(ID, seen, still=self.still))


def _run(scene: Callable[[Room], Coroutine[Any, Any, None]]) -> None:
    async def played() -> None:
        room = Room()
        room.live.open()
        try:
            await scene(room)
        finally:
            room.live.close()

    run(played())


def test_a_state_is_written_once_for_all_who_look() -> None:
    """Five hundred viewers make the server write the same page five hundred times."""

    async def scene(room: Room) -> None:
        viewers = [room.viewer() for _ in range(100)]
        first = await asyncio.gather(*(viewer.next() for viewer in viewers))
        assert len(set(first)) == 1
        asked = room.ledger.asked
        room.ledger.goes_on()
        room.hub.tell()
        second = await asyncio.gather(*(viewer.next() for viewer in viewers))
        assert len({*first, *second}) == 2
        assert room.ledger.asked - asked <= 2
        assert room.live.viewers == 100
        for viewer in viewers:
            await viewer.leave()
        assert room.live.viewers == 0

    _run(scene)


def test_who_comes_again_is_sent_only_what_is_new() -> None:
    """After a broken connection a page flickers, or misses what happened meanwhile."""

    async def scene(room: Room) -> None:
        name = state_of(room.ledger.told).name
        viewer = room.viewer(name)
        reading = asyncio.ensure_future(viewer.next())
        other = room.viewer("")
        await other.next()
        assert not reading.done()
        room.ledger.goes_on()
        room.hub.tell()
        told = await reading
        assert told.startswith(b"id: " + state_of(room.ledger.told).name.encode())
        await viewer.leave()
        await other.leave()

    _run(scene)


def test_the_end_ends_the_stream() -> None:
    """Browsers ask for ever about what is over."""

    async def scene(room: Room) -> None:
        viewer = room.viewer()
        await viewer.next()
        room.ledger.goes_on(over=True)
        room.hub.tell()
        rest = await viewer.rest()
        assert [b"event: shown" in each for each in rest] == [True, False]
        assert rest[-1].startswith(b"event: over")
        again = await room.viewer(state_of(room.ledger.told).name).rest()
        assert again[1:] == [b"event: over\ndata: {}\n\n"]

    _run(scene)


def test_progress_is_passed_on_but_not_kept() -> None:
    """People don't see that a long step moves; or a flood of it drowns everything."""

    async def scene(room: Room) -> None:
        viewer = room.viewer()
        await viewer.next()
        for _ in range(1000):
            room.hub.tell(PROGRESS, text='2 of 3 "ready"')
        told = await viewer.next(b"event: progress")
        assert told == b'event: progress\ndata: {"text":"s: 2 of 3 \\"ready\\""}\n\n'
        await viewer.leave()

    _run(scene)


def test_trouble_with_the_ledger_is_got_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that is locked for a moment ends live updates for good."""
    monkeypatch.setattr(module, "_AGAIN", 0.01)

    async def scene(room: Room) -> None:
        room.ledger.fails = True
        viewer = room.viewer()
        reading = asyncio.ensure_future(viewer.next())
        assert await asyncio.to_thread(room.ledger.insisted.wait, PATIENCE)
        room.ledger.fails = False
        await reading
        await viewer.leave()

    _run(scene)


def test_who_may_not_look_any_more_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody without rights goes on watching for as long as they leave the page open."""
    monkeypatch.setattr(module, "QUIET", 0.01)

    async def scene(room: Room) -> None:
        viewer = room.viewer()
        await viewer.next()
        await viewer.next(b": still here")
        room.may = False
        room.ledger.goes_on()
        rest = await viewer.rest()
        assert not [each for each in rest if b"event: shown" in each]
        assert room.live.viewers == 0

    _run(scene)


def test_stopping_ends_every_stream() -> None:
    """A server cannot stop while somebody looks at a page."""

    async def scene(room: Room) -> None:
        viewers = [room.viewer() for _ in range(3)]
        for viewer in viewers:
            await viewer.next()
        room.live.close()
        assert [await viewer.rest() for viewer in viewers] == [[], [], []]
        assert room.live.is_full

    _run(scene)


def _sent(
    events: AsyncGenerator[bytes],
    send: Callable[[Message], Awaitable[None]],
    receive: Callable[[], Awaitable[Message]],
) -> None:
    scope: Scope = {"type": "http"}

    async def played() -> None:
        async with asyncio.timeout(PATIENCE):
            await EventStream(events)(scope, receive, send)

    run(played())


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("it waits for ever")


def test_a_viewer_that_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that was put to sleep keeps a connection and its memory for ever."""
    monkeypatch.setattr(streaming, "_TAKES_WITHIN", 0.01)
    closed = []

    async def events() -> AsyncGenerator[bytes]:
        try:
            yield b"data: 1\n\n"
            yield b"data: 2\n\n"
        finally:
            closed.append(True)

    async def send(message: Message) -> None:
        if message.get("body"):
            await asyncio.Event().wait()

    _sent(events(), send, _never)
    assert closed == [True]


def test_a_viewer_that_leaves_is_noticed() -> None:
    """Closed pages are counted as open ones."""
    closed = []

    async def events() -> AsyncGenerator[bytes]:
        try:
            yield b"data: 1\n\n"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    sent: list[Message] = []
    began = asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) > 1:
            began.set()

    async def receive() -> Message:
        await began.wait()
        return {"type": "http.disconnect"}

    _sent(events(), send, receive)
    assert closed == [True]
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert b"content-length" not in headers


def test_what_is_sent_is_one_event_whatever_is_in_it() -> None:
    """A line break in a reason ends an event, and begins one that was never sent."""
    told = charted.succeeded()
    rollback = msgspec.structs.replace(told.rollback, reason="a\n\nevent: over\ndata: {}\n\n")
    content = state_of(msgspec.structs.replace(told, rollback=rollback)).content
    assert content.count(b"\n\n") == 1
    assert content.count(b"\nevent:") == 1
