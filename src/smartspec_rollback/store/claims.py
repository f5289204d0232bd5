"""Claims: the right to drive one rollback, held by a lock that dies with its process.

The lock says whether somebody living drives; the token in the rollback's row, which grows with
every claim, fences whoever was taken for dead. Needs ``locks``, so it serves one machine.
"""

from datetime import datetime

from smartspec_rollback.domain.rollback import Claim
from smartspec_rollback.store import chain, rollbacks
from smartspec_rollback.store.locks import LockFolder
from smartspec_rollback.store.transactions import Part


class Claims(Part):
    """The store's methods about claims."""

    _locks: LockFolder
    _held: dict[tuple[str, int], int]

    def claim(self, rollback_id: str, /, *, holder: str, at: datetime) -> Claim | None:
        """Take the right to drive a rollback; None while a living process has it.

        ``holder`` is what others are told. UnknownName if there is no such rollback.
        """
        with self._ledger.read() as db:
            name = _lock_name(rollbacks.known(db, rollback_id).id)
        descriptor = self._locks.take(name)
        if descriptor is None:
            return None
        try:
            token = self._count(rollback_id, holder=holder, at=at)
        except BaseException:
            self._locks.free(name, descriptor)
            raise
        self._held[rollback_id, token] = descriptor
        return Claim(rollback_id=rollback_id, holder=holder, token=token)

    def holder(self, rollback_id: str, /) -> str | None:
        """Name the living process that drives it, or None."""
        if self._told_holder(rollback_id) is None or not self._locks.is_taken(
            _lock_name(rollback_id)
        ):
            return None
        return self._told_holder(rollback_id) or "a process that is just starting"

    def release(self, claim: Claim, /) -> None:
        """Give the claim back; idempotent."""
        descriptor = self._held.pop((claim.rollback_id, claim.token), None)
        if descriptor is not None:
            self._locks.free(_lock_name(claim.rollback_id), descriptor)

    def _told_holder(self, rollback_id: str) -> str | None:
        """Return what the newest claimant said of itself; None if there is no such rollback."""
        with self._ledger.read() as db:
            row = db.execute("SELECT holder FROM rollbacks WHERE id = ?", (rollback_id,))
            found = row.fetchone()
            return None if found is None else str(found[0])

    def _release_all(self) -> None:
        for rollback_id, token in tuple(self._held):
            self.release(Claim(rollback_id=rollback_id, holder="", token=token))

    def _count(self, rollback_id: str, *, holder: str, at: datetime) -> int:
        """Write down the new holder and return its token."""
        with self._ledger.write() as db:
            db.execute(
                "UPDATE rollbacks SET token = token + 1, holder = ? WHERE id = ?",
                (holder, rollback_id),
            )
            row = db.execute("SELECT token FROM rollbacks WHERE id = ?", (rollback_id,))
            token = int(row.fetchone()[0])
            chain.add(
                db,
                at=at,
                actor=holder,
                action="rollback.claimed",
                subject=rollback_id,
                detail=f"claim {token}",
            )
            return token


def _lock_name(rollback_id: str) -> str:
    """Name the lock's file; a rollback's id was checked when it was opened."""
    return f"{rollback_id}.lock"
