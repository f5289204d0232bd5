"""Make up rows in a scratch database, as many different ones as its constraints let in.

Used by ``preparing`` and ``trying``: before the migration a few ordinary rows, after it everything
the new version could write: every column at the edges of its type, NULL where allowed, duplicates,
changed values in rows that were there. Every write is tried by itself; what a constraint refuses is
no value the new version could write. Whatever could not be written shows in the rows, and is not
tested.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, product

import psycopg
from psycopg import sql

from smartspec_rollback.providers.databases.postgresql.rehearsing.invent import Inventor
from smartspec_rollback.providers.databases.postgresql.reversing import values
from smartspec_rollback.providers.databases.postgresql.reversing.state import (
    Column,
    Connection,
    State,
    Table,
)

DEFAULT = object()
"""Stands for a value that is left to the column's default."""

_PLAIN_ROWS = 3
_TRIES = 60
_SERIAL = "nextval("


@dataclass
class Writer:
    """Writes made-up rows as the owner of the tables; ``check`` raises when the time is over."""

    connection: Connection
    state: State
    check: Callable[[], None]
    numbers: Iterator[int]
    constants: tuple[str, ...] = ()
    written: int = 0
    _inventor: Inventor = field(init=False)
    _rows: dict[int, list[dict[str, object]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._inventor = values.inventor(self.state)

    def ordinary(self, *, nulls: bool, thorough: frozenset[int] = frozenset()) -> None:
        """Write a few ordinary rows into every table that has none, unusual ones into some."""
        for table in self._in_order():
            for _ in range(_PLAIN_ROWS - 1 if not table.rows else 0):
                self._insert_plain(table)
            if nulls and not table.rows:
                self._vary(table, {c.name: None for c in table.stored if _may_be_null(c)})
            for column in table.stored if table.oid in thorough else ():
                self.column(table, column)

    def everything(self, thorough: frozenset[int]) -> None:
        """Write ordinary rows into every table, and all we can think of into ``thorough``."""
        for table in self._in_order():
            for _ in range(_PLAIN_ROWS - 1):
                self._insert_plain(table)
            if table.oid in thorough:
                for column in table.stored:
                    self.column(table, column)
                self.duplicate(table)
                self._change(table)

    def column(self, table: Table, column: Column) -> None:
        """Write rows that differ from ordinary ones in one column only."""
        tried = [*values.edges(self.state, column), *self.constants]
        if not column.not_null:
            self._vary(table, {column.name: None})
        for value in dict.fromkeys(tried):
            self._vary(table, {column.name: value})

    def _in_order(self) -> list[Table]:
        """Order tables so that those pointed at come first, as far as that goes."""
        needs: dict[int, set[int]] = {oid: set() for oid in self.state.tables}
        for each in self.state.constraints.values():
            if each.kind == "f" and each.table in needs and each.references != each.table:
                needs[each.table].add(each.references)
        ordered: list[Table] = []
        while needs:
            free = [oid for oid, others in needs.items() if not others & needs.keys()]
            for oid in free or [next(iter(needs))]:
                ordered.append(self.state.tables[oid])
                del needs[oid]
        return ordered

    def _insert_plain(self, table: Table) -> None:
        row = self._insert(table, self._plain(table))
        if row is not None:
            self._rows.setdefault(table.oid, []).append(row)

    def _vary(self, table: Table, changes: dict[str, object]) -> None:
        """Insert an ordinary row with some values put in; what is refused is left out."""
        self._insert(table, self._plain(table) | changes, keep=frozenset(changes))

    def _plain(self, table: Table) -> dict[str, object]:
        """Make up an ordinary row; foreign keys point at rows that are there."""
        n = next(self.numbers)
        row: dict[str, object] = {}
        for column in table.stored:
            if column.identity or column.default.startswith(_SERIAL):
                row[column.name] = DEFAULT
            else:
                value = self._inventor.value(column.spelled, n)
                row[column.name] = DEFAULT if value is None and column.default else value
        last = self._rows.get(table.oid, [{}])[-1]
        row |= {name: value for name, value in last.items() if name in self._repaired(table)}
        return row | self._keys(table, n)

    def _repaired(self, table: Table) -> frozenset[str]:
        """Name the columns bound by a CHECK: a value it took once is taken again."""
        checks = (c for c in self.state.constraints.values() if c.table == table.oid)
        bound = {n for c in checks if c.kind == "c" for n in c.columns}
        unique = {
            n
            for c in self.state.constraints.values()
            if c.table == table.oid and c.kind in "pux"
            for n in c.columns
        }
        return frozenset(c.name for c in table.stored if c.number in bound - unique)

    def _keys(self, table: Table, n: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for each in self.state.constraints.values():
            target = self.state.tables.get(each.references)
            if each.kind != "f" or each.table != table.oid or target is None:
                continue
            names = {c.number: c.name for c in target.columns}
            mine = {c.number: c.name for c in table.columns}
            picked = self._pick(target, [names[number] for number in each.referenced], n)
            pairs = zip(each.columns, picked or (None,) * len(each.columns), strict=True)
            found |= {mine[number]: value for number, value in pairs}
        return found

    def _pick(self, table: Table, columns: list[str], n: int) -> tuple[object, ...] | None:
        """Take the key of one of the first rows, or of a later one: some rows share a parent."""
        names = sql.SQL(", ").join([sql.SQL("{}::text").format(sql.Identifier(c)) for c in columns])
        filled = sql.SQL(" AND ").join(
            [sql.SQL("{} IS NOT NULL").format(sql.Identifier(c)) for c in columns]
        )
        query = sql.SQL("SELECT {} FROM {} WHERE {} LIMIT 3").format(
            names, table.identifier, filled
        )
        try:
            rows = self.connection.execute(query).fetchall()
        except psycopg.Error:
            self.check()
            return None
        return rows[n % len(rows)] if rows else None

    def _insert(
        self, table: Table, row: dict[str, object], *, keep: frozenset[str] = frozenset()
    ) -> dict[str, object] | None:
        """Insert a row, changing what a constraint refuses but never what is to be kept."""
        alternatives = self._alternatives(table, row, keep)
        for changes in chain([{}], alternatives):
            changed = row | changes
            error = self._execute(_insertion(table, changed))
            if error is None:
                self.written += 1
                return changed
            if error.sqlstate not in ("23514", "23505", "23502", "23503", "23P01", "22001"):
                return None
        return None

    def _alternatives(
        self, table: Table, row: dict[str, object], keep: frozenset[str]
    ) -> Iterator[dict[str, object]]:
        """Give other values for the columns that constraints speak of, from what these name."""
        asked = self._options(table, row, keep)
        if any(c.default and c.name not in keep for c in table.stored):
            yield {c.name: DEFAULT for c in table.stored if c.default and c.name not in keep}
        names = list(asked)
        for n, choice in enumerate(product(*(dict.fromkeys(asked[name]) for name in names))):
            if n >= _TRIES:
                return
            yield dict(zip(names, choice, strict=True))

    def _options(
        self, table: Table, row: dict[str, object], keep: frozenset[str]
    ) -> dict[str, list[object]]:
        """Collect what each column bound by a constraint or a domain's check might be instead."""
        n = next(self.numbers)
        asked: dict[str, list[object]] = {}
        demands = [c for c in self.state.constraints.values() if c.table == table.oid]
        for column in table.stored:
            mine = [c for c in demands if column.number in c.columns and c.kind != "p"]
            if column.name in keep or not (mine or self.state.types[column.type].checks):
                continue
            checks = (c.definition for c in mine if c.kind == "c")
            asked[column.name] = [
                row[column.name],
                *self._inventor.candidates(column.spelled, n, checks),
                *([] if column.not_null else [None]),
            ]
        return asked

    def duplicate(self, table: Table) -> None:
        """Copy a row: once as it is, once under another key, once column by column."""
        query = sql.SQL("SELECT {} FROM {} LIMIT 1").format(_texts(table.stored), table.identifier)
        try:
            first = self.connection.execute(query).fetchone()
        except psycopg.Error:
            return
        if first is None:
            return
        copy = dict(zip((c.name for c in table.stored), first, strict=True))
        self._try(_insertion(table, copy))
        plain = self._plain(table)
        keys = {c.name for c in table.stored if c.number in table.key}
        self._try(_insertion(table, copy | {k: v for k, v in plain.items() if k in keys}))
        for name, value in copy.items():
            if name not in keys:
                self._vary(table, {name: value})

    def _change(self, table: Table) -> None:
        """Change each column of a row that is there, if need be of each kind of row."""
        for column in table.stored:
            if column.number in table.key or column.identity == "a":
                continue
            value = self._inventor.value(column.spelled, next(self.numbers))
            for each in (value, *values.edges(self.state, column)[:1]):
                if each is None:
                    continue
                self._try(
                    sql.SQL(
                        "UPDATE {table} SET {column} = {value} "
                        "WHERE ctid = (SELECT ctid FROM {table} LIMIT 1)"
                    ).format(
                        table=table.identifier,
                        column=sql.Identifier(column.name),
                        value=sql.Literal(each),
                    )
                )

    def _try(self, query: sql.Composed) -> None:
        if self._execute(query) is None:
            self.written += 1

    def _execute(self, query: sql.Composed) -> psycopg.Error | None:
        """Execute one write; on failure give the error, the connection being usable again."""
        self.check()
        inside = self.connection.info.transaction_status.name == "INTRANS"
        try:
            if inside:
                with self.connection.transaction():
                    self.connection.execute(query)
            else:
                self.connection.execute(query)
        except psycopg.Error as error:
            self.check()
            return error
        return None


def _insertion(table: Table, row: dict[str, object]) -> sql.Composed:
    given = {name: value for name, value in row.items() if value is not DEFAULT}
    if not given:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(table.identifier)
    return sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        table.identifier,
        sql.SQL(", ").join(map(sql.Identifier, given)),
        sql.SQL(", ").join(map(sql.Literal, given.values())),
    )


def _texts(columns: Sequence[Column]) -> sql.Composed:
    return sql.SQL(", ").join([sql.SQL("{}::text").format(sql.Identifier(c.name)) for c in columns])


def _may_be_null(column: Column) -> bool:
    return not column.not_null and not column.identity
