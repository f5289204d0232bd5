"""The guard of a Target: one deployment or rollback at a time, even without the ledger.

Called by ``platform`` and ``verbs``. The lock dies with its process, so a guard that somebody
left behind is free at once; who holds it is written into the locked file, for people.
"""

import contextlib
import os
from datetime import datetime
from pathlib import Path

import msgspec

from smartspec_rollback.domain.snapshot import Operation
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import AnotherRunning, ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.platforms.local.files import read_bytes, try_lock
from smartspec_rollback.providers.platforms.local.processes import Recorded, here
from smartspec_rollback.providers.platforms.local.site import Site
from smartspec_rollback.providers.platforms.local.unix_http import UP_REMEDY

_PATIENCE = 0.2
_POLL = 0.01


class _Held(Value):
    """Who holds a guard: its name for people, the id of what it does, and the process behind it."""

    holder: str
    operation: str | None
    since: datetime
    process: Recorded


class HeldGuards:
    """The guards that one platform object holds; its locks are its own, whatever the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handles: dict[Path, tuple[str, int]] = {}

    def take(self, site: Site, *, holder: str, operation: str | None) -> None:
        """Hold a Target for ``holder``; AnotherRunning names who has it."""
        path = site.records.guard
        held = self._handles.get(path)
        if held is not None and held[0] == holder:
            return
        if held is not None:
            raise self._taken(site)
        said = _Held(holder=holder, operation=operation, since=self._clock.now(), process=here())
        handle = self._open(path)
        try:
            self._lock(handle, site)
            _overwrite(handle, msgspec.json.encode(said))
        except BaseException:
            os.close(handle)
            raise
        self._handles[path] = (holder, handle)

    def _lock(self, handle: int, site: Site) -> None:
        deadline = Deadline.after(self._clock, _PATIENCE)
        while not try_lock(handle):
            if deadline.expired:
                raise self._taken(site)
            deadline.pause(_POLL)

    def let_go(self, site: Site, *, holder: str) -> None:
        """Let go of the holder's own guard."""
        path = site.records.guard
        held = self._handles.get(path)
        if held is None or held[0] != holder:
            return
        with contextlib.suppress(ProviderError):
            _overwrite(held[1], b"")
        os.close(held[1])
        del self._handles[path]

    def _open(self, path: Path) -> int:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError as error:
            raise ProviderUnavailable(
                "this Target was never started here", where=str(path.parent), remedy=UP_REMEDY
            ) from error
        except OSError as error:
            raise ProviderError(f"cannot lock: {error.strerror}", where=str(path)) from error

    def _taken(self, site: Site) -> AnotherRunning:
        by = running(site)
        return AnotherRunning(
            f"{site.target} is held by {by.holder if by else 'somebody who just came'}",
            where=str(site.records.guard),
            remedy="wait until it is over",
        )


def _overwrite(handle: int, content: bytes) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, content, 0)
    except OSError as error:
        raise ProviderError(f"the guard cannot be written: {error.strerror}") from error


def running(site: Site) -> Operation | None:
    """Tell who holds the guard; None if nobody living does."""
    content = read_bytes(site.records.guard)
    try:
        held = msgspec.json.decode(content or b"", type=_Held)
    except msgspec.DecodeError:
        return None
    if not held.process.alive:
        return None
    return Operation(holder=held.holder, id=held.operation, since=held.since)
