"""The audit log: append-only, each line chained by hash to the line before.

Called by every part that writes, inside the transaction of the change. A line that records a
document holds its digest, so the chain proves the ledger as well as itself.
"""

import hashlib
from datetime import datetime

from smartspec_rollback.domain.values import canonical
from smartspec_rollback.ports.store import AuditEntry
from smartspec_rollback.store.documents import digest_of
from smartspec_rollback.store.transactions import Part, Row, Transaction, from_micros, micros

COLUMNS = "seq, at, actor, action, subject, detail, digest, hash"
_INSERT = f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constant

_LISTED = "SELECT seq, at, actor, action, subject, detail, hash FROM audit"


def link(previous: str, row: Row) -> str:
    """Take the hash of a row (its columns up to the digest) chained to the hash before it."""
    return hashlib.sha256(previous.encode() + canonical(list(row))).hexdigest()


def add(
    db: Transaction,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: str,
    document: str | None = None,
) -> int:
    """Add a line, with the digest of the ``document`` it records, and return its number."""
    last, previous = db.execute("SELECT seq, hash FROM audit_head WHERE one = 1").fetchone()
    digest = None if document is None else digest_of(document)
    row = (last + 1, micros(at), actor, action, subject, detail, digest)
    this = link(previous, row)
    db.execute(_INSERT, (*row, this))
    db.execute(
        "UPDATE audit_head SET seq = ?, entries = entries + 1, hash = ? WHERE one = 1",
        (last + 1, this),
    )
    return int(last) + 1


class AuditLog(Part):
    """The store's methods about the audit log, but for its proof."""

    def audit(self, *, actor: str, action: str, subject: str, detail: str, at: datetime) -> None:
        """Add an entry for something that changes no other table."""
        with self._ledger.write() as db:
            add(db, at=at, actor=actor, action=action, subject=subject, detail=detail)

    def audit_log(self, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the newest entries, newest first."""
        with self._ledger.read() as db:
            return tuple(map(_entry, db.execute(f"{_LISTED} ORDER BY seq DESC LIMIT ?", (limit,))))

    def audit_since(self, seq: int, /, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the entries with numbers above ``seq``, oldest first."""
        with self._ledger.read() as db:
            found = db.execute(f"{_LISTED} WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
            return tuple(map(_entry, found))


def _entry(row: Row) -> AuditEntry:
    seq, at, actor, action, subject, detail, this = row
    return AuditEntry(
        seq=seq,
        at=from_micros(at),
        actor=actor,
        action=action,
        subject=subject,
        detail=detail,
        hash=this,
    )
