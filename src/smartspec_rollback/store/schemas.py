"""Recorded schemas: what a service's database was when a deployment was recorded.

Append-only and audited like everything; kept compressed, because catalogs are large.
"""

import zlib
from typing import Any

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.deployment import Phase
from smartspec_rollback.domain.release import Release, same_release
from smartspec_rollback.domain.schema_record import RecordedSchema, SchemaSnapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import StoreCorrupt, UnknownName
from smartspec_rollback.store import chain, deployments
from smartspec_rollback.store.documents import decode, encode
from smartspec_rollback.store.faults import RESTORE
from smartspec_rollback.store.transactions import Part, Row, Transaction

_LEVEL = 6
_INSERT = """
INSERT INTO schemas (seq, document, deployment_id, phase, service, environment, release, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_OF_DEPLOYMENT = """
SELECT document, seq FROM schemas
WHERE seq IN (SELECT MAX(seq) FROM schemas WHERE deployment_id = ? GROUP BY phase) ORDER BY seq
"""
OF_RELEASE = """
SELECT document, seq FROM schemas WHERE service = ? AND environment = ? AND release = ?
ORDER BY seq DESC LIMIT 1
"""
OF_VERSION = """
SELECT document, seq FROM schemas WHERE service = ? AND environment = ? AND version = ?
ORDER BY seq DESC LIMIT 5
"""


def columns(recorded: RecordedSchema) -> Row:
    """Return what a recorded schema is found by."""
    release = recorded.release
    return (
        recorded.deployment_id,
        str(recorded.phase),
        recorded.target.service,
        recorded.target.environment,
        release.identity if release else "",
        release.version if release else "",
    )


def unpacked(blob: Any, *, what: str) -> str:
    """Decompress a document; StoreCorrupt says ``what`` could not be."""
    try:
        return zlib.decompress(blob).decode()
    except (zlib.error, TypeError, UnicodeDecodeError) as error:
        raise StoreCorrupt(
            f"the ledger's record of {what} cannot be read: {error}", where=what, remedy=RESTORE
        ) from error


def insert(db: Transaction, recorded: RecordedSchema, *, actor: str) -> None:
    """Add a recorded schema."""
    document = encode(recorded)
    seq = chain.add(
        db,
        at=recorded.snapshot.at,
        actor=actor,
        action="schema.recorded",
        subject=recorded.deployment_id,
        detail=f"{recorded.snapshot.identity}, {recorded.phase}",
        document=document,
    )
    packed = zlib.compress(document.encode(), _LEVEL)
    db.execute(_INSERT, (seq, packed, *columns(recorded)))


def is_recorded(db: Transaction, recorded: RecordedSchema) -> bool:
    """Tell whether this very record is here already."""
    rows = db.execute(
        "SELECT document, seq FROM schemas WHERE deployment_id = ? AND phase = ?",
        (recorded.deployment_id, str(recorded.phase)),
    )
    return any(each == recorded for each in map(_read, rows))


def _read(row: Row) -> RecordedSchema:
    what = f"the schema of audit entry {row[1]}"
    return decode(RecordedSchema, unpacked(row[0], what=what), what=what)


class Schemas(Part):
    """The store's methods about recorded schemas."""

    def record_schema(
        self, deployment_id: str, phase: Phase, snapshot: SchemaSnapshot, /, *, by: Person
    ) -> RecordedSchema:
        """Add what a database was in a phase of a deployment; UnknownName if that is unknown."""
        with self._ledger.write() as db:
            deployment = deployments.find(db, deployment_id)
            if deployment is None:
                raise UnknownName(
                    "deployment", deployment_id, remedy="record the deployment itself first"
                )
            release: Release | None = None
            if phase is Phase.LIVE:
                release = deployment.release
            elif phase is Phase.BEFORE_MIGRATIONS:
                release = deployments.live_beside(db, deployment)
            recorded = RecordedSchema(
                deployment_id=deployment_id,
                phase=phase,
                target=deployment.target,
                release=release,
                snapshot=snapshot,
            )
            insert(db, recorded, actor=by.name)
            return recorded

    def schema_of(self, deployment_id: str, /) -> tuple[RecordedSchema, ...]:
        """List what was recorded with a deployment: the newest of each phase, oldest first."""
        with self._ledger.read() as db:
            return tuple(map(_read, db.execute(_OF_DEPLOYMENT, (deployment_id,))))

    def schema_of_release(self, target: Target, release: Release, /) -> RecordedSchema | None:
        """Return the newest schema recorded while a release was live.

        Where some digest was not known then, the same version counts unless it surely is another
        release.
        """
        place = (target.service, target.environment)
        with self._ledger.read() as db:
            row = db.execute(OF_RELEASE, (*place, release.identity)).fetchone()
            if row is not None:
                return _read(row)
            of_version = map(_read, db.execute(OF_VERSION, (*place, release.version)))
            alike = (
                r for r in of_version if r.release and same_release(r.release, release) is None
            )
            return next(alike, None)
