"""What pg_stat_statements remembers, on a real server that has it and on one that has not."""

from collections.abc import Iterator

import psycopg
import pytest
from tests.unit.providers.databases.postgresql.looking import looks, soon
from tests.unit.providers.databases.postgresql.schemas import make

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.providers.databases.postgresql.address import read
from smartspec_rollback.providers.databases.postgresql.connection import Sessions
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.statements import remembered

CREATE = """
    CREATE EXTENSION pg_stat_statements;
    CREATE TABLE items (id integer PRIMARY KEY, name text);
"""


@pytest.fixture
def url(postgres15: Scratch) -> Iterator[str]:
    """Make a database with the extension and one table, about which nothing is remembered yet."""
    with postgres15.database() as made:
        make(made, CREATE)
        make(made, "SELECT pg_stat_statements_reset()")
        yield made


def statements(url: str, role: str | None = None) -> tuple[dict[str, StatementText], str]:
    """Read texts and gaps as the provider does."""
    texts, gaps = remembered.statements(Sessions(read(Sensitive(url)), role=role), deadline=soon())
    return {each.text: each for each in texts}, "\n".join(gaps)


def ask(url: str, *queries: str) -> None:
    """Send what an application would, each by itself."""
    with psycopg.connect(url, autocommit=True) as connection:
        for query in queries:
            connection.execute(query.encode())


def test_texts_and_calls(url: str) -> None:
    """The workload of the old version is unknown, or weighed wrongly."""
    ask(
        url,
        "SELECT name FROM items WHERE id = 1",
        "SELECT name FROM items WHERE id = 2",
        "INSERT INTO items VALUES (1, 'one')",
    )
    found, gaps = statements(url)
    assert set(found) == {
        "SELECT name FROM items WHERE id = $1",
        "INSERT INTO items VALUES ($1, $2)",
    }
    read_one = found["SELECT name FROM items WHERE id = $1"]
    assert (read_one.calls, read_one.source) == (2, "pg_stat_statements")
    assert "counts since" in gaps


def test_white_space_makes_no_other_statement(url: str) -> None:
    """One statement counts twice under one id, and one of its counts is lost."""
    ask(url, "SELECT name FROM items", "SELECT   name\nFROM items", "SELECT name  FROM items")
    found, _ = statements(url)
    assert [each.calls for each in found.values()] == [3]


def test_what_no_application_asks_is_left_out(url: str) -> None:
    """Migrations, backups, tools and we ourselves count as the old version's workload."""
    ask(
        url,
        "SET statement_timeout = '1s'",
        "BEGIN; COMMIT",
        "CREATE TABLE more (id integer)",
        "DO $$ BEGIN PERFORM 1; END $$",
        "SELECT relname FROM pg_catalog.pg_class c JOIN pg_namespace n ON true LIMIT 1",
        "SELECT table_name FROM information_schema.tables LIMIT 1",
        "EXPLAIN SELECT * FROM items",
    )
    with looks(url)() as connection:
        connection.execute("SELECT count(*) FROM public.items")
    with (
        psycopg.connect(url) as connection,
        connection.cursor().copy("COPY public.items (id, name) TO STDOUT") as copy,
    ):
        assert copy.read() == b""
    found, gaps = statements(url)
    assert found == {}
    assert "COPY" in gaps


def test_what_an_application_asks_is_kept(url: str) -> None:
    """A statement is taken for a tool's, and its breaking goes unseen."""
    with psycopg.connect(url) as connection:
        with connection.cursor().copy("COPY items (id, name) FROM STDIN") as copy:
            copy.write_row((5, "five"))
        with connection.cursor(name='odd "name"') as cursor:
            cursor.execute("SELECT id FROM items")
        connection.execute(
            "WITH named AS (SELECT 1) SELECT i.id FROM items i, pg_catalog.pg_class c LIMIT 1"
        )
        connection.execute("/* shop:17 */ (SELECT name FROM items) LIMIT 1")
        connection.execute("TRUNCATE items")
    found, _ = statements(url)
    assert set(found) == {
        "COPY items (id, name) FROM STDIN",
        "SELECT id FROM items",
        "WITH named AS (SELECT $1) SELECT i.id FROM items i, pg_catalog.pg_class c LIMIT $2",
        "/* shop:17 */ (SELECT name FROM items) LIMIT $1",
        "TRUNCATE items",
    }


