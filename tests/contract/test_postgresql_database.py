"""PostgreSQL keeps the promises of a database provider, on the newest server and an older one."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.database import Database, Profiles
from smartspec_rollback.providers.databases.postgresql.database import PostgresqlDatabase
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.database_contract import ROWS, SECRET, TABLE, DatabaseContract

SHAPE = """
    SELECT c.relname, c.relfilenode, a.attname, a.atttypid, a.xmin
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 3
"""
CONTENTS = (SHAPE, "SELECT *, xmin, ctid FROM items ORDER BY id")


@pytest.fixture(params=["scratch", "postgres15"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Make the contract's database on either server."""
    server: Scratch = request.getfixturevalue(request.param)
    with server.database() as made:
        with psycopg.connect(made, autocommit=True) as connection:
            connection.execute(TABLE.encode())
            connection.execute(ROWS.encode())
        yield made


class TestPostgresqlDatabase(DatabaseContract):
    """The contract, on real servers."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the real clock."""
        return SystemClock()

    @pytest.fixture
    def looked_at(self, url: str, clock: Clock) -> Database:
        """Supply a provider of the contract's database."""
        return PostgresqlDatabase.at(Sensitive(url), clock=clock)

    @pytest.fixture
    def contents(self, url: str) -> Callable[[], object]:
        """Read schema and rows with a connection of the test's own."""

        def read() -> object:
            with psycopg.connect(url, autocommit=True) as connection:
                return [connection.execute(query.encode()).fetchall() for query in CONTENTS]

        return read

    @pytest.fixture
    def unreachable(self, clock: Clock) -> Database:
        """Supply a provider of a port nobody listens at."""
        return PostgresqlDatabase.at(
            Sensitive(f"postgresql://shop:{SECRET}@127.0.0.1:1/shop"), clock=clock
        )

    def test_takes_profiles(self, looked_at: Database) -> None:
        """What somebody switched on is silently not recorded."""
        assert isinstance(looked_at, Profiles)
