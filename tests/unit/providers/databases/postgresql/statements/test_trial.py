"""Statements compiled on real servers: what is told, what is not, and what is never done."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement, StatementText, Trial, statement_id
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.databases.postgresql.statements import trial
from smartspec_rollback.testing.clock import FakeClock

SCHEMA = """
    CREATE SCHEMA shop;
    CREATE TYPE shop.mood AS ENUM ('glad', 'sad');
    CREATE DOMAIN shop.code AS varchar(5) NOT NULL CHECK (VALUE <> '');
    CREATE TABLE shop.items (
        id integer PRIMARY KEY, name varchar(20) NOT NULL, mood shop.mood, code shop.code,
        price numeric(8, 2));
    CREATE VIEW shop.top AS SELECT id, name FROM shop.items LIMIT 3;
    CREATE SEQUENCE shop.counter;
    CREATE FUNCTION shop.total(integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
    CREATE PROCEDURE shop.tidy(integer) LANGUAGE sql AS 'DELETE FROM shop.items WHERE id = $1';
    CREATE FUNCTION shop.greedy() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
        'BEGIN INSERT INTO shop.items VALUES (1, ''x'', ''sad'', ''x'', 1); RETURN 1; END';
"""
BOTH = pytest.mark.parametrize("server", ["scratch", "postgres15"])


def statement(text: str, binds: tuple[str, ...] | None = None) -> Statement:
    """Make a statement as a reader of texts would."""
    return Statement(id=statement_id(text), text=text, source="test", binds=binds)


class Opened:
    """A database with the schema, and read-only transactions in it."""

    def __init__(self, url: str) -> None:
        self.connection: psycopg.Connection[tuple[object, ...]] = psycopg.connect(
            url, autocommit=True, prepare_threshold=None
        )
        self.connection.execute(SCHEMA.encode())
        self.role = "postgres"

    def transaction(self) -> AbstractContextManager[psycopg.Connection[tuple[object, ...]]]:
        """Open one, as ``connection.Session.transaction`` does."""

        @contextmanager
        def opened() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
            self.connection.execute(
                f"BEGIN READ ONLY; SET LOCAL lock_timeout = '50ms'; SET LOCAL ROLE {self.role}; "
                "SET LOCAL search_path = shop".encode()
            )
            try:
                yield self.connection
            finally:
                if not self.connection.closed:
                    self.connection.execute("ROLLBACK")

        return opened()

    def try_all(self, *texts: str) -> tuple[Trial, ...]:
        """Compile texts with time enough."""
        return trial.trials(
            self.transaction, [statement(t) for t in texts], Deadline.after(FakeClock(), 60)
        )

    def describe(self, *texts: StatementText) -> tuple[Statement, ...]:
        """Describe texts with time enough."""
        catalog = Catalog(kind="postgresql", version="18")
        deadline = Deadline.after(FakeClock(), 60)
        return trial.describe(self.transaction, texts, catalog, deadline)


@pytest.fixture
def opened(request: pytest.FixtureRequest, server: str) -> Iterator[Opened]:
    """Make the schema on a server."""
    running: Scratch = request.getfixturevalue(server)
    with running.database() as url:
        made = Opened(url)
        try:
            yield made
        finally:
            made.connection.close()


@BOTH
@pytest.mark.parametrize(
    ("text", "worked", "code"),
    [
        ("SELECT id, name FROM items WHERE id = $1", True, None),
        ("SELECT gone FROM items", False, "42703"),
        ("SELECT * FROM gone", False, "42P01"),
        ("SELECT total($1)", True, None),
        ("SELECT total($1, $2)", False, "42883"),
        ("SELECT * FROM items WHERE mood = 'angry'", False, "22P02"),
        ("INSERT INTO items VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING", True, None),
        ("INSERT INTO items VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING", False, "42P10"),
        ("UPDATE items SET price = $1 WHERE id = ANY($2) RETURNING *", True, None),
        ("DELETE FROM items USING top WHERE top.id = items.id", True, None),
        ("SELECT id FROM items FOR UPDATE SKIP LOCKED", True, None),
        ("UPDATE top SET name = $1", False, "55000"),
        ("CALL tidy($1)", True, None),
        ("CALL tidy($1, $2)", False, "42883"),
        ("BEGIN", True, None),
        ("ROLLBACK", True, None),
        ("TRUNCATE items", None, None),
        ("LOCK TABLE items", None, None),
        ("SELECT 1; SELECT 2", None, "42601"),
        ("SELECT 1; COMMIT; DROP TABLE shop.items", None, "42601"),
        ("SELEC 1", False, "42601"),
        ("", None, None),
        ("SELECT '\0'", None, None),
    ],
)
def test_what_compiles(opened: Opened, text: str, *, worked: bool | None, code: str | None) -> None:
    """A statement the new schema refuses would look fine, or a fine one would look broken."""
    (result,) = opened.try_all(text)
    assert (result.worked, result.code) == (worked, code), result.message
    assert result.worked or result.message


@BOTH
def test_types_are_spelled_with_their_schema(opened: Opened) -> None:
    """A changed type would go unseen if the same type were spelled differently, or vice versa."""
    insert, select = opened.try_all(
        "INSERT INTO items (id, name, mood, code, price) VALUES ($1, $2, $3, $4, $5)",
        "SELECT name, mood, code, price, ARRAY[mood] AS moods FROM items",
    )
    assert insert.parameters == (
        "integer",
        "character varying",
        "shop.mood",
        "shop.code",
        "numeric",
    )
    assert select.results is not None
    assert [(c.name, c.type) for c in select.results] == [
        ("name", "character varying(20)"),
        ("mood", "shop.mood"),
        ("code", "character varying(5)"),  # the server describes a domain by its base type
        ("price", "numeric(8,2)"),
        ("moods", "shop.mood[]"),
    ]


@BOTH
def test_privileges_of_the_application_count(opened: Opened) -> None:
    """A REVOKE would go unseen: PREPARE alone looks at no privilege."""
    opened.connection.execute(
        "DO 'BEGIN CREATE ROLE trial_reader; EXCEPTION WHEN duplicate_object THEN END';"
        "GRANT USAGE ON SCHEMA shop TO trial_reader;"
        "GRANT SELECT ON shop.items TO trial_reader"
    )
    try:
        opened.role = "trial_reader"
        reads, writes, locks = opened.try_all(
            "SELECT id FROM items", "UPDATE items SET name = $1", "SELECT 1 FROM items FOR UPDATE"
        )
    finally:
        opened.connection.execute("DROP OWNED BY trial_reader; DROP ROLE trial_reader")
    assert reads.worked is True
    assert (writes.worked, writes.code) == (False, "42501")
    assert (locks.worked, locks.code) == (False, "42501")


@BOTH
def test_nothing_is_executed(opened: Opened) -> None:
    """A trial on production would write rows, use up sequence values or leave things behind."""
    opened.try_all(
        "INSERT INTO items VALUES (1, 'a', 'glad', 'x', 2)",
        "SELECT nextval('counter')",
        "SELECT greedy()",
        "DELETE FROM items",
        "CREATE TABLE copied AS SELECT * FROM items",
    )
    counted = opened.connection.execute(
        "SELECT (SELECT count(*) FROM shop.items), (SELECT is_called FROM shop.counter),"
        " (SELECT count(*) FROM pg_prepared_statements), to_regclass('shop.copied')"
    ).fetchone()
    assert counted == (0, False, 0, None)


@BOTH
def test_a_lock_is_no_failure_of_the_statement(opened: Opened) -> None:
    """A migration running at that moment would be told as a broken statement, or as a good one."""
    with psycopg.connect(opened.connection.info.dsn) as other:
        other.execute("LOCK TABLE shop.items IN ACCESS EXCLUSIVE MODE")
        locked, free = opened.try_all("SELECT * FROM items", "SELECT 1")
    assert (locked.worked, locked.code) == (None, "55P03")
    assert free.worked is True


@BOTH
def test_types_are_told_where_the_server_cannot_infer_them(opened: Opened) -> None:
    """Statements whose parameters the driver types would be left out as if they never worked."""
    texts = ("SELECT $1 + $2", "SELECT $1 IS NULL", "SELECT coalesce($1, $2), gone FROM items")
    deadline = Deadline.after(FakeClock(), 60)
    told = opened.describe(*(StatementText(text=t, source="test") for t in texts))
    assert [s.worked for s in told] == [True, True, False]
    assert told[0].binds == ("integer", "integer")
    assert told[1].binds == ("text",)
    assert 'column "gone" does not exist' in (told[2].problem or "")
    again = trial.trials(opened.transaction, told[:2], deadline)
    assert [t.worked for t in again] == [True, True]


@BOTH
def test_declared_types_come_first(opened: Opened) -> None:
    """A statement would be judged with types its application never sends."""
    text = "SELECT $1 + $2"
    told, odd = opened.describe(
        StatementText(text=text, source="test", parameters=("date", "integer")),
        StatementText(text=text, source="test", parameters=("numeric", "shop.code")),
    )
    assert (told.worked, told.binds) == (True, ("date", "integer"))
    assert odd.binds == ("integer", "integer")


@BOTH
@pytest.mark.parametrize("gone", ["shop.none", "not a type(", "'; DROP TABLE shop.items; --"])
def test_a_bind_type_that_is_gone(opened: Opened, gone: str) -> None:
    """A dropped parameter type would crash the comparison instead of being told."""
    (result,) = trial.trials(
        opened.transaction, [statement("SELECT $1", (gone,))], Deadline.after(FakeClock(), 60)
    )
    assert (result.worked, result.code) == (False, "42704")


@BOTH
def test_when_the_time_is_up_the_rest_is_unknown(opened: Opened) -> None:
    """A slow database would hang the plan, or untried statements would count as good."""
    late = trial.trials(
        opened.transaction, [statement("SELECT 1")] * 3, Deadline.after(FakeClock(), 0)
    )
    assert [t.worked for t in late] == [None] * 3
    assert {t.message for t in late} == {trial.NO_TIME}


@BOTH
def test_a_lost_connection_leaves_the_rest_unknown(opened: Opened) -> None:
    """A restart of the database in the midst would crash, or be taken for success."""
    ended = opened.connection.info.backend_pid

    @contextmanager
    def losing() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        with opened.transaction() as connection:
            if len(seen) == 1:
                with psycopg.connect(connection.info.dsn, autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
            seen.append(1)
            yield connection

    seen: list[int] = []
    results = trial.trials(losing, [statement("SELECT 1")] * 6, Deadline.after(FakeClock(), 60))
    assert [t.worked for t in results] == [True, *[None] * 5]
    assert all(t.message for t in results[1:])


@BOTH
def test_what_a_source_marked_as_unusable_is_left_alone(opened: Opened) -> None:
    """A truncated text would be told as a statement that never worked, for a wrong reason."""
    cut = StatementText(text="SELECT na", source="test", problem="truncated")
    (told,) = opened.describe(cut)
    assert (told.worked, told.problem) == (None, "truncated")
