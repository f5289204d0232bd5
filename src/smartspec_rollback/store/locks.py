"""Locks that the kernel lets go when their process dies, however it dies.

One file per name in a folder beside the ledger, held by flock; close-on-exec, so that a child
process never holds one. Called by ``claims`` and, while a ledger is made, by ``sqlite_file``.
Files are made, looked at and removed only while the folder's gate is held, so nobody ever locks
a file that another process has just removed.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from smartspec_rollback.errors import StoreError
from smartspec_rollback.store.faults import translated

_GATE = ".gate"
_PAUSE = 0.002


class LockFolder:
    """A folder of locks; ``patience`` is how many seconds to wait for its gate."""

    def __init__(self, folder: Path, *, patience: float) -> None:
        self._folder = folder
        self._patience = patience

    @contextmanager
    def gate(self) -> Iterator[None]:
        """Hold the folder alone for a moment; StoreError if that takes too long."""
        with translated(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = _open(self._folder / _GATE, create=True)
            try:
                self._wait(descriptor)
                yield
            finally:
                os.close(descriptor)

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._patience
        while not _try(descriptor):
            if time.monotonic() >= deadline:
                raise StoreError(
                    "another process holds the locks of the ledger for too long",
                    where=str(self._folder / _GATE),
                    remedy="see which process has the file open (fuser FILE) and end it",
                )
            time.sleep(_PAUSE)

    def take(self, name: str) -> int | None:
        """Take a lock and return its descriptor; None while anybody holds it."""
        with self.gate():
            descriptor = _open(self._folder / name, create=True)
            if _try(descriptor):
                return descriptor
            os.close(descriptor)
            return None

    def is_taken(self, name: str) -> bool:
        """Tell whether a living process holds the lock."""
        if not (self._folder / name).exists():
            return False
        with self.gate():
            try:
                descriptor = _open(self._folder / name, create=False)
            except FileNotFoundError:
                return False
            try:
                return not _try(descriptor)
            finally:
                os.close(descriptor)

    def free(self, name: str, descriptor: int) -> None:
        """Let a lock go that ``take`` returned; its file goes too, where that is possible."""
        try:
            with suppress(StoreError), self.gate():
                (self._folder / name).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _open(path: Path, *, create: bool) -> int:
    """Open a lock file; Python opens descriptors close-on-exec."""
    return os.open(path, os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if create else 0), 0o600)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
