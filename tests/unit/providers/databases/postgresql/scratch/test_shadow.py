"""A shadow database: whose server it may be, what is done there, and that nothing is left."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog, Grant, Policy
from smartspec_rollback.domain.schema_record import Mark, SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import StatementText, Workload
from smartspec_rollback.errors import ProviderError, ProviderUnavailable, UsageError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql import address
from smartspec_rollback.providers.databases.postgresql.catalog import reader
from smartspec_rollback.providers.databases.postgresql.connection import Sessions
from smartspec_rollback.providers.databases.postgresql.laboratory import PostgresqlLaboratory
from smartspec_rollback.providers.databases.postgresql.scratch import access, copies, leftovers
from smartspec_rollback.providers.databases.postgresql.scratch.apart import Other
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Room, Shadow
from smartspec_rollback.providers.databases.postgresql.scratch.site import Site
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.database_samples import (
    a_catalog,
    a_mark,
    a_relation,
    a_snapshot,
    a_statement,
)

MAKER = "shadow_maker"
"""May make databases and roles, and nothing else."""

NOTHING = Catalog(kind="postgresql", version="18")
SECRET = "hunter2"
WAIT = 30.0

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
HOLDS = """
import sys, time
from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects.given import Given
from smartspec_rollback.providers.databases.postgresql.scratch import copies
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Shadow
from smartspec_rollback.providers.databases.postgresql.scratch.site import Site
from smartspec_rollback.providers.system import SystemClock
nothing = Catalog(kind="postgresql", version="18", role="app")
shadow = Shadow(Given(Sensitive(sys.argv[1])), setting="shadow")
deadline = Deadline.after(SystemClock(), 60)
with shadow.room(nothing, nothing, deadline) as room, copies.empty(room, []):
    print(room.owner, flush=True)
    sys.stdin.read()
"""


class Given:
    """A URL at hand."""

    place = "environment variable SHADOW_URL"

    def __init__(self, url: str) -> None:
        self.url = url

    def resolve(self) -> Sensitive:
        """Return it."""
        return Sensitive(self.url)


@pytest.fixture
def maker(scratch: Scratch) -> str:
    """Give the URL of one who may make databases and roles on the newest server."""
    return a_maker(scratch)


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


def test_nothing_is_left_where_something_fails(scratch: Scratch, maker: str) -> None:
    """Every comparison that fails leaves a database and roles on somebody's server."""
    before = held(scratch)
    with suppress(ProviderUnavailable), a_room(maker, guarded()) as room:
        with room.connect() as connection:
            for command in room.creating(f"{room.prefix}_1", None):
                connection.execute(command)
        assert held(scratch)[0] == [f"{room.prefix}_1"]
        raise ProviderUnavailable
    assert held(scratch) == before


def test_what_a_killed_process_left_is_dropped_the_next_time(maker: str, scratch: Scratch) -> None:
    """Each killed process leaves a database for good, or takes the one of a living along."""
    before = held(scratch)
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLDS, maker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        with a_room(maker):
            assert [n for n in held(scratch)[0] if n.startswith(owner)], "it lives"
        process.send_signal(signal.SIGKILL)
    patience = within()
    while held(scratch) != before:
        assert not patience.expired, "the server has noticed long ago"
        with a_room(maker):
            patience.pause(0.05)


def test_what_is_older_than_any_comparison_is_dropped(scratch: Scratch, maker: str) -> None:
    """What a process left that hangs for ever, or whose machine is gone, stays for ever."""
    with a_room(maker) as hanging:
        with scratch.connect() as connection:
            now = leftovers.maker(connection)
            old = replace(hanging._maker, made=now.made - 2 * 3600)
            connection.execute(f"COMMENT ON ROLE {hanging.owner} IS '{old.comment}'".encode())
        with a_room(maker), scratch.connect() as connection:
            asked = "SELECT FROM pg_roles WHERE rolname = %s"
            assert connection.execute(asked, [hanging.owner]).fetchone() is None


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


def test_only_what_is_ours_is_dropped(scratch: Scratch) -> None:
    """Somebody's database is dropped because of its name."""
    name = "smartspec_shadow_0123456789abcdef"
    with scratch.connect() as connection:
        connection.execute(f"CREATE ROLE {name}".encode())
        connection.execute(f"CREATE DATABASE {name}_1 OWNER {name}".encode())
    try:
        before = held(scratch)
        with a_room(scratch.url()):
            pass
        assert held(scratch) == before
    finally:
        with scratch.connect() as connection:
            connection.execute(f"DROP DATABASE {name}_1".encode())
            connection.execute(f"DROP ROLE {name}".encode())


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
