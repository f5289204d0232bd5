"""The journal: what a rollback intended and did, written before and after each effect.

An entry and everything that becomes true with it are one transaction, fenced by the newest claim.
"""

from datetime import datetime

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.rollback import (
    ACTIVE,
    NEXT,
    Claim,
    JournalEntry,
    Rollback,
    Status,
)
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ApprovalMissing, ClaimLost, StoreError
from smartspec_rollback.ports.store import Change
from smartspec_rollback.store import chain, decisions, deployments, holds, rollbacks, verdicts
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.transactions import Part, Transaction, micros


class Line(Value):
    """A journal entry as it is kept: with the status it changed to, None where it changed none."""

    entry: JournalEntry
    status: Status | None = None
    status_detail: str = ""


def insert(db: Transaction, line: Line, *, actor: str) -> None:
    """Add a line to a rollback's journal."""
    entry, document = line.entry, encode(line)
    seq = chain.add(
        db,
        at=entry.at,
        actor=actor,
        action=f"journal.{entry.kind}",
        subject=entry.rollback_id,
        detail=entry.text,
        document=document,
    )
    db.execute(
        "INSERT INTO journal (seq, rollback_id, entry, document) VALUES (?, ?, ?, ?)",
        (seq, entry.rollback_id, entry.seq, document),
    )


def move(db: Transaction, line: Line) -> None:
    """Move the rollback to where a line of its journal says."""
    rollback_id = line.entry.rollback_id
    db.execute(
        "UPDATE rollbacks SET updated_at = ? WHERE id = ?", (micros(line.entry.at), rollback_id)
    )
    if line.status is not None:
        db.execute(
            "UPDATE rollbacks SET status = ?, status_detail = ? WHERE id = ?",
            (str(line.status), line.status_detail, rollback_id),
        )


def newest(db: Transaction, rollback_id: str) -> int:
    """Return the number of a rollback's newest entry, 0 for none."""
    row = db.execute("SELECT MAX(entry) FROM journal WHERE rollback_id = ?", (rollback_id,))
    return int(row.fetchone()[0] or 0)


def _fence(db: Transaction, claim: Claim) -> Rollback:
    """Return the claimed rollback; ClaimLost if another claim is newer."""
    found = rollbacks.known(db, claim.rollback_id)
    token, holder = db.execute(
        "SELECT token, holder FROM rollbacks WHERE id = ?", (claim.rollback_id,)
    ).fetchone()
    if token != claim.token:
        raise ClaimLost(
            f"rollback {claim.rollback_id} was taken over by {holder}",
            where=f"claim {claim.token} of {claim.holder}; the newest is {token}",
            remedy=f"see 'smartspec show {claim.rollback_id}'",
        )
    return found


def _check(db: Transaction, now: Rollback, change: Change) -> None:
    """Refuse a change that may not follow, or that somebody denied."""
    if change.unless_denied:
        denial = next(
            (d for d in decisions.listed(db, now.id) if d.answer is Answer.DENY),
            None,
        )
        if denial is not None:
            raise ApprovalMissing(
                f"{denial.person.name} denied this rollback"
                + (f": {denial.reason}" if denial.reason else ""),
                where=f"rollback {now.id}",
                remedy="nothing was changed; the same command plans anew",
            )
    if change.status is None or change.status is now.status:
        return
    if change.status not in NEXT[now.status]:
        raise StoreError(
            f"a rollback that is {now.status} cannot become {change.status}",
            where=f"rollback {now.id}",
            remedy=f"see 'smartspec show {now.id}'; nothing was written",
        )
    if change.status in ACTIVE:
        rollbacks.refuse_if_another(db, now.target, but=now.id)


def _apply(db: Transaction, change: Change, *, rollback_id: str, actor: str, at: datetime) -> None:
    """Write what becomes true with an entry."""
    if change.place_hold is not None:
        holds.place(db, change.place_hold, actor=actor)
    if change.lift_hold is not None:
        lifted = holds.Lift(
            hold_id=change.lift_hold, by=actor, reason=f"{rollback_id}: {change.text}", at=at
        )
        holds.lift(db, lifted, actor=actor)
    if change.verdict is not None:
        verdicts.record(db, change.verdict, actor=change.verdict.by)
    if change.deployment is not None:
        deployments.record(db, change.deployment, actor=actor)


class Journal(Part):
    """The store's methods about journals."""

    def append(self, claim: Claim, change: Change, /, *, at: datetime) -> JournalEntry:
        """Write one change durably before returning; ClaimLost if the claim is not the newest.

        A status change that NEXT does not allow is refused with StoreError, one that somebody
        denied with ApprovalMissing. A hold to lift that is not in force any more stays lifted.
        """
        with self._ledger.write() as db:
            now = _fence(db, claim)
            _check(db, now, change)
            entry = JournalEntry(
                rollback_id=now.id,
                seq=newest(db, now.id) + 1,
                at=at,
                token=claim.token,
                kind=change.kind,
                text=change.text,
                step=change.step,
                operation=change.operation,
                data=change.data,
            )
            line = Line(entry=entry, status=change.status, status_detail=change.status_detail)
            insert(db, line, actor=claim.holder)
            move(db, line)
            _apply(db, change, rollback_id=now.id, actor=claim.holder, at=at)
            return entry

    def journal(self, rollback_id: str, /, *, after: int = 0) -> tuple[JournalEntry, ...]:
        """List a rollback's entries with ``seq`` above ``after``, in order."""
        with self._ledger.read() as db:
            rows = db.execute(
                "SELECT document FROM journal WHERE rollback_id = ? AND entry > ? ORDER BY entry",
                (rollback_id, after),
            )
            return tuple(
                decode(Line, row[0], what=f"the journal of {rollback_id}").entry for row in rows
            )
