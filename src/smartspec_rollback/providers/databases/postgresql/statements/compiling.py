"""Compile one statement on a schema as it is, without executing it.

Called by ``trial``. PREPARE tells names, signatures and types; EXPLAIN of the generic plan tells
privileges and ON CONFLICT arbiters, which the server looks at only when it plans or starts a
statement. Planning may call functions, so it happens in a short transaction of its own: read-only,
with the application's role and search path, a lock timeout and a statement timeout, rolled back in
the end.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from smartspec_rollback.providers.databases.postgresql.type_names import (
    Connection,
    bases_of,
    resolve,
)

Transaction = Callable[[], AbstractContextManager[Connection]]
"""Opens a short read-only transaction; in the end it is rolled back."""

_SETUP = b"SET LOCAL plan_cache_mode = force_generic_plan; SAVEPOINT smartspec_trial"
_NAME = b"smartspec_trial"
_CLEAN = b"ROLLBACK TO SAVEPOINT smartspec_trial; DEALLOCATE smartspec_trial"
_UTILITY = b"Utility statements have no plan structure"
_LONGEST = 1_000_000

_INCONCLUSIVE = ("08", "25", "40", "53", "54", "55P03", "57", "58", "XX")
"""SQLSTATEs and classes of them that tell of the moment or the server, not of the schema."""
_NOT_READY = "55000"
_NO_SUCH_TYPE = "42704"
_SEVERAL = "42601"
_VALUES = ("22", "23")

_CONTROL = re.compile(
    r"\s*(?:begin|start|commit|end|rollback|abort|savepoint|release|show|set\s+transaction)\b",
    re.IGNORECASE,
)
_ANALYSED = re.compile(r"\s*(?:call|declare|explain)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """What came of one statement, types still being the server's numbers."""

    worked: bool | None
    code: str | None = None
    message: str = ""
    parameters: tuple[int, ...] | None = None
    results: tuple[tuple[str, int, int], ...] | None = None

    @property
    def types(self) -> tuple[tuple[int, int], ...]:
        """Every type met, as number and modifier."""
        return (
            *((number, -1) for number in self.parameters or ()),
            *((number, modifier) for _, number, modifier in self.results or ()),
        )


def compile_alone(transaction: Transaction, text: str, binds: tuple[str, ...] | None) -> Outcome:
    """Compile one statement in a transaction of its own."""
    if "\0" in text:
        return Outcome(None, message="not tried: its text holds a zero byte")
    if len(text) > _LONGEST:
        return Outcome(None, message=f"not tried: longer than {_LONGEST} characters")
    with transaction() as connection:
        types = [] if not binds else resolve(connection, binds)
        if types is None:
            what = f"a parameter's type is gone: one of {', '.join(filter(None, binds or ()))}"
            return Outcome(worked=False, code=_NO_SUCH_TYPE, message=what)
        _done(connection.pgconn.exec_(_SETUP))
        return _compile(connection, text, types)


def _compile(connection: Connection, text: str, types: list[int]) -> Outcome:
    """PREPARE, describe and EXPLAIN; leave no prepared statement behind."""
    outcome, explained = _once(connection.pgconn, text, types)
    numbers = outcome.parameters
    if outcome.worked is False and outcome.code[:2] in _VALUES and numbers:  # type: ignore[index]  # False has a code
        # EXPLAIN was given NULLs, which a domain may refuse; its base type takes them.
        bases = bases_of(connection, numbers)
        if bases != list(numbers):
            outcome, explained = _once(connection.pgconn, text, bases)
            outcome = replace(outcome, parameters=numbers)
    if outcome.code == _NOT_READY and _recovering(connection):
        return Outcome(None, message="not tried: a standby cannot plan writes", code=outcome.code)
    if outcome.worked and not explained:
        return replace(outcome, worked=None, message="not tried: there is no statement in it")
    if outcome.worked and explained == _UTILITY:
        return _utility(text, outcome)
    return outcome


def _once(pgconn: PGconn, text: str, types: list[int]) -> tuple[Outcome, bytes]:
    """Compile one text with parameter types told (0: infer); also give EXPLAIN's first line."""
    prepared = pgconn.prepare(_NAME, text.encode(errors="replace"), types or None)
    if prepared.status != pq.ExecStatus.COMMAND_OK:
        failed = _failure(prepared)
        _done(pgconn.exec_(b"ROLLBACK TO SAVEPOINT smartspec_trial"))
        return failed, b""
    shape = pgconn.describe_prepared(_NAME)
    parameters = tuple(shape.param_type(n) for n in range(shape.nparams))
    results = tuple(
        ((shape.fname(n) or b"").decode(errors="replace"), shape.ftype(n), shape.fmod(n))
        for n in range(shape.nfields)
    )
    nulls = b"(" + b",".join([b"NULL"] * len(parameters)) + b")" if parameters else b""
    explained = pgconn.exec_(b"EXPLAIN (COSTS OFF) EXECUTE smartspec_trial" + nulls)
    if explained.status == pq.ExecStatus.TUPLES_OK:
        outcome = Outcome(worked=True)
    else:
        outcome = _failure(explained)
    first = explained.get_value(0, 0) if explained.ntuples else None
    if pgconn.transaction_status != pq.TransactionStatus.UNKNOWN:
        _done(pgconn.exec_(_CLEAN))
    return replace(outcome, parameters=parameters, results=results), first or b""


def _utility(text: str, outcome: Outcome) -> Outcome:
    """Judge what the server does not plan: its names are looked up only when it is executed."""
    if _CONTROL.match(text) or _ANALYSED.match(text):
        return outcome
    return replace(outcome, worked=None, message="cannot be compiled without executing it")


def _failure(result: PGresult) -> Outcome:
    field = pq.DiagnosticField
    code = (result.error_field(field.SQLSTATE) or b"08006").decode()
    told = (result.error_field(field.MESSAGE_PRIMARY) or result.error_message).decode(
        errors="replace"
    )
    several = code == _SEVERAL and "multiple commands" in told
    inconclusive = several or code.startswith(_INCONCLUSIVE)
    return Outcome(None if inconclusive else False, code=code, message=one_line(told))


def _done(result: PGresult) -> None:
    """Raise where a command of ours failed: the connection or its transaction is no more."""
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise psycopg.OperationalError(one_line(result.error_message.decode(errors="replace")))


def _recovering(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
    return row is not None and bool(row[0])


def one_line(text: str) -> str:
    """Cut a server's message to a line of bounded length."""
    return " ".join(text.split())[:500]
