"""Readiness: the newest answer about each Target; working memory, so neither audited nor kept.

Part of a store. What cannot be read (another release wrote it) is as if nobody had answered.
"""

from smartspec_rollback.domain.readiness import Readiness
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import StoreCorrupt
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.transactions import Part, micros

_KEEP = """
INSERT INTO readiness (service, environment, at, document) VALUES (?, ?, ?, ?)
ON CONFLICT (service, environment) DO UPDATE SET at = excluded.at, document = excluded.document
WHERE excluded.at >= readiness.at
"""
_OF = "SELECT document FROM readiness WHERE service = ? AND environment = ?"


class Answers(Part):
    """The store's methods about readiness."""

    def keep_readiness(self, answer: Readiness, /) -> None:
        """Keep an answer in place of the one before; a newer one stays."""
        target = answer.target
        row = (target.service, target.environment, micros(answer.at), encode(answer))
        with self._ledger.write() as db:
            db.execute(_KEEP, row)

    def readiness(self, target: Target, /) -> Readiness | None:
        """Return the newest answer about a Target; None where nobody gave one."""
        with self._ledger.read() as db:
            row = db.execute(_OF, (target.service, target.environment)).fetchone()
        if row is None:
            return None
        try:
            return decode(Readiness, row[0], what=f"the readiness of {target}")
        except StoreCorrupt:
            return None
