"""What is done on a shadow server, and by whom."""

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace
from tests.unit.providers.databases.postgresql.shadowed import (
    MAKER,
    Given,
    a_maker,
    a_room,
    guarded,
    held,
    within,
    working,
)

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import StatementText, Workload
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.providers.databases.postgresql import address
from smartspec_rollback.providers.databases.postgresql.catalog import reader
from smartspec_rollback.providers.databases.postgresql.connection import Sessions
from smartspec_rollback.providers.databases.postgresql.laboratory import PostgresqlLaboratory
from smartspec_rollback.providers.databases.postgresql.scratch import access, copies
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Shadow
from smartspec_rollback.providers.databases.postgresql.scratch.site import Site
from smartspec_rollback.testing.database_samples import (
    a_catalog,
    a_relation,
    a_snapshot,
)

SECRET = "hunter2"

SHOP = """
CREATE ROLE shop_writer;
CREATE TABLE shops (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id serial PRIMARY KEY, shop integer REFERENCES shops, total integer);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY positive ON orders TO shop_writer USING (total >= 0);
CREATE FUNCTION secret() RETURNS integer LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION secret() FROM PUBLIC;
GRANT SELECT, INSERT ON shops, orders TO shop_writer;
GRANT USAGE ON orders_id_seq TO shop_writer;
"""

MIGRATION = "ALTER TABLE orders ADD note text; ALTER TABLE shops DROP COLUMN name;"

STATEMENTS = (
    "INSERT INTO orders (shop, total) VALUES ($1, $2)",
    "SELECT name FROM shops",
    "SELECT secret()",
)


@pytest.fixture
def maker(scratch: Scratch) -> str:
    """Give the URL of one who may make databases and roles on the newest server."""
    return a_maker(scratch)


def test_roles_that_are_there_are_neither_used_nor_changed(scratch: Scratch, maker: str) -> None:
    """A rehearsal changes a role of others, or lets hostile code become it."""
    with scratch.connect() as connection:
        connection.execute("CREATE ROLE shop_app LOGIN SUPERUSER CONNECTION LIMIT 3")
    try:
        before = held(scratch)
        with PostgresqlLaboratory(Shadow(Given(maker), setting="shadow")) as laboratory:
            told = laboratory.rehearse(
                working(guarded()), guarded(), migrations=(), deadline=within()
            )
        assert [each.worked for each in told.after] == [True]
        assert "shadow" in told.server
        assert any("pg_read_all_data" in note for note in told.notes)
        assert held(scratch) == before
    finally:
        with scratch.connect() as connection:
            connection.execute("DROP ROLE shop_app")


@pytest.mark.parametrize("which", ["scratch", "postgres15"])
def test_a_shadow_tells_what_a_scratch_server_tells(
    which: str, request: pytest.FixtureRequest
) -> None:
    """A migration or a privilege comes to something else there, and the judgement changes."""
    server: Scratch = request.getfixturevalue(which)
    with server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SHOP)
        before = _read(url)
        connection.execute(MIGRATION)
        after = _read(url)
    texts = [StatementText(text=text, source="file") for text in STATEMENTS]
    statements = PostgresqlLaboratory().understand(tuple(texts), before)
    recorded = replace(a_snapshot(workload=Workload(statements=statements)), catalog=before)
    shadow = Shadow(Given(a_maker(server)), setting="shadow")
    told = []
    for place in (None, shadow):
        with PostgresqlLaboratory(place) as laboratory:
            rehearsal = laboratory.rehearse(
                recorded, after, migrations=(MIGRATION,), deadline=within()
            )
        told.append(replace(rehearsal, server=""))
    with server.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS shop_writer")
    assert [each.worked for each in told[1].before] == [True, True, False]
    assert [each.worked for each in told[1].after] == [True, False]
    assert told[1].notes == ()
    assert told[0] == told[1]


def _read(url: str) -> Catalog:
    sessions = Sessions(address.read(Sensitive(url)), role="shop_writer")
    return reader.read(sessions, deadline=within())


def test_roles_are_told_by_their_recorded_names(maker: str) -> None:
    """People read a name that nobody knows, and that is another one each time."""
    before = working(guarded())
    forbidden = replace(guarded(), relations=(replace(guarded().relations[0], grants=()),))
    migrations = ("ALTER ROLE shop_app SUPERUSER; GRANT SELECT ON orders TO nobody_known",)
    with PostgresqlLaboratory(Shadow(Given(maker), setting="shadow")) as laboratory:
        told = laboratory.rehearse(before, forbidden, migrations=migrations, deadline=within())
    assert "smartspec_shadow_" not in repr(told)


