"""How the tests of scratch copies come by recorded schemas and their statements."""

from datetime import UTC, datetime

import psycopg

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import Sample, StatementText, Workload
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Rehearsal
from smartspec_rollback.providers.databases.postgresql.database import PostgresqlDatabase
from smartspec_rollback.providers.databases.postgresql.rehearsing.rehearse import rehearse
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock


def soon() -> Deadline:
    """Set a deadline no test should meet."""
    return Deadline.after(SystemClock(), 60)


def recorded(server: Scratch, ddl: str, *texts: str) -> tuple[Catalog, SchemaSnapshot]:
    """Record a schema and statements as a deployment would."""
    with server.database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ddl.encode())
        database = PostgresqlDatabase.at(Sensitive(url), clock=SystemClock())
        read = database.catalog(deadline=soon())
        asked = tuple(StatementText(text=text, source="test") for text in texts)
        statements = database.describe(asked, read, deadline=soon())
    snapshot = SchemaSnapshot(
        at=datetime(2026, 1, 2, tzinfo=UTC),
        identity="test",
        catalog=read,
        workload=Workload(statements=statements),
    )
    return read, snapshot


def rehearsed(
    server: Scratch,
    before: str,
    change: str,
    *texts: str,
    migrate: bool = True,
    samples: tuple[Sample, ...] = (),
) -> Rehearsal:
    """Rehearse statements of a schema on what a change makes of it."""
    _, snapshot = recorded(server, before, *texts)
    after, _ = recorded(server, f"{before};{change}")
    held = SchemaSnapshot(
        at=snapshot.at,
        identity=snapshot.identity,
        catalog=snapshot.catalog,
        workload=snapshot.workload,
        samples=samples,
    )
    migrations = (change,) if migrate else ()
    return rehearse(server, held, after, migrations, soon())
