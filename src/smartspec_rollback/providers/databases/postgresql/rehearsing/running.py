"""Execute statements on two scratch copies with the same values, and compare what comes of it.

Called by ``rehearse`` (layer L3). Every execution is a transaction of its own, rolled back, as the
application's role, with deferred constraints checked. Only what worked on the first copy counts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Run, Statement
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.naming import identifier
from smartspec_rollback.providers.databases.postgresql.rehearsing.parameters import Chooser, slots
from smartspec_rollback.providers.databases.postgresql.scratch import access
from smartspec_rollback.providers.databases.postgresql.type_names import Connection, resolve

_IMMEDIATE = b"SET CONSTRAINTS ALL IMMEDIATE"
_ROLLBACK = b"ROLLBACK"
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE")
_NO_PARENT = "23503"
_LONGEST = 300

Values = tuple[str | None, ...]


@dataclass(frozen=True)
class Outcome:
    """What one execution came to: rows as text by the columns' names, or the server's error."""

    columns: tuple[str, ...] = ()
    rows: tuple[Values, ...] = ()
    touched: int | None = None
    code: str | None = None
    message: str = ""

    @property
    def worked(self) -> bool:
        """Whether the server executed it."""
        return self.code is None


class Copy:
    """One scratch copy, and how the application works in it."""

    def __init__(self, connection: Connection, catalog: Catalog) -> None:
        """Prepare to work as the application of ``catalog``."""
        self.connection = connection
        self.catalog = catalog
        timeout = b"SET LOCAL statement_timeout = 1000"
        self._begin = b"; ".join([_ROLLBACK, b"BEGIN", *_settings(catalog), timeout])

    def execute(self, text: str, values: Values, types: Sequence[int]) -> Outcome:
        """Execute one statement; the next one, or ``close``, rolls it back."""
        pgconn = self.connection.pgconn
        pgconn.exec_(self._begin)
        return _execute(pgconn, text, values, types)

    def types(self, statement: Statement) -> list[int] | None:
        """Look up the types the server has to be told; None where one does not exist here."""
        if not statement.binds:
            return []
        self.close()
        return resolve(self.connection, statement.binds)

    def close(self) -> None:
        """Roll the last statement back."""
        self.connection.pgconn.exec_(_ROLLBACK)


def _settings(catalog: Catalog) -> list[bytes]:
    role = access.runs_as(catalog)
    path = ", ".join(identifier(schema) for schema in catalog.search_path) or "''"
    settings = [f"SET LOCAL search_path = {path}".encode()]
    if role != access.OWNER:
        settings.append(f"SET LOCAL ROLE {identifier(role)}".encode())
    return settings


def read_only(catalog: Catalog) -> bytes:
    """Write what begins a transaction for compiling as the application of ``catalog``."""
    return b"; ".join(
        [b"BEGIN READ ONLY", *_settings(catalog), b"SET LOCAL statement_timeout = 2000"]
    )


def _execute(pgconn: PGconn, text: str, values: Values, types: Sequence[int]) -> Outcome:
    name = pgconn.db
    given = [None if value is None else value.encode(errors="replace") for value in values]
    result = pgconn.exec_params(text.encode(errors="replace"), given, types or None)
    if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return _failure(result)
    command = (result.command_status or b"").decode()
    if command.startswith(_WRITES):
        deferred = pgconn.exec_(_IMMEDIATE)
        if deferred.status != pq.ExecStatus.COMMAND_OK:
            return _failure(deferred)
    return Outcome(
        columns=tuple(
            (result.fname(n) or b"").decode(errors="replace") for n in range(result.nfields)
        ),
        rows=tuple(
            tuple(_text(result.get_value(row, n), name) for n in range(result.nfields))
            for row in range(result.ntuples)
        ),
        touched=result.command_tuples,
    )


def _text(value: bytes | None, database: bytes) -> str | None:
    """Read a value; the copies' own names say nothing."""
    if value is None:
        return None
    return "" if value == database else value.decode(errors="replace")


