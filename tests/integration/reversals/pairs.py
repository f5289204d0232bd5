"""Up and down migrations over the whole taxonomy, each with what the oracle writes in between.

More than 300 pairs, right, wrong, lossy and empty ones, made from tables of cases. ``kept`` says
which rows have to be the same: a query on the new schema, and its counterpart on the old one (None:
the old schema has no place for them, so any row there is lost).
"""

# ruff: noqa: S608 - these texts are SQL of ours

from collections.abc import Iterator
from dataclasses import dataclass

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE TABLE owners (id int PRIMARY KEY, email text NOT NULL UNIQUE, phone text);
CREATE TABLE items (
    id int PRIMARY KEY, name text, code varchar(20), qty int NOT NULL DEFAULT 1 CHECK (qty > -100),
    price numeric(10, 2), made timestamp, flag boolean NOT NULL DEFAULT false, mood mood,
    note text, doc jsonb, owner_id int REFERENCES owners ON DELETE CASCADE
);
CREATE INDEX items_name ON items (name);
CREATE VIEW cheap AS SELECT id, name FROM items WHERE price < 10;
"""
SEED = """
INSERT INTO owners VALUES (1, 'ann@x', '+31 6'), (2, 'bob@x', NULL);
INSERT INTO items VALUES
    (1, 'Lamp', 'L-1', 3, 9.99, '2023-05-06 07:08:09.5', true, 'calm', 'n1', '{"k": 1}', 1),
    (2, 'Chair', 'C-22', 5, 120.50, '1999-12-31 23:59:59', false, 'wild', NULL, NULL, NULL);
