"""Every fix for PostgreSQL, executed: the old statement fails before it and works after it."""

from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from smartspec_rollback.domain.catalog import (
    Catalog,
    Constraint,
    ConstraintKind,
    DefinedType,
    Function,
    Grant,
    Index,
    Relation,
    RelationKind,
    Trigger,
    TypeKind,
)
from smartspec_rollback.schema.fixes import fix, guards
from smartspec_rollback.testing.schema_samples import case, catalog, column, table, view

KIND = "postgresql"
ID = column("id", "integer", nullable=False)
NAME = column("name")


def check(name: str, definition: str, kind: ConstraintKind, **facts: Any) -> Constraint:
    """Make a constraint."""
    known: dict[str, Any] = {"name": name, "kind": kind, "columns": (), "definition": definition}
    return Constraint(**known | facts)


def two(old: tuple[Relation, ...], new: tuple[Relation, ...]) -> tuple[Catalog, Catalog]:
    """Make both catalogs."""
    return catalog(*old), catalog(*new)


@dataclass(frozen=True)
class Broken:
    """What the new schema is, what the old version asks, and where the fix is looked for."""

    name: str
    code: str
    object: str
    new_schema: str
    statement: str
    catalogs: tuple[Catalog, Catalog]
    to: str = ""
    then: tuple[str, ...] = field(default=())


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


ITEMS = table("items", ID, NAME)
GRANTED = table(
    "items", ID, NAME, owner="postgres", grants=(Grant(grantee="app", privilege="SELECT"),)
)
MIXED = table("Order Lines", column("Id", "integer"), column("select"))
OLD_TEXT = column("name", "character varying(50)")
SERIAL = column("id", "integer", nullable=False, default="nextval('public.items_id_seq'::regclass)")
PRICE_VIEW = view("cheap", "SELECT id FROM items WHERE price < 10;", ID)
TOTAL = Function(
    schema="public",
    name="total",
    kind="function",
    arguments=("integer",),
    returns="integer",
    definition="CREATE OR REPLACE FUNCTION public.total(a integer) RETURNS integer\n"
    " LANGUAGE sql AS $$ SELECT a + 1 $$\n",
)
PARENT_KEY = check(
    "child_item_fkey",
    "FOREIGN KEY (item) REFERENCES items(id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED",
    ConstraintKind.FOREIGN_KEY,
)
REFUSES = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'no'; END $$;"
    "CREATE TRIGGER t BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION refuse();"
)
TRIGGER = Trigger(
    name="t",
    definition="CREATE TRIGGER t BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION refuse()",
    function="public.refuse",
    events=("insert",),
)
FILLS = Trigger(
    name="t",
    definition="CREATE TRIGGER t BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION fill()",
    function="public.fill",
    events=("insert",),
)
FILL = (
    "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN NEW.name := 'filled'; RETURN NEW; END $$;"
)
INSERT = "INSERT INTO items (id, name) VALUES (1, 'a')"
UPSERT = "INSERT INTO items (id, name) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING"

