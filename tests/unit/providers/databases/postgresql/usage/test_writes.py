"""What a statement writes: which columns, whether NULL can come of it, and where conflicts go."""

from typing import Any

import msgspec
import pytest
from tests.unit.providers.databases.postgresql.tables import SHOP, facts, read, table, use

from smartspec_rollback.domain.catalog import Catalog, Column, DefinedType, TypeKind

ALL_ITEMS = ("id", "name", "price", "stock", "note")

WRITES: dict[str, dict[str, Any]] = {
    "INSERT INTO items (id, name) VALUES ($1, 'x')": {
        "inserts": True,
        "inserted": ("id", "name"),
        "nulls": ("stock", "note"),
        "not_nulls": ("name",),
        "literals": (("name", "x"),),
    },
    "INSERT INTO items VALUES ($1, $2, $3, $4, $5)": {"inserts": True, "inserted": None},
    "INSERT INTO items VALUES ($1, $2)": {
        "inserts": True,
        "inserted": ("id", "name"),
        "nulls": ("stock", "note"),
    },
    "INSERT INTO items DEFAULT VALUES": {
        "inserts": True,
        "nulls": ("id", "name", "stock", "note"),
    },
    "INSERT INTO items (id, name, price, stock) VALUES ($1, now(), DEFAULT, DEFAULT)": {
        "inserts": True,
        "inserted": ("id", "name"),
        "nulls": ("stock", "note"),
        "not_nulls": ("name",),
    },
    "INSERT INTO items (id, name, stock, note) SELECT $1, $2, NULL, now() + interval '1 day'": {
        "inserts": True,
        "inserted": ("id", "name", "stock", "note"),
        "nulls": ("stock",),
        "not_nulls": ("note",),
    },
    "INSERT INTO items (id, name, stock, note) VALUES ($1, $2, 1, 'a'), ($3, $4, NULL, $5)": {
        "inserts": True,
        "inserted": ("id", "name", "stock", "note"),
        "nulls": ("stock",),
        "literals": (("stock", "1"), ("note", "a")),
    },
    "INSERT INTO items (id, name, stock, note) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (id) DO UPDATE SET stock = excluded.stock, note = coalesce($5, 'x')"
    " WHERE items.price > 0": {
        "reads": ("id", "stock", "price"),
        "inserts": True,
        "inserted": ("id", "name", "stock", "note"),
        "updated": ("stock", "note"),
        "arbiter": ("id",),
        "literals": (("note", "x"), ("price", "0")),
    },
    "INSERT INTO items VALUES ($1, $2, $3, $4, $5) ON CONFLICT ON CONSTRAINT one DO NOTHING": {
        "inserts": True,
        "inserted": None,
        "arbiter": ("one",),
        "arbiter_constraint": True,
    },
    "INSERT INTO items VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING": {
        "inserts": True,
        "inserted": None,
    },
    "INSERT INTO items VALUES ($1, $2, $3, $4, $5) ON CONFLICT (lower(name)) DO NOTHING": {
        "reads": ("name",),
        "inserts": True,
        "inserted": None,
        "arbiter": ("(…)",),
    },
    "UPDATE items SET price = price + 1, stock = NULL, note = 'x' WHERE id = $1": {
        "reads": ("price", "id"),
        "updated": ("price", "stock", "note"),
        "nulls": ("stock",),
        "not_nulls": ("note",),
        "literals": (("note", "x"),),
    },
    "UPDATE items SET (price, stock) = (1, NULL), note = DEFAULT": {
        "updated": ("price", "stock", "note"),
        "nulls": ("stock", "note"),
        "not_nulls": ("price",),
        "literals": (("price", "1"),),
    },
    "UPDATE items SET (price, stock) = (SELECT 1, 2), note[1] = 3": {
        "updated": ("price", "stock", "note"),
    },
    "UPDATE items SET stock = CASE WHEN $1 THEN NULL ELSE 1 END, note = CASE WHEN $1 THEN 1 END": {
        "updated": ("stock", "note"),
        "nulls": ("stock",),
        "literals": (("stock", "1"), ("note", "1")),
    },
    "DELETE FROM items WHERE id = $1": {"reads": ("id",), "deletes": True},
    "DELETE FROM items WHERE CURRENT OF c": {"deletes": True},
    "TRUNCATE items, orders": {"deletes": True},
    "COPY items (id, name) FROM STDIN": {
        "inserts": True,
        "inserted": ("id", "name"),
        "nulls": ("stock", "note"),
    },
    "COPY items FROM STDIN": {"inserts": True, "inserted": None},
    "MERGE INTO items i USING users u ON i.id = u.id"
    " WHEN MATCHED AND u.email IS NULL THEN DELETE"
    " WHEN MATCHED THEN UPDATE SET name = login"
    " WHEN NOT MATCHED THEN INSERT (id, name) VALUES (u.id, 'x')": {
        "reads": ("id",),
        "inserts": True,
        "inserted": ("id", "name"),
        "updated": ("name",),
        "nulls": ("stock", "note"),
        "deletes": True,
        "literals": (("name", "x"),),
    },
}


