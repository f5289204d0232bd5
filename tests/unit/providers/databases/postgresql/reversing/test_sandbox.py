"""What scripts of other people can do in a scratch database, and what they cannot."""

from collections.abc import Iterator

import pytest
from tests.unit.providers.databases.postgresql.looking import soon

from smartspec_rollback.providers.databases.postgresql.reversing.sandbox import (
    Connection,
    Failed,
    Sandbox,
)
from smartspec_rollback.providers.databases.postgresql.reversing.script import cut
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_HOSTILE = [
    "COPY people FROM '/etc/passwd'",
    "COPY people TO '/tmp/smartspec-was-here'",
    "COPY people TO PROGRAM 'touch /tmp/smartspec-was-here'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION plpython3u",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER SYSTEM SET shared_preload_libraries = 'x'",
    "SET session_preload_libraries = 'x'; LOAD 'x'",
    "CREATE DATABASE mine",
    "DROP DATABASE postgres",
    "GRANT pg_execute_server_program TO CURRENT_USER; COPY people TO PROGRAM 'true'",
    "CREATE USER evil SUPERUSER; SET ROLE evil; COPY people TO PROGRAM 'true'",
    "ALTER ROLE CURRENT_USER SUPERUSER; COPY people TO PROGRAM 'true'",
    "DO $$ BEGIN PERFORM pg_reload_conf(); END $$",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "UPDATE pg_catalog.pg_authid SET rolsuper = true",
    "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION f()",
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
    "CREATE TABLESPACE t LOCATION '/tmp'",
]


@pytest.fixture(params=["postgres15", "scratch"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Make a sandbox on each server."""
    server: Scratch = request.getfixturevalue(request.param)
    with Sandbox(server, soon()) as made:
        yield made


def test_a_script_can_do_nothing_outside_its_database(box: Sandbox) -> None:
    """A migration out of somebody's repository reads files or runs programs on this machine."""
    database = box.make()
    with box.author(database) as author:
        author.execute("CREATE TABLE people (id int)")
    for statement in _HOSTILE:
        with box.author(database) as author:
            assert _refuses(box, author, statement), statement


def _refuses(box: Sandbox, author: Connection, statement: str) -> bool:
    try:
        list(box.run(author, cut(statement, "up.sql")))
    except Failed:
        return True
    return False


def test_the_reader_sees_rows_that_are_hidden_and_can_change_none(box: Sandbox) -> None:
    """Rows behind row-level security are not compared, or looking at rows runs their code."""
    database = box.make()
    script = (
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW LEVEL "
        "SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (false);"
    )
    with box.author(database) as author:
        list(box.run(author, cut(script, "before")))
        assert author.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with box.reader(database) as reader:
        assert reader.execute("SELECT count(*) FROM public.t").fetchone() == (1,)
        row = reader.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb, "
            "pg_has_role(oid, 'pg_execute_server_program', 'MEMBER') "
            "FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert row == (False, False)


def test_rows_that_a_dump_feeds_to_copy_are_loaded(box: Sandbox) -> None:
    """A dump's rows are taken for statements."""
    script = (
        "CREATE TABLE t (id int, word text);\nCOPY t FROM stdin;\n1\ta;b\n2\t\\N\n\\.\nSELECT 1;\n"
    )
    with box.author(box.make()) as author:
        done = list(box.run(author, cut(script, "before")))
        assert [command.source for command in done] == ["before:1", "before:2", "before:6"]
        rows = author.execute("SELECT * FROM t ORDER BY id").fetchall()
    assert rows == [(1, "a;b"), (2, None)]


def test_a_role_missing_inside_a_transaction_is_made(box: Sandbox) -> None:
    """A migration in one transaction fails here, because production's roles are unknown."""
    script = (
        "CREATE TABLE t (); BEGIN; GRANT SELECT ON t TO one, two; GRANT ALL ON t TO six; COMMIT"
    )
    with box.author(box.make()) as author:
        list(box.run(author, cut(script, "up.sql")))
        granted = author.execute("SELECT has_table_privilege('six', 't', 'INSERT')").fetchone()
    assert granted == (True,)
