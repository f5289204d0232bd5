"""Deliveries: what each place was told, and which process serves it. Working memory, not audited.

The intent is kept before a message is sent and its ref after it, so that whoever takes over from
a dead process knows what may have arrived. Called by ``operations``.
"""

import hashlib

from smartspec_rollback.ports.store import Attendance, Delivery
from smartspec_rollback.store.locks import LockFolder
from smartspec_rollback.store.transactions import Part, Row, from_micros, micros

_SELECT = "SELECT place, key, rollback_id, ref, digest, at FROM deliveries "


class Deliveries(Part):
    """The store's methods about deliveries."""

    _locks: LockFolder
    _attended: set["_Attended"]

    def attend(self, name: str, /) -> Attendance | None:
        """Take the right to serve a place; None while any process, this one too, has it."""
        file = f"place-{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
        descriptor = self._locks.take(file)
        return None if descriptor is None else _Attended(self._locks, file, descriptor, self)

    def deliver(self, delivery: Delivery, /) -> None:
        """Keep what a place is told under a key: the intent, its ref, a newer digest.

        A ref that is known stays unless another one is given.
        """
        with self._ledger.write() as db:
            db.execute(
                "INSERT INTO deliveries (place, key, rollback_id, ref, digest, at) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (place, key) DO UPDATE SET "
                "ref = COALESCE(excluded.ref, ref), digest = excluded.digest, at = excluded.at",
                (
                    delivery.place,
                    delivery.key,
                    delivery.rollback_id,
                    delivery.ref,
                    delivery.digest,
                    micros(delivery.at),
                ),
            )

    def delivery(self, place: str, key: str, /) -> Delivery | None:
        """Look up what a place was told under a key."""
        with self._ledger.read() as db:
            row = db.execute(_SELECT + "WHERE place = ? AND key = ?", (place, key)).fetchone()
            return None if row is None else _delivery(row)

    def delivered(self, place: str, ref: str, /) -> Delivery | None:
        """Look up what a message of a place is about."""
        with self._ledger.read() as db:
            row = db.execute(_SELECT + "WHERE place = ? AND ref = ?", (place, ref)).fetchone()
            return None if row is None else _delivery(row)

    def _leave_all(self) -> None:
        for attended in tuple(self._attended):
            attended.leave()


class _Attended:
    """A lock that is held, until it is left or the process ends."""

    def __init__(self, locks: LockFolder, file: str, descriptor: int, owner: Deliveries) -> None:
        self._locks = locks
        self._file = file
        self._descriptor: int | None = descriptor
        self._owner = owner
        owner._attended.add(self)  # noqa: SLF001 - both are this module

    def leave(self) -> None:
        """Give it back; idempotent."""
        descriptor, self._descriptor = self._descriptor, None
        self._owner._attended.discard(self)  # noqa: SLF001 - both are this module
        if descriptor is not None:
            self._locks.free(self._file, descriptor)


def _delivery(row: Row) -> Delivery:
    place, key, rollback_id, ref, digest, at = row
    return Delivery(
        place=place, key=key, rollback_id=rollback_id, ref=ref, digest=digest, at=from_micros(at)
    )
