"""Holds: the ban on redeploying a bad release, lifted by a person and never deleted."""

from datetime import datetime

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import Contradiction, StoreError, UnknownName
from smartspec_rollback.store import chain
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.standing import reconsider_release
from smartspec_rollback.store.transactions import Part, Row, Transaction

_ALL = "SELECT document FROM holds WHERE in_force = 1 ORDER BY seq DESC"
_OF_TARGET = (
    "SELECT document FROM holds WHERE service = ? AND environment = ? AND in_force = 1 "
    "ORDER BY seq DESC"
)


class Lift(Value):
    """The end of a hold: who lifted it, when, and why."""

    hold_id: str
    by: str
    reason: str
    at: datetime


def columns(hold: Hold) -> Row:
    """Return what a hold is found by: id, Target, release identity, version."""
    return (
        hold.id,
        hold.target.service,
        hold.target.environment,
        hold.release.identity,
        hold.release.version,
    )


def place(db: Transaction, hold: Hold, *, actor: str) -> bool:
    """Place a hold; False if this very hold was placed before."""
    document = encode(hold)
    known = db.execute("SELECT document FROM holds WHERE id = ?", (hold.id,)).fetchone()
    if known:
        if known[0] == document:
            return False
        raise StoreError(f"another hold is called {hold.id} already", where=str(hold.target))
    seq = chain.add(
        db,
        at=hold.placed_at,
        actor=actor,
        action="hold.placed",
        subject=hold.id,
        detail=f"{hold.release.version} on {hold.target}: {hold.reason}",
        document=document,
    )
    db.execute(
        "INSERT INTO holds (seq, id, service, environment, release, version, document) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (seq, *columns(hold), document),
    )
    reconsider_release(db, hold.target, hold.release)
    return True


def lift(db: Transaction, lifted: Lift, *, actor: str) -> Hold | None:
    """Lift a hold and return it; None if it is not in force."""
    row = db.execute(
        "SELECT document FROM holds WHERE id = ? AND in_force = 1", (lifted.hold_id,)
    ).fetchone()
    if row is None:
        return None
    hold = decode(Hold, row[0], what=f"hold {lifted.hold_id}")
    document = encode(lifted)
    seq = chain.add(
        db,
        at=lifted.at,
        actor=actor,
        action="hold.lifted",
        subject=hold.id,
        detail=f"{hold.release.version} on {hold.target}: {lifted.reason}",
        document=document,
    )
    db.execute(
        "INSERT INTO hold_lifts (seq, hold_id, document) VALUES (?, ?, ?)",
        (seq, hold.id, document),
    )
    db.execute("UPDATE holds SET in_force = 0 WHERE id = ?", (hold.id,))
    reconsider_release(db, hold.target, hold.release)
    return hold


def in_force(db: Transaction, target: Target, release: Release) -> Hold | None:
    """Return the newest hold in force on a release."""
    row = db.execute(
        "SELECT document FROM holds WHERE service = ? AND environment = ? AND release = ? "
        "AND in_force = 1 ORDER BY seq DESC LIMIT 1",
        (target.service, target.environment, release.identity),
    ).fetchone()
    return decode(Hold, row[0], what=f"a hold on {target}") if row else None


def _refuse_lifted(db: Transaction, hold_id: str) -> None:
    """Say who lifted a hold already; nothing if there never was one such."""
    row = db.execute("SELECT document FROM hold_lifts WHERE hold_id = ?", (hold_id,)).fetchone()
    if row is not None:
        before = decode(Lift, row[0], what=f"the end of hold {hold_id}")
        raise Contradiction(
            f"{hold_id} was already released at {before.at:%Y-%m-%d %H:%M:%S} UTC by {before.by}: "
            f"{before.reason}",
            remedy="nothing is left to do; `smartspec hold list` shows what is on hold",
        )


class Holds(Part):
    """The store's methods about holds."""

    def holds(self, target: Target | None = None, /) -> tuple[Hold, ...]:
        """List the holds in force, newest first."""
        with self._ledger.read() as db:
            if target is None:
                rows = db.execute(_ALL)
            else:
                rows = db.execute(_OF_TARGET, (target.service, target.environment))
            return tuple(decode(Hold, row[0], what="a hold") for row in rows)

    def hold_on(self, target: Target, release: Release, /) -> Hold | None:
        """Return the hold in force on this very release."""
        with self._ledger.read() as db:
            return in_force(db, target, release)

    def release_hold(self, hold_id: str, /, *, by: Person, reason: str, at: datetime) -> Hold:
        """Lift a hold; UnknownName if there is none such, UsageError if it was lifted before."""
        with self._ledger.write() as db:
            lifted = Lift(hold_id=hold_id, by=by.name, reason=reason, at=at)
            hold = lift(db, lifted, actor=by.name)
            if hold is None:
                _refuse_lifted(db, hold_id)
                known = db.execute("SELECT id FROM holds WHERE in_force = 1 ORDER BY seq DESC")
                raise UnknownName(
                    "hold in force",
                    hold_id,
                    nearest=nearest(hold_id, (row[0] for row in known)),
                    remedy="see 'smartspec hold list'",
                )
            return hold
