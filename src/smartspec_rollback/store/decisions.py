"""Decisions: who answered what to which plan. A replayed answer never counts twice."""

from smartspec_rollback.domain.approval import UNATTENDED, Decision
from smartspec_rollback.domain.rollback import ACTIVE, ANSWERABLE, Rollback
from smartspec_rollback.errors import Refused
from smartspec_rollback.store import chain, rollbacks
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.transactions import Part, Row, Transaction


def columns(decision: Decision) -> Row:
    """Return what makes a decision the same as another: rollback, person, digest, answer."""
    return (
        decision.rollback_id,
        _who(decision),
        decision.digest,
        str(decision.answer),
    )


def _who(decision: Decision) -> str:
    """Tell a person's own answer from the --auto-approve they gave; one never hides the other."""
    name = decision.person.name
    return f"{name} by {UNATTENDED}" if decision.channel == UNATTENDED else name


def is_recorded(db: Transaction, decision: Decision) -> bool:
    """Tell whether this person gave this answer to this plan already."""
    return (
        db.execute(
            "SELECT 1 FROM decisions "
            "WHERE rollback_id = ? AND person = ? AND plan_digest = ? AND answer = ?",
            columns(decision),
        ).fetchone()
        is not None
    )


def insert(db: Transaction, decision: Decision, *, actor: str) -> None:
    """Add a decision that is not there yet."""
    document = encode(decision)
    seq = chain.add(
        db,
        at=decision.at,
        actor=actor,
        action=f"decision.{decision.answer}",
        subject=decision.rollback_id,
        detail=f"{decision.person.account} by {decision.channel}"
        + (f": {decision.reason}" if decision.reason else ""),
        document=document,
    )
    db.execute(
        "INSERT INTO decisions (seq, rollback_id, person, plan_digest, answer, document) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (seq, *columns(decision), document),
    )


def listed(db: Transaction, rollback_id: str) -> tuple[Decision, ...]:
    """List a rollback's answers in the order they were written."""
    rows = db.execute(
        "SELECT document FROM decisions WHERE rollback_id = ? ORDER BY seq", (rollback_id,)
    )
    return tuple(decode(Decision, row[0], what=f"an answer to {rollback_id}") for row in rows)


def _stands(found: Rollback) -> str:
    status, detail = str(found.status), found.status_detail
    return f"{status}: {detail}" if detail and not detail.startswith(status) else detail or status


class Decisions(Part):
    """The store's methods about decisions."""

    def decide(self, decision: Decision, /) -> bool:
        """Record an answer; False if this person gave it already. Refused once execution began.

        An answer to another plan or Target than this rollback's is Refused too.
        """
        with self._ledger.write() as db:
            found = rollbacks.known(db, decision.rollback_id)
            where = f"rollback {found.id}"
            if decision.digest != found.plan_digest or decision.target != found.target:
                raise Refused(
                    "this plan was superseded; the answer was not recorded",
                    where=where,
                    remedy=f"read the plan again with 'smartspec show {found.id}'",
                )
            if is_recorded(db, decision):
                return False
            if found.status not in ANSWERABLE:
                stage = "under way" if found.status in ACTIVE else "over"
                raise Refused(
                    f"the rollback is {stage} already ({_stands(found)}); the answer was not "
                    "recorded",
                    where=where,
                    remedy=f"see 'smartspec show {found.id}'",
                )
            insert(db, decision, actor=decision.person.name)
            return True

    def decisions(self, rollback_id: str, /) -> tuple[Decision, ...]:
        """List the answers in order."""
        with self._ledger.read() as db:
            return listed(db, rollback_id)
