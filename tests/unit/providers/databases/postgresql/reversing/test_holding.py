"""Which types hold all values of others, held against what a real server does."""

import psycopg
import pytest
from tests.unit.providers.databases.postgresql.looking import somebody

from smartspec_rollback.providers.databases.postgresql.reversing import state, values
from smartspec_rollback.providers.databases.postgresql.reversing.holding import holds

_NAMES = (
    *(
        "smallint",
        "integer",
        "bigint",
        "numeric",
        "numeric(10,2)",
        "numeric(12,4)",
        "numeric(11,2)",
    ),
    *("numeric(5,0)", "real", "double precision", "text", "varchar", "varchar(5)", "varchar(9)"),
    *("char(5)", "date", "timestamp", "timestamp(0)", "timestamptz", "time", "interval"),
    *(
        "boolean",
        "mood",
        "moods",
        "json",
        "jsonb",
        "uuid",
        "xml",
        "inet",
        "cidr",
        "positive",
        "bytea",
    ),
    *("text[]", "integer[]", "varchar(5)[]"),
)
_TYPES = """
CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TYPE moods AS ENUM ('a', 'b', 'c');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
"""


def test_a_type_that_holds_another_brings_every_edge_back(database: str) -> None:
    """A type is said to hold what it cuts, and a reversal that cuts is called lossless."""
    with somebody(database) as owner:
        owner.execute(_TYPES)
        columns = ", ".join(f"c{n} {name}" for n, name in enumerate(_NAMES))
        owner.execute(f"CREATE TABLE t ({columns})".encode())
        seen = state.read(owner)
        (table,) = seen.tables.values()
        pairs = 0
        for narrow, given in zip(_NAMES, table.stored, strict=True):
            for wide, to in zip(_NAMES, table.stored, strict=True):
                if narrow == wide or not holds(
                    seen, (to.type, to.modifier), seen, (given.type, given.modifier)
                ):
                    continue
                pairs += 1
                for value in values.edges(seen, given):
                    _comes_back(owner, value, narrow, wide)
    assert pairs > 40


def _comes_back(
    owner: "psycopg.Connection[tuple[object, ...]]", value: str, narrow: str, wide: str
) -> None:
    text = value.replace("'", "''").replace("\\", "\\\\")
    try:
        owner.execute(f"SELECT E'{text}'::{narrow}".encode())
    except psycopg.Error:
        return  # no value of this type here
    cast = f"E'{text}'::{narrow}"
    try:
        owner.execute("CREATE TEMP TABLE IF NOT EXISTS probe (n int)")
        owner.execute(f"CREATE TEMP TABLE kept AS SELECT {cast} AS v".encode())
        owner.execute(f"ALTER TABLE kept ALTER v TYPE {wide} USING v::text::{wide}".encode())
        query = f"SELECT v::text::{narrow}::text = ({cast})::text FROM kept"  # noqa: S608  # types of ours
        same = owner.execute(query.encode()).fetchone()
    finally:
        owner.execute("DROP TABLE IF EXISTS kept")
    assert same == (True,), (value, narrow, wide)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("bigint", "integer"),
        ("numeric(12,4)", "numeric(10,2)"),
        ("text", "varchar(9)"),
        ("varchar(9)", "varchar(5)"),
        ("json", "jsonb"),
        ("timestamp", "date"),
        ("timestamp", "timestamp(0)"),
        ("timestamptz", "timestamp"),
        ("moods", "mood"),
        ("integer", "positive"),
        ("numeric", "double precision"),
        ("integer", "boolean"),
    ],
)
def test_a_narrower_type_is_not_said_to_hold_a_wider_one(
    database: str, narrow: str, wide: str
) -> None:
    """A reversal that cuts values is called lossless."""
    with somebody(database) as owner:
        owner.execute(_TYPES)
        owner.execute(f"CREATE TABLE t (a {narrow}, b {wide})".encode())
        seen = state.read(owner)
    (table,) = seen.tables.values()
    a, b = table.stored
    assert not holds(seen, (b.type, b.modifier), seen, (a.type, a.modifier))
