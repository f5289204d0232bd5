"""Every fix for PostgreSQL, executed: the old statement fails before it and works after it."""

import psycopg
import pytest
from tests.unit.schema.fixes.broken import ID, KIND, NAME, Broken
from tests.unit.schema.fixes.broken_columns import COLUMNS
from tests.unit.schema.fixes.broken_constraints import CONSTRAINTS
from tests.unit.schema.fixes.broken_objects import OBJECTS

from smartspec_rollback.domain.catalog import (
    DefinedType,
    TypeKind,
)
from smartspec_rollback.schema.fixes import fix, guards
from smartspec_rollback.testing.schema_samples import case, table


@pytest.mark.parametrize(
    "broken", [*COLUMNS, *CONSTRAINTS, *OBJECTS], ids=lambda broken: broken.name
)
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
