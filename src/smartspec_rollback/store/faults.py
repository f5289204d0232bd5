"""What went wrong with a ledger's file, in words: SQLite's errors become ours.

Called by ``sqlite_file`` around everything it does. Never changes the file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smartspec_rollback.errors import StoreCorrupt, StoreError, UsageError

RESTORE = (
    "move the file aside and put a copy from a backup in its place; "
    "it was left as it is, and nothing overwrites it"
)

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_TOLD = {
    sqlite3.SQLITE_FULL: (
        "the disk is full; the change was not written",
        "free some space, then run the same command again",
    ),
    sqlite3.SQLITE_READONLY: (
        "the ledger is read-only; the change was not written",
        "make the file and its folder writable for this user, or set SMARTSPEC_DATABASE_URL",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the ledger cannot be opened",
        "make the file and its folder readable and writable for this user",
    ),
    sqlite3.SQLITE_PERM: (
        "the ledger may not be opened",
        "make the file and its folder readable and writable for this user",
    ),
    sqlite3.SQLITE_BUSY: (
        "the ledger stayed locked by another process for too long; the change was not written",
        "see which process has it open (fuser FILE), then run the same command again",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk failed to read or write; the change was not written",
        "check the disk, its quota and the file size limit, then run the same command again",
    ),
}


def _translate(error: sqlite3.Error, path: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    where = str(path)
    if primary in _DAMAGED or _is_strange(error):
        return StoreCorrupt(f"the ledger is damaged: {error}", where=where, remedy=RESTORE)
    what, remedy = _TOLD.get(
        primary or 0,
        (f"the ledger refused the change, which was not written: {error}", ""),
    )
    return StoreError(what, where=where, remedy=remedy)


def _is_strange(error: sqlite3.Error) -> bool:
    """Tell whether tables or text are not what a ledger has."""
    told = str(error)
    return told.startswith(("no such table", "no such column", "Could not decode to UTF-8"))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise in this block into a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error
    except UnicodeEncodeError as error:
        raise UsageError(
            "a text holds characters that are not valid Unicode",
            where=repr(error.object)[:80],
            remedy="write it as plain text",
        ) from error
    except OSError as error:
        raise StoreError(
            f"the ledger's file cannot be used: {error.strerror or error}",
            where=str(error.filename or path),
            remedy="make the folder writable for this user, or set SMARTSPEC_DATABASE_URL",
        ) from error
