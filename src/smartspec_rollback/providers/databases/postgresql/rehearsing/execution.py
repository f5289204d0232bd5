"""Execute one statement on a scratch copy as the application would, and undo it.

Called by ``running``. Every execution is a transaction of its own, rolled back before the next,
with deferred constraints checked. All of it is one question to the server, so that asking costs
little; each statement in it has its own time limit, and what follows a failure is not executed.
"""

import select
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.providers.databases.postgresql.naming import identifier
from smartspec_rollback.providers.databases.postgresql.scratch import access
from smartspec_rollback.providers.databases.postgresql.type_names import Connection, resolve

_ROLLBACK = b"ROLLBACK"
_BEGIN = b"BEGIN"
_IMMEDIATE = b"SET CONSTRAINTS ALL IMMEDIATE"
_TIME = b"SET statement_timeout = 1000"
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE")
_COPYING = (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH)
"""What nobody asks for, as only what ``slots`` knows is executed; it would never end."""
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
    """One scratch copy, and how the application works in it; its connection is of no other use.

    What an execution sets for the session is undone with it, so the settings made here last.
    """

    def __init__(self, connection: Connection, catalog: Catalog) -> None:
        """Work as the application of ``catalog`` from here on."""
        self.catalog = catalog
        self._connection = connection
        self._types: dict[tuple[str, ...], list[int] | None] = {}
        connection.pgconn.exec_(b"; ".join([*settings(catalog), _TIME]))

    def begin(self, text: str, values: Values, types: Sequence[int]) -> None:
        """Send one statement to be executed; ``end`` has to follow."""
        pgconn = self._connection.pgconn
        given = [None if value is None else value.encode(errors="replace") for value in values]
        pgconn.enter_pipeline_mode()
        pgconn.send_query_params(_ROLLBACK, None)
        pgconn.send_query_params(_BEGIN, None)
        pgconn.send_query_params(text.encode(errors="replace"), given, types or None)
        pgconn.send_query_params(_IMMEDIATE, None)
        pgconn.pipeline_sync()

    def end(self) -> Outcome:
        """Wait for what was begun; the next one, or ``close``, rolls it back.

        psycopg.OperationalError where the connection is no more.
        """
        pgconn = self._connection.pgconn
        found = list(_results(pgconn))
        if len(found) != 4:  # noqa: PLR2004 # as many as were sent
            raise psycopg.OperationalError("a statement ended the connection to the scratch copy")
        pgconn.exit_pipeline_mode()
        _, _, result, deferred = found
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return _failure(result)
        written = (result.command_status or b"").decode().startswith(_WRITES)
        if written and deferred.status != pq.ExecStatus.COMMAND_OK:
            return _failure(deferred)
        return _success(result, pgconn.db)

    def execute(self, text: str, values: Values, types: Sequence[int]) -> Outcome:
        """Execute one statement, and wait for it."""
        self.begin(text, values, types)
        return self.end()

    def types(self, statement: Statement) -> list[int] | None:
        """Look up the types the server has to be told; None where one does not exist here."""
        if not statement.binds:
            return []
        if statement.binds not in self._types:
            self.close()
            self._types[statement.binds] = resolve(self._connection, statement.binds)
        return self._types[statement.binds]

    def close(self) -> None:
        """Roll the last statement back."""
        self._connection.pgconn.exec_(_ROLLBACK)


def settings(catalog: Catalog, scope: str = "SESSION") -> list[bytes]:
    """Write what makes a session, or a transaction (``LOCAL``), the application's."""
    role = access.runs_as(catalog)
    path = ", ".join(identifier(schema) for schema in catalog.search_path) or "''"
    found = [f"SET {scope} search_path = {path}".encode()]
    if role != access.OWNER:
        found.append(f"SET {scope} ROLE {identifier(role)}".encode())
    return found


def read_only(catalog: Catalog) -> bytes:
    """Write what begins a transaction for compiling as the application of ``catalog``."""
    return b"; ".join(
        [b"BEGIN READ ONLY", *settings(catalog, "LOCAL"), b"SET LOCAL statement_timeout = 2000"]
    )


def _results(pgconn: PGconn) -> Iterator[PGresult]:
    """Give what comes of each command sent, until all are done or the connection is lost.

    Others go on meanwhile: libpq itself would wait with the interpreter's lock held.
    """
    waiting = select.poll()
    waiting.register(pgconn.socket, select.POLLIN)
    while True:
        with suppress(psycopg.OperationalError):
            while pgconn.is_busy():
                waiting.poll()
                pgconn.consume_input()
        result = pgconn.get_result()
        if pgconn.status == pq.ConnStatus.BAD:
            return
        if result is None:
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return
        if result.status in _COPYING:
            raise psycopg.OperationalError("a statement was to move data")
        yield result


def _success(result: PGresult, database: bytes) -> Outcome:
    return Outcome(
        columns=tuple(
            (result.fname(n) or b"").decode(errors="replace") for n in range(result.nfields)
        ),
        rows=tuple(
            tuple(_text(result.get_value(row, n), database) for n in range(result.nfields))
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
