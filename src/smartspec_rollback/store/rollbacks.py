"""Rollbacks and their plans: opened together, at most one active of a Target.

Where a rollback stands is changed by ``journal`` alone.
"""

from typing import Any

import msgspec

from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import ACTIVE, Rollback, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import AnotherRunning, StoreError, UnknownName
from smartspec_rollback.store import chain
from smartspec_rollback.store.documents import decode, digest_of, encode
from smartspec_rollback.store.transactions import Part, Row, Transaction, from_micros, micros

SELECT = "SELECT r.document, r.status, r.status_detail, r.updated_at FROM rollbacks r "

_ACTIVE = SELECT + (
    "WHERE r.service = ? AND r.environment = ? AND r.status IN ("
    "'planned', 'awaiting-approval', 'approved', 'executing', 'interrupted', 'unknown', "
    "'verifying')"
)


def columns(rollback: Rollback) -> Row:
    """Return what a rollback is found by: id, Target, failed deployment, digest of its plan."""
    return (
        rollback.id,
        rollback.target.service,
        rollback.target.environment,
        rollback.failed_deployment_id,
        rollback.plan_digest,
    )


def insert(db: Transaction, rollback: Rollback, *, actor: str, now: Rollback | None = None) -> None:
    """Add a rollback that is not there yet; ``now`` is where it stands, if not as it was opened."""
    now = now or rollback
    document = encode(rollback)
    seq = chain.add(
        db,
        at=rollback.requested_at,
        actor=actor,
        action="rollback.opened",
        subject=rollback.id,
        detail=f"{rollback.failed_deployment_id} on {rollback.target}: "
        f"{rollback.from_version} to {rollback.to_version}, {rollback.status}",
        document=document,
    )
    db.execute(
        "INSERT INTO rollbacks (seq, id, service, environment, failed_deployment_id, plan_digest, "
        "status, status_detail, updated_at, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            seq,
            *columns(rollback),
            str(now.status),
            now.status_detail,
            micros(now.updated_at),
            document,
        ),
    )


def insert_plan(db: Transaction, plan: Plan, *, actor: str) -> None:
    """Save the plan of a rollback."""
    document = encode(plan)
    seq = chain.add(
        db,
        at=plan.made_at,
        actor=actor,
        action="plan.saved",
        subject=plan.rollback_id,
        detail=f"{digest_of(document)}, risk {plan.risk}",
        document=document,
    )
    db.execute(
        "INSERT INTO plans (seq, rollback_id, document) VALUES (?, ?, ?)",
        (seq, plan.rollback_id, document),
    )


def find(db: Transaction, rollback_id: str) -> Rollback | None:
    """Look one up as it stands now."""
    row = db.execute(SELECT + "WHERE r.id = ?", (rollback_id,)).fetchone()
    return _read(row) if row else None


def known(db: Transaction, rollback_id: str) -> Rollback:
    """Look one up; UnknownName names the newest ones if there is none such."""
    found = find(db, rollback_id)
    if found is None:
        newest = db.execute("SELECT id FROM rollbacks ORDER BY seq DESC LIMIT 3")
        raise UnknownName(
            "rollback",
            rollback_id,
            remedy=f"the newest are: {', '.join(row[0] for row in newest) or 'none'}; "
            "see 'smartspec history'",
        )
    return found


def refuse_if_another(db: Transaction, target: Target, *, but: str) -> None:
    """Raise AnotherRunning if a rollback of the Target, other than ``but``, is active."""
    row = db.execute(_ACTIVE, (target.service, target.environment)).fetchone()
    if row is None:
        return
    running = _read(row)
    if running.id != but:
        raise AnotherRunning(
            f"rollback {running.id} of {running.failed_deployment_id}, requested by "
            f"{running.requested_by.name}, is {running.status}",
            where=str(target),
            remedy=f"see 'smartspec show {running.id}'; the same command again attaches to it",
            rollback_id=running.id,
        )


def _read(row: Row) -> Rollback:
    document, status, detail, updated_at = row
    return msgspec.structs.replace(
        decode(Rollback, document, what="a rollback"),
        status=Status(status),
        status_detail=detail,
        updated_at=from_micros(updated_at),
    )


def _check_plan(rollback: Rollback, plan: Plan) -> None:
    """Refuse a plan that is not this rollback's, or would have another digest when read back."""
    kept = decode(Plan, encode(plan), what=f"the plan of {rollback.id}")
    if rollback.id != plan.rollback_id or rollback.plan_digest != kept.digest:
        raise StoreError(
            f"the plan's digest is {kept.digest}, not {rollback.plan_digest}",
            where=f"rollback {rollback.id}",
            remedy="report this as a bug; nothing was written",
        )


class Rollbacks(Part):
    """The store's methods about rollbacks and plans."""

    def open_rollback(self, rollback: Rollback, plan: Plan, /) -> None:
        """Save a new rollback with its plan; AnotherRunning if one of its Target is active.

        A rollback in a status that is not active (a dry run, a refused one) is saved beside it.
        """
        checked_name("rollback id", rollback.id)
        _check_plan(rollback, plan)
        with self._ledger.write() as db:
            if find(db, rollback.id) is not None:
                raise StoreError(
                    f"rollback {rollback.id} is recorded already",
                    where=str(rollback.target),
                    remedy="a new rollback needs a new id",
                )
            if rollback.status in ACTIVE:
                refuse_if_another(db, rollback.target, but=rollback.id)
            insert(db, rollback, actor=rollback.requested_by.name)
            insert_plan(db, plan, actor=rollback.requested_by.name)

    def rollback(self, rollback_id: str, /) -> Rollback | None:
        """Look one up."""
        with self._ledger.read() as db:
            return find(db, rollback_id)

    def rollbacks(
        self,
        target: Target | None = None,
        /,
        *,
        failed_deployment_id: str | None = None,
        status: Status | None = None,
        limit: int,
    ) -> tuple[Rollback, ...]:
        """List the newest, newest first."""
        wanted: dict[str, Any] = {}
        if target is not None:
            wanted = {"service": target.service, "environment": target.environment}
        if failed_deployment_id is not None:
            wanted["failed_deployment_id"] = failed_deployment_id
        if status is not None:
            wanted["status"] = str(status)
        where = " AND ".join(f"r.{column} = ?" for column in wanted)
        sql = SELECT + (f"WHERE {where} " if where else "") + "ORDER BY r.seq DESC LIMIT ?"
        with self._ledger.read() as db:
            return tuple(_read(row) for row in db.execute(sql, (*wanted.values(), limit)))

    def active(self, target: Target, /) -> Rollback | None:
        """Return the one active rollback of the Target."""
        with self._ledger.read() as db:
            row = db.execute(_ACTIVE, (target.service, target.environment)).fetchone()
            return _read(row) if row else None

    def plan(self, rollback_id: str, /) -> Plan | None:
        """Return the saved plan."""
        with self._ledger.read() as db:
            row = db.execute(
                "SELECT document FROM plans WHERE rollback_id = ?", (rollback_id,)
            ).fetchone()
            return decode(Plan, row[0], what=f"the plan of {rollback_id}") if row else None