BROKEN = (
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
    Broken(
        "CHECK added",
        "check-added",
        "public.items.long",
        "CREATE TABLE items (id int, name text CONSTRAINT long CHECK (length(name) > 3))",
        INSERT,
        two(
            (ITEMS,),
            (table("items", ID, NAME, constraints=(check("long", "", ConstraintKind.CHECK),)),),
        ),
    ),
    Broken(
        "UNIQUE index added",
        "unique-added",
        "public.items.once",
        "CREATE TABLE items (id int, name text); CREATE UNIQUE INDEX once ON items (name);"
        "INSERT INTO items VALUES (0, 'a')",
        INSERT,
        two(
            (ITEMS,),
            (
                table(
                    "items",
                    ID,
                    NAME,
                    indexes=(Index(name="once", columns=("name",), unique=True, definition=""),),
                ),
            ),
        ),
    ),
    Broken(
        "foreign key added",
        "foreign-key-added",
        "public.items.known",
        "CREATE TABLE names (name text PRIMARY KEY);"
        "CREATE TABLE items (id int, name text CONSTRAINT known REFERENCES names)",
        INSERT,
        two(
            (ITEMS,),
            (
                table(
                    "items", ID, NAME, constraints=(check("known", "", ConstraintKind.FOREIGN_KEY),)
                ),
            ),
        ),
    ),
    Broken(
        "foreign key blocks deletes",
        "foreign-key-blocks-delete",
        "public.child.child_item_fkey",
        "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'a');"
        "CREATE TABLE child (item int, CONSTRAINT child_item_fkey FOREIGN KEY (item) "
        "REFERENCES items(id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO child VALUES (1)",
        "DELETE FROM items WHERE id = 1",
        two(
            (ITEMS,), (ITEMS, table("child", column("item", "integer"), constraints=(PARENT_KEY,)))
        ),
    ),
    Broken(
        "primary key changed",
        "primary-key-changed",
        "public.items.items_pkey",
        "CREATE TABLE items (id int, name text PRIMARY KEY)",
        UPSERT,
        two(
            (
                table(
                    "items",
                    ID,
                    NAME,
                    constraints=(
                        check(
                            "items_pkey",
                            "PRIMARY KEY (id)",
                            ConstraintKind.PRIMARY_KEY,
                            columns=("id",),
                        ),
                    ),
                ),
            ),
            (
                table(
                    "items",
                    ID,
                    NAME,
                    constraints=(
                        check(
                            "items_pkey",
                            "PRIMARY KEY (name)",
                            ConstraintKind.PRIMARY_KEY,
                            columns=("name",),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Broken(
        "unique index dropped",
        "unique-dropped",
        "public.items.once",
        "CREATE TABLE items (id int, name text)",
        UPSERT,
        two(
            (
                table(
                    "items",
                    ID,
                    NAME,
                    indexes=(
                        Index(
                            name="once",
                            columns=("id",),
                            unique=True,
                            definition="CREATE UNIQUE INDEX once ON public.items USING btree (id)",
                        ),
                    ),
                ),
            ),
            (ITEMS,),
        ),
    ),
    Broken(
        "view dropped",
        "view-changed",
        "public.cheap",
        "CREATE TABLE items (id int, price int)",
        "SELECT id FROM cheap",
        two((PRICE_VIEW,), ()),
    ),
    Broken(
        "view reshaped",
        "view-changed",
        "public.cheap",
        "CREATE TABLE items (id int, price int);"
        "CREATE VIEW cheap AS SELECT price FROM items WHERE price < 10",
        "SELECT id FROM cheap",
        two(
            (PRICE_VIEW,), (view("cheap", "SELECT price FROM items;", column("price", "integer")),)
        ),
    ),
    Broken(
        "materialized view dropped",
        "view-changed",
        "public.cheap",
        "CREATE TABLE items (id int, price int)",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY cheap",
        two(
            (
                view(
                    "cheap",
                    "SELECT id FROM items;",
                    ID,
                    kind=RelationKind.MATERIALIZED_VIEW,
                    indexes=(
                        Index(
                            name="once",
                            columns=("id",),
                            unique=True,
                            definition="CREATE UNIQUE INDEX once ON public.cheap USING btree (id)",
                        ),
                    ),
                ),
            ),
            (),
        ),
    ),
    Broken(
        "function dropped",
        "function-changed",
        "public.total(integer)",
        "",
        "SELECT total(1)",
        (catalog(functions=(TOTAL,)), catalog()),
    ),
    Broken(
        "function returns another type",
        "function-changed",
        "public.total(integer)",
        "CREATE FUNCTION total(a int) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
        "SELECT total(1) + 1",
        (
            catalog(functions=(TOTAL,)),
            catalog(
                functions=(
                    Function(
                        schema="public",
                        name="total",
                        kind="function",
                        arguments=("integer",),
                        returns="text",
                    ),
                )
            ),
        ),
    ),
    Broken(
        "trigger added",
        "trigger-changed",
        "public.items.t",
        "CREATE TABLE items (id int, name text);" + REFUSES,
        INSERT,
        two((ITEMS,), (table("items", ID, NAME, triggers=(TRIGGER,)),)),
    ),
    Broken(
        "trigger changed",
        "trigger-changed",
        "public.items.t",
        "CREATE TABLE items (id int, name text);" + REFUSES + FILL,
        INSERT,
        two(
            (table("items", ID, NAME, triggers=(FILLS,)),),
            (table("items", ID, NAME, triggers=(TRIGGER,)),),
        ),
    ),
    Broken(
        "trigger dropped",
        "trigger-changed",
        "public.items.t",
        "CREATE TABLE items (id int, name text NOT NULL);" + FILL,
        "INSERT INTO items (id) VALUES (1)",
        two((table("items", ID, NAME, triggers=(FILLS,)),), (ITEMS,)),
    ),
    Broken(
        "identity always",
        "identity-always",
        "public.items.id",
        "CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY, name text)",
        INSERT,
        two((ITEMS,), (table("items", column("id", "integer", identity="always"), NAME),)),
    ),
    Broken(
        "partition missing",
        "partition-missing",
        "public.items",
        "CREATE TABLE items (id int, name text) PARTITION BY LIST (id)",
        INSERT,
        two((ITEMS,), (table("items", ID, NAME, kind=RelationKind.PARTITIONED),)),
    ),
    Broken(
        "domain narrowed",
        "domain-changed",
        "public.label",
        "CREATE DOMAIN label AS text CONSTRAINT long CHECK (length(VALUE) > 3) NOT NULL;"
        "CREATE TABLE items (id int, name label)",
        INSERT,
        (
            catalog(
                types=(
                    DefinedType(schema="public", name="label", kind=TypeKind.DOMAIN, base="text"),
                )
            ),
            catalog(
                types=(
                    DefinedType(
                        schema="public",
                        name="label",
                        kind=TypeKind.DOMAIN,
                        base="text",
                        nullable=False,
                        checks=("CHECK ((length(VALUE) > 3))",),
                    ),
                )
            ),
        ),
    ),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_the_fix_makes_the_old_statement_work(broken: Broken, database: str) -> None:
    """A fix that does not run, or does not help, would cost people minutes in an incident."""
    said = fix(broken.code, case(*broken.catalogs), broken.object, to=broken.to)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE app; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        if broken.new_schema:
            connection.execute(broken.new_schema.encode())
        with pytest.raises(psycopg.Error):
            connection.execute(broken.statement.encode())
        connection.execute(b"RESET ROLE")
        assert said
        connection.execute(said.encode())
        for statement in (broken.statement, *broken.then):
            connection.execute(statement.encode())


def _grants() -> dict[str, tuple[str, str, str]]:
    items = table("items", ID, NAME)
    mood = DefinedType(
        schema="public", name="mood", kind=TypeKind.ENUM, labels=("low", "mid", "up")
    )
    return {
        "privilege on a table": (
            "CREATE TABLE items (id int, name text)",
            "SELECT id FROM items",
            guards.grant(KIND, items, "select", "app"),
        ),
        "privilege on columns": (
            "CREATE TABLE items (id int, name text)",
            "SELECT id, name FROM items",
            guards.grant(KIND, items, "select", "app", ("id", "name")),
        ),
        "usage of a schema": (
            "CREATE SCHEMA shop CREATE TABLE items (id int); GRANT SELECT ON shop.items TO app",
            "SELECT id FROM shop.items",
            guards.grant_on(KIND, "SCHEMA", "shop", "usage", "app"),
        ),
        "row-level security": (
            """CREATE TABLE items (id int); GRANT INSERT ON items TO app;
            ALTER TABLE items ENABLE ROW LEVEL SECURITY""",
            "INSERT INTO items VALUES (1)",
            guards.open_policy(KIND, items, "app"),
        ),
        "enum label": (
            "CREATE TYPE mood AS ENUM ('low', 'up')",
            "SELECT 'mid'::mood",
            guards.add_label(KIND, mood, "mid", ("low", "up")),
        ),
    }


@pytest.mark.parametrize("name", _grants())
def test_what_lets_a_role_in_again_works(name: str, database: str) -> None:
    """A grant that does not grant would leave the old version locked out."""
    schema, statement, said = _grants()[name]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE app; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.execute(schema.encode())
        connection.execute("SET ROLE app")
        with pytest.raises(psycopg.Error):
            connection.execute(statement.encode())
        connection.execute("RESET ROLE")
        connection.execute(said.encode())
        connection.execute("SET ROLE app")
        connection.execute(statement.encode())
