"""What MySQL's and SQLite's statements are said to touch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    Relation,
    RelationKind,
)
from smartspec_rollback.domain.workload import StatementText, Use
from smartspec_rollback.providers.databases.dialects.usage import understand, uses_of

BOTH = pytest.mark.parametrize("dialect", ["mysql", "sqlite"])


def table(name: str, columns: str, *keys: tuple[str, ...]) -> Relation:
    """Make a table of nullable columns."""
    return Relation(
        schema="main",
        name=name,
        kind=RelationKind.TABLE,
        columns=tuple(
            Column(name=each, type="integer", nullable=True, position=place)
            for place, each in enumerate(columns.split(), start=1)
        ),
        constraints=tuple(
            Constraint(name="k", kind=ConstraintKind.UNIQUE, columns=key, definition="")
            for key in keys
        ),
    )


SHOP = Catalog(
    kind="mysql",
    version="1",
    search_path=("main",),
    schemas=("main", "shop"),
    relations=(
        table("items", "id name price shop", ("id",), ("name", "shop")),
        table("shops", "id city x"),
    ),
)
WORDS = [
    "SELECT",
    "id",
    "FROM",
    "items",
    ",",
    "(",
    ")",
    "*",
    "WHERE",
    "=",
    "?",
    "'x'",
    '"',
    "`",
    "INSERT",
    "INTO",
    "VALUES",
    "SET",
    "UPDATE",
    ";",
    "IN",
    "UNION",
    "WITH",
    "c",
    "AS",
    "DELETE",
    "i",
    ".",
    "price",
    "ON",
    "DUPLICATE",
    "KEY",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "NULL",
    "[",
    "]",
    ":a",
    "%s",
    "REPLACE",
]


def used(text: str, dialect: str = "mysql") -> dict[str, Use]:
    """Give the first use of each relation, of a statement without problems."""
    understood = uses_of(text, SHOP, dialect)
    assert understood.problem is None
    found: dict[str, Use] = {}
    for use in understood.uses or ():
        found.setdefault(use.relation.removeprefix("main."), use)
    return found


@BOTH
def test_columns_are_told_by_table(dialect: str) -> None:
    """A dropped column passes for unused, or the other table's of the same name for used."""
    found = used(
        "SELECT i.id, price FROM items AS i JOIN shops s ON s.id = i.shop "
        "WHERE EXISTS (SELECT 1 FROM shops WHERE x = i.name) ORDER BY city",
        dialect,
    )
    assert set(found["items"].reads) == {"id", "price", "shop", "name"}
    assert set(found["items"].returns) == {"id", "price"}
    assert set(found["shops"].reads) == {"id", "x", "city"}
    assert not found["shops"].returns


@BOTH
@pytest.mark.parametrize("place", ["?", ":name", "%s", "%(name)s"])
def test_placeholders_of_any_style(dialect: str, place: str) -> None:
    """A statement of some library is not understood for the way it writes parameters."""
    found = used(f"SELECT id FROM items WHERE name = {place} AND price > {place}", dialect)  # noqa: S608 - a test's own
    assert set(found["items"].reads) == {"id", "name", "price"}


@pytest.mark.parametrize("place", ["?1", "@name", "$name"])
def test_placeholders_of_sqlite(place: str) -> None:
    """SQLite's own ways of writing parameters are not understood."""
    assert used(f"DELETE FROM items WHERE id = {place}", "sqlite")["items"].deletes  # noqa: S608 - a test's own


@BOTH
def test_names_without_table_can_become_ambiguous(dialect: str) -> None:
    """A new column of the same name in the other table breaks the join, and nobody says so."""
    found = used("SELECT price FROM items JOIN shops ON items.shop = shops.id", dialect)
    assert found["items"].unqualified == ("price",)
    assert found["items"].beside == ("main.shops",)


@BOTH
def test_new_column_can_capture_a_name(dialect: str) -> None:
    """A subselect silently means another column, once the inner table gains that name."""
    found = used("SELECT id FROM items WHERE id IN (SELECT x FROM shops WHERE price > 1)", dialect)
    assert ("main.shops", "price") in found["items"].captures


@BOTH
def test_star_is_told(dialect: str) -> None:
    """An added column that reaches a strict reader is not mentioned."""
    assert used("SELECT * FROM items", dialect)["items"].star
    assert not used("SELECT id FROM (SELECT * FROM items) AS i", dialect)["items"].star
    assert not used("SELECT count(*) FROM items", dialect)["items"].star


