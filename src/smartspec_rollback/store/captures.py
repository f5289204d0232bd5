"""Captures: what platforms need to bring releases back, and the key for what they hash.

Append-only and audited like everything; kept compressed. The key is no document: it is in no audit
entry, and an import leaves it where it is.
"""

import secrets
import zlib

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.store import chain, deployments
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.schemas import unpacked
from smartspec_rollback.store.transactions import Part, Row, Transaction

_LEVEL = 6
_KEY = "captures"
_KEY_BYTES = 32
_INSERT = """
INSERT INTO captures (seq, document, deployment_id, service, environment, release, digest)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_NEWEST_DIGEST = "SELECT digest FROM captures WHERE deployment_id = ? ORDER BY seq DESC LIMIT 1"
OF_TARGET = """
SELECT document, seq FROM captures WHERE seq IN (
    SELECT MAX(seq) FROM captures WHERE service = ? AND environment = ? GROUP BY release
) ORDER BY seq DESC LIMIT ?
"""


def columns(capture: Capture) -> Row:
    """Return what a capture is found by."""
    return (
        capture.deployment_id,
        capture.target.service,
        capture.target.environment,
        capture.release.identity,
        capture.digest,
    )


def insert(db: Transaction, capture: Capture, *, actor: str) -> None:
    """Add a capture."""
    document = encode(capture)
    seq = chain.add(
        db,
        at=capture.at,
        actor=actor,
        action="capture.recorded",
        subject=capture.deployment_id,
        detail=f"{capture.release.version} on {capture.target}, by {capture.platform}",
        document=document,
    )
    packed = zlib.compress(document.encode(), _LEVEL)
    db.execute(_INSERT, (seq, packed, *columns(capture)))


def is_recorded(db: Transaction, capture: Capture) -> bool:
    """Tell whether the newest capture of its deployment says the very same."""
    newest = db.execute(_NEWEST_DIGEST, (capture.deployment_id,)).fetchone()
    return newest is not None and newest[0] == capture.digest


def is_known(db: Transaction, capture: Capture) -> bool:
    """Tell whether any capture of its deployment says the very same."""
    return (
        db.execute(
            "SELECT 1 FROM captures WHERE deployment_id = ? AND digest = ?",
            (capture.deployment_id, capture.digest),
        ).fetchone()
        is not None
    )


def _read(row: Row) -> Capture:
    what = f"the capture of audit entry {row[1]}"
    return decode(Capture, unpacked(row[0], what=what), what=what)


class Captures(Part):
    """The store's methods about captures."""

    def record_capture(self, capture: Capture, /, *, by: Person) -> bool:
        """Add a capture; False if its deployment's newest says the very same.

        UnknownName if the deployment is unknown, UsageError if it went to another Target.
        """
        with self._ledger.write() as db:
            deployment = deployments.find(db, capture.deployment_id)
            if deployment is None:
                raise UnknownName(
                    "deployment", capture.deployment_id, remedy="record the deployment itself first"
                )
            if deployment.target != capture.target:
                raise UsageError(
                    f"{deployment.id} went to {deployment.target}, not {capture.target}",
                    where=f"deployment {deployment.id}",
                )
            if is_recorded(db, capture):
                return False
            insert(db, capture, actor=by.name)
            return True

    def captures(self, target: Target, /, *, limit: int) -> tuple[Capture, ...]:
        """List the newest capture of each release of a Target, newest first."""
        with self._ledger.read() as db:
            rows = db.execute(OF_TARGET, (target.service, target.environment, limit))
            return tuple(map(_read, rows))

    def secret_key(self) -> bytes:
        """Return this ledger's random key for keyed hashes; made when it is first asked for."""
        with self._ledger.read() as db:
            found = db.execute("SELECT value FROM keys WHERE name = ?", (_KEY,)).fetchone()
        if found is None:
            with self._ledger.write() as db:
                fresh = secrets.token_bytes(_KEY_BYTES)
                db.execute("INSERT OR IGNORE INTO keys (name, value) VALUES (?, ?)", (_KEY, fresh))
                found = db.execute("SELECT value FROM keys WHERE name = ?", (_KEY,)).fetchone()
        return bytes(found[0])
