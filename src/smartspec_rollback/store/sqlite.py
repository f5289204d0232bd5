"""The ledger in one SQLite file: the default store, needing nothing but the standard library.

Called by ``wiring``; the methods are in the parts. Opened by ``approve`` and ``history`` too, so
it imports nothing heavy.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from smartspec_rollback.store import transfer
from smartspec_rollback.store.access import Access
from smartspec_rollback.store.captures import Captures
from smartspec_rollback.store.chain import AuditLog
from smartspec_rollback.store.claims import Claims
from smartspec_rollback.store.decisions import Decisions
from smartspec_rollback.store.deliveries import Deliveries
from smartspec_rollback.store.deployments import Deployments
from smartspec_rollback.store.heard import Heard
from smartspec_rollback.store.holds import Holds
from smartspec_rollback.store.journal import Journal
from smartspec_rollback.store.proof import Proof
from smartspec_rollback.store.readiness import Answers
from smartspec_rollback.store.requests import Requests
from smartspec_rollback.store.rollbacks import Rollbacks
from smartspec_rollback.store.schemas import Schemas
from smartspec_rollback.store.series import MeasuredSeries
from smartspec_rollback.store.sqlite_file import SqliteFile
from smartspec_rollback.store.transactions import Transaction
from smartspec_rollback.store.verdicts import Verdicts


class SqliteStore(
    Deployments,
    Schemas,
    Captures,
    Verdicts,
    Holds,
    Rollbacks,
    Journal,
    Decisions,
    Claims,
    Deliveries,
    Heard,
    Requests,
    Access,
    Answers,
    AuditLog,
    Proof,
    MeasuredSeries,
):
    """A ``Store`` in one file, for any number of processes and threads of one machine."""

    def __init__(self, file: SqliteFile) -> None:
        """Serve an open file; ``open`` is how to get one."""
        self._ledger = self._file = file
        self._locks = file.locks
        self._held = {}
        self._attended = set()

    @classmethod
    def open(cls, path: Path, *, patience: float = 10.0) -> Self:
        """Open the ledger at ``path``, made if missing, with its folder (0700) and file (0600).

        ``patience`` is how many seconds to wait for another process's change. StoreTooNew,
        StoreCorrupt or StoreError leave the file as it was.
        """
        return cls(SqliteFile(path, patience=patience))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where the ledger lies."""
        return self._file.path

    def close(self) -> None:
        """Give every claim and attendance back and let go of the file; idempotent."""
        self._release_all()
        self._leave_all()
        self._file.close()

    def version_mark(self) -> int:
        """Return a number that changes when another process wrote, or this one did."""
        return self._file.mark()

    def absorb(self, other: "SqliteStore", /) -> tuple[str, ...]:
        """Import from another ledger what is not here yet; return the rollbacks that were new.

        All or nothing, audited as "break-glass import"; a second time changes nothing. Errors:
        StoreCorrupt if the other ledger was tampered with, AnotherRunning if a rollback of the
        same Target is active in both, UsageError or StoreError where the two contradict.
        """
        transfer.refuse_tampered(other.path, other.verify_audit()[1])
        with other.snapshot() as theirs, self._ledger.write() as ours:
            return transfer.copy(theirs, ours)

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """Read at length from one consistent state, while others go on writing."""
        return self._ledger.snapshot()
