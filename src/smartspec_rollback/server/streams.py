"""Live streams of what happens to rollbacks, to any number of viewers, as server-sent events.

Made by ``app``; the API and the console follow by it. The journal is what is streamed, so a viewer
that was away goes on from where it was. However many watch one rollback, its journal is read once;
a viewer that is slow is read the rest of the journal later, and holds up nobody.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from anyio import to_thread

from smartspec_rollback.domain.rollback import ACTIVE, JournalEntry, Rollback
from smartspec_rollback.errors import StoreError
from smartspec_rollback.operations.events import PROGRESS, Event, Hub
from smartspec_rollback.server.api.problems import Rejected
from smartspec_rollback.server.following import (
    LONGEST,
    QUIET,
    Following,
    Viewer,
    Watched,
    end,
    woken,
)
from smartspec_rollback.views.json import entry_document

_KEPT = 256
_SETTLED = 1.0
_READERS = 8


class Ledger(Protocol):
    """What of a Store this needs."""

    def rollback(self, rollback_id: str, /) -> Rollback | None:
        """Look one up."""
        ...

    def holder(self, rollback_id: str, /) -> str | None:
        """Name the living process that drives it, or None."""
        ...

    def journal(self, rollback_id: str, /, *, after: int = 0) -> tuple[JournalEntry, ...]:
        """List entries after one."""
        ...


@dataclass(frozen=True)
class Frame:
    """One event as it is sent; ``seq`` is the journal entry's number, 0 for progress."""

    seq: int
    content: bytes


@dataclass(eq=False)
class _Viewer(Viewer):
    """One stream; the oldest of what it did not take is dropped, and read again later."""

    frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=_KEPT))


@dataclass
class _Watched(Watched[_Viewer]):
    """One rollback that somebody looks at; ``tip`` is the newest entry that was passed on."""

    tip: int = 0
    is_stale: bool = False
    nudge: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Task[None] | None = None


class Streams(Following[_Watched]):
    """Follows rollbacks for viewers; everything but ``hear`` runs in the event loop."""

    def __init__(self, hub: Hub, ledger: Callable[[], Ledger]) -> None:
        """Serve what ``hub`` tells of and ``ledger`` holds."""
        super().__init__(hub, threads=_READERS)
        self._ledger = ledger

    async def follow(
        self, rollback_id: str, after: int, *, still: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[bytes]:
        """Stream a rollback's journal after an entry, until it is over or the viewer goes.

        ``still`` tells whether they may look; it is asked again and again.
        """
        loop = asyncio.get_running_loop()
        longest, asked = loop.time() + LONGEST, loop.time()
        with self._viewing(rollback_id) as viewer:
            yield b"retry: 1000\n\n"
            last, frames = after, await self._read(rollback_id, after)
            while True:
                taken, is_whole = _in_order(frames, last)
                for frame in taken:
                    last = max(last, frame.seq)
                    yield frame.content
                if not is_whole:  # some were dropped: this viewer is slow
                    frames = await self._read(rollback_id, last)
                    continue
                if self._closed or loop.time() > longest:
                    return
                if loop.time() - asked >= QUIET:
                    asked = loop.time()
                    if not await still():
                        return
                if viewer.is_over:
                    yield await self._farewell(rollback_id)
                    return
                if not await woken(viewer.news, QUIET):
                    yield b": still here\n\n"
                viewer.news.clear()
                frames = list(viewer.frames)
                viewer.frames.clear()

    @contextmanager
    def _viewing(self, rollback_id: str) -> Iterator[_Viewer]:
        if self.is_full:
            raise Rejected("stopping", "the server takes no more streams")
        watched, viewer = self._watched.setdefault(rollback_id, _Watched()), _Viewer()
        with self._counted(rollback_id, watched, viewer):
            self._refresh(rollback_id)
            yield viewer

    def _told(self, event: Event, watched: _Watched) -> None:
        if event.action == PROGRESS:
            _spread(watched, [_progress(event)])
        else:
            self._refresh(event.subject)

    def _refresh(self, rollback_id: str) -> None:
        """Read what is new of a rollback, once for all who watch it."""
        watched = self._watched[rollback_id]
        watched.is_stale = True
        watched.nudge.set()
        if watched.reading is None:
            watched.reading = asyncio.ensure_future(self._catch_up(rollback_id, watched))

    async def _catch_up(self, rollback_id: str, watched: _Watched) -> None:
        try:
            while watched.viewers and not self._closed:
                watched.is_stale = False
                watched.nudge.clear()
                try:
                    frames = await self._read(rollback_id, watched.tip)
                    is_over, is_settling = await self._stands(rollback_id)
                except StoreError:
                    frames, is_over, is_settling = [], False, True
                if frames:
                    watched.tip = frames[-1].seq
                    _spread(watched, frames)
                if is_over and not frames and not watched.is_stale:
                    end(watched)
                    return
                if not watched.is_stale:
                    if not (is_settling or is_over):
                        return
                    await woken(watched.nudge, _SETTLED)
        finally:
            watched.reading = None

    async def _stands(self, rollback_id: str) -> tuple[bool, bool]:
        """Tell whether a rollback is over, and whether it is but for its last entries."""

        def look() -> tuple[bool, bool]:
            ledger = self._ledger()
            found = ledger.rollback(rollback_id)
            closed = found is None or found.status not in ACTIVE
            return closed and ledger.holder(rollback_id) is None, closed

        return await to_thread.run_sync(look, limiter=self._threads)

    async def _read(self, rollback_id: str, after: int) -> list[Frame]:
        def look() -> list[Frame]:
            return [_frame(entry) for entry in self._ledger().journal(rollback_id, after=after)]

        return await to_thread.run_sync(look, limiter=self._threads)

    async def _farewell(self, rollback_id: str) -> bytes:
        found = await to_thread.run_sync(
            self._ledger().rollback, rollback_id, limiter=self._threads
        )
        said = {} if found is None else {"status": found.status}
        return b"event: end\ndata: " + msgspec.json.encode(said) + b"\n\n"


def _in_order(frames: Iterable[Frame], last: int) -> tuple[list[Frame], bool]:
    """Take what follows on entry ``last``; False where an entry is missing then."""
    taken: list[Frame] = []
    for frame in frames:
        if frame.seq > last + 1:
            return taken, False
        if frame.seq in (0, last + 1):
            last = max(last, frame.seq)
            taken.append(frame)
    return taken, True


def _spread(watched: _Watched, frames: list[Frame]) -> None:
    for viewer in watched.viewers:
        viewer.frames.extend(frames)
        viewer.news.set()


def _frame(entry: JournalEntry) -> Frame:
    said = msgspec.json.encode(entry_document(entry))
    return Frame(entry.seq, b"id: %d\nevent: entry\ndata: %s\n\n" % (entry.seq, said))


def _progress(event: Event) -> Frame:
    said = msgspec.json.encode({"at": event.at, "step": event.step, "text": event.text})
    return Frame(0, b"event: progress\ndata: %s\n\n" % said)
