"""What was heard from outside: each event once, and kept until it was dealt with.

An event is acknowledged to the system it came from once it is here, so whatever dies afterwards,
the next process finds it and goes on. Called by ``operations`` and the server.
"""

from datetime import datetime, timedelta

from smartspec_rollback.ports.store import HeardEvent
from smartspec_rollback.store.transactions import Part, from_micros, micros

KEPT = timedelta(days=30)
"""How long a settled event is remembered; no system repeats one for that long."""


class Heard(Part):
    """The store's methods about events."""

    def hear(self, event_id: str, /, *, at: datetime, document: str | None = None) -> bool:
        """Remember durably that an event was heard; False if it was heard before.

        With a ``document`` it is open until it is settled. What is settled is forgotten after a
        month.
        """
        with self._ledger.write() as db:
            db.execute("DELETE FROM heard WHERE at < ? AND document IS NULL", (micros(at - KEPT),))
            if db.execute("SELECT 1 FROM heard WHERE id = ?", (event_id,)).fetchone():
                return False
            db.execute(
                "INSERT INTO heard (id, at, document) VALUES (?, ?, ?)",
                (event_id, micros(at), document),
            )
            return True

    def was_heard(self, event_id: str, /) -> bool:
        """Tell whether an event was heard, without hearing it."""
        with self._ledger.read() as db:
            found = db.execute("SELECT 1 FROM heard WHERE id = ?", (event_id,)).fetchone()
            return found is not None

    def unsettled(self, *, limit: int) -> tuple[HeardEvent, ...]:
        """List what was heard and is open, oldest first."""
        with self._ledger.read() as db:
            rows = db.execute(
                "SELECT id, at, document FROM heard WHERE document IS NOT NULL "
                "ORDER BY at, rowid LIMIT ?",
                (limit,),
            )
            return tuple(
                HeardEvent(id=event_id, at=from_micros(at), document=document)
                for event_id, at, document in rows
            )

    def settle(self, event_id: str, /) -> None:
        """Close what was heard: it was answered; idempotent."""
        with self._ledger.write() as db:
            db.execute("UPDATE heard SET document = NULL WHERE id = ?", (event_id,))