def test_only_the_application_s_role(url: str) -> None:
    """What people and other services ask counts as the old version's workload."""
    make(
        url,
        """DROP ROLE IF EXISTS shop_app; CREATE ROLE shop_app LOGIN;
           GRANT SELECT ON items TO shop_app""",
    )
    ask(url, "SELECT id FROM items")
    ask(url.replace("postgres@", "shop_app@"), "SELECT name FROM items")
    found, _ = statements(url, role="shop_app")
    assert set(found) == {"SELECT name FROM items"}
    make(url, "DROP OWNED BY shop_app; DROP ROLE shop_app")


def test_hidden_texts_are_a_gap(url: str) -> None:
    """A user who may not see the statements concludes that there are none."""
    make(url, "DROP ROLE IF EXISTS no_monitor; CREATE ROLE no_monitor LOGIN")
    ask(url, "SELECT id FROM items")
    found, gaps = statements(url.replace("postgres@", "no_monitor@"))
    assert found == {}
    assert "pg_read_all_stats" in gaps
    make(url, "DROP ROLE no_monitor")


def test_other_databases_are_left_out(url: str, postgres15: Scratch) -> None:
    """Another service's statements on its own tables lower the coverage of this one."""
    with postgres15.database() as other:
        make(other, "CREATE TABLE elsewhere (id integer)")
        ask(other, "SELECT id FROM elsewhere")
    found, _ = statements(url)
    assert found == {}


def test_what_functions_run_is_a_gap(url: str) -> None:
    """Statements inside functions count as the application's, or nobody says that they are not."""
    make(
        url,
        """CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql AS
           'BEGIN RETURN (SELECT count(*) FROM items); END'""",
    )
    ask(url, "SET pg_stat_statements.track = 'all'; SELECT counted()")
    found, gaps = statements(url)
    assert set(found) == {"SELECT counted()"}
    assert "functions" in gaps


def test_too_many_and_too_long(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with huge texts takes all memory, or what was cut off looks complete."""
    monkeypatch.setattr(remembered, "MOST", 2)
    monkeypatch.setattr(remembered, "LONGEST", 30)
    ask(url, *["SELECT id FROM items"] * 3, *["SELECT name, name, name, id FROM items"] * 2)
    ask(url, "SELECT 1", "SELECT 1, 2")
    found, gaps = statements(url)
    assert [each.calls for each in found.values()] == [3, 2]
    assert [len(text) for text in found] == [20, 30]
    assert [bool(each.problem) for each in found.values()] == [False, True]
    assert "more than 2" in gaps


def test_extension_that_is_not_there(database: str, postgres15: Scratch) -> None:
    """Without the extension the workload looks empty, and everything unused."""
    found, gaps = statements(database)
    assert found == {}
    assert "CREATE EXTENSION" in gaps
    with postgres15.database() as url:
        assert "not installed" in statements(url)[1]


def test_extension_that_is_not_loaded(database: str) -> None:
    """A server that was restarted without the library makes recording fail."""
    make(
        database,
        """CREATE SCHEMA stats;
           CREATE VIEW stats.pg_stat_statements AS
               SELECT oid AS dbid, 1::oid AS userid, 'x'::text AS query,
                      1::bigint / (random() * 0)::bigint AS calls
               FROM pg_database WHERE datname = current_database();
           INSERT INTO pg_extension VALUES (99999, 'pg_stat_statements', 10,
               (SELECT oid FROM pg_namespace WHERE nspname = 'stats'), true, '1.8', NULL, NULL)""",
    )
    found, gaps = statements(database)
    assert found == {}
    assert "not loaded" in gaps


def test_oldest_version_of_the_extension(database: str) -> None:
    """A server that was upgraded without the extension is asked for columns it has not."""
    make(
        database,
        """CREATE SCHEMA stats; CREATE TABLE items (id integer);
           CREATE TABLE stats.pg_stat_statements AS
               SELECT d.oid AS dbid, r.oid AS userid, 'SELECT id FROM items'::text AS query,
                      7::bigint AS calls
               FROM pg_database d, pg_roles r
               WHERE datname = current_database() AND rolname = current_user;
           INSERT INTO pg_extension VALUES (99999, 'pg_stat_statements', 10,
               (SELECT oid FROM pg_namespace WHERE nspname = 'stats'), true, '1.8', NULL, NULL)""",
    )
    found, gaps = statements(database)
    assert found["SELECT id FROM items"].calls == 7
    assert gaps == ""
