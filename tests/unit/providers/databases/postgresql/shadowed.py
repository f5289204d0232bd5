"""Rooms on a shadow server, and what a whole server holds, for the tests of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog, Grant, Policy
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import Workload
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Room, Shadow
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.database_samples import (
    a_catalog,
    a_relation,
    a_snapshot,
    a_statement,
)

MAKER = "shadow_maker"
"""May make databases and roles, and nothing else."""

NOTHING = Catalog(kind="postgresql", version="18")

WAIT = 30.0


class Given:
    """A URL at hand."""

    place = "environment variable SHADOW_URL"

    def __init__(self, url: str) -> None:
        self.url = url

    def resolve(self) -> Sensitive:
        """Return it."""
        return Sensitive(self.url)


def a_maker(server: Scratch) -> str:
    """Give the URL of one who may make databases and roles."""
    with server.connect() as connection, connection.transaction():
        known = "SELECT FROM pg_roles WHERE rolname = %s"
        if connection.execute(known, [MAKER]).fetchone() is None:
            connection.execute(f"CREATE ROLE {MAKER} LOGIN CREATEDB CREATEROLE".encode())
    return server.url("postgres", MAKER)


def within(seconds: float = WAIT) -> Deadline:
    """Set a deadline."""
    return Deadline.after(SystemClock(), seconds)


@contextmanager
def a_room(url: str, catalog: Catalog = NOTHING) -> Iterator[Room]:
    """Open a room for copies."""
    with Shadow(Given(url), setting="shadow").room(catalog, catalog, within()) as room:
        yield room


def held(server: Scratch) -> tuple[list[str], list[object], list[object]]:
    """List everything of a whole server that a rehearsal could change."""
    asked = (
        "SELECT datname::text FROM pg_database WHERE datname LIKE 'smartspec_shadow%' ORDER BY 1",
        "SELECT *, shobj_description(oid, 'pg_authid') FROM pg_authid ORDER BY oid",
        "SELECT roleid, member, grantor FROM pg_auth_members ORDER BY 1, 2, 3",
    )
    with server.connect() as connection:
        databases, roles, members = (connection.execute(q.encode()).fetchall() for q in asked)
    return [str(name) for (name,) in databases], list(roles), list(members)


def guarded() -> Catalog:
    """Make a catalog in which roles matter: an owner, a grant and a policy."""
    orders = replace(
        a_relation(),
        owner="postgres",
        grants=tuple(
            Grant(grantee=role, privilege=privilege)
            for role in ("shop_app", "postgres")
            for privilege in ("SELECT", "INSERT")
        ),
        row_security=True,
        policies=(
            Policy(
                name="own",
                permissive=True,
                command="all",
                roles=("shop_app",),
                using="id > 0",
                check=None,
            ),
        ),
    )
    return replace(a_catalog(orders), role="shop_app", member_of=("shop_app", "pg_read_all_data"))


def working(catalog: Catalog) -> SchemaSnapshot:
    """Record a schema with one statement that works there."""
    statements = (a_statement("SELECT id, total FROM orders"),)
    return replace(a_snapshot(workload=Workload(statements=statements)), catalog=catalog)
