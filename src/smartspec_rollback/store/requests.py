"""What a server was asked for: requests that name themselves, and gates that are being run.

Called by ``server``. Working memory: what comes of a request is in the ledger proper, so nothing
here is audited, and old rows go.
"""

from datetime import datetime, timedelta

from smartspec_rollback.domain.gate import GateRun
from smartspec_rollback.errors import Contradiction
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.transactions import Part, micros

_KEPT = timedelta(days=30)
_GATE = "SELECT document FROM gates WHERE id = ?"
_RUNNING_OF = "SELECT document FROM gates WHERE deployment_id = ? AND ended = 0"
_RUNNING = "SELECT document FROM gates WHERE ended = 0 ORDER BY at, id"


class Requests(Part):
    """The store's methods about what a server was asked for."""

    def remember_request(self, key: str, digest: str, /, *, at: datetime) -> str | None:
        """Remember that ``key`` names the request ``digest``; what rollback came of it, or None.

        Contradiction if the key names another request already.
        """
        with self._ledger.write() as db:
            db.execute("DELETE FROM requests WHERE at < ?", (micros(at - _KEPT),))
            db.execute(
                "INSERT OR IGNORE INTO requests (key, digest, at) VALUES (?, ?, ?)",
                (key, digest, micros(at)),
            )
            row = db.execute(
                "SELECT digest, rollback_id FROM requests WHERE key = ?", (key,)
            ).fetchone()
            if row[0] != digest:
                raise Contradiction(
                    "this key was used for another request",
                    where="Idempotency-Key",
                    remedy="send a new key with a new request",
                )
            return None if row[1] is None else str(row[1])

    def answer_request(self, key: str, rollback_id: str, /) -> None:
        """Keep which rollback came of a request; the first one stays."""
        with self._ledger.write() as db:
            db.execute(
                "UPDATE requests SET rollback_id = ? WHERE key = ? AND rollback_id IS NULL",
                (rollback_id, key),
            )

    def begin_gate(self, run: GateRun, /) -> GateRun:
        """Keep a gate that is to be run; the one of its deployment that runs already, if any."""
        with self._ledger.write() as db:
            db.execute(
                "DELETE FROM gates WHERE ended = 1 AND at < ?", (micros(run.asked_at - _KEPT),)
            )
            running = db.execute(_RUNNING_OF, (run.deployment_id,)).fetchone()
            if running is not None:
                return decode(GateRun, running[0], what=f"a gate of {run.deployment_id}")
            db.execute(
                "INSERT INTO gates (id, deployment_id, document, ended, at) VALUES (?, ?, ?, 0, ?)",
                (run.id, run.deployment_id, encode(run), micros(run.asked_at)),
            )
            return run

    def end_gate(self, run: GateRun, /) -> None:
        """Keep what came of a gate; the first word stays."""
        with self._ledger.write() as db:
            db.execute(
                "UPDATE gates SET document = ?, ended = 1 WHERE id = ? AND ended = 0",
                (encode(run), run.id),
            )

    def gate_run(self, gate_id: str, /) -> GateRun | None:
        """Look a gate up."""
        with self._ledger.read() as db:
            row = db.execute(_GATE, (gate_id,)).fetchone()
        return None if row is None else decode(GateRun, row[0], what=f"gate {gate_id}")

    def running_gates(self) -> tuple[GateRun, ...]:
        """List the gates that nobody ended, oldest first."""
        with self._ledger.read() as db:
            rows = tuple(db.execute(_RUNNING))
        return tuple(decode(GateRun, row[0], what="a running gate") for row in rows)
