"""Importing another ledger: what a break-glass rollback wrote while this one could not be used.

Called by the stores' ``absorb`` with a snapshot of theirs and a transaction of ours. Documents
are copied in the order they were written. A second time changes nothing.
"""

from collections.abc import Callable
from pathlib import Path

from smartspec_rollback.domain.approval import Decision
from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.domain.schema_record import RecordedSchema
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.errors import StoreCorrupt, StoreError
from smartspec_rollback.ports.store import AuditFault
from smartspec_rollback.store import (
    captures,
    decisions,
    deployments,
    holds,
    journal,
    rollbacks,
    schemas,
    series,
    verdicts,
)
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.transactions import Transaction, micros

IMPORT = "break-glass import"
"""Who the audit log names."""

_WRITTEN = "SELECT seq, action, subject FROM audit WHERE digest IS NOT NULL ORDER BY seq"


def refuse_tampered(path: Path, fault: AuditFault | None) -> None:
    """Raise StoreCorrupt if the ledger to import is not what was written."""
    if fault is not None:
        raise StoreCorrupt(
            f"the ledger to import was changed: {fault.what}",
            where=f"{path}, audit entry {fault.seq}",
            remedy="nothing was imported; find out who changed it",
        )


def copy(theirs: Transaction, ours: Transaction) -> tuple[str, ...]:
    """Copy what is not here yet; return the ids of the rollbacks that are new or went on."""
    work = _Import(theirs, ours)
    for seq, action, subject in theirs.execute(_WRITTEN):
        table, write = work.kind(action)
        row = theirs.execute(
            f"SELECT document FROM {table} WHERE seq = ?",  # noqa: S608 - a name of ours
            (seq,),
        ).fetchone()
        write(row[0], f"{action} {subject}")
    return work.finish()


class _Import:
    """One import: where documents of each kind go, and which rollbacks it touched."""

    def __init__(self, theirs: Transaction, ours: Transaction) -> None:
        self._theirs = theirs
        self._ours = ours
        self._touched: dict[str, None] = {}
        self._kinds: dict[str, tuple[str, Callable[[str, str], None]]] = {
            "deployment": ("phases", self._deployment),
            "schema": ("schemas", self._schema),
            "capture": ("captures", self._capture),
            "verdict": ("verdicts", self._verdict),
            "hold.placed": ("holds", self._hold),
            "hold.lifted": ("hold_lifts", self._lift),
            "rollback": ("rollbacks", self._rollback),
            "plan": ("plans", self._plan),
            "journal": ("journal", self._line),
            "decision": ("decisions", self._decision),
        }

    def kind(self, action: str) -> tuple[str, Callable[[str, str], None]]:
        """Return the table an audited action wrote to, and what copies its document."""
        return self._kinds.get(action) or self._kinds[action.partition(".")[0]]

    def finish(self) -> tuple[str, ...]:
        """Put the touched rollbacks where they stand in their ledger."""
        for rollback_id in self._touched:
            now = rollbacks.known(self._theirs, rollback_id)
            if now.status in ACTIVE:
                rollbacks.refuse_if_another(self._ours, now.target, but=now.id)
            token, holder = self._theirs.execute(
                "SELECT token, holder FROM rollbacks WHERE id = ?", (rollback_id,)
            ).fetchone()
            self._ours.execute(
                "UPDATE rollbacks SET status = ?, status_detail = ?, updated_at = ?, holder = ?, "
                "token = CASE WHEN token < ? THEN ? ELSE token END WHERE id = ?",
                (
                    str(now.status),
                    now.status_detail,
                    micros(now.updated_at),
                    holder,
                    token,
                    token,
                    rollback_id,
                ),
            )
            kept = len(series.documents(self._ours, rollback_id))
            for document in series.documents(self._theirs, rollback_id)[kept:]:
                series.add(self._ours, rollback_id, document)
        return tuple(self._touched)

    def _deployment(self, document: str, what: str) -> None:
        deployments.record(self._ours, decode(Deployment, document, what=what), actor=IMPORT)

    def _schema(self, document: str, what: str) -> None:
        recorded = decode(RecordedSchema, schemas.unpacked(document, what=what), what=what)
        if not schemas.is_recorded(self._ours, recorded):
            schemas.insert(self._ours, recorded, actor=IMPORT)

    def _capture(self, document: str, what: str) -> None:
        capture = decode(Capture, schemas.unpacked(document, what=what), what=what)
        if not captures.is_known(self._ours, capture):
            captures.insert(self._ours, capture, actor=IMPORT)

    def _verdict(self, document: str, what: str) -> None:
        """Add a verdict; a later one of ours on the same deployment is said again after it.

        The newest written is the newest, so an old pass that is imported must not outdo a fail.
        """
        new = decode(Verdict, document, what=what)
        if verdicts.is_recorded(self._ours, new):
            return
        said = (
            verdicts.newest_conclusive(self._ours, new.deployment_id),
            verdicts.newest(self._ours, new.deployment_id),
        )
        verdicts.record(self._ours, new, actor=IMPORT)
        for verdict in dict.fromkeys(v for v in said if v is not None and v.at > new.at):
            verdicts.record(self._ours, verdict, actor=IMPORT)

    def _hold(self, document: str, what: str) -> None:
        holds.place(self._ours, decode(Hold, document, what=what), actor=IMPORT)

    def _lift(self, document: str, what: str) -> None:
        holds.lift(self._ours, decode(holds.Lift, document, what=what), actor=IMPORT)

    def _rollback(self, document: str, what: str) -> None:
        opened = decode(Rollback, document, what=what)
        row = self._ours.execute(
            "SELECT document FROM rollbacks WHERE id = ?", (opened.id,)
        ).fetchone()
        if row is not None:
            _refuse_other(row[0], document, f"rollback {opened.id}")
            return
        now = rollbacks.known(self._theirs, opened.id)
        if now.status in ACTIVE:
            rollbacks.refuse_if_another(self._ours, now.target, but=now.id)
        rollbacks.insert(self._ours, opened, actor=IMPORT, now=now)
        self._touched[opened.id] = None

    def _plan(self, document: str, what: str) -> None:
        plan = decode(Plan, document, what=what)
        row = self._ours.execute(
            "SELECT document FROM plans WHERE rollback_id = ?", (plan.rollback_id,)
        ).fetchone()
        if row is None:
            rollbacks.insert_plan(self._ours, plan, actor=IMPORT)
        else:
            _refuse_other(row[0], document, f"the plan of {plan.rollback_id}")

    def _line(self, document: str, what: str) -> None:
        line = decode(journal.Line, document, what=what)
        entry = line.entry
        row = self._ours.execute(
            "SELECT document FROM journal WHERE rollback_id = ? AND entry = ?",
            (entry.rollback_id, entry.seq),
        ).fetchone()
        if row is None:
            journal.insert(self._ours, line, actor=IMPORT)
            self._touched[entry.rollback_id] = None
        else:
            _refuse_other(row[0], encode(line), f"rollback {entry.rollback_id}")

    def _decision(self, document: str, what: str) -> None:
        decision = decode(Decision, document, what=what)
        if not decisions.is_recorded(self._ours, decision):
            decisions.insert(self._ours, decision, actor=IMPORT)
            self._touched[decision.rollback_id] = None


def _refuse_other(ours: str, theirs: str, what: str) -> None:
    if ours != theirs:
        raise StoreError(
            f"{what} went on differently in both ledgers; nothing was imported",
            where=what,
            remedy="compare both with 'smartspec show'; a person has to say which is right",
        )