"""
ITEM = "INSERT INTO items (id, name, qty) VALUES (70, 'Desk', 4)"
ALL = "SELECT id, name, code, qty, price, made, flag, mood::text, note, doc, owner_id FROM items"
OWNERS = "SELECT id, email, phone FROM owners"
GONE = "SELECT id FROM items WHERE false"
"""Stands on the new schema for what only the old one holds."""

KEPT: tuple[tuple[str, str | None], ...] = ((ALL, ALL), (OWNERS, OWNERS))


@dataclass(frozen=True)
class Pair:
    """One migration with its reversal, and how the oracle tries it."""

    name: str
    up: str
    down: str
    writes: tuple[str, ...] = (ITEM,)
    kept: tuple[tuple[str, str | None], ...] = KEPT


_ADDED = {
    "text": "'free words'",
    "varchar(9)": "'nine'",
    "int": "41",
    "bigint": "7000000000",
    "smallint": "12",
    "numeric(8,3)": "3.125",
    "boolean": "true",
    "date": "'2020-02-02'",
    "timestamptz": "'2020-02-02 03:04:05+00'",
    "interval": "'3 hours'",
    "uuid": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
    "jsonb": "'{\"deep\": [1, 2]}'",
    "text[]": "'{x,y}'",
    "bytea": "'\\xbeef'",
    "inet": "'10.1.2.3'",
    "mood": "'wild'",
    "double precision": "0.125",
    "int4range": "'[3,9)'",
}
_WITH = {"": "", "default": " DEFAULT {}", "not null": " NOT NULL DEFAULT {}"}


def _columns() -> Iterator[Pair]:
    for type_, value in _ADDED.items():
        for kind, words in _WITH.items():
            default = words.format("NULL" if kind == "default" else value)
            yield Pair(
                f"add {type_} {kind}",
                f"ALTER TABLE items ADD COLUMN extra {type_}{default}",
                "ALTER TABLE items DROP COLUMN extra",
                (f"INSERT INTO items (id, name, extra) VALUES (71, 'x', {value})",),
                (*KEPT, ("SELECT extra::text FROM items WHERE extra IS NOT NULL", None)),
            )
    for column, again in _DROPPED.items():
        cut = f"ALTER TABLE items DROP COLUMN {column}"
        add = f"ALTER TABLE items ADD COLUMN {column} {again}"
        kept = ALL.replace(f" {column}::text,", "").replace(f" {column},", "")
        yield Pair(
            f"drop {column}",
            script(*_without_view(column, cut)),
            script(*_with_view(column, add)),
            kept=((kept, kept), (GONE, ALL)),
        )
        backup = f"CREATE TABLE old_{column} AS SELECT id, {column} FROM items"
        fill = (
            f"UPDATE items SET {column} = o.{column} FROM old_{column} AS o WHERE o.id = items.id"
        )
        for what, extra in _BACKUPS.items():
            yield Pair(
                f"drop {column} with a backup{what}",
                script(*_without_view(column, backup, cut)),
                script(*_with_view(column, add, extra or fill, f"DROP TABLE old_{column}")),
                kept=((kept, kept), (GONE, ALL)),
            )


_BACKUPS = {"": "", " that is not read": "SELECT 1"}
_DROPPED = {
    "code": "varchar(20)",
    "price": "numeric(10, 2)",
    "made": "timestamp",
    "note": "text",
    "doc": "jsonb",
    "mood": "mood",
}

# column, its type, the new type, USING of up and of down ("" without), what the oracle writes
_TYPES = [
    ("qty", "int", "bigint", "", "", "3000000000"),
    ("qty", "int", "bigint", "", "", "5"),
    ("qty", "int", "bigint", "", "least(qty, 2147483647)::int", "3000000000"),
    ("qty", "int", "smallint", "", "", "6"),
    ("qty", "int", "numeric", "", "", "1.5"),
    ("qty", "int", "numeric", "", "", "8"),
    ("qty", "int", "numeric", "", "round(qty)", "2.5"),
    ("qty", "int", "double precision", "", "", "2.75"),
    ("qty", "int", "real", "", "", "9"),
    ("code", "varchar(20)", "varchar(40)", "", "", "'twenty-five letters long.'"),
    ("code", "varchar(20)", "varchar(40)", "", "code::varchar(20)", "'twenty-five letters long.'"),
    ("code", "varchar(20)", "varchar(40)", "", "left(code, 20)", "'short'"),
    ("code", "varchar(20)", "varchar(21)", "", "left(code, 20)", "'exactly 21 characters'"),
    ("code", "varchar(20)", "text", "", "", "'twenty-five letters long.'"),
    ("code", "varchar(20)", "text", "", "substr(code, 1, 20)", "'twenty-five letters long.'"),
    ("code", "varchar(20)", "char(30)", "", "", "'abc  '"),
    ("code", "varchar(20)", "varchar(10)", "", "", "'tenletters'"),
    ("code", "varchar(20)", "varchar", "", "", "'fine'"),
    ("name", "text", "varchar", "", "", "'any length'"),
    ("name", "text", "varchar(100)", "", "", "'short enough'"),
    ("note", "text", "varchar(200)", "", "", "'short enough'"),
    ("note", "text", "jsonb", "to_jsonb(note)", "note #>> '{}'", "'\"x\"'"),
    ("note", "text", "jsonb", "to_jsonb(note)", "note::text", "'{\"a\": 1}'"),
    ("note", "text", "bytea", "convert_to(note, 'UTF8')", "encode(note, 'escape')", "'\\xff00'"),
    ("note", "text", "text[]", "ARRAY[note]", "note[1]", "'{one,two}'"),
    ("note", "text", "text[]", "ARRAY[note]", "array_to_string(note, ',')", "'{a,NULL,b}'"),
    ("note", "text", "char(50)", "", "", "'pad'"),
    ("price", "numeric(10,2)", "numeric(12,2)", "", "", "1234567890.10"),
    ("price", "numeric(10,2)", "numeric(12,4)", "", "", "1.2345"),
    ("price", "numeric(10,2)", "numeric(12,4)", "", "", "1.25"),
    ("price", "numeric(10,2)", "numeric", "", "", "0.333333"),
    ("price", "numeric(10,2)", "numeric", "", "price::numeric(10,2)", "0.125"),
    ("price", "numeric(10,2)", "double precision", "", "", "0.1"),
    ("price", "numeric(10,2)", "double precision", "", "", "0.12345"),
    ("price", "numeric(10,2)", "bigint", "(price * 100)::bigint", "price / 100.0", "1999"),
    ("price", "numeric(10,2)", "bigint", "(price * 100)::bigint", "price", "1999"),
    ("price", "numeric(10,2)", "int", "", "", "7"),
    ("price", "numeric(10,2)", "text", "", "price::numeric", "'12.50'"),
    ("price", "numeric(10,2)", "text", "", "price::numeric", "'twelve'"),
    ("price", "numeric(10,2)", "money", "price::money", "price::numeric", "5.25"),
    ("made", "timestamp", "timestamptz", "", "", "'2024-07-01 10:00:00+02'"),
    ("made", "timestamp", "timestamptz", "made AT TIME ZONE 'UTC'", "made AT TIME ZONE 'UTC'",
     "now()"),
    ("made", "timestamp", "date", "", "", "'2024-07-01'"),
    ("made", "timestamp", "timestamp(0)", "", "", "'2024-07-01 10:00:01'"),
    ("made", "timestamp", "text", "", "made::timestamp", "'2024-07-01 10:00:00'"),
    ("made", "timestamp", "text", "", "made::timestamp", "'tomorrowish'"),
    ("made", "timestamp", "bigint", "extract(epoch FROM made)::bigint", "to_timestamp(made)", "17"),
    ("flag", "boolean", "int", "flag::int", "flag::boolean", "3"),
    ("flag", "boolean", "int", "flag::int", "flag = 1", "2"),
    ("flag", "boolean", "text", "", "flag::boolean", "'yes'"),
    ("flag", "boolean", "text", "", "flag = 'true'", "'maybe'"),
    ("mood", "mood", "text", "", "mood::mood", "'sad'"),
    ("mood", "mood", "text", "", "mood::mood", "'calm'"),
    ("mood", "mood", "varchar(10)", "mood::text", "mood::mood", "'glad'"),
    ("mood", "mood", "int", "CASE mood WHEN 'calm' THEN 0 ELSE 1 END",
     "CASE WHEN mood = 0 THEN 'calm' ELSE 'wild' END::mood", "2"),
    ("doc", "jsonb", "json", "", "", "'{\"a\":1,\"a\":2}'"),
    ("doc", "jsonb", "json", "", "", "'{\"a\": 1}'"),
    ("doc", "jsonb", "text", "", "doc::jsonb", "'{\"b\": 1}'"),
    ("doc", "jsonb", "text", "", "doc::jsonb", "'not json'"),
]  # fmt: skip


def _types() -> Iterator[Pair]:
    for n, (column, old, new, up, down, value) in enumerate(_TYPES):
        default = {"qty": "1", "flag": "false"}.get(column)
        off = f"ALTER TABLE items ALTER COLUMN {column} DROP DEFAULT" if default else ""
        on = f"ALTER TABLE items ALTER COLUMN {column} SET DEFAULT {default}" if default else ""
        text = "::text" if new in _SPELLED else ""
        values = f"SELECT id, {column}{text} FROM items"
        others = (
            ALL.replace(" mood::text,", "") if column == "mood" else ALL.replace(f" {column},", "")
        )
        yield Pair(
            f"type {n}: {column} from {old} to {new}",
            script(*_without_view(column, off, _alter(column, new, up))),
            script(*_with_view(column, _alter(column, old, down), on)),
            (f"UPDATE items SET {column} = {value} WHERE id = 2",),
            ((values, values), (others, others), (OWNERS, OWNERS)),
        )


_SPELLED = ("json", "char(30)", "char(50)", "money")
"""Types whose values are compared as text."""

_VIEWED = ("name", "price")
VIEW = "CREATE VIEW cheap AS SELECT id, name FROM items WHERE price < 10"


def _without_view(column: str, *statements: str) -> tuple[str, ...]:
    """Take the view away before a column it needs is changed."""
    return ("DROP VIEW cheap", *statements) if column in _VIEWED else statements


def _with_view(column: str, *statements: str) -> tuple[str, ...]:
    """Make the view again after that."""
    return (*statements, VIEW) if column in _VIEWED else statements


def _alter(column: str, type_: str, using: str) -> str:
    words = f" USING {using}" if using else ""
    return f"ALTER TABLE items ALTER COLUMN {column} TYPE {type_}{words}"


def script(*statements: str) -> str:
    """Put statements together as a file has them."""
    return ";\n".join(filter(None, statements)) + ";\n"


def columns_and_types() -> tuple[Pair, ...]:
    """Give these pairs; names are unique."""
    return (*_columns(), *_types())
