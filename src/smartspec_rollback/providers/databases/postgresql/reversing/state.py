"""What a scratch database holds: every row as the server spells it, and what guards it.

Read by ``reversal`` before and after each script. Relations and columns are known by the server's
own numbers, so that renaming one is seen as what it is. Computed columns are left out: they say
nothing that other columns don't.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeAlias

import psycopg
from psycopg import sql

from smartspec_rollback.errors import UsageError

Connection = psycopg.Connection[tuple[Any, ...]]
Cell: TypeAlias = bytes | None
MOST_CELLS = 2_000_000
"""Values that are compared at most."""

_TABLES = """
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relispartition,
       coalesce(pg_get_expr(c.relpartbound, c.oid), '') || coalesce(pg_get_partkeydef(c.oid), ''),
       coalesce((SELECT i.indkey::int2[]::int[] FROM pg_index AS i
                 WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid), '{}')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_temp\\_%%'
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attrelid, a.attnum::int, a.attname::text, a.atttypid, a.atttypmod,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
       a.attidentity::text, coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
  AND a.attrelid = ANY(%s)
ORDER BY a.attrelid, a.attnum
"""
_CONSTRAINTS = """
SELECT c.oid, c.conrelid, c.conname::text, c.contype::text, coalesce(c.conkey, '{}')::int[],
       c.confrelid, coalesce(c.confkey, '{}')::int[], pg_get_constraintdef(c.oid)
FROM pg_constraint AS c
WHERE c.conrelid = ANY(%(tables)s) AND c.contype IN ('c', 'p', 'u', 'x', 'f')
UNION ALL
SELECT i.indexrelid, i.indrelid, c.relname::text, 'u', i.indkey::int2[]::int[], 0, '{}',
       pg_get_indexdef(i.indexrelid)
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY(%(tables)s) AND i.indisunique
  AND NOT EXISTS (SELECT FROM pg_constraint AS x WHERE x.conindid = i.indexrelid
                  AND x.contype IN ('p', 'u'))
ORDER BY 1
"""
_TYPES = """
SELECT t.oid, format_type(t.oid, NULL), t.typname::text, n.nspname::text, t.typtype::text,
       t.typcategory::text, t.typelem,
       t.typbasetype, t.typtypmod, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = t.oid
             ORDER BY e.enumsortorder),
       ARRAY(SELECT e.oid::int8 FROM pg_enum AS e WHERE e.enumtypid = t.oid
             ORDER BY e.enumsortorder),
       ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_constraint AS k WHERE k.contypid = t.oid)
FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.oid = ANY(%s) OR t.typtype IN ('d', 'e')
"""
_REACTIONS = """
SELECT count(*) FROM (
    SELECT t.oid FROM pg_trigger AS t WHERE NOT t.tgisinternal
    UNION ALL
    SELECT r.oid FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
) AS reactions
"""


@dataclass(frozen=True, slots=True)
class Type:
    """One type of the server. ``labels`` (of an enum) come with their own numbers, ``codes``."""

    oid: int
    spelled: str
    name: str
    schema: str
    kind: str
    category: str
    element: int
    base: int
    base_modifier: int
    base_spelled: str
    not_null: bool
    labels: tuple[str, ...]
    codes: tuple[int, ...]
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``number`` stays the same when it is renamed, ``type`` is a type's oid."""

    number: int
    name: str
    type: int
    modifier: int
    spelled: str
    not_null: bool
    generated: bool
    identity: str
    default: str


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint or unique index; ``kind`` is c, p, u, x or f as the server has it."""

    oid: int
    table: int
    name: str
    kind: str
    columns: tuple[int, ...]
    references: int
    referenced: tuple[int, ...]
    definition: str


@dataclass(frozen=True)
class Table:
    """One table with its rows. ``rows`` hold the values of ``columns`` but the computed ones."""

    oid: int
    schema: str
    name: str
    kind: str
    partition: bool
    bounds: str
    key: tuple[int, ...]
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()

    @property
    def qualified(self) -> str:
        """Its name as catalogs spell it."""
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """Its name, quoted."""
        return sql.Identifier(self.schema, self.name)

    @cached_property
    def stored(self) -> tuple[Column, ...]:
        """The columns whose values ``rows`` hold, in that order."""
        return tuple(c for c in self.columns if not c.generated)

    @cached_property
    def places(self) -> Mapping[int, int]:
        """Where in a row a column's value is, by the column's number."""
        return {column.number: n for n, column in enumerate(self.stored)}

    def values(self, number: int) -> list[Cell]:
        """All values of one column."""
        place = self.places[number]
        return [row[place] for row in self.rows]


@dataclass(frozen=True)
class State:
    """Everything of a database that a reversal may lose or need. ``reactions``: triggers, rules."""

    tables: Mapping[int, Table]
    constraints: Mapping[int, Constraint]
    types: Mapping[int, Type]
    reactions: int = 0
    foreign: tuple[str, ...] = ()
    partitions: Mapping[int, Table] = field(default_factory=dict)

    def base(self, column: Column) -> tuple[Type, int]:
        """Give a column's type with its modifier, domains taken off."""
        type_, modifier = self.types[column.type], column.modifier
        while type_.kind == "d":
            modifier = type_.base_modifier if type_.base_modifier != -1 else modifier
            type_ = self.types[type_.base]
        return type_, modifier


