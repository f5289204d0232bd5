"""One statement is executed on a copy as the application would, and nothing stays of it."""

from collections.abc import Iterator

import psycopg
import pytest

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.providers.databases.postgresql.rehearsing.execution import Copy
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_SCHEMA = """
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (parent_id int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
INSERT INTO parents VALUES (1);
"""
_CATALOG = Catalog(kind="postgresql", version="18", superuser=True, search_path=("public",))


@pytest.fixture
def copy(database: str) -> Iterator[Copy]:
    """Make a copy to execute in."""
    connection = psycopg.connect(database, autocommit=True)
    connection.execute(_SCHEMA)
    yield Copy(connection, _CATALOG)
    connection.close()


def test_rows_come_as_the_server_writes_them(copy: Copy) -> None:
    """What both copies answer cannot be compared."""
    found = copy.execute("SELECT id, $1::text AS said, NULL FROM parents", ("yes",), [])
    assert found.worked
    assert (found.columns, found.rows) == (("id", "said", "?column?"), (("1", "yes", None),))
    assert copy.execute("SELECT current_database()", (), []).rows == (("",),)


def test_nothing_stays(copy: Copy) -> None:
    """One statement is judged by what another left: rows, settings, or a failed transaction."""
    assert copy.execute("INSERT INTO parents VALUES ($1)", ("2",), []).touched == 1
    assert copy.execute("SELECT count(*) FROM parents", (), []).rows == (("1",),)
    assert copy.execute("SELECT set_config('search_path', 'x', false)", (), []).worked
    assert copy.execute("SELECT id FROM nowhere", (), []).code == "42P01"
    assert copy.execute("SELECT id FROM parents", (), []).worked
    copy.close()


def test_deferred_constraints_speak(copy: Copy) -> None:
    """What fails only when the application commits is taken for a success."""
    assert copy.execute("INSERT INTO children VALUES (1)", (), []).worked
    assert copy.execute("INSERT INTO children VALUES (7)", (), []).code == "23503"


def test_a_statement_is_one_statement(copy: Copy) -> None:
    """A text that ends the transaction leaves its rows to all that follow."""
    found = copy.execute("INSERT INTO parents VALUES (3); COMMIT", (), [])
    assert found.code == "42601"
    assert copy.execute("SELECT count(*) FROM parents", (), []).rows == (("1",),)
    assert not copy.execute("", (), []).worked


def test_each_has_its_own_time(copy: Copy) -> None:
    """One slow statement stops the rehearsal, or takes the time of those after it."""
    assert copy.execute("SELECT pg_sleep(60)", (), []).code == "57014"
    assert copy.execute("SELECT pg_sleep(0)", (), []).worked


def test_two_copies_work_at_once(copy: Copy, scratch: Scratch) -> None:
    """Each answers for the other, or the second is asked only when the first is done."""
    with scratch.database() as url, psycopg.connect(url, autocommit=True) as connection:
        other = Copy(connection, _CATALOG)
        copy.begin("SELECT id FROM parents", (), [])
        other.begin("SELECT id FROM parents", (), [])
        assert copy.end().worked
        assert other.end().code == "42P01"


@pytest.mark.parametrize(
    "text",
    ["SELECT pg_terminate_backend(pg_backend_pid())", "COPY parents TO STDOUT"],
)
def test_what_ends_the_connection_is_said(copy: Copy, text: str) -> None:
    """A rehearsal waits for ever for an answer that cannot come."""

    def execute() -> None:
        copy.execute(text, (), [])
        copy.execute("SELECT 1", (), [])

    with pytest.raises(psycopg.OperationalError):
        execute()


def test_types_are_looked_up_in_the_copy(copy: Copy) -> None:
    """A parameter is told to be of a type that is another one here, or none."""
    known = Statement(id="s1", text="SELECT $1", source="test", binds=("integer", ""))
    gone = Statement(id="s2", text="SELECT $1", source="test", binds=("public.gone",))
    assert copy.types(Statement(id="s0", text="SELECT 1", source="test")) == []
    assert [copy.types(known), copy.types(known)] == [[23, 0], [23, 0]]
    assert copy.types(gone) is None
    assert copy.execute("SELECT $1", ("5",), [23]).rows == (("5",),)
