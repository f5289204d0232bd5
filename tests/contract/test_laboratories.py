"""PostgreSQL's laboratory and the fake one keep the promises of a laboratory."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import StatementText, Use, Workload
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Laboratory
from smartspec_rollback.providers.databases.postgresql.database import PostgresqlDatabase
from smartspec_rollback.providers.databases.postgresql.laboratory import PostgresqlLaboratory
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.database_samples import a_snapshot, a_statement
from smartspec_rollback.testing.fake_laboratory import FakeLaboratory
from smartspec_rollback.testing.laboratory_contract import READS, WRITES, LaboratoryContract

ENDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"


class TestFakeLaboratory(LaboratoryContract):
    """The contract, on the fake."""

    @pytest.fixture
    def laboratory(self) -> Laboratory:
        """Supply one that knows the contract's texts."""
        orders = "public.orders"
        read = Use(relation=orders, reads=("id", "total"))
        written = Use(relation=orders, inserts=True, inserted=("id", "total"))
        return FakeLaboratory(uses={READS: (read,), WRITES: (written,)})

    @pytest.fixture
    def recorded(self) -> SchemaSnapshot:
        """Supply a recorded schema."""
        return a_snapshot(workload=Workload())

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply a clock that stands."""
        return FakeClock()


@pytest.fixture(scope="module")
def one_server() -> Iterator[PostgresqlLaboratory]:
    """Keep one scratch server for all promises."""
    with PostgresqlLaboratory() as made:
        yield made


class PostgresqlPromises(LaboratoryContract):
    """The contract, and what else PostgreSQL's laboratory promises wherever it works."""

    @pytest.fixture
    def recorded(self) -> SchemaSnapshot:
        """Supply a recorded schema."""
        return a_snapshot(workload=Workload())

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the real clock."""
        return SystemClock()

    def test_a_statement_that_ends_connections_ends_the_rehearsal_only(
        self, laboratory: Laboratory, recorded: SchemaSnapshot, clock: Clock
    ) -> None:
        """One odd statement of the application makes every comparison an internal error."""
        (odd,) = laboratory.understand((StatementText(text=ENDS, source="file"),), recorded.catalog)
        before = a_snapshot(workload=Workload(statements=(a_statement(), odd)))
        deadline = Deadline.after(clock, 30)
        with suppress(ProviderUnavailable):
            laboratory.rehearse(before, recorded.catalog, migrations=(), deadline=deadline)
        again = a_snapshot(workload=Workload(statements=(a_statement(),)))
        fresh = laboratory.rehearse(again, recorded.catalog, migrations=(), deadline=deadline)
        assert [each.worked for each in fresh.after] == [True]

    def test_a_migration_cannot_outlast_the_deadline(
        self, laboratory: Laboratory, recorded: SchemaSnapshot, clock: Clock
    ) -> None:
        """A migration that lifts its time limit holds up a rollback for as long as it likes."""
        before = a_snapshot(workload=Workload(statements=(a_statement(),)))
        forever = "SET statement_timeout = 0; SELECT pg_sleep(100000)"
        with pytest.raises(ProviderUnavailable, match="time was up"):
            laboratory.rehearse(
                before,
                recorded.catalog,
                migrations=(forever,),
                deadline=Deadline.after(clock, 2),
            )


class TestPostgresqlLaboratory(PostgresqlPromises):
    """The promises, on scratch servers."""

    @pytest.fixture
    def laboratory(self, one_server: PostgresqlLaboratory) -> Laboratory:
        """Supply the shared one."""
        return one_server


class TestPostgresqlLaboratoryOnShadow(PostgresqlPromises):
    """The promises, on a server that is not ours, as one who may make roles and databases only."""

    @pytest.fixture(params=["scratch", "postgres15"])
    def laboratory(self, request: pytest.FixtureRequest) -> Laboratory:
        """Supply one for the newest server, and one for an older."""
        server: Scratch = request.getfixturevalue(request.param)
        with server.connect() as connection, suppress(psycopg.errors.DuplicateObject):
            connection.execute("CREATE ROLE shadow_maker LOGIN CREATEDB CREATEROLE")
        url = Sensitive(server.url("postgres", "shadow_maker"))
        return PostgresqlDatabase.laboratory_on(
            url, setting="shadow", apart=(), clock=SystemClock()
        )