def test_who_runs_recorded_code_can_become_nobody(scratch: Scratch, maker: str) -> None:
    """Code from a recorded schema gets at what else is on the server."""
    for url in (scratch.url(), maker):
        with (
            a_room(url, guarded()) as room,
            copies.empty(room, []) as name,
            copies.opened(room, name) as connection,
        ):
            found = connection.execute(
                "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles "
                "WHERE pg_has_role(session_user, oid, 'MEMBER') AND rolname <> session_user"
            ).fetchall()
            assert found
            assert not any(more for (more,) in found)
            for hostile in ("SET ROLE postgres", "RESET SESSION AUTHORIZATION; CREATE ROLE x"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(hostile.encode())
            with pytest.raises(ValueError, match="nobody"):
                room.url(name, "postgres")


def test_others_cannot_connect_to_a_copy(scratch: Scratch, maker: str) -> None:
    """Rows recorded as samples can be read by everybody who uses the server."""
    with scratch.connect() as connection:
        connection.execute("CREATE ROLE passer_by LOGIN")
    try:
        with (
            a_room(maker) as room,
            copies.empty(room, []) as name,
            pytest.raises(psycopg.OperationalError, match="CONNECT"),
        ):
            psycopg.connect(scratch.url(name, "passer_by"))
    finally:
        with scratch.connect() as connection:
            connection.execute("DROP ROLE passer_by")


def test_roles_log_in_by_password() -> None:
    """It works only on servers that trust everybody; or a password is sent to the server's log."""
    with Scratch(18, {"log_statement": "all", "log_min_messages": "log"}) as server:
        url = a_maker(server)
        with server.connect() as connection:
            connection.execute(f"ALTER ROLE {MAKER} PASSWORD '{SECRET}'".encode())
            row = connection.execute("SHOW hba_file").fetchone()
            assert row is not None
            Path(str(row[0])).write_text("local all postgres trust\nlocal all all scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")
        patience = within()
        with suppress(psycopg.OperationalError):
            while not patience.expired:
                psycopg.connect(url).close()
        known = url.replace("@", f":{SECRET}@")
        with a_room(known) as room, copies.empty(room, []) as name:
            with copies.opened(room, name) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            log = next(Path(str(row[0])).parents[1].glob("log")).read_text()
            assert f'CREATE ROLE "{room.owner}"' in log
            assert room._password not in log
        with pytest.raises(ProviderError) as caught, a_room(url.replace("@", ":wrong-one@")):
            pass
        assert "wrong-one" not in str(caught.value)


def test_missing_privileges_are_named(scratch: Scratch) -> None:
    """People learn that it does not work, and not what to grant."""
    with scratch.connect() as connection:
        connection.execute("CREATE ROLE weak LOGIN CREATEDB")
    try:
        shadow = Shadow(Given(scratch.url("postgres", "weak")), setting="shadow")
        with pytest.raises(ProviderError, match="weak lacks CREATEROLE") as caught:
            shadow.check(within())
        assert "ALTER ROLE weak CREATEROLE" in caught.value.remedy
        assert "CREATEROLE" in (PostgresqlLaboratory(shadow).available() or "")
    finally:
        with scratch.connect() as connection:
            connection.execute("DROP ROLE weak")


def test_forced_row_security_is_not_rehearsed_by_one_who_obeys_it(
    scratch: Scratch, maker: str
) -> None:
    """A superuser's statements seem to break, or to work, by policies he never met."""
    forced = replace(a_relation(), row_security=True, force_row_security=True)
    with (
        pytest.raises(ProviderUnavailable, match="row-level security"),
        a_room(maker, a_catalog(forced)),
    ):
        pass
    with a_room(scratch.url(), a_catalog(forced)) as room:
        assert room.version == "PostgreSQL 18 (shadow)"


def test_a_shadow_that_cannot_be_reached_tells_no_secret() -> None:
    """A password is shown with the plan."""
    for url in (f"postgresql://me:{SECRET}@127.0.0.1:1/x", f"postgresql://me:{SECRET}@/%zz"):
        laboratory = PostgresqlLaboratory(Shadow(Given(url), setting="shadow"))
        assert SECRET not in (laboratory.available() or SECRET)


def test_stopping_ends_what_is_ours_and_nothing_else(scratch: Scratch, maker: str) -> None:
    """A rehearsal that takes too long goes on, or ends the work of everybody on the server."""
    with (
        scratch.connect() as bystander,
        a_room(maker) as room,
        copies.empty(room, []) as name,
        copies.opened(room, name) as connection,
    ):
        room.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
            psycopg.connect(room.url(name))
        assert bystander.execute("SELECT 1").fetchone() == (1,)


def test_reversals_never_take_place_on_a_shadow(scratch: Scratch, maker: str) -> None:
    """A script makes its roles on a server that others use."""
    before = held(scratch)
    with PostgresqlLaboratory(Shadow(Given(maker), setting="shadow")) as laboratory:
        told = laboratory.reverse(
            before="CREATE TABLE t (a int); CREATE ROLE made_by_a_script",
            up=(("up", "ALTER TABLE t ADD b int"),),
            down=(("down", "ALTER TABLE t DROP b"),),
            writes=(),
            deadline=within(60),
        )
    assert "scratch" in told.server
    assert held(scratch) == before


def test_a_copy_is_like_one_of_a_scratch_server(scratch: Scratch, maker: str) -> None:
    """Texts sort and fold in another way than on the server of our own, and results differ."""
    with a_room(maker) as room:
        assert _nature(room) == _nature(scratch)


def _nature(site: Site) -> object:
    with copies.empty(site, []) as name, copies.opened(site, name) as connection:
        return connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchone()


def test_the_owner_is_known_by_no_fixed_name(maker: str) -> None:
    """Two comparisons at the same time share roles, and each drops the other's."""
    with a_room(maker) as first, a_room(maker) as second:
        assert len({first.owner, second.owner, access.OWNER}) == 3