@pytest.mark.parametrize(("text", "expected"), WRITES.items(), ids=range(len(WRITES)))
def test_writes_are_told_column_by_column(text: str, expected: dict[str, Any]) -> None:
    """A new NOT NULL column, check or dropped default would not be held against this statement."""
    assert facts(use(text, "public.items")) == expected


def test_two_inserts_in_one_statement_are_told_apart() -> None:
    """One INSERT that leaves a column out would hide behind another one that gives it."""
    found = read(
        "WITH x AS (INSERT INTO users (id, login) VALUES ($1, $2) RETURNING id)"
        " INSERT INTO users (id, email) SELECT id, $3 FROM x"
    )

    assert [each.inserted for each in found.uses or ()] == [("id", "login"), ("id", "email")]


def test_writes_inside_with_are_found() -> None:
    """Rows deleted on the way to an INSERT would go unseen."""
    text = (
        "WITH gone AS (DELETE FROM orders WHERE state = 'old' RETURNING *)"
        " INSERT INTO audit.events (id, payload) SELECT id, row_to_json(gone) FROM gone"
    )

    assert use(text, "public.orders").deletes
    assert use(text, "public.orders").star
    assert use(text, "audit.events").inserted == ("id", "payload")


def test_what_the_server_fills_in_is_not_null() -> None:
    """Identity, generated columns and a domain's default would be taken for NULLs."""
    filled = (
        Column(name="a", type="integer", nullable=False, position=1, identity="always"),
        Column(name="b", type="integer", nullable=True, position=2, generated="a + 1"),
        Column(name="c", type="public.mood", nullable=True, position=3),
        Column(name="d", type="text", nullable=True, position=4, default="NULL::text"),
        Column(name="e", type="text", nullable=True, position=5),
    )
    catalog = Catalog(
        kind="postgresql",
        version="18.0",
        search_path=("public",),
        relations=(msgspec.structs.replace(table("t", ""), columns=filled),),
        types=(
            DefinedType(schema="public", name="mood", kind=TypeKind.DOMAIN, default="'ok'::text"),
        ),
    )

    assert use("INSERT INTO t (e) VALUES ($1)", "public.t", catalog).nulls == ("d",)


@pytest.mark.parametrize(
    ("value", "certain"),
    [
        ("1", True),
        ("'a'::text", True),
        ("CURRENT_TIMESTAMP", True),
        ("gen_random_uuid()", True),
        ("coalesce($1, 'a')", True),
        ("now() - interval '1 day'", True),
        ("EXISTS (SELECT 1)", True),
        ("ARRAY[$1]", True),
        ("$1 IS NULL", True),
        ("NOT ($1 IS DISTINCT FROM $2)", True),
        ("CASE WHEN $1 THEN 1 ELSE 2 END", True),
        ("CASE WHEN $1 THEN 1 END", False),
        ("$1", False),
        ("$1::text", False),
        ("lower('a')", False),
        ("name", False),
        ("1 + $1", False),
        ("'{}'::jsonb -> 'a'", False),
        ("(SELECT 1)", False),
        ("nullif(1, 1)", False),
        ("current_schema", False),
    ],
)
def test_only_what_can_never_be_null_is_called_so(value: str, certain: bool) -> None:  # noqa: FBT001 - a table of cases
    """NOT NULL would be called safe for a statement that writes NULL."""
    found = use("UPDATE items SET note = #".replace("#", value), "public.items")

    assert ("note" in found.not_nulls) is certain
    assert found.nulls == ()


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN",
        "COMMIT",
        "SAVEPOINT $1",
        "SET search_path TO $1",
        "SHOW server_version",
        "LISTEN channel",
        "DEALLOCATE ALL",
        "CREATE TABLE x (a int)",
        "ALTER TABLE items ADD COLUMN x int",
        "SELECT 1",
        "SELECT oid FROM pg_class JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace",
        "-- nothing",
    ],
)
def test_what_touches_no_rows_has_no_uses(text: str) -> None:
    """Transaction control would count as statements nobody understands, and lower the coverage."""
    found = read(text, SHOP)

    assert (found.uses, found.problem) == ((), None)
