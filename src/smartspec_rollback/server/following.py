"""What all live answers share: the hub is heard in the event loop, and viewers come and go.

``streams`` sends journals by it, and the console the states of pages. Everything but ``hear`` runs
in the event loop.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from anyio import CapacityLimiter

from smartspec_rollback.operations.events import Event, Hub

QUIET = 15.0
"""After so many seconds without news a viewer is told that the server is still there."""

LONGEST = 900.0
"""After so many seconds a stream ends; its viewer comes again by itself."""

MOST = 4000
"""Viewers at once; more are turned away."""


@dataclass(eq=False)
class Viewer:
    """One open stream; ``is_over``: nothing more will come."""

    news: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False


V = TypeVar("V", bound=Viewer)


@dataclass
class Watched(Generic[V]):
    """One rollback that somebody looks at."""

    viewers: set[V] = field(default_factory=set)


W = TypeVar("W", bound=Watched[Any])


class Following(ABC, Generic[W]):
    """Follows rollbacks for whoever looks at them."""

    def __init__(self, hub: Hub, *, threads: int) -> None:
        """Hear ``hub``; so many threads read and write for all viewers together."""
        self._hub = hub
        self._at_once = threads
        self._watched: dict[str, W] = {}
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: Callable[[], None] = lambda: None
        self._threads: CapacityLimiter | None = None
        self._closed = False

    @property
    def viewers(self) -> int:
        """How many look."""
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether no further viewer is taken."""
        return self._closed or self._count >= MOST

    def open(self) -> None:
        """Begin, in the event loop that the viewers are served by."""
        self._loop = asyncio.get_running_loop()
        self._threads = CapacityLimiter(self._at_once)
        self._leave = self._hub.subscribe(self.hear)

    def close(self) -> None:
        """End every stream; viewers come again, to whoever serves then. Idempotent."""
        self._closed = True
        self._leave()
        for watched in self._watched.values():
            end(watched)

    def hear(self, event: Event) -> None:
        """Take an event from the hub's thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody looks any more
                self._loop.call_soon_threadsafe(self._heard, event)

    @abstractmethod
    def _told(self, event: Event, watched: W) -> None:
        """Take an event about a rollback that somebody looks at."""

    @contextmanager
    def _counted(self, rollback_id: str, watched: W, viewer: Viewer) -> Iterator[None]:
        """Have a viewer among those who look, for as long as the block runs."""
        watched.viewers.add(viewer)
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            watched.viewers.discard(viewer)
            if not watched.viewers and self._watched.get(rollback_id) is watched:
                del self._watched[rollback_id]

    def _heard(self, event: Event) -> None:
        watched = self._watched.get(event.subject)
        if watched is not None:
            self._told(event, watched)


def end(watched: Watched[Any]) -> None:
    """Tell everybody who looks that nothing more will come."""
    for viewer in watched.viewers:
        viewer.is_over = True
        viewer.news.set()


async def woken(news: asyncio.Event, seconds: float) -> bool:
    """Wait for news; False where there was none for so long."""
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return False
    return True
