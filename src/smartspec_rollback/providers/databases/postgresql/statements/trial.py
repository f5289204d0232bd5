"""Compile statements on a schema as it is, without executing any of them (layer L2).

Called by ``database`` for the live database and by ``rehearsing`` for scratch copies. Every
statement gets a transaction of its own from ``transaction``; what happens in it is ``compiling``'s.
"""

import re
from collections.abc import Sequence
from itertools import chain

import msgspec
import psycopg

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import ResultColumn, Statement, StatementText, Trial
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.statements.compiling import (
    Outcome,
    Transaction,
    compile_alone,
    one_line,
)
from smartspec_rollback.providers.databases.postgresql.type_names import spell
from smartspec_rollback.providers.databases.postgresql.usage.statement import understand

NO_TIME = "not tried: the time was up"

_UNTYPED = "42P18"
_UNDECIDED = (_UNTYPED, "42P08", "42725", "42804")
"""The server could not tell a parameter's type from the statement alone."""
_RETRIES = 8
_ENOUGH_FAILURES = 3

_PARAMETER = re.compile(r"\$(\d{1,5})(?!\d)")


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
    outcome: Outcome,
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
) -> list[Outcome]:
    """Try every text; after a few failed transactions, or the deadline, nothing more is asked."""
    outcomes: list[Outcome] = []
    failures = 0
    for text, binds in texts:
        if deadline.expired or failures >= _ENOUGH_FAILURES:
            why = NO_TIME if deadline.expired else "not tried: the database failed again and again"
            outcomes.append(Outcome(None, message=why))
            continue
        try:
            outcomes.append(compile_alone(transaction, text, binds))
            failures = 0
        except (psycopg.Error, ProviderError) as error:
            if not outcomes:
                raise
            failures += 1
            outcomes.append(Outcome(None, message=one_line(f"not tried: {error}")))
    return outcomes


def _tell(
    transaction: Transaction, statement: Statement, outcome: Outcome, deadline: Deadline
) -> tuple[tuple[str, ...] | None, Outcome]:
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


def _type_names(
    transaction: Transaction, outcomes: Sequence[Outcome]
) -> dict[tuple[int, int], str]:
    """Spell every type met, in one question; none where the connection is no more."""
    wanted = sorted(set(chain.from_iterable(each.types for each in outcomes)))
    if not wanted:
        return {}
    try:
        with transaction() as connection:
            return spell(connection, wanted)
    except (psycopg.Error, ProviderError):
        return {}


def _parameters(outcome: Outcome, names: dict[tuple[int, int], str]) -> tuple[str, ...] | None:
    if outcome.parameters is None or any((n, -1) not in names for n in outcome.parameters):
        return None
    return tuple(names[n, -1] for n in outcome.parameters)


def _results(
    outcome: Outcome, names: dict[tuple[int, int], str]
) -> tuple[ResultColumn, ...] | None:
    if outcome.results is None or any((n, m) not in names for _, n, m in outcome.results):
        return None
    return tuple(ResultColumn(name=c, type=names[n, m]) for c, n, m in outcome.results)
