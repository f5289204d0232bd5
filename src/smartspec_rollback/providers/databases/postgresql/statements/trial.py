"""Compile statements on a schema as it is, without executing any of them (layer L2).

Called by ``database`` for the live database and by ``rehearsing`` for scratch copies. PREPARE tells
names, signatures and types; EXPLAIN of the generic plan tells privileges and ON CONFLICT arbiters,
which the server looks at only when it plans or starts a statement. Planning may call functions, so
every statement gets a short transaction of its own from ``transaction``: read-only, with the
application's role and search path, a lock timeout and a statement timeout, rolled back in the end.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain

import msgspec
import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import ResultColumn, Statement, StatementText, Trial
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.type_names import (
    Connection,
    bases_of,
    resolve,
    spell,
)
from smartspec_rollback.providers.databases.postgresql.usage.statement import understand

Transaction = Callable[[], AbstractContextManager[Connection]]
"""Opens a short read-only transaction; in the end it is rolled back."""

NO_TIME = "not tried: the time was up"

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
_UNTYPED = "42P18"
_UNDECIDED = (_UNTYPED, "42P08", "42725", "42804")
"""The server could not tell a parameter's type from the statement alone."""
_RETRIES = 8
_ENOUGH_FAILURES = 3

_CONTROL = re.compile(
    r"\s*(?:begin|start|commit|end|rollback|abort|savepoint|release|show|set\s+transaction)\b",
    re.IGNORECASE,
)
_ANALYSED = re.compile(r"\s*(?:call|declare|explain)\b", re.IGNORECASE)
_PARAMETER = re.compile(r"\$(\d{1,5})(?!\d)")


@dataclass(frozen=True)
class _Outcome:
    """What came of one statement, types still being the server's numbers."""

    worked: bool | None
    code: str | None = None
    message: str = ""
    parameters: tuple[int, ...] | None = None
    results: tuple[tuple[str, int, int], ...] | None = None


def trials(
    transaction: Transaction, statements: Sequence[Statement], deadline: Deadline
) -> tuple[Trial, ...]:
    """Compile statements as they are recorded; one Trial each, in order.

    A parameter's type is told to the server only where that was needed when it was described
    (``Statement.binds``): what the server no longer infers by itself has to show.
    ProviderError where the first transaction cannot be opened.
    """
    outcomes = _outcomes(transaction, [(s.text, s.binds) for s in statements], deadline)
    names = _type_names(transaction, outcomes)
    return tuple(
        Trial(
            statement=statement.id,
            worked=outcome.worked,
            code=outcome.code,
            message=outcome.message,
            parameters=_parameters(outcome, names),
            results=_results(outcome, names),
        )
        for statement, outcome in zip(statements, outcomes, strict=True)
    )


def describe(
    transaction: Transaction, texts: tuple[StatementText, ...], catalog: Catalog, deadline: Deadline
) -> tuple[Statement, ...]:
    """Ask the server for the types of every statement, and work out what each touches.

    Where the server cannot infer a parameter's type it is told what the source declares, or text,
    or integer; ``binds`` keeps what helped. Texts their source calls unusable are not tried.
    """
    statements = list(understand(texts, catalog))
    asked = [n for n, text in enumerate(texts) if text.problem is None]
    outcomes = _outcomes(transaction, [(statements[n].text, None) for n in asked], deadline)
    binds: list[tuple[str, ...] | None] = [None] * len(asked)
    for place, n in enumerate(asked):
        if outcomes[place].code in _UNDECIDED:
            told = _tell(transaction, statements[n], outcomes[place], deadline)
            binds[place], outcomes[place] = told
    names = _type_names(transaction, outcomes)
    for n, outcome, bind in zip(asked, outcomes, binds, strict=True):
        statements[n] = _described(statements[n], outcome, bind, names)
    return tuple(statements)


def _described(
    statement: Statement,
    outcome: _Outcome,
    binds: tuple[str, ...] | None,
    names: dict[tuple[int, int], str],
) -> Statement:
    parameters = _parameters(outcome, names)
    problems = (statement.problem, None if outcome.worked else outcome.message)
    return msgspec.structs.replace(
        statement,
        worked=outcome.worked,
        parameters=statement.parameters if parameters is None else parameters,
        results=_results(outcome, names),
        binds=binds,
        problem="; ".join(filter(None, problems)) or None,
    )


def _outcomes(
    transaction: Transaction,
    texts: Sequence[tuple[str, tuple[str, ...] | None]],
    deadline: Deadline,
) -> list[_Outcome]:
    """Try every text; after a few failed transactions, or the deadline, nothing more is asked."""
    outcomes: list[_Outcome] = []
    failures = 0
    for text, binds in texts:
        if deadline.expired or failures >= _ENOUGH_FAILURES:
            why = NO_TIME if deadline.expired else "not tried: the database failed again and again"
            outcomes.append(_Outcome(None, message=why))
            continue
        try:
            outcomes.append(_try(transaction, text, binds))
            failures = 0
        except (psycopg.Error, ProviderError) as error:
            if not outcomes:
                raise
            failures += 1
            outcomes.append(_Outcome(None, message=_one_line(f"not tried: {error}")))
    return outcomes


