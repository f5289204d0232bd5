"""A shadow is never on the server of production, as far as can be told."""

import psycopg
import pytest
from tests.unit.providers.databases.postgresql.shadowed import Given, a_maker, within

from smartspec_rollback.domain.schema_record import Mark
from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.databases.postgresql.laboratory import PostgresqlLaboratory
from smartspec_rollback.providers.databases.postgresql.scratch.apart import Other
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Shadow
from smartspec_rollback.testing.database_samples import (
    a_mark,
)


@pytest.fixture
def maker(scratch: Scratch) -> str:
    """Give the URL of one who may make databases and roles on the newest server."""
    return a_maker(scratch)


def test_the_server_of_production_is_refused(
    scratch: Scratch, postgres15: Scratch, maker: str
) -> None:
    """Other people's code is executed in production's cluster."""
    with scratch.database() as production:
        _, _, folder = production.partition("host=")
        aliased = production.replace(folder, f"{folder}/.")
        for url in (production, aliased):
            other = Other("`url`", Given(url))
            shadow = Shadow(Given(maker), setting="`shadow`", others=[other])
            with pytest.raises(UsageError, match="`shadow` is on the same server as `url`"):
                shadow.check(within())
            laboratory = PostgresqlLaboratory(shadow)
            assert "`url`" in (laboratory.available() or "")
    apart = [Other("`url`", Given(postgres15.url()))]
    assert "PostgreSQL 18" in Shadow(Given(maker), setting="shadow", others=apart).check(within())


def test_the_server_of_a_recording_is_refused(
    scratch: Scratch, postgres15: Scratch, maker: str
) -> None:
    """The production that a snapshot was taken of is used, because no URL names it."""

    def recorded(server: Scratch) -> Mark:
        with server.connect() as connection:
            row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
        assert row is not None
        return a_mark(transaction=f"{row[0]}/5/00000001@0/1 3:3:")

    def shadow(mark: Mark) -> Shadow:
        return Shadow(Given(maker), setting="--shadow", others=[Other("--before", mark)])

    with pytest.raises(UsageError, match="--shadow is on the same server as --before"):
        shadow(recorded(scratch)).check(within())
    assert shadow(recorded(postgres15)).check(within())
    assert shadow(Mark(at=a_mark().at)).check(within())


def test_servers_that_hide_their_identity_are_told_apart_by_their_start(
    scratch: Scratch, postgres15: Scratch
) -> None:
    """A server that may not be asked for its identity passes for another one."""
    hide = "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"
    with scratch.connect() as connection:
        connection.execute("CREATE ROLE somebody LOGIN")
    try:
        with scratch.database() as production, psycopg.connect(production) as connection:
            connection.execute(hide.encode())
            connection.commit()
            hidden = production.replace("postgres@", "somebody@")
            _, _, folder = hidden.partition("host=")
            aliased = Other("`url`", Given(hidden.replace(folder, f"{folder}/.")))
            with pytest.raises(UsageError, match="same server"):
                Shadow(Given(a_maker(scratch)), setting="shadow", others=[aliased]).check(within())
            elsewhere = Shadow(Given(a_maker(postgres15)), setting="shadow", others=[aliased])
            assert "PostgreSQL 15" in elsewhere.check(within())
    finally:
        with scratch.connect() as connection:
            connection.execute("DROP ROLE somebody")
