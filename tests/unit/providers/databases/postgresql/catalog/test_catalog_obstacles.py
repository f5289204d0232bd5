"""Schemas read from real servers in spite of locks, missing rights, changes and sheer size."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.unit.providers.databases.postgresql.schemas import OBJECTS, look, make, relation

from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.providers.databases.postgresql.catalog import reader as reading
from smartspec_rollback.providers.databases.postgresql.connection import Session
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch


def test_role_without_any_privilege(database: str) -> None:
    """A schema nobody may look into looks empty, or makes the tool fail."""
    make(
        database,
        """
        DROP ROLE IF EXISTS stranger; DROP ROLE IF EXISTS team;
        CREATE ROLE team; CREATE ROLE stranger LOGIN IN ROLE team;
        CREATE TABLE items (id integer);
        INSERT INTO items VALUES (1);
        """,
    )
    catalog = look(database.replace("postgres@", "stranger@"))
    items = relation(catalog, "public.items")
    assert [each.name for each in items.columns] == ["id"]
    assert items.empty is None
    assert (catalog.role, catalog.superuser) == ("stranger", False)
    assert set(catalog.member_of) == {"stranger", "team"}


def test_rows_hidden_from_us_are_no_emptiness(database: str) -> None:
    """Row security hides all rows from us, and the table passes for empty."""
    make(
        database,
        """
        DROP ROLE IF EXISTS hidden_from;
        CREATE ROLE hidden_from LOGIN;
        CREATE TABLE items (id integer);
        INSERT INTO items VALUES (1);
        GRANT SELECT ON items TO hidden_from;
        ALTER TABLE items ENABLE ROW LEVEL SECURITY;
        """,
    )
    catalog = look(database.replace("postgres@", "hidden_from@"))
    assert relation(catalog, "public.items").empty is None
    make(database, "DROP OWNED BY hidden_from; DROP ROLE hidden_from")


def test_names_are_looked_up_as_the_application_does(database: str) -> None:
    """One tenant's table is taken for another's."""
    make(
        database,
        """
        DROP ROLE IF EXISTS tenant_app;
        CREATE ROLE tenant_app;
        CREATE SCHEMA tenant_1; CREATE SCHEMA tenant_2;
        GRANT USAGE ON SCHEMA tenant_1, tenant_2 TO tenant_app;
        ALTER ROLE tenant_app SET search_path = missing, tenant_2, public;
        CREATE TABLE tenant_1.items (id integer);
        CREATE TABLE tenant_2.items (id bigint);
        """,
    )
    as_role = look(database, role="tenant_app")
    assert (as_role.role, as_role.search_path) == ("tenant_app", ("tenant_2", "public"))
    found = as_role.find("items")
    assert found is not None
    assert found.qualified == "tenant_2.items"
    configured = look(database, search_path=("tenant_1",))
    assert configured.search_path == ("tenant_1",)
    make(database, "DROP OWNED BY tenant_app; DROP ROLE tenant_app")


def test_only_the_schemas_asked_for(database: str) -> None:
    """A thousand tenants are read where one was meant, or a misspelled one seems to be empty."""
    make(
        database,
        """
        CREATE SCHEMA one; CREATE SCHEMA two;
        CREATE TABLE one.items (id integer PRIMARY KEY); CREATE TABLE two.items (id integer);
        CREATE TYPE two.mood AS ENUM ('sad');
        CREATE TABLE one.lines (item integer REFERENCES one.items);
        """,
    )
    catalog = look(database, schemas=("one", "three"))
    assert [each.qualified for each in catalog.relations] == ["one.items", "one.lines"]
    assert catalog.schemas == ("one",)
    assert catalog.types == ()
    assert catalog.notes == ("the schema three does not exist",)


def test_objects_of_extensions_are_marked(postgres15: Scratch) -> None:
    """An extension's views and functions are compared as if the application had made them."""
    with postgres15.database() as url:
        make(url, "CREATE EXTENSION pg_stat_statements")
        catalog = look(url)
    assert relation(catalog, "public.pg_stat_statements").extension == "pg_stat_statements"
    functions = [each for each in catalog.functions if each.name.startswith("pg_stat")]
    assert functions
    assert {each.extension for each in functions} == {"pg_stat_statements"}
    assert {each.definition for each in functions} == {None}
    assert "pg_stat_statements" in [each.name for each in catalog.extensions]


def test_locked_table_is_not_waited_for(database: str) -> None:
    """While a migration runs, we hang or keep the application's queries waiting behind us."""
    make(database, "CREATE TABLE items (id integer CHECK (id > 0)); CREATE TABLE other ()")
    with psycopg.connect(database) as migration:
        migration.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ProviderUnavailable) as caught:
            look(database)
        waiting = migration.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    assert waiting == (0,)
    assert "public.items" in str(caught.value)
    assert caught.value.remedy
    assert look(database).relation("public.items") is not None


def test_schema_that_changes_meanwhile_is_read_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the old schema and half of the new one are taken for one schema."""
    make(database, "CREATE TABLE items (id integer)")
    notes = reading._Reading._notes
    changes = iter(["ALTER TABLE items ADD COLUMN name text"])

    def change(self: Any, schemas: tuple[str, ...]) -> Iterator[str]:
        for script in changes:
            make(database, script)
        return notes(self, schemas)

    monkeypatch.setattr(reading._Reading, "_notes", change)
    items = relation(look(database), "public.items")
    assert [each.name for each in items.columns] == ["id", "name"]


def test_schema_that_never_stands_still_is_unavailable(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mixture of two schemas is returned, or reading never ends."""
    seen = iter(range(100))
    monkeypatch.setattr(reading._Reading, "fingerprint", lambda _: next(seen))
    monkeypatch.setattr(reading, "_PAUSE", 0)
    with pytest.raises(ProviderUnavailable, match="changes"):
        look(database)


def test_queries_do_not_grow_with_the_tables(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema of ten thousand tables takes ten thousand queries."""
    asked: list[int] = []
    transaction = Session.transaction

    def counted(self: Session, **options: Any) -> Any:
        asked[-1] += 1
        return transaction(self, **options)

    monkeypatch.setattr(Session, "transaction", counted)
    for tables in (2, 1500):
        loop = "CREATE TABLE t{0}_%s (id serial PRIMARY KEY, a int DEFAULT 3 CHECK (a > 0))"
        make(
            database,
            f"""DO $$ BEGIN FOR i IN 1..{tables} LOOP
                EXECUTE format('{loop.format(tables)}', i); END LOOP; END $$""",
        )
        asked.append(0)
        catalog = look(database)
    assert len(catalog.relations) == 1502
    assert asked[0] == asked[1] < 30


def test_large_schema_is_cut_without_a_gap(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one slice ends and the next begins, a table loses its columns or its constraints."""
    make(database, OBJECTS)
    whole = look(database)
    for size in (1, 2, 5):
        monkeypatch.setattr(reading, "_RELATIONS_AT_ONCE", size)
        monkeypatch.setattr(reading, "_VIEWS_AT_ONCE", size)
        assert look(database) == whole
