"""Fill the tables of a scratch copy with a few rows that satisfy its constraints.

Called by ``rehearse``, as ``access.OWNER``. Rows are those recorded or copied, where there are
any, and else made up: parents before their children, candidates for what checks demand. A table
that takes none is named, so that nobody takes its emptiness for an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count, islice

import psycopg
from psycopg import pq

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    Relation,
    RelationKind,
)
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.naming import identifier, literal, quoted
from smartspec_rollback.providers.databases.postgresql.rehearsing.invent import Inventor

Connection = psycopg.Connection[tuple[object, ...]]
Row = Mapping[str, str | None]
Rows = Mapping[str, Sequence[Row]]
Values = Mapping[str, str | None]

PER_TABLE = 3
"""How many rows a table gets that has none; one more where others point at it, for new children."""

_ATTEMPTS = 60
FILLABLE = frozenset({RelationKind.TABLE, RelationKind.FOREIGN_TABLE, RelationKind.PARTITIONED})
_SAVE = b"RELEASE SAVEPOINT smartspec_row; SAVEPOINT smartspec_row"
"""Begin the next row; thousands of savepoints within each other would make each slower."""
_UNDO = b"ROLLBACK TO SAVEPOINT smartspec_row"
_WORTH_ANOTHER = frozenset({"23514", "23503", "22P02", "0A000"})
"""A check, a foreign key or a type refused a row: other values, or none, may be taken."""
_INVENTED_FROM = 1
_KEYS = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE})


def fill(
    connection: Connection, catalog: Catalog, given: Rows, deadline: Deadline
) -> tuple[str, ...]:
    """Give every table rows, from ``given`` by the names of columns or made up.

    Names the tables that stayed empty, or lost a given row.
    """
    filling = _Filling(connection, catalog)
    connection.execute("BEGIN; SET LOCAL statement_timeout = '2s'")
    path = ", ".join(identifier(schema) for schema in catalog.search_path) or "''"
    connection.execute(f"SET LOCAL search_path = {path}; SAVEPOINT smartspec_row".encode())
    short = [
        table.qualified
        for table in _parents_first(catalog)
        if deadline.expired or not filling.table(table, given.get(table.qualified, ()))
    ]
    mended = filling.again()
    connection.execute("COMMIT")
    return tuple(name for name in short if name not in mended)


def _parents_first(catalog: Catalog) -> Iterator[Relation]:
    """Order tables so that what foreign keys point at comes first; partitions fill themselves."""
    tables = {
        r.qualified: r
        for r in catalog.relations
        if r.kind in FILLABLE and r.extension is None and r.partition_of is None
    }
    waiting = dict(tables)
    while waiting:
        ready = [
            table
            for table in waiting.values()
            if not any(
                c.references in waiting and c.references != table.qualified
                for c in table.constraints
                if c.kind is ConstraintKind.FOREIGN_KEY and _demanded(table, c)
            )
        ]
        for table in ready or [next(iter(waiting.values()))]:
            del waiting[table.qualified]
            yield table


def _demanded(table: Relation, key: Constraint) -> bool:
    columns = (table.column(name) for name in key.columns)
    return not any(column is None or column.nullable for column in columns)


class _Filling:
    def __init__(self, connection: Connection, catalog: Catalog) -> None:
        self._connection = connection
        self._inventor = Inventor(catalog)
        self._numbers = count(_INVENTED_FROM)
        self._rows: dict[str, list[Row]] = {}
        self._left: dict[str, tuple[Relation, list[Row]]] = {}
        self._parents = {c.references for r in catalog.relations for c in r.constraints}

    def table(self, table: Relation, given: Sequence[Row]) -> bool:
        """Insert the rows; tell whether all went in, and there are some."""
        left = []
        kept = self._rows[table.qualified] = []
        wanted = PER_TABLE + (table.qualified in self._parents)
        for n in range(len(given) or wanted):
            row = given[n] if given else None
            made = self._insert(table, row, n)
            if made is not None:
                kept.append(made)
            if row is not None and made is None:
                left.append(row)
        if left:
            self._left[table.qualified] = (table, left)
        return bool(kept) and not left

    def again(self) -> frozenset[str]:
        """Insert given rows that waited for rows of later tables; name the tables now whole."""
        whole = set()
        progress = True
        while progress:
            progress = False
            for name, (table, left) in list(self._left.items()):
                still = [row for row in left if self._insert(table, row, 0) is None]
                progress = progress or len(still) < len(left)
                self._left[name] = (table, still)
                if not still:
                    whole.add(name)
                    del self._left[name]
        return frozenset(whole)

    def _insert(self, table: Relation, given: Row | None, n: int) -> Row | None:
        """Try values until the server takes a row; None where it takes none."""
        for values in self._attempts(table, given, n):
            made, code = self._try(table, values)
            if made is not None:
                return made
            if code not in _WORTH_ANOTHER:
                break
        return None

    def _attempts(self, table: Relation, given: Row | None, n: int) -> Iterator[Values]:
        """Give a row, then others with one checked column changed to what a check may want."""
        number = next(self._numbers)
        first: dict[str, str | None] = {}
        references = self._references(table, n)
        for column in table.columns:
            if column.generated is not None:
                continue
            if given is not None and column.name in given:
                first[column.name] = given[column.name]
                continue
            value = self._value(table, column, number, references, copying=given is not None)
            if value is not None:
                first[column.name] = value
        first |= self._own(table, first)
        yield first
        if given is not None:
            return
        checks = [c for c in table.constraints if c.kind is ConstraintKind.CHECK]
        yield from self._alternatives(table, first, number, checks)

    def _alternatives(
        self, table: Relation, first: Values, number: int, checks: list[Constraint]
    ) -> Iterator[Values]:
        yield from islice(self._fewer(table, first, checks), _ATTEMPTS)
        yield from islice(self._others(table, first, number, checks), _ATTEMPTS)

    def _fewer(self, table: Relation, first: Values, checks: list[Constraint]) -> Iterator[Values]:
        """Leave out columns that a check may want to be NULL: all, all but one, or one."""
        for names in ([*first], *(check.columns for check in checks)):
            optional = [n for n in names if n in first and _nullable(table, n)]
            for kept in ([], *([n] for n in optional)):
                yield {k: v for k, v in first.items() if k not in optional or k in kept}
        for name in first:
            if _nullable(table, name):
                yield {k: v for k, v in first.items() if k != name}

    def _others(
        self, table: Relation, first: Values, number: int, checks: list[Constraint]
    ) -> Iterator[Values]:
        """Give one column a value that a check may ask for."""
        for column in table.columns:
            about = (c.definition for c in checks if column.name in c.columns)
            for value in self._inventor.candidates(column.type, number, about):
                if column.name in first:
                    yield {**first, column.name: value}

    def _value(
        self,
        table: Relation,
        column: Column,
        number: int,
        references: Mapping[str, str | None],
        *,
        copying: bool,
    ) -> str | None:
        """Choose one value; None leaves the column to its default, or NULL."""
        if column.name in references:
            return references[column.name]
        if column.identity is not None:
            return None
        if column.default is not None and not (_unique(table, column) and _constant(column)):
            return None
        if copying and column.nullable:
            return None
        return self._inventor.value(column.type, number)

    def _references(self, table: Relation, n: int) -> dict[str, str | None]:
        """Take the values of foreign keys from rows there are."""
        values: dict[str, str | None] = {}
        for key in table.constraints:
            if key.kind is not ConstraintKind.FOREIGN_KEY:
                continue
            parents = self._rows.get(key.references or "", [])
            if parents:
                # The last parent is left without children, for statements that delete one.
                parent = parents[n % max(1, len(parents) - 1)]
                pairs = zip(key.columns, key.referenced_columns, strict=False)
                values |= {mine: parent.get(theirs) for mine, theirs in pairs}
            else:
                values |= dict.fromkeys(key.columns)
        return values

    def _own(self, table: Relation, values: Values) -> dict[str, str | None]:
        """Let the first row of a table that refers to itself refer to itself."""
        own: dict[str, str | None] = {}
        for key in table.constraints:
            if key.references == table.qualified and not self._rows.get(table.qualified):
                pairs = zip(key.columns, key.referenced_columns, strict=False)
                own |= {m: values[t] for m, t in pairs if t in values and not _nullable(table, m)}
        return {name: value for name, value in own.items() if values.get(name) is None}

    def _try(self, table: Relation, values: Values) -> tuple[Row | None, str]:
        pgconn = self._connection.pgconn
        pgconn.exec_(_SAVE)
        result = pgconn.exec_(_insert(table, values))
        if result.status != pq.ExecStatus.TUPLES_OK or result.ntuples != 1:
            code = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
            pgconn.exec_(_UNDO)
            return None, code
        row = {
            (result.fname(n) or b"").decode(): None if v is None else v.decode()
            for n in range(result.nfields)
            for v in (result.get_value(0, n),)
        }
        return row, ""


def _insert(table: Relation, values: Values) -> bytes:
    name = quoted(table.schema, table.name)
    if not values:
        return f"INSERT INTO {name} DEFAULT VALUES RETURNING *".encode()  # noqa: S608 # names are quoted
    columns = ", ".join(identifier(column) for column in values)
    texts = ", ".join("NULL" if v is None else literal(v) for v in values.values())
    text = f"INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({texts})"  # noqa: S608 # all quoted
    return f"{text} RETURNING *".encode(errors="replace")


def _unique(table: Relation, column: Column) -> bool:
    keys = (c.columns for c in table.constraints if c.kind in _KEYS)
    indexes = (i.columns for i in table.indexes if i.unique)
    return any(column.name in columns for columns in chain(keys, indexes))


def _constant(column: Column) -> bool:
    """Tell whether a default gives the same value to every row."""
    return "(" not in (column.default or "").replace("::", "")


def _nullable(table: Relation, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.nullable
