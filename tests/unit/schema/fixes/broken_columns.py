"""Columns added, dropped, renamed and changed, each breaking a statement."""

from typing import Any

from tests.unit.schema.fixes.broken import ID, INSERT, ITEMS, NAME, UPSERT, Broken, check, two

from smartspec_rollback.domain.catalog import (
    ConstraintKind,
    Grant,
)
from smartspec_rollback.testing.schema_samples import column, table


def _required(type: str, ddl: str = "", **facts: Any) -> Broken:  # noqa: A002 - a column's field
    """Add a NOT NULL column of some type without a default."""
    added = column("added", type, nullable=False)
    return Broken(
        f"required {type} {ddl}",
        "column-added-required",
        "public.items.added",
        f"CREATE TABLE items (id int, name text, added {type} NOT NULL {ddl})",
        "INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b')",
        two((table("items", ID, NAME),), (table("items", ID, NAME, added, **facts),)),
    )


GRANTED = table(
    "items", ID, NAME, owner="postgres", grants=(Grant(grantee="app", privilege="SELECT"),)
)
MIXED = table("Order Lines", column("Id", "integer"), column("select"))
OLD_TEXT = column("name", "character varying(50)")
SERIAL = column("id", "integer", nullable=False, default="nextval('public.items_id_seq'::regclass)")

COLUMNS = (
    *(
        _required(each)
        for each in (
            "text",
            "character varying(9)",
            "integer",
            "bigint",
            "numeric(9,2)",
            "boolean",
            "timestamp with time zone",
            "timestamp(3) without time zone",
            "date",
            "uuid",
            "jsonb",
            "bytea",
            "interval",
            "text[]",
            "double precision",
            "inet",
        )
    ),
    _required(
        "text",
        "UNIQUE",
        constraints=(
            check("items_added_key", "UNIQUE (added)", ConstraintKind.UNIQUE, columns=("added",)),
        ),
    ),
    _required(
        "integer",
        "CHECK (added > 5)",
        constraints=(check("c", "CHECK ((added > 5))", ConstraintKind.CHECK),),
    ),
    Broken(
        "table renamed",
        "renamed",
        "public.items",
        "CREATE TABLE goods (id int PRIMARY KEY, name text, more text)",
        UPSERT,
        two((ITEMS,), (table("goods", ID, NAME, column("more")),)),
        to="public.goods",
        then=("UPDATE items SET name = 'b' WHERE id = 1", "DELETE FROM items WHERE id = 1"),
    ),
    Broken(
        "table with a name to quote renamed",
        "renamed",
        "public.Order Lines",
        'CREATE TABLE "group" ("Id" int, "select" text)',
        'INSERT INTO "Order Lines" ("Id", "select") VALUES (1, \'a\')',
        two((MIXED,), (table("group", *MIXED.columns),)),
        to="public.group",
    ),
    Broken(
        "renamed, as an unprivileged role",
        "renamed",
        "public.items",
        "CREATE TABLE goods (id int, name text)",
        "SET ROLE app; SELECT name FROM items; RESET ROLE",
        two((GRANTED,), (table("goods", ID, NAME),)),
        to="public.goods",
    ),
    Broken(
        "schema moved",
        "schema-moved",
        "shop.items",
        "CREATE TABLE items (id int, name text)",
        "INSERT INTO shop.items (id, name) VALUES (1, 'a')",
        two((table("shop.items", ID, NAME),), (ITEMS,)),
        to="public.items",
    ),
    Broken(
        "column renamed",
        "renamed",
        "public.items.name",
        "CREATE TABLE items (id int PRIMARY KEY, label text UNIQUE)",
        "INSERT INTO items (id, name) VALUES (1, 'a') ON CONFLICT (name) DO NOTHING RETURNING name",
        two((ITEMS,), (table("items", ID, column("label")),)),
        to="label",
        then=(
            "INSERT INTO items VALUES (2, 'by position')",
            "UPDATE items SET name = 'c' WHERE name = 'a'",
            "UPDATE items SET label = 'd' WHERE label = 'c'",
        ),
    ),
    Broken(
        "column dropped",
        "column-dropped",
        "public.items.name",
        "CREATE TABLE items (id int); INSERT INTO items VALUES (0)",
        INSERT,
        two(
            (table("items", ID, column("name", default="'x'::text", nullable=False)),),
            (table("items", ID),),
        ),
    ),
    Broken(
        "generated column dropped",
        "column-dropped",
        "public.items.twice",
        "CREATE TABLE items (id int); INSERT INTO items VALUES (0)",
        "SELECT twice FROM items",
        two(
            (table("items", ID, column("twice", "integer", generated="(id * 2)")),),
            (table("items", ID),),
        ),
    ),
    Broken(
        "identity column with a collation dropped",
        "column-dropped",
        "public.items.id",
        "CREATE TABLE items (name text); INSERT INTO items VALUES ('a')",
        "INSERT INTO items (name) VALUES ('b') RETURNING id",
        two(
            (table("items", column("id", "bigint", identity="always"), NAME),),
            (table("items", NAME),),
        ),
    ),
    Broken(
        "text narrowed",
        "text-narrowed",
        "public.items.name",
        "CREATE TABLE items (id int, name varchar(2))",
        "INSERT INTO items (id, name) VALUES (1, 'abcdef')",
        two(
            (table("items", ID, OLD_TEXT),),
            (table("items", ID, column("name", "character varying(2)")),),
        ),
    ),
    Broken(
        "integer narrowed",
        "integer-narrowed",
        "public.items.id",
        "CREATE TABLE items (id smallint, name text)",
        "INSERT INTO items (id, name) VALUES (100000, 'a')",
        two((ITEMS,), (table("items", column("id", "smallint"), NAME),)),
    ),
    Broken(
        "NULL refused",
        "null-refused",
        "public.items.name",
        "CREATE TABLE items (id int, name text NOT NULL)",
        "INSERT INTO items (id) VALUES (1)",
        two((ITEMS,), (table("items", ID, column("name", nullable=False)),)),
    ),
    Broken(
        "default dropped",
        "default-dropped",
        "public.items.name",
        "CREATE TABLE items (id int, name text NOT NULL)",
        "INSERT INTO items (id) VALUES (1)",
        two(
            (table("items", ID, column("name", nullable=False, default="'none'::text")),),
            (table("items", ID, column("name", nullable=False)),),
        ),
    ),
    Broken(
        "serial's sequence dropped",
        "default-dropped",
        "public.items.id",
        "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'a')",
        "INSERT INTO items (name) VALUES ('b')",
        two((table("items", SERIAL, NAME),), (ITEMS,)),
        then=("INSERT INTO items (name) VALUES ('c')",),
    ),
    Broken(
        "identity dropped",
        "default-dropped",
        "public.items.id",
        "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'a')",
        "INSERT INTO items (name) VALUES ('b')",
        two((table("items", column("id", "integer", identity="always"), NAME),), (ITEMS,)),
    ),
)
