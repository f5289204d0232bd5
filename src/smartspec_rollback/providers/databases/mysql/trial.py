"""Compile statements on a MySQL or MariaDB database as it is now; nothing is executed.

Called by ``database``. PREPARE finds what is dropped, renamed, ambiguous or forbidden to the URL's
user, never what a NOT NULL, a CHECK or a key would refuse; it tells no types over this protocol.
"""

import re
from collections.abc import Callable, Mapping

import pymysql
from pymysql.constants import ER
from sqlglot import exp

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects import usage
from smartspec_rollback.providers.databases.dialects.names import SYSTEM_SCHEMAS
from smartspec_rollback.providers.databases.dialects.outcomes import (
    NO_TIME,
    Outcome,
    described,
    tried,
)
from smartspec_rollback.providers.databases.dialects.parsing import first_word, parse
from smartspec_rollback.providers.databases.dialects.placeholders import rewritten
from smartspec_rollback.providers.databases.mysql import faults
from smartspec_rollback.providers.databases.mysql.connection import Session, Sessions

_COMPILED = frozenset(
    {"select", "insert", "replace", "update", "delete", "with", "values", "table"}
)
_QUALIFIED = re.compile(r"[\w`$]\s*\.\s*[\w`$]")


def describe(
    sessions: Sessions, texts: tuple[StatementText, ...], catalog: Catalog, deadline: Deadline
) -> tuple[Statement, ...]:
    """Read every statement, and have the server compile it."""
    read = usage.understand(texts, catalog, "mysql")
    with sessions.session(deadline) as session:
        outcomes = _compiled(sessions, session, read, catalog, deadline)
    return described(texts, read, outcomes)


def trials(
    sessions: Sessions, statements: tuple[Statement, ...], catalog: Catalog, deadline: Deadline
) -> tuple[Trial, ...]:
    """Compile every statement on the database as it is now, whose schema is ``catalog``."""
    with sessions.session(deadline) as session:
        outcomes = _compiled(sessions, session, statements, catalog, deadline)
    return tried(statements, outcomes, catalog)


def _compiled(
    sessions: Sessions,
    session: Session,
    statements: tuple[Statement, ...],
    catalog: Catalog,
    deadline: Deadline,
) -> Mapping[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    with session.compiling() as compile_:
        for each in statements:
            if deadline.expired:
                outcomes[each.id] = NO_TIME
            else:
                outcomes[each.id] = _one(sessions, compile_, each, catalog)
    return outcomes


def _one(
    sessions: Sessions, compile_: Callable[[str], None], statement: Statement, catalog: Catalog
) -> Outcome:
    text = rewritten(statement.text, "mysql")
    if first_word(text) not in _COMPILED:
        return Outcome(None, message="only queries and writes are compiled")
    if (other := _elsewhere(text, catalog)) is not None:
        return Outcome(None, message=f"it names another database, {other}")
    try:
        compile_(text)
    except pymysql.Error as error:
        return _refusal(sessions, error)
    except ProviderError as error:
        return Outcome(None, message=error.what)
    except (ValueError, UnicodeError) as error:
        return Outcome(None, message=f"it cannot be sent: {error}")
    return Outcome(worked=True)


def _refusal(sessions: Sessions, error: pymysql.Error) -> Outcome:
    said = faults.message(error, sessions.address)
    if faults.lost(error):
        raise faults.fault(error, sessions.address, doing="compiling a statement")
    if faults.locked(error):
        return Outcome(None, faults.state(error), f"a table is locked by another session: {said}")
    if faults.slow(error):
        return Outcome(None, faults.state(error), "compiling it took too long")
    if faults.number(error) in (ER.PARSE_ERROR, ER.UNSUPPORTED_PS):
        # It may be our way of asking: constants replaced by parameters, blanks before brackets.
        return Outcome(worked=False, code=faults.state(error), message=f"syntax error: {said}")
    return Outcome(worked=False, code=faults.state(error), message=said)


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
