"""What is read of a SQLite file's schema."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartspec_rollback.domain.catalog import Catalog, ConstraintKind, Relation, RelationKind
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import StatementText
from smartspec_rollback.errors import ProviderError, UsageError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.sqlite.address import read
from smartspec_rollback.providers.databases.sqlite.database import SqliteDatabase
from smartspec_rollback.providers.system import SystemClock


class Shop:
    """A file, and a provider that looks at it."""

    def __init__(self, path: Path, *statements: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for each in statements:
                connection.execute(each)
        clock = SystemClock()
        self.database = SqliteDatabase.at(Sensitive(f"sqlite:///{path}"), clock=clock)
        self.deadline = Deadline.after(clock, 30)

    @property
    def catalog(self) -> Catalog:
        """Read the schema."""
        return self.database.catalog(deadline=self.deadline)

    def relation(self, name: str) -> Relation:
        """Read one table or view."""
        found = self.catalog.find(name)
        assert found is not None
        return found


def test_checks_are_read_out_of_the_text(tmp_path: Path) -> None:
    """A new CHECK is not seen, since no PRAGMA tells of it."""
    shop = Shop(
        tmp_path / "a.db",
        """CREATE TABLE items (
             price integer DEFAULT (1 + (2)) CHECK (price > 0 /* ) */ AND price < ')'),
             "odd name" text COLLATE nocase, -- CHECK (none)
             CONSTRAINT [both] CHECK (price > 1 OR "odd name" IS NOT NULL), CHECK ((1)))""",
    )
    checks = [
        (c.name, c.predicate, c.columns)
        for c in shop.relation("items").constraints
        if c.kind is ConstraintKind.CHECK
    ]
    assert checks == [
        ("items_check1", "price > 0 /* ) */ AND price < ')'", ("price",)),
        ("both", 'price > 1 OR "odd name" IS NOT NULL', ("price", "odd name")),
        ("items_check3", "(1)", ()),
    ]
    assert [c.own_collation for c in shop.relation("items").columns] == [None, "nocase"]


def test_computed_columns_and_numbers(tmp_path: Path) -> None:
    """A column that takes no values, or fills itself, is taken for a plain one."""
    shop = Shop(
        tmp_path / "a.db",
        "CREATE TABLE items (id integer PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * (2)) "
        "STORED, c AS (a + 1))",
        "CREATE TABLE texts (id text PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE loose (id text PRIMARY KEY)",
    )
    columns = {c.name: c for c in shop.relation("items").columns}
    assert (columns["b"].generated, columns["c"].generated) == ("a * (2)", "a + 1")
    assert columns["id"].identity == "by default"
    assert not columns["id"].nullable
    assert not shop.relation("texts").columns[0].nullable
    assert shop.relation("loose").columns[0].nullable


def test_keys_indexes_views_and_triggers(tmp_path: Path) -> None:
    """What guards a table, or reads it, is missing from the comparison."""
    shop = Shop(
        tmp_path / "a.db",
        "CREATE TABLE shops (id integer PRIMARY KEY)",
        "CREATE TABLE items (id integer PRIMARY KEY, shop int REFERENCES shops ON DELETE CASCADE, "
        "name text UNIQUE)",
        "CREATE UNIQUE INDEX partly ON items (shop, lower(name)) WHERE name <> 'Where'",
        "CREATE VIEW cheap (x) AS SELECT id AS y FROM items",
        "CREATE TRIGGER guard BEFORE UPDATE OF name ON items BEGIN DELETE FROM shops; END",
        "CREATE VIRTUAL TABLE words USING fts5(body)",
    )
    items = shop.relation("items")
    (key,) = [c for c in items.constraints if c.kind is ConstraintKind.FOREIGN_KEY]
    assert (key.references, key.referenced_columns, key.on_delete) == (
        "main.shops",
        ("id",),
        "cascade",
    )
    (partly,) = [i for i in items.indexes if i.name == "partly"]
    assert (partly.columns, partly.predicate) == (("shop", "(…)"), "name <> 'Where'")
    assert [i.constraint for i in items.indexes if i.name != "partly"] == ["items_name_key"]
    assert [(t.name, t.events) for t in items.triggers] == [("guard", ("update",))]
    cheap = shop.relation("cheap")
    assert cheap.kind is RelationKind.VIEW
    assert cheap.definition == "SELECT id AS y FROM items"
    assert [c.name for c in cheap.columns] == ["x"]
    assert {r.name for r in shop.catalog.relations} == {"shops", "items", "cheap", "words"}
    assert any("words" in note for note in shop.catalog.notes)


def test_broken_view_is_a_note(tmp_path: Path) -> None:
    """One view of a dropped table makes the whole schema unreadable."""
    shop = Shop(
        tmp_path / "a.db",
        "CREATE TABLE items (id integer PRIMARY KEY)",
        "CREATE VIEW cheap AS SELECT id FROM gone",
    )
    assert [r.name for r in shop.catalog.relations] == ["items"]
    assert any("cheap" in note for note in shop.catalog.notes)


def test_functions_of_the_application_prove_nothing(tmp_path: Path) -> None:
    """A statement with a function only the application has is left out as never having worked."""
    shop = Shop(tmp_path / "a.db", "CREATE TABLE items (id integer PRIMARY KEY)")
    texts = (StatementText(text="SELECT id FROM items WHERE distance(id) < 3", source="f"),)
    (statement,) = shop.database.describe(texts, shop.catalog, deadline=shop.deadline)
    assert statement.worked is None
    assert statement.uses


def test_text_in_double_quotes_still_works(tmp_path: Path) -> None:
    """A statement that writes texts in double quotes is said to have never worked."""
    shop = Shop(tmp_path / "a.db", "CREATE TABLE items (id integer PRIMARY KEY, name text)")
    texts = (StatementText(text='SELECT id FROM items WHERE name = "a text"', source="f"),)
    statements = shop.database.describe(texts, shop.catalog, deadline=shop.deadline)
    assert statements[0].worked
    (trial,) = shop.database.trials(statements, deadline=shop.deadline)
    assert trial.worked


def test_large_file_is_not_scanned(tmp_path: Path) -> None:
    """Counting rows reads gigabytes in the middle of an incident."""
    path = tmp_path / "a.db"
    Shop(path, "CREATE TABLE items (id integer PRIMARY KEY)")
    clock = SystemClock()
    small = SqliteDatabase.at(Sensitive(f"sqlite:///{path}"), clock=clock, scan_limit=10)
    question = Question(kind=QuestionKind.ROWS, relation="main.items")
    (answer,) = small.answers((question,), since=None, deadline=Deadline.after(clock, 30))
    assert answer.rows is None
    assert "limit" in answer.reason


def test_file_of_something_else_is_an_error(tmp_path: Path) -> None:
    """A file that is no database passes for an empty one."""
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database at all" * 100)
    clock = SystemClock()
    database = SqliteDatabase.at(Sensitive(f"sqlite:///{path}"), clock=clock)
    with pytest.raises(ProviderError) as caught:
        database.catalog(deadline=Deadline.after(clock, 30))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "url", ["postgresql://x/y", "sqlite://", "sqlite:///", "a.db", "sqlite:///:memory:"]
)
def test_other_urls_are_refused(url: str) -> None:
    """A mistyped URL opens some other file."""
    with pytest.raises(UsageError) as caught:
        read(Sensitive(url))
    assert caught.value.remedy
