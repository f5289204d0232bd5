"""Changes that make a statement of the old version fail, and what has to be said of each."""

from dataclasses import dataclass

OLD = """
CREATE TYPE mood AS ENUM ('low', 'up');
CREATE DOMAIN label AS text;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE items (
    id int PRIMARY KEY, name varchar(20) UNIQUE, price int DEFAULT 5, mood mood, tag label,
    parent int
);
INSERT INTO parents VALUES (1), (2);
INSERT INTO items VALUES (1, 'one', 10, 'low', 'tag', 1);
CREATE VIEW cheap AS SELECT id, price FROM items WHERE price < 100;
CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql AS 'SELECT a * 2';
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id int, at timestamp DEFAULT now());
"""
INSERT = "INSERT INTO items (id, name) VALUES (7, 'seven')"


@dataclass(frozen=True)
class Change:
    """One change, one statement, and what has to be said."""

    ddl: str
    statement: str
    expected: dict[tuple[str, str], str]


def one(code: str, named: str, verdict: str = "breaking") -> dict[tuple[str, str], str]:
    """Expect one finding."""
    return {(code, named): verdict}


COMPILING = {
    "column dropped": Change(
        "ALTER TABLE items DROP parent",
        "SELECT parent FROM items",
        one("column-dropped", "public.items.parent"),
    ),
    "column dropped, aliased": Change(
        "ALTER TABLE items DROP parent",
        "SELECT i.parent FROM items i",
        one("column-dropped", "public.items.parent"),
    ),
    "column dropped, inserted": Change(
        "ALTER TABLE items DROP parent",
        "INSERT INTO items (id, parent) VALUES (9, 1)",
        one("column-dropped", "public.items.parent"),
    ),
    "column dropped, by position": Change(
        "ALTER TABLE items DROP parent",
        "INSERT INTO items VALUES (9, 'nine', 1, 'up', 't', 1)",
        one("column-dropped", "public.items.parent"),
    ),
    "column renamed": Change(
        "ALTER TABLE items RENAME parent TO parent_id",
        "SELECT parent FROM items",
        one("renamed", "public.items.parent"),
    ),
    "table dropped": Change(
        "DROP TABLE shop.orders",
        "SELECT id FROM shop.orders",
        one("table-dropped", "shop.orders"),
    ),
    "table renamed": Change(
        "ALTER TABLE shop.orders RENAME TO bookings",
        "SELECT id FROM shop.orders",
        one("renamed", "shop.orders"),
    ),
    "table moved": Change(
        "ALTER TABLE shop.orders SET SCHEMA public; DROP SCHEMA shop",
        "INSERT INTO shop.orders (id) VALUES (1)",
        one("schema-moved", "shop.orders"),
    ),
    "ambiguous": Change(
        "ALTER TABLE parents ADD name text",
        "SELECT name FROM items JOIN parents ON parents.id = parent",
        one("column-added", "public.parents.name"),
    ),
    "view dropped": Change(
        "DROP VIEW cheap", "SELECT id FROM cheap", one("view-changed", "public.cheap")
    ),
    "view's column dropped": Change(
        "DROP VIEW cheap; CREATE VIEW cheap AS SELECT id FROM items",
        "SELECT price FROM cheap",
        one("view-changed", "public.cheap.price"),
    ),
    "view takes no writes": Change(
        "CREATE OR REPLACE VIEW cheap AS SELECT DISTINCT id, price FROM items",
        "UPDATE cheap SET price = 1",
        one("view-changed", "public.cheap"),
    ),
    "function dropped": Change(
        "DROP FUNCTION twice", "SELECT twice(2)", one("function-changed", "public.twice(integer)")
    ),
    "overload": Change(
        "CREATE FUNCTION twice(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT a'",
        "SELECT twice(2)",
        one("function-changed", "public.twice(integer, integer)"),
    ),
    "arbiter dropped": Change(
        "ALTER TABLE items DROP CONSTRAINT items_name_key",
        "INSERT INTO items (id, name) VALUES (7, 'seven') ON CONFLICT (name) DO NOTHING",
        one("unique-dropped", "public.items.items_name_key"),
    ),
    "arbiter dropped, by name": Change(
        "ALTER TABLE items DROP CONSTRAINT items_name_key",
        "INSERT INTO items (id) VALUES (7) ON CONFLICT ON CONSTRAINT items_name_key DO NOTHING",
        one("unique-dropped", "public.items.items_name_key"),
    ),
    "primary key dropped": Change(
        "ALTER TABLE items DROP CONSTRAINT items_pkey",
        "INSERT INTO items (id) VALUES (7) ON CONFLICT (id) DO NOTHING",
        one("primary-key-changed", "public.items.items_pkey"),
    ),
    "generated": Change(
        "ALTER TABLE items DROP parent;"
        "ALTER TABLE items ADD parent int GENERATED ALWAYS AS (id * 2) STORED",
        "INSERT INTO items (id, parent) VALUES (9, 1)",
        one("column-generated", "public.items.parent"),
    ),
    "identity": Change(
        "ALTER TABLE items ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        INSERT,
        one("identity-always", "public.items.id"),
    ),
    "operator": Change(
        "ALTER TABLE items ALTER parent TYPE text",
        "SELECT 1 FROM items JOIN parents ON parents.id = parent",
        one("type-changed", "public.items.parent"),
    ),
    "assignment": Change(
        "ALTER TABLE items ALTER parent TYPE uuid USING NULL",
        "UPDATE items SET parent = id",
        one("representation-changed", "public.items.parent"),
    ),
    "enum label": Change(
        "ALTER TYPE mood RENAME VALUE 'low' TO 'down'",
        "SELECT id FROM items WHERE mood = 'low'",
        one("enum-value-dropped", "public.mood"),
    ),
    "enum gone": Change(
        "ALTER TABLE items ALTER mood TYPE text; DROP TYPE mood",
        "SELECT 'low'::mood",
        one("enum-value-dropped", "public.mood"),
    ),
    "domain gone": Change(
        "ALTER TABLE items ALTER tag TYPE text; DROP DOMAIN label",
        "SELECT 'x'::label",
        one("domain-changed", "public.label"),
    ),
    "privilege": Change(
        "REVOKE SELECT ON items FROM reader",
        "SELECT id FROM items",
        one("access-restricted", "public.items"),
    ),
    "star has more": Change(
        "ALTER TABLE items ADD more text",
        "SELECT * FROM items",
        one("column-added", "public.items.more", "attention"),
    ),
    "star has less": Change(
        "ALTER TABLE items DROP parent",
        "SELECT * FROM items",
        one("column-dropped", "public.items.parent"),
    ),
    "result wider": Change(
        "ALTER TABLE items ALTER parent TYPE bigint",
        "SELECT parent FROM items",
        one("integer-widened", "public.items.parent", "attention"),
    ),
    "result and parameter of another type": Change(
        "ALTER TABLE items ALTER parent TYPE uuid USING NULL",
        "SELECT parent FROM items WHERE parent = $1",
        one("representation-changed", "public.items.parent"),
    ),
    "parameter wider": Change(
        "ALTER TABLE items ALTER parent TYPE bigint", "UPDATE items SET parent = $1", {}
    ),
    "nothing of it used": Change(
        "ALTER TABLE items ADD more text", "SELECT name FROM items WHERE id = $1", {}
    ),
}