def _failure(result: PGresult) -> Outcome:
    field = pq.DiagnosticField
    told = result.error_field(field.MESSAGE_PRIMARY) or result.error_message
    return Outcome(
        code=(result.error_field(field.SQLSTATE) or b"08006").decode(),
        message=" ".join(told.decode(errors="replace").split())[:_LONGEST],
    )


def runs(
    before: Copy,
    after: Copy,
    statements: Sequence[Statement],
    chooser: Chooser,
    *,
    doubtful: frozenset[str],
    recorded: bool,
    deadline: Deadline,
) -> tuple[tuple[Run, ...], int]:
    """Execute each statement with a few sets of values on both; also count those left out.

    The most telling set of each statement makes its Run: one that fails after, then one whose
    results differ, then any. ``doubtful`` tables lack rows after that they have before, which is
    no fault of the schema: results there are not compared, missing parents not counted.
    """
    found = []
    left = 0
    for statement in statements:
        if deadline.expired:
            left += 1
            continue
        best: Run | None = None
        doubt = bool(doubtful) and (
            statement.uses is None or any(use.relation in doubtful for use in statement.uses)
        )
        places = slots(statement.text, before.catalog)
        for values in chooser.sets(statement, places) if places is not None else ():
            run = _run(before, after, statement, values, recorded=recorded)
            if run is not None and doubt:
                run = _less(run)
            if run is not None and (best is None or _weight(run) > _weight(best)):
                best = run
        if best is not None:
            found.append(best)
        else:
            left += 1
    before.close()
    after.close()
    return tuple(found), left


def _less(run: Run) -> Run | None:
    """Take away what rows that are missing may have caused."""
    if run.code == _NO_PARENT:
        return None
    return msgspec.structs.replace(run, same=None, message=run.message if run.code else "")


def _weight(run: Run) -> int:
    if not run.after:
        return 3
    return 2 if run.same is False else int(run.same is True)


def _run(
    before: Copy, after: Copy, statement: Statement, values: Values, *, recorded: bool
) -> Run | None:
    """Execute with one set of values; None where it did not work before."""
    types, types_after = before.types(statement), after.types(statement)
    if types is None or types_after is None:
        return None
    first = before.execute(statement.text, values, types)
    if not first.worked:
        return None
    other = after.execute(statement.text, values, types_after)
    same: bool | None = None
    if other.worked:
        same = first == other
        if not same:
            # What differs from one execution to the next (now(), sequences) tells nothing.
            again = before.execute(statement.text, values, types) if first.rows else first
            same = _same(first, again, other)
    return Run(
        statement=statement.id,
        before=True,
        after=other.worked,
        same=same,
        code=other.code,
        message=other.message or _difference(first, other, same),
        values="recorded" if recorded else "made up",
    )


def _same(first: Outcome, again: Outcome, other: Outcome) -> bool | None:
    """Compare rows in any order, by the columns the first has, stable ones only."""
    if len(again.rows) != len(first.rows):
        return None
    if first.touched != other.touched:
        return False
    places = _places(first.columns, other.columns)
    if places is None:
        return False
    stable = [
        n
        for n in range(len(first.columns))
        if Counter(row[n] for row in first.rows) == Counter(row[n] for row in again.rows)
    ]
    mine = Counter(tuple(row[n] for n in stable) for row in first.rows)
    theirs = Counter(tuple(row[places[n]] for n in stable) for row in other.rows)
    return mine == theirs


def _places(columns: tuple[str, ...], others: tuple[str, ...]) -> list[int] | None:
    """Find each column by its name, and by how many of that name stand before it."""
    places: dict[tuple[str, int], int] = {}
    for n, name in enumerate(others):
        places[name, others[:n].count(name)] = n
    found = [places.get((name, columns[:n].count(name))) for n, name in enumerate(columns)]
    return None if None in found else [place for place in found if place is not None]


def _difference(first: Outcome, other: Outcome, same: bool | None) -> str:  # noqa: FBT001 # a result
    if same is not False:
        return ""
    if first.touched != other.touched:
        return f"{first.touched} rows before, {other.touched} after"
    if _places(first.columns, other.columns) is None:
        return "the result has other columns"
    return "the rows differ"
