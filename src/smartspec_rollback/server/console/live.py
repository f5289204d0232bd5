"""Live updates of rollbacks' pages: each state is written once, and shown to all who look.

Made by ``console``. What is sent is always the whole state, so whoever was away or slow misses
nothing: each viewer holds the newest state alone, and one that takes nothing is let go. Everything
but ``hear`` and writing runs in the event loop.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from anyio import to_thread

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ANSWERABLE
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.operations.events import PROGRESS, Event, Hub
from smartspec_rollback.server.following import (
    LONGEST,
    QUIET,
    Following,
    Viewer,
    Watched,
    woken,
)
from smartspec_rollback.views.html import rollback as view

_LOG = logging.getLogger(__name__)

_APART = 0.1
_PROGRESS_APART = 0.25
_AGAIN = 1.0
_WRITERS = 4


@dataclass(frozen=True)
class State:
    """How a rollback's page stands: ``name`` tells states apart, also after a restart."""

    name: str
    content: bytes
    over: bool


@dataclass(eq=False)
class _Viewer(Viewer):
    """One open page: the newest state and progress that it was not sent yet."""

    state: State | None = None
    progress: bytes = b""


@dataclass
class _Watched(Watched[_Viewer]):
    """One rollback that somebody looks at."""

    state: State | None = None
    is_stale: bool = False
    told_at: float = 0.0
    writing: asyncio.Task[None] | None = None


class Live(Following[_Watched]):
    """Follows rollbacks for pages."""

    def __init__(self, hub: Hub, report: Callable[[str], Report]) -> None:
        """Serve what ``hub`` tells of; ``report`` tells how a rollback stands."""
        super().__init__(hub, threads=_WRITERS)
        self._report = report

    async def follow(
        self, rollback_id: str, seen: str, *, still: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[bytes]:
        """Stream how a rollback stands, until it is over or the viewer goes.

        ``seen`` is the name of the state that the viewer has. ``still`` tells whether they may
        look; it is asked whenever nothing happened for a while, and before a stream grows old.
        """
        loop = asyncio.get_running_loop()
        end, asked = loop.time() + LONGEST, loop.time()
        with self._viewing(rollback_id) as viewer:
            yield b"retry: 1000\n\n"
            while not self._closed and loop.time() < end:
                is_news = await woken(viewer.news, QUIET)
                viewer.news.clear()
                if loop.time() - asked >= QUIET:
                    asked = loop.time()
                    if not await still():
                        return
                if not is_news:
                    yield b": still here\n\n"
                state, progress = viewer.state, viewer.progress
                viewer.progress = b""
                if state is not None and state.name != seen:
                    seen = state.name
                    yield state.content
                if state is not None and state.over:
                    yield b"event: over\ndata: {}\n\n"
                    return
                if progress:
                    yield progress

    @contextmanager
    def _viewing(self, rollback_id: str) -> Iterator[_Viewer]:
        watched, viewer = self._watched.setdefault(rollback_id, _Watched()), _Viewer()
        with self._counted(rollback_id, watched, viewer):
            if watched.state is not None:
                viewer.state = watched.state
                viewer.news.set()
            else:
                self._write_anew(rollback_id)
            yield viewer

    def _told(self, event: Event, watched: _Watched) -> None:
        if event.action != PROGRESS:
            self._write_anew(event.subject)
            return
        now = asyncio.get_running_loop().time()
        if now - watched.told_at < _PROGRESS_APART:
            return
        watched.told_at = now
        said = msgspec.json.encode({"text": f"{event.step}: {event.text}"})
        for viewer in watched.viewers:
            viewer.progress = b"event: progress\ndata: " + said + b"\n\n"
            viewer.news.set()

    def _write_anew(self, rollback_id: str) -> None:
        watched = self._watched[rollback_id]
        watched.is_stale = True
        if watched.writing is None:
            watched.writing = asyncio.ensure_future(self._write(rollback_id, watched))

    async def _write(self, rollback_id: str, watched: _Watched) -> None:
        """Write the state for all who look, again as long as something happens meanwhile."""
        try:
            while watched.is_stale and watched.viewers and not self._closed:
                watched.is_stale = False
                try:
                    state = await to_thread.run_sync(
                        self._state, rollback_id, limiter=self._threads
                    )
                except Exception as error:  # noqa: BLE001 - those who look wait for the next try
                    said = error.what if isinstance(error, SmartSpecError) else type(error).__name__
                    _LOG.warning("%s cannot be shown: %s", rollback_id, said)
                    watched.is_stale = True
                    await asyncio.sleep(_AGAIN)
                    continue
                watched.state = state
                for viewer in watched.viewers:
                    viewer.state = state
                    viewer.news.set()
                await asyncio.sleep(_APART)
        finally:
            watched.writing = None

    def _state(self, rollback_id: str) -> State:
        return state_of(self._report(rollback_id))


def state_of(told: Report) -> State:
    """Write how a rollback stands as an event."""
    over = view.is_over(told)
    newest = told.journal[-1].seq if told.journal else 0
    name = f"{newest}.{len(told.decisions)}.{told.rollback.status}"
    said = msgspec.json.encode(
        {
            "html": str(view.shown(told)),
            "said": view.announcement(told),
            "open": told.rollback.status in ANSWERABLE,
            "over": over,
            "title": view.title(told),
        }
    )
    content = b"id: " + name.encode() + b"\nevent: shown\ndata: " + said + b"\n\n"
    return State(name=name, content=content, over=over)
