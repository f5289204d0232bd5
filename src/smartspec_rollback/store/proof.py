"""The proof of the audit log: every line chained, every document as it was written.

Finds changed, removed, inserted, reordered and cut-off lines, documents that no longer match
their line, and columns that no longer match their documents. Reads row by row, in bounded
memory, beside everybody else. Who can rewrite the whole file can forge the whole chain: the
newest hash, kept elsewhere, proves more.
"""

import heapq
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from smartspec_rollback.domain.approval import Decision
from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.schema_record import RecordedSchema
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.errors import StoreCorrupt
from smartspec_rollback.ports.store import AuditFault
from smartspec_rollback.store import (
    captures,
    decisions,
    deployments,
    holds,
    rollbacks,
    schemas,
    verdicts,
)
from smartspec_rollback.store.chain import COLUMNS, link
from smartspec_rollback.store.documents import decode, digest_of
from smartspec_rollback.store.journal import Line
from smartspec_rollback.store.standing import BASELINE, ELIGIBLE, STANDING
from smartspec_rollback.store.transactions import Part, Row, Transaction, micros


class _Table(NamedTuple):
    """A table of documents: what they are, the columns beside them, and how they are kept."""

    name: str
    kind: type[Any]
    names: str
    columns: Callable[[Any], Row]
    read: Callable[[Any], str] = str


def _unpacked(blob: object) -> str:
    """Decompress a document; what cannot be is not what was written."""
    try:
        return schemas.unpacked(blob, what="a document")
    except StoreCorrupt:
        return ""


_TABLES = (
    _Table("phases", Deployment, "deployment_id", lambda d: (d.id,)),
    _Table(
        "schemas",
        RecordedSchema,
        "deployment_id, phase, service, environment, release, version",
        schemas.columns,
        _unpacked,
    ),
    _Table(
        "captures",
        Capture,
        "deployment_id, service, environment, release, digest",
        captures.columns,
        _unpacked,
    ),
    _Table("verdicts", Verdict, "deployment_id, outcome, measured", verdicts.columns),
    _Table("holds", Hold, "id, service, environment, release, version", holds.columns),
    _Table("hold_lifts", holds.Lift, "hold_id", lambda lift: (lift.hold_id,)),
    _Table(
        "rollbacks",
        Rollback,
        "id, service, environment, failed_deployment_id, plan_digest",
        rollbacks.columns,
    ),
    _Table("plans", Plan, "rollback_id", lambda plan: (plan.rollback_id,)),
    _Table(
        "journal",
        Line,
        "rollback_id, entry",
        lambda line: (line.entry.rollback_id, line.entry.seq),
    ),
    _Table("decisions", Decision, "rollback_id, person, plan_digest, answer", decisions.columns),
)

_DEPLOYMENTS = f"""
SELECT deployments.seq, id, service, environment, at, phase, version, release, p.document,
    deployments.seq = (SELECT MAX(q.seq) FROM phases q WHERE q.deployment_id = deployments.id),
    deployments.standing IS {STANDING},
    deployments.baseline IS {BASELINE},
    deployments.eligible = {ELIGIBLE}
FROM deployments LEFT JOIN phases p ON p.seq = deployments.seq AND p.deployment_id = deployments.id
"""  # noqa: S608 - a constant of ours

_UNLISTED = """
SELECT p.seq FROM phases p
WHERE NOT EXISTS (SELECT 1 FROM deployments d WHERE d.id = p.deployment_id)
ORDER BY p.seq LIMIT 1
"""

_HOLDS = """
SELECT h.seq, h.id FROM holds h
WHERE h.in_force <> CASE WHEN EXISTS (SELECT 1 FROM hold_lifts l WHERE l.hold_id = h.id)
                    THEN 0 ELSE 1 END
ORDER BY h.seq LIMIT 1
"""

_JOURNAL = "SELECT document FROM journal WHERE rollback_id = ? ORDER BY entry"


def verify(db: Transaction) -> tuple[int, AuditFault | None]:
    """Check everything: how many audit lines there are, and the first fault if there is one."""
    entries = int(db.execute("SELECT COUNT(*) FROM audit").fetchone()[0])
    faults = (fault for check in (_lines, _deployments, _holds, _rollbacks) for fault in check(db))
    return entries, next(faults, None)