def read(connection: Connection, *, only: frozenset[int] | None = None) -> State:
    """Read the whole state; ``only`` these tables' rows, where given."""
    tables: dict[int, Table] = {}
    partitions: dict[int, Table] = {}
    foreign = []
    for oid, schema, name, kind, partition, bounds, key in connection.execute(
        _TABLES.replace("%%", "%")
    ):
        table = Table(int(oid), schema, name, kind, partition, bounds, tuple(key))
        if kind == "f":
            foreign.append(table.qualified)
        elif partition:
            partitions[table.oid] = table
        else:
            tables[table.oid] = table
    columns: dict[int, list[Column]] = {oid: [] for oid in tables}
    for owner, *rest in connection.execute(_COLUMNS, (list(tables),)):
        columns[int(owner)].append(Column(*rest))
    cells = 0
    for oid, table in tables.items():
        bare = replace(table, columns=tuple(columns[oid]))
        rows = _rows(connection, bare) if only is None or oid in only else ()
        cells += len(rows) * len(bare.stored)
        if cells > MOST_CELLS:
            raise UsageError(
                f"the schema's rows have more than {MOST_CELLS:,} values",
                remedy="give a schema without rows, or with fewer",
            )
        tables[oid] = replace(bare, rows=rows)
    reactions = connection.execute(_REACTIONS).fetchone()
    return State(
        tables=tables,
        constraints=_constraints(connection, [*tables, *partitions]),
        types=_types(connection, chain.from_iterable(columns.values())),
        reactions=int(reactions[0]) if reactions else 0,
        foreign=tuple(foreign),
        partitions=partitions,
    )


def _rows(connection: Connection, table: Table) -> tuple[tuple[Cell, ...], ...]:
    """Read all rows as the server spells them, with no cast that anybody could have defined."""
    if not table.stored:
        count = connection.execute(
            sql.SQL("SELECT count(*) FROM ONLY {}").format(table.identifier)
        ).fetchone()
        return ((),) * (int(count[0]) if count else 0)
    names = sql.SQL(", ").join([sql.Identifier(column.name) for column in table.stored])
    only = sql.SQL("") if table.kind == "p" else sql.SQL("ONLY ")
    cursor = connection.execute(
        sql.SQL("SELECT {} FROM {}{}").format(names, only, table.identifier)
    )
    result = cursor.pgresult
    if result is None:
        return ()
    width = range(result.nfields)
    return tuple(tuple(result.get_value(n, m) for m in width) for n in range(result.ntuples))


def _constraints(connection: Connection, tables: list[int]) -> dict[int, Constraint]:
    found = connection.execute(_CONSTRAINTS, {"tables": tables})
    return {
        int(oid): Constraint(
            int(oid), int(table), name, kind, tuple(columns), int(target), tuple(keys), definition
        )
        for oid, table, name, kind, columns, target, keys, definition in found
    }


def _types(connection: Connection, columns: Iterable[Column]) -> dict[int, Type]:
    """Read the types of columns, of their elements and of what domains stand for."""
    types: dict[int, Type] = {}
    wanted = {column.type for column in columns}
    while wanted:
        for row in connection.execute(_TYPES, (list(wanted),)):
            types[int(row[0])] = _type(row)
        inner = {each for t in types.values() for each in (t.element, t.base) if each}
        wanted = inner - types.keys()
    return types


def _type(row: tuple[Any, ...]) -> Type:
    values: list[Any] = [tuple(each) if isinstance(each, list) else each for each in row]
    return Type(*values)


def recast(connection: Connection, values: list[Cell], spelled: str) -> list[Cell] | None:
    """Read values, as the server spelled them, as values of another type, spelled again.

    None where that type is no more, or does not take one of them.
    """
    texts = [None if value is None else value.decode() for value in values]
    query = sql.SQL(
        "SELECT (v::{})::text FROM unnest(%s::text[]) WITH ORDINALITY AS each(v, n) ORDER BY n"
    ).format(sql.SQL(spelled))
    try:
        rows = connection.execute(query, (texts,)).fetchall()
    except psycopg.Error:
        return None
    return [None if row[0] is None else str(row[0]).encode() for row in rows]