def _try(transaction: Transaction, text: str, binds: tuple[str, ...] | None) -> _Outcome:
    """Compile one statement in a transaction of its own."""
    if "\0" in text:
        return _Outcome(None, message="not tried: its text holds a zero byte")
    if len(text) > _LONGEST:
        return _Outcome(None, message=f"not tried: longer than {_LONGEST} characters")
    with transaction() as connection:
        types = [] if not binds else resolve(connection, binds)
        if types is None:
            what = f"a parameter's type is gone: one of {', '.join(filter(None, binds or ()))}"
            return _Outcome(worked=False, code=_NO_SUCH_TYPE, message=what)
        _done(connection.pgconn.exec_(_SETUP))
        return _compile(connection, text, types)


def _compile(connection: Connection, text: str, types: list[int]) -> _Outcome:
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
        return _Outcome(None, message="not tried: a standby cannot plan writes", code=outcome.code)
    if outcome.worked and not explained:
        return replace(outcome, worked=None, message="not tried: there is no statement in it")
    if outcome.worked and explained == _UTILITY:
        return _utility(text, outcome)
    return outcome


def _once(pgconn: PGconn, text: str, types: list[int]) -> tuple[_Outcome, bytes]:
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
        outcome = _Outcome(worked=True)
    else:
        outcome = _failure(explained)
    first = explained.get_value(0, 0) if explained.ntuples else None
    if pgconn.transaction_status != pq.TransactionStatus.UNKNOWN:
        _done(pgconn.exec_(_CLEAN))
    return replace(outcome, parameters=parameters, results=results), first or b""


def _utility(text: str, outcome: _Outcome) -> _Outcome:
    """Judge what the server does not plan: its names are looked up only when it is executed."""
    if _CONTROL.match(text) or _ANALYSED.match(text):
        return outcome
    return replace(outcome, worked=None, message="cannot be compiled without executing it")


def _failure(result: PGresult) -> _Outcome:
    field = pq.DiagnosticField
    code = (result.error_field(field.SQLSTATE) or b"08006").decode()
    told = (result.error_field(field.MESSAGE_PRIMARY) or result.error_message).decode(
        errors="replace"
    )
    several = code == _SEVERAL and "multiple commands" in told
    inconclusive = several or code.startswith(_INCONCLUSIVE)
    return _Outcome(None if inconclusive else False, code=code, message=_one_line(told))


def _done(result: PGresult) -> None:
    """Raise where a command of ours failed: the connection or its transaction is no more."""
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise psycopg.OperationalError(_one_line(result.error_message.decode(errors="replace")))


def _tell(
    transaction: Transaction, statement: Statement, outcome: _Outcome, deadline: Deadline
) -> tuple[tuple[str, ...] | None, _Outcome]:
    """Try again with types told; without success the first outcome stands."""
    count = max((int(n) for n in _PARAMETER.findall(statement.text)), default=0)
    guesses = [("integer",) * count, ("text",) * count] if outcome.code != _UNTYPED else []
    if statement.parameters is not None and len(statement.parameters) >= count:
        guesses.insert(0, statement.parameters)
    for binds in guesses:
        (again,) = _outcomes(transaction, [(statement.text, binds)], deadline)
        if again.worked:
            return binds, again
    told = [""] * count
    again = outcome
    for _ in range(_RETRIES):
        named = _PARAMETER.search(again.message)
        if again.code != _UNTYPED or named is None or not 1 <= int(named[1]) <= count:
            break
        told[int(named[1]) - 1] = "text"
        (again,) = _outcomes(transaction, [(statement.text, tuple(told))], deadline)
        if again.worked:
            return tuple(told), again
    return None, outcome


def _recovering(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
    return row is not None and bool(row[0])


def _type_names(
    transaction: Transaction, outcomes: Sequence[_Outcome]
) -> dict[tuple[int, int], str]:
    """Spell every type met, in one question; none where the connection is no more."""
    wanted = sorted(set(chain.from_iterable(map(_types, outcomes))))
    if not wanted:
        return {}
    try:
        with transaction() as connection:
            return spell(connection, wanted)
    except (psycopg.Error, ProviderError):
        return {}


def _types(outcome: _Outcome) -> Iterator[tuple[int, int]]:
    yield from ((number, -1) for number in outcome.parameters or ())
    yield from ((number, modifier) for _, number, modifier in outcome.results or ())


def _parameters(outcome: _Outcome, names: dict[tuple[int, int], str]) -> tuple[str, ...] | None:
    if outcome.parameters is None or any((n, -1) not in names for n in outcome.parameters):
        return None
    return tuple(names[n, -1] for n in outcome.parameters)


def _results(
    outcome: _Outcome, names: dict[tuple[int, int], str]
) -> tuple[ResultColumn, ...] | None:
    if outcome.results is None or any((n, m) not in names for _, n, m in outcome.results):
        return None
    return tuple(ResultColumn(name=c, type=names[n, m]) for c, n, m in outcome.results)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