def test_inserts_tell_nulls_and_defaults() -> None:
    """NULL written by a literal, or by leaving a column out, passes a new NOT NULL."""
    use = used("INSERT INTO items (id, name, price) VALUES (1, ?, NULL), (2, DEFAULT, 3)")["items"]
    assert use.inserted == ("id", "name", "price")
    assert set(use.nulls) == {"price", "name", "shop"}
    assert use.not_nulls == ("id",)


@BOTH
def test_insert_by_position_gives_all_columns(dialect: str) -> None:
    """An insert without names is not said to fail when the table gains a column."""
    assert used("INSERT INTO items VALUES (1, 2, 3, 4)", dialect)["items"].inserted is None


def test_duplicate_keys_are_relied_on() -> None:
    """A dropped key turns ON DUPLICATE KEY UPDATE into a plain insert, unseen."""
    text = "INSERT INTO items (id, name, shop) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE price = 1"
    uses = uses_of(text, SHOP, "mysql").uses or ()
    assert [use.arbiter for use in uses] == [("id",), ("name", "shop")]
    assert uses[0].updated == ("price",)


@BOTH
def test_replace_deletes_too(dialect: str) -> None:
    """REPLACE is taken for something nobody understands, or for a harmless insert."""
    use = used("REPLACE INTO items (id, price) VALUES (1, 2)", dialect)["items"]
    assert use.inserts
    assert use.deletes
    assert use.arbiter == ("id",)


def test_conflict_target_of_sqlite() -> None:
    """The key an upsert names is not known to be needed."""
    use = used(
        "INSERT INTO items (id, name) VALUES (?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        "sqlite",
    )["items"]
    assert use.arbiter == ("id",)
    assert use.updated == ("name",)


def test_update_of_two_tables() -> None:
    """What MySQL writes in the joined table is blamed on the first one."""
    found = used("UPDATE items i JOIN shops s ON s.id = i.shop SET i.price = 1, s.city = NULL")
    assert found["items"].updated == ("price",)
    assert found["shops"].updated == ("city",)
    assert found["shops"].nulls == ("city",)


def test_delete_from_one_of_two_tables() -> None:
    """A table that is only joined counts as deleted from."""
    found = used("DELETE i FROM items i JOIN shops s ON s.id = i.shop WHERE s.city = 'x'")
    assert found["items"].deletes
    assert not found["shops"].deletes
    assert ("city", "x") in found["shops"].literals


@BOTH
def test_common_tables_hand_columns_on(dialect: str) -> None:
    """What is read through WITH counts as unused."""
    found = used("WITH c AS (SELECT id, price AS p FROM items) SELECT p FROM c", dialect)
    assert set(found["items"].returns) == {"price"}


@BOTH
def test_case_of_names_does_not_count(dialect: str) -> None:
    """A column written in capitals counts as another one."""
    assert used("SELECT PRICE FROM items", dialect)["items"].reads == ("price",)


def test_own_database_may_be_named() -> None:
    """A statement that says its database's name is not understood."""
    assert used("SELECT price FROM shop.items")["items"].reads == ("price",)


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        "CALL do_something(1)",
        "SELECT gone FROM nowhere",
        "SELEC id FROM items",
        "ALTER TABLE items ADD x integer",
        "SELECT id FROM other_database.items",
        "",
        "SELECT \0",
        "(" * 5_000,
        "SELECT " + "x" * 300_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_read_says_so(dialect: str, text: str) -> None:
    """A statement nobody understands counts as one that touches nothing."""
    found = uses_of(text, SHOP, dialect)
    assert found.uses is None
    assert found.problem


@BOTH
@pytest.mark.parametrize("text", ["SET NAMES utf8mb4", "BEGIN", "COMMIT", "ROLLBACK"])
def test_what_touches_no_rows_is_understood(dialect: str, text: str) -> None:
    """Statements that lead a session count against the coverage."""
    found = uses_of(text, SHOP, dialect)
    assert found.uses == ()
    assert found.problem is None


@BOTH
@given(text=st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_no_text_is_an_error(dialect: str, text: str) -> None:
    """A strange statement stops an incident's rollback."""
    (statement,) = understand((StatementText(text=text, source="s"),), SHOP, dialect)
    assert statement.uses is not None or statement.problem
