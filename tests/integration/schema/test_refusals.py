"""What a real server refuses is placed at the change behind it.

Each case makes the old schema, records it and the old statement, changes the schema, lets the
server compile the statement (and run it where it still compiles), and looks at what is said of it.
"""

from dataclasses import dataclass

import psycopg
import pytest

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import Run, Statement, StatementText
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.database import PostgresqlDatabase
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.schema.rules import (
    access,
    collations,
    comments,
    domains,
    enums,
    functions,
    generated,
    migrations,
    partitions,
    row_security,
    runs,
    shapes,
    trials,
    triggers,
    views,
)
from smartspec_rollback.testing.schema_samples import case, said

EVERY = (
    access.findings,
    collations.findings,
    comments.findings,
    domains.findings,
    enums.findings,
    functions.findings,
    generated.findings,
    migrations.findings,
    partitions.findings,
    row_security.findings,
    runs.findings,
    shapes.findings,
    trials.findings,
    triggers.findings,
    views.findings,
)
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


def _recorded(database: PostgresqlDatabase, text: str) -> tuple[Statement, ...]:
    until = Deadline.after(SystemClock(), 60)
    texts = (StatementText(text=text, source="queries.sql:1"),)
    return database.describe(texts, database.catalog(deadline=until), deadline=until)


def _prepare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE reader LOGIN; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.execute(OLD.encode())
        connection.execute("GRANT SELECT ON items TO reader")


def _execute(url: str, ddl: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ddl.encode())


@pytest.mark.parametrize("name", COMPILING)
def test_what_the_server_refuses_to_compile(name: str, scratch: Scratch) -> None:
    """People would be told that something fails, but not which change did it, or nothing."""
    change = COMPILING[name]
    with scratch.database() as url:
        _prepare(url)
        asked = url.replace("postgres@", "reader@") if name == "privilege" else url
        database = PostgresqlDatabase.at(Sensitive(asked), clock=SystemClock())
        until = Deadline.after(SystemClock(), 60)
        before = database.catalog(deadline=until)
        recorded = _recorded(database, change.statement)
        assert recorded[0].worked is True, recorded[0].problem
        _execute(url, change.ddl)
        after = database.catalog(deadline=until)
        tried = database.trials(recorded, deadline=until)
    facts = case(before, after, *recorded, trials=tried)
    assert said((*trials.findings(facts), *shapes.findings(facts))) == change.expected


@pytest.mark.parametrize("name", RUNNING)
def test_what_the_server_refuses_to_run(name: str, scratch: Scratch) -> None:
    """A refused row must name its constraint, and made-up values must not prove too much."""
    change = RUNNING[name]
    with scratch.database() as url:
        _prepare(url)
        database = PostgresqlDatabase.at(Sensitive(url), clock=SystemClock())
        until = Deadline.after(SystemClock(), 60)
        before = database.catalog(deadline=until)
        recorded = _recorded(database, change.statement)
        _execute(url, change.ddl)
        after = database.catalog(deadline=until)
        with psycopg.connect(url) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(change.statement.encode())
    run = Run(
        statement=recorded[0].id,
        before=True,
        after=False,
        same=None,
        code=refused.value.sqlstate,
        message=str(refused.value.diag.message_primary),
    )
    facts = case(before, after, *recorded, runs=(run,))
    assert said(runs.findings(facts)) == change.expected


def test_the_same_schema_yields_nothing(database: str) -> None:
    """An alarm without a change would make people ignore the next."""
    _prepare(database)
    looked_at = PostgresqlDatabase.at(Sensitive(database), clock=SystemClock())
    until = Deadline.after(SystemClock(), 60)
    schema = looked_at.catalog(deadline=until)
    again = looked_at.catalog(deadline=until)
    recorded = _recorded(looked_at, "SELECT * FROM items JOIN cheap USING (id)")
    facts = case(schema, again, *recorded, trials=looked_at.trials(recorded, deadline=until))
    assert [finding for rule in EVERY for finding in rule(facts)] == []
