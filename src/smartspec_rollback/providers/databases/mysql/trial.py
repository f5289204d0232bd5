"""Compile statements on a MySQL or MariaDB database as it is now; nothing is executed.

Called by ``database``. PREPARE finds what is dropped, renamed, ambiguous or forbidden to the URL's
user, never what a NOT NULL, a CHECK or a key would refuse; it tells no types over this protocol.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pymysql
from msgspec.structs import replace
from pymysql.constants import ER
from sqlglot import exp

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects import doubts, usage
from smartspec_rollback.providers.databases.dialects.names import SYSTEM_SCHEMAS
from smartspec_rollback.providers.databases.dialects.parsing import first_word, parse
from smartspec_rollback.providers.databases.dialects.placeholders import rewritten
from smartspec_rollback.providers.databases.mysql import faults
from smartspec_rollback.providers.databases.mysql.connection import Session, Sessions

_COMPILED = frozenset(
    {"select", "insert", "replace", "update", "delete", "with", "values", "table"}
)
_QUALIFIED = re.compile(r"[\w`$]\s*\.\s*[\w`$]")
_NO_TIME = "no time was left to try it"


@dataclass(frozen=True)
class _Outcome:
    worked: bool | None
    code: str | None = None
    message: str = ""


def describe(
    sessions: Sessions, texts: tuple[StatementText, ...], catalog: Catalog, deadline: Deadline
) -> tuple[Statement, ...]:
    """Read every statement, and have the server compile it."""
    read = usage.understand(texts, catalog, "mysql")
    with sessions.session(deadline) as session:
        outcomes = _compiled(sessions, session, read, catalog, deadline)
    described = []
    for text, statement in zip(texts, read, strict=True):
        outcome = outcomes[statement.id]
        if text.problem is not None or outcome.worked is None:
            problem = statement.problem or outcome.message or None
            described.append(replace(statement, problem=problem))
        else:
            problem = statement.problem if outcome.worked else outcome.message
            described.append(replace(statement, worked=outcome.worked, problem=problem))
    return tuple(described)


def trials(
    sessions: Sessions, statements: tuple[Statement, ...], catalog: Catalog, deadline: Deadline
) -> tuple[Trial, ...]:
    """Compile every statement on the database as it is now, whose schema is ``catalog``."""
    with sessions.session(deadline) as session:
        outcomes = _compiled(sessions, session, statements, catalog, deadline)
    found = []
    for statement in statements:
        outcome = outcomes[statement.id]
        doubt = doubts.of(statement, catalog) if outcome.worked else None
        found.append(
            Trial(
                statement=statement.id,
                worked=None if doubt is not None else outcome.worked,
                code=outcome.code,
                message=doubt or outcome.message,
            )
        )
    return tuple(found)


def _compiled(
    sessions: Sessions,
    session: Session,
    statements: tuple[Statement, ...],
    catalog: Catalog,
    deadline: Deadline,
) -> Mapping[str, _Outcome]:
    outcomes: dict[str, _Outcome] = {}
    with session.compiling() as compile_:
        for each in statements:
            if deadline.expired:
                outcomes[each.id] = _Outcome(None, message=_NO_TIME)
            else:
                outcomes[each.id] = _one(sessions, compile_, each, catalog)
    return outcomes


def _one(
    sessions: Sessions, compile_: Callable[[str], None], statement: Statement, catalog: Catalog
) -> _Outcome:
    text = rewritten(statement.text, "mysql")
    if first_word(text) not in _COMPILED:
        return _Outcome(None, message="only queries and writes are compiled")
    if (other := _elsewhere(text, catalog)) is not None:
        return _Outcome(None, message=f"it names another database, {other}")
    try:
        compile_(text)
    except pymysql.Error as error:
        return _refusal(sessions, error)
    except ProviderError as error:
        return _Outcome(None, message=error.what)
    except (ValueError, UnicodeError) as error:
        return _Outcome(None, message=f"it cannot be sent: {error}")
    return _Outcome(worked=True)


def _refusal(sessions: Sessions, error: pymysql.Error) -> _Outcome:
    said = faults.message(error, sessions.address)
    if faults.lost(error):
        raise faults.fault(error, sessions.address, doing="compiling a statement")
    if faults.locked(error):
        return _Outcome(None, faults.state(error), f"a table is locked by another session: {said}")
    if faults.slow(error):
        return _Outcome(None, faults.state(error), "compiling it took too long")
    if faults.number(error) in (ER.PARSE_ERROR, ER.UNSUPPORTED_PS):
        # It may be our way of asking: constants replaced by parameters, blanks before brackets.
        return _Outcome(worked=False, code=faults.state(error), message=f"syntax error: {said}")
    return _Outcome(worked=False, code=faults.state(error), message=said)


def _elsewhere(text: str, catalog: Catalog) -> str | None:
    """Name another database that a statement names: compiling it here would look there."""
    if _QUALIFIED.search(text) is None:
        return None
    home = {each.lower() for each in catalog.schemas} | SYSTEM_SCHEMAS
    for tree in parse(text, "mysql").trees:
        for table in tree.find_all(exp.Table):
            if table.db and table.db.lower() not in home:
                return table.db
    return None
