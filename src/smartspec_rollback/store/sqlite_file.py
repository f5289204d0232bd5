"""The ledger's file: made whole or not at all, opened in milliseconds, never overwritten.

Called by ``sqlite``. One connection behind one lock serves all threads of a process; a snapshot
for reading at length has its own.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from smartspec_rollback.errors import StoreError
from smartspec_rollback.store.faults import translated
from smartspec_rollback.store.locks import LockFolder
from smartspec_rollback.store.migrate import check, migrate
from smartspec_rollback.store.transactions import Transaction


class SqliteFile:
    """An open ledger file; implements ``Transactions``."""

    def __init__(self, path: Path, *, patience: float) -> None:
        """Open the ledger at ``path``, made if missing; wait ``patience`` seconds for others."""
        self.path = path
        self.locks = LockFolder(path.parent / "locks", patience=patience)
        self._patience = patience
        self._guard = threading.RLock()
        self._writes = 0
        with translated(path):
            if not path.exists():
                self._make()
            self._opened = path.stat()
            self._db = self._connect(path)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Let go of the file; idempotent."""
        with self._guard, translated(self.path):
            self._db.close()

    def mark(self) -> int:
        """Return a number that grows with every write, here or by another process."""
        with self._guard, translated(self.path):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0]) + self._writes

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Look at one consistent state."""
        with self._guard, translated(self.path):
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._undo()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Change the ledger alone; on disk once the block ends, undone if it raises."""
        with self._guard, translated(self.path):
            self._must_be_in_place()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._must_be_in_place()
                self._db.execute("COMMIT")
            except BaseException:
                self._undo()
                raise
            self._writes += 1

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Read at length on a connection of its own, while others go on writing."""
        with translated(self.path), closing(self._connect(self.path)) as db:
            db.execute("PRAGMA query_only = ON")
            db.execute("BEGIN")
            yield db

    def _must_be_in_place(self) -> None:
        """Refuse to write where nobody would read: the file was removed or replaced meanwhile."""
        try:
            there = os.path.samestat(self.path.stat(), self._opened)
        except FileNotFoundError:
            there = False
        if not there:
            raise StoreError(
                "the ledger's file was removed or replaced while it was in use; the change was "
                "not written",
                where=str(self.path),
                remedy="put the file back from where it was moved, or from a backup",
            )

    def _undo(self) -> None:
        if self._db.in_transaction:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")

    def _connect(self, path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",  # never makes a file
            uri=True,
            timeout=self._patience,
            isolation_level=None,
            check_same_thread=False,
        )
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = FULL")
        return db

    def _prepare(self) -> None:
        """Check what was opened, and bring it to today's version."""
        due = check(self._db, self.path)
        self._db.execute("PRAGMA journal_mode = WAL")
        if due:
            migrate(self._db)
        self._db.execute("SELECT seq FROM audit_head WHERE one = 1").fetchone()

    def _make(self) -> None:
        """Make an empty ledger beside ``path`` and put it there once it is whole and on disk."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.new")
        with self.locks.gate():
            if self.path.exists():
                return
            if self.path.is_symlink():
                raise StoreError(
                    "the ledger is a link to a file that is not there; no new one was made",
                    where=f"{self.path} -> {self.path.readlink()}",
                    remedy="mount what it leads to, or remove the link",
                )
            _discard(draft)
            try:
                os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
                with closing(self._connect(draft)) as db:
                    db.execute("PRAGMA journal_mode = WAL")
                    migrate(db)
                draft.replace(self.path)
                _flush(self.path.parent)
            finally:
                _discard(draft)


def _discard(draft: Path) -> None:
    """Remove a draft and what SQLite put beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Make the folder's new entry durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
