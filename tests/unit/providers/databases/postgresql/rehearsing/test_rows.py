"""Rows of scratch copies: constraints hold, given rows are kept, and emptiness is named."""

from collections.abc import Mapping

import pytest
from tests.unit.providers.databases.postgresql.copied import recorded, soon
from tests.unit.providers.databases.postgresql.many_schemas import SCHEMAS

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.providers.databases.postgresql.rehearsing import rows
from smartspec_rollback.providers.databases.postgresql.rehearsing.rows import Row
from smartspec_rollback.providers.databases.postgresql.scratch import contents, copies
from smartspec_rollback.providers.databases.postgresql.scratch.materialise import materialise
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

NOT_TO_FILL = {"row security", "privileges", "owners", "mutual functions", "triggers"}
"""Schemas whose own rules refuse every row, or that need roles."""


def filled(
    server: Scratch, ddl: str, given: Mapping[str, tuple[Row, ...]] | None = None
) -> tuple[Catalog, tuple[str, ...], dict[str, tuple[Row, ...]]]:
    """Fill a copy; give the tables in want of rows, and the rows there are."""
    catalog, _ = recorded(server, ddl)
    with copies.empty(server, [catalog]) as name, copies.opened(server, name) as connection:
        assert materialise(catalog, connection) == ()
        short = rows.fill(connection, catalog, given or {}, soon())
        contents.advance(connection, catalog)
        contents.refresh(connection, catalog)
        return catalog, short, contents.held(connection, catalog)


@pytest.mark.parametrize("schema", sorted(SCHEMAS.keys() - NOT_TO_FILL))
def test_tables_of_many_shapes_get_rows(scratch: Scratch, schema: str) -> None:
    """Statements would run on empty tables and find nothing wrong."""
    catalog, short, held = filled(scratch, SCHEMAS[schema])
    assert short == ()
    tables = [r for r in catalog.relations if r.kind in {"table", "partitioned table"}]
    assert all(held[r.qualified] for r in tables if r.partition_of is None)


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE a (s text CHECK (s IN ('open', 'shut')), n int CHECK (n BETWEEN 50 AND 60))",
        "CREATE TABLE a (x int, y int, CHECK ((x IS NULL) <> (y IS NULL)))",
        "CREATE TABLE a (x int, y int, z int, CHECK (num_nonnulls(x, y, z) = 1))",
        "CREATE TABLE a (h bytea NOT NULL CHECK (octet_length(h) = 32))",
        "CREATE TABLE a (id int PRIMARY KEY, up int NOT NULL REFERENCES a)",
        "CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%'); CREATE TABLE a (m mail NOT NULL)",
        "CREATE TABLE a (code char(2) UNIQUE, n numeric(3, 2), v varchar(3) NOT NULL UNIQUE)",
        "CREATE TABLE a (p int, q int, PRIMARY KEY (p, q), k uuid DEFAULT gen_random_uuid())",
        (
            "CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);"
            "CREATE TABLE a (b int REFERENCES b, c int REFERENCES c, PRIMARY KEY (b, c))"
        ),
    ],
)
def test_what_constraints_demand_is_found(scratch: Scratch, ddl: str) -> None:
    """The tables that matter most have checks and keys, and would stay empty."""
    _, short, held = filled(scratch, ddl)
    assert (short, bool(held["public.a"])) == ((), True)


def test_what_takes_no_row_is_named(scratch: Scratch) -> None:
    """An empty table would be taken for a table on which everything is fine."""
    _, short, held = filled(
        scratch, "CREATE TABLE a (n int CHECK (n * n = 169169)); CREATE TABLE b (n int NOT NULL)"
    )
    assert (short, len(held["public.b"])) == ((), 3)
    _, short, _ = filled(scratch, "CREATE TABLE a (n int NOT NULL CHECK (n * n = 6765201))")
    assert short == ("public.a",)


def test_given_rows_are_kept_as_they_are(scratch: Scratch) -> None:
    """Recorded rows would be changed on the way, and judge something else."""
    given: dict[str, tuple[Row, ...]] = {
        "public.a": (
            {"id": "41", "name": "it's \\ \"", "gone": "x", "note": None},
            {"id": "42", "name": "", "gone": "y", "note": "n"},
        ),
        "public.b": ({"id": "1", "a_id": "42"},),
    }
    _, short, held = filled(
        scratch,
        "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,"
        " note text DEFAULT 'default', more int NOT NULL);"
        "CREATE TABLE b (id int, a_id int REFERENCES a)",
        given,
    )
    assert short == ()
    assert [(r["id"], r["name"], r["note"]) for r in held["public.a"]] == [
        ("41", "it's \\ \"", None),
        ("42", "", "n"),
    ]
    assert [dict(r) for r in held["public.b"]] == [{"id": "1", "a_id": "42"}]


def test_given_rows_in_a_circle_find_each_other(scratch: Scratch) -> None:
    """A row that refers to one inserted later would be lost, and its absence held against B."""
    given: dict[str, tuple[Row, ...]] = {
        "public.a": ({"id": "1", "b_id": "2"},),
        "public.b": ({"id": "2", "c_id": None},),
    }
    ddl = (
        "CREATE TABLE a (id int PRIMARY KEY, b_id int);"
        "CREATE TABLE b (id int PRIMARY KEY, c_id int REFERENCES a);"
        "ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b"
    )
    _, short, held = filled(scratch, ddl, given)
    assert (short, dict(held["public.a"][0])) == ((), {"id": "1", "b_id": "2"})


def test_a_given_row_that_does_not_fit_is_named(scratch: Scratch) -> None:
    """A lost row would count as a difference the new schema makes."""
    _, short, held = filled(
        scratch, "CREATE TABLE a (id int PRIMARY KEY)", {"public.a": ({"id": "x"}, {"id": "7"})}
    )
    assert (short, [dict(r) for r in held["public.a"]]) == (("public.a",), [{"id": "7"}])
