"""Views, functions, types and triggers changed, each breaking a statement."""

from tests.unit.schema.fixes.broken import ID, INSERT, ITEMS, NAME, Broken, two

from smartspec_rollback.domain.catalog import (
    DefinedType,
    Function,
    Index,
    RelationKind,
    Trigger,
    TypeKind,
)
from smartspec_rollback.testing.schema_samples import catalog, column, table, view

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

OBJECTS = (
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
