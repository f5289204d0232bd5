"""What was measured while rollbacks ran: to be drawn, and never judged by.

Working memory: no audit entry is about it. Bounded for each rollback, so that nothing that goes
on measuring fills the ledger.
"""

from smartspec_rollback.domain.series import Series
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.transactions import Part, Transaction

MAX_ROWS = 500
"""Of one rollback; what comes later is dropped."""

_OF_ROLLBACK = "SELECT document FROM series WHERE rollback_id = ? ORDER BY seq"
_ADD = """
INSERT INTO series (rollback_id, document)
SELECT ?, ? WHERE EXISTS (SELECT 1 FROM rollbacks WHERE id = ?)
AND (SELECT COUNT(*) FROM series WHERE rollback_id = ?) < ?
"""


def add(db: Transaction, rollback_id: str, document: str) -> None:
    """Add a document, unless the rollback is unknown or has enough of them."""
    db.execute(_ADD, (rollback_id, document, rollback_id, rollback_id, MAX_ROWS))


def documents(db: Transaction, rollback_id: str) -> tuple[str, ...]:
    """List a rollback's documents in the order they were added."""
    return tuple(row[0] for row in db.execute(_OF_ROLLBACK, (rollback_id,)))


class MeasuredSeries(Part):
    """The store's methods about what was measured while rollbacks ran."""

    def add_series(self, rollback_id: str, series: Series, /) -> None:
        """Add what was measured while a rollback ran; dropped if it is unknown or has enough."""
        document = encode(series)
        with self._ledger.write() as db:
            add(db, rollback_id, document)

    def series(self, rollback_id: str, /) -> tuple[Series, ...]:
        """List what was measured while a rollback ran, in the order it was added."""
        with self._ledger.read() as db:
            found = documents(db, rollback_id)
        return tuple(decode(Series, each, what=f"a series of {rollback_id}") for each in found)