def _lines(db: Transaction) -> Iterator[AuditFault]:
    """Walk the lines and the documents they record, side by side, in the order of writing."""
    documents = heapq.merge(*(_documents(db, table) for table in _TABLES), key=itemgetter(0))
    document = next(documents, None)
    last, previous = 0, ""
    for row in db.execute(f"SELECT {COLUMNS} FROM audit ORDER BY seq"):  # noqa: S608 - a constant
        *written, digest, this = row
        seq, what = written[0], f"{written[3]} {written[4]}"
        if seq != last + 1:
            yield AuditFault(seq=last + 1, what=f"the entry is missing; the next one is {seq}")
        if this != link(previous, (*written, digest)):
            yield AuditFault(seq=seq, what=f"{what}: not what was written, or not in its place")
        if document is not None and (document[0] < seq or (document[0] == seq and not digest)):
            yield _unrecorded(document)
        if digest is not None:
            if document is None or document[0] != seq:
                yield AuditFault(seq=seq, what=f"{what}: what was recorded is gone")
            else:
                yield from _mismatch(document, digest, what)
                document = next(documents, None)
        last, previous = seq, this
    if document is not None:
        yield _unrecorded(document)
    yield from _end(db, last, previous)


def _documents(db: Transaction, table: _Table) -> Iterator[tuple[int, _Table, Row]]:
    for row in db.execute(
        f"SELECT seq, document, {table.names} FROM {table.name} ORDER BY seq"  # noqa: S608 - ours
    ):
        yield row[0], table, row[1:]


def _unrecorded(document: tuple[int, _Table, Row]) -> AuditFault:
    seq, table, _ = document
    return AuditFault(seq=seq, what=f"{table.name}: a row that the audit log never recorded")


def _mismatch(document: tuple[int, _Table, Row], digest: str, what: str) -> Iterator[AuditFault]:
    """Compare a document with its line, and its columns with itself."""
    seq, table, (kept, *columns) = document
    text = table.read(kept)
    if digest_of(text) != digest:
        yield AuditFault(seq=seq, what=f"{what}: what was recorded in {table.name} was changed")
    elif tuple(columns) != table.columns(decode(table.kind, text, what=what)):
        yield AuditFault(seq=seq, what=f"{what}: the columns in {table.name} were changed")


def _end(db: Transaction, last: int, previous: str) -> Iterator[AuditFault]:
    """Compare the end of the log with what the last writer said it was."""
    head = db.execute("SELECT seq, entries, hash FROM audit_head WHERE one = 1").fetchone()
    if head is None:
        yield AuditFault(seq=last, what="the mark of the newest entry is gone")
    elif head[0] > last:
        yield AuditFault(seq=last + 1, what=f"the newest entries are missing; there were {head[0]}")
    elif tuple(head) != (last, last, previous):
        yield AuditFault(seq=last, what="the mark of the newest entry was changed")


def _deployments(db: Transaction) -> Iterator[AuditFault]:
    """Compare where every deployment stands with its phases, verdicts and holds."""
    for seq, *columns, document, newest, standing, baseline, eligible in db.execute(_DEPLOYMENTS):
        what = f"deployment {columns[0]}"
        if document is None or not newest:
            yield AuditFault(seq=seq, what=f"{what}: its row was changed")
        elif tuple(columns) != deployments.columns(decode(Deployment, document, what=what)):
            yield AuditFault(seq=seq, what=f"{what}: its columns were changed")
        elif not (standing and baseline and eligible):
            yield AuditFault(seq=seq, what=f"{what}: its standing was changed")
    for (seq,) in db.execute(_UNLISTED):
        yield AuditFault(seq=seq, what="a recorded deployment is gone")


def _holds(db: Transaction) -> Iterator[AuditFault]:
    """Compare which holds are in force with which were lifted."""
    for seq, hold_id in db.execute(_HOLDS):
        yield AuditFault(seq=seq, what=f"hold {hold_id}: whether it is in force was changed")


def _rollbacks(db: Transaction) -> Iterator[AuditFault]:
    """Compare where every rollback stands with its journal."""
    for seq, rollback_id, document, *stands in db.execute(
        "SELECT seq, id, document, status, status_detail, updated_at, token FROM rollbacks"
    ):
        what = f"rollback {rollback_id}"
        opened = decode(Rollback, document, what=what)
        status, detail, updated_at = opened.status, opened.status_detail, opened.updated_at
        entries = token = 0
        for entries, (text,) in enumerate(db.execute(_JOURNAL, (rollback_id,)), start=1):
            line = decode(Line, text, what=what)
            if line.status is not None:
                status, detail = line.status, line.status_detail
            updated_at, token = line.entry.at, max(token, line.entry.token)
            if line.entry.seq != entries:
                yield AuditFault(seq=seq, what=f"{what}: its journal has a gap at {entries}")
        if stands[:3] != [str(status), detail, micros(updated_at)] or stands[3] < token:
            yield AuditFault(seq=seq, what=f"{what}: where it stands was changed")


class Proof(Part):
    """The store's method that proves the audit log and the ledger."""

    def verify_audit(self) -> tuple[int, AuditFault | None]:
        """Check the whole chain: how many entries, and the first fault if there is one."""
        with self._ledger.snapshot() as db:
            return verify(db)