RUNNING = {
    "NOT NULL set": Change(
        "ALTER TABLE items ALTER parent SET NOT NULL",
        INSERT,
        one("null-refused", "public.items.parent"),
    ),
    "required column": Change(
        "ALTER TABLE items ADD more text NOT NULL DEFAULT ''; ALTER TABLE items ALTER more "
        "DROP DEFAULT",
        INSERT,
        one("column-added-required", "public.items.more"),
    ),
    "default dropped": Change(
        "ALTER TABLE items ALTER price SET NOT NULL, ALTER price DROP DEFAULT",
        INSERT,
        one("null-refused", "public.items.price"),
    ),
    "check": Change(
        "ALTER TABLE items ADD CONSTRAINT short CHECK (length(name) < 4)",
        INSERT,
        one("check-added", "public.items.short", "attention"),
    ),
    "domain check": Change(
        "ALTER DOMAIN label ADD CHECK (length(VALUE) < 4)",
        "INSERT INTO items (id, tag) VALUES (7, 'too long')",
        one("domain-changed", "public.label", "attention"),
    ),
    "domain not null": Change(
        "ALTER DOMAIN label SET NOT NULL",
        "INSERT INTO items (id, tag) VALUES (7, NULL)",
        one("domain-changed", "public.label"),
    ),
    "unique": Change(
        "ALTER TABLE items ADD CONSTRAINT once UNIQUE (price)",
        "INSERT INTO items (id, price) VALUES (7, 10)",
        one("unique-added", "public.items.once", "attention"),
    ),
    "unique index": Change(
        "CREATE UNIQUE INDEX once ON items (lower(name))",
        "INSERT INTO items (id, name) VALUES (7, 'ONE')",
        one("unique-added", "public.items.once", "attention"),
    ),
    "unique, the old one": Change(
        "ALTER TABLE items ADD more text", "INSERT INTO items (id) VALUES (1)", {}
    ),
    "foreign key": Change(
        "ALTER TABLE items ADD CONSTRAINT known FOREIGN KEY (parent) REFERENCES parents",
        "INSERT INTO items (id, parent) VALUES (7, 99)",
        one("foreign-key-added", "public.items.known", "attention"),
    ),
    "foreign key blocks": Change(
        "CREATE TABLE log (parent int CONSTRAINT kept REFERENCES parents);"
        "INSERT INTO log VALUES (2)",
        "DELETE FROM parents WHERE id = 2",
        one("foreign-key-blocks-delete", "public.log.kept", "attention"),
    ),
    "foreign key restricts": Change(
        "CREATE TABLE log (parent int CONSTRAINT kept REFERENCES parents ON DELETE RESTRICT);"
        "INSERT INTO log VALUES (2)",
        "DELETE FROM parents WHERE id = 2",
        one("foreign-key-blocks-delete", "public.log.kept", "attention"),
    ),
    "trigger": Change(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no'; END $$;"
        "CREATE TRIGGER stop BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION no()",
        INSERT,
        one("trigger-changed", "public.items.stop"),
    ),
    "text narrowed": Change(
        "ALTER TABLE items ALTER name TYPE varchar(4)",
        INSERT,
        one("text-narrowed", "public.items.name", "attention"),
    ),
    "integer narrowed": Change(
        "ALTER TABLE items ALTER parent TYPE smallint",
        "INSERT INTO items (id, parent) VALUES (7, 99999)",
        one("integer-narrowed", "public.items.parent", "attention"),
    ),
    "no partition": Change(
        "DROP TABLE shop.orders;"
        "CREATE TABLE shop.orders (id int, at timestamp DEFAULT now()) PARTITION BY RANGE (at)",
        "INSERT INTO shop.orders (id) VALUES (1)",
        one("partition-missing", "shop.orders"),
    ),
    "no partition for this": Change(
        "DROP TABLE shop.orders;"
        "CREATE TABLE shop.orders (id int, at timestamp DEFAULT now()) PARTITION BY LIST (id);"
        "CREATE TABLE shop.some PARTITION OF shop.orders FOR VALUES IN (2)",
        "INSERT INTO shop.orders (id) VALUES (1)",
        one("partition-missing", "shop.orders", "attention"),
    ),
}
