"""Private files: written whole or not at all, and locks on them.

Called by every module here that keeps state. Nothing is ever readable by another user.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from smartspec_rollback.errors import NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline

_LOCK_POLL = 0.005
_T = TypeVar("_T")


DAMAGED = (
    "put the file back from a backup; without one, end the processes whose ids stand in the "
    "folder `processes`, move the whole folder away, and start anew with `smartspec local up`"
)
"""What to do about a damaged file of a Target's state; nothing that reads it can stop it."""


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, for this user only.

    NotDone if that cannot be.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise NotDone(f"cannot make a folder: {error.strerror}", where=str(path)) from error
    return path


def write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step, durably, mode 0600.

    NotDone while the old content still stands. Writers of the same file take turns by a lock.
    """
    fresh = path.with_name(f".{path.name}.tmp")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise NotDone(
            f"cannot write: {error.strerror}", where=str(path), remedy="free space or fix access"
        ) from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ProviderError(f"cannot sync: {error.strerror}", where=str(folder)) from error
    try:
        os.fsync(handle)
    except OSError as error:
        raise ProviderError(f"cannot sync: {error.strerror}", where=str(folder)) from error
    finally:
        os.close(handle)


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write unless the file says just that; tell whether it was written."""
    if read_bytes(path) == content:
        return False
    write_private(path, content)
    return True


def read_bytes(path: Path) -> bytes | None:
    """Read a file, None if it is not there; ProviderError if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProviderError(f"cannot read: {error.strerror}", where=str(path)) from error


def read_value(path: Path, kind: type[_T]) -> _T | None:
    """Read a value from a JSON file, None if it is not there; ProviderError if it is damaged."""
    content = read_bytes(path)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise ProviderError(
            f"damaged state: {error}",
            where=str(path),
            remedy=DAMAGED,
        ) from error


def remove(path: Path) -> None:
    """Remove a file; fine if it is gone."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ProviderError(f"cannot remove: {error.strerror}", where=str(path)) from error


@contextmanager
def locked(path: Path, deadline: Deadline) -> Iterator[None]:
    """Hold a file's lock, which dies with the process; NotDone if somebody else keeps it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise NotDone(f"cannot lock: {error.strerror}", where=str(path)) from error
    try:
        while not try_lock(handle):
            if deadline.expired:
                raise NotDone("another process is changing this Target", where=str(path))
            deadline.pause(_LOCK_POLL)
        yield
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Take the lock on an open file if nobody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
