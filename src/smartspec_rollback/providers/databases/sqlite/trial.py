"""Compile statements on a SQLite file as it is now; nothing is executed.

Called by ``database``. EXPLAIN compiles a statement and gives the program it came to, unrun. It
finds what is dropped, renamed or computed now, never what a NOT NULL or a CHECK would refuse.
"""

import re
import sqlite3
from collections.abc import Mapping

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects import usage
from smartspec_rollback.providers.databases.dialects.outcomes import (
    NO_TIME,
    Outcome,
    described,
    tried,
)
from smartspec_rollback.providers.databases.dialects.parsing import first_word
from smartspec_rollback.providers.databases.dialects.placeholders import count, rewritten
from smartspec_rollback.providers.databases.sqlite import definitions
from smartspec_rollback.providers.databases.sqlite.connection import (
    Connection,
    Looks,
    code,
    locked,
    message,
)

_COMPILED = frozenset({"select", "insert", "replace", "update", "delete", "with", "values"})
_MISSING = re.compile(r"no such column: (?P<name>.+)")
_OF_APPLICATION = re.compile(r"no such (function|collation sequence|module|table-valued function)")
"""What only the application's own connections have; no schema holds it."""


def describe(
    looks: Looks, texts: tuple[StatementText, ...], catalog: Catalog, deadline: Deadline
) -> tuple[Statement, ...]:
    """Read every statement, and let SQLite compile it."""
    read = usage.understand(texts, catalog, "sqlite")
    outcomes = _compiled(looks, read, deadline)
    return described(texts, read, outcomes)


def trials(
    looks: Looks, statements: tuple[Statement, ...], catalog: Catalog, deadline: Deadline
) -> tuple[Trial, ...]:
    """Compile every statement on the file as it is now, whose schema is ``catalog``."""
    outcomes = _compiled(looks, statements, deadline)
    return tried(statements, outcomes, catalog)


def _compiled(
    looks: Looks, statements: tuple[Statement, ...], deadline: Deadline
) -> Mapping[str, Outcome]:
    with looks.look(deadline) as connection:
        return {
            each.id: NO_TIME if deadline.expired else _one(looks, connection, each, deadline)
            for each in statements
        }


def _one(looks: Looks, connection: Connection, statement: Statement, deadline: Deadline) -> Outcome:
    if first_word(statement.text) not in _COMPILED:
        return Outcome(None, message="only queries and writes are compiled")
    text = rewritten(statement.text, "sqlite")
    strict, quoted = _strictly(text)
    looks.limit(connection, deadline)
    outcome = _explained(looks, connection, strict)
    missing = _MISSING.match(outcome.message)
    if missing is None or missing["name"].rpartition(".")[2].lower() not in quoted:
        return outcome
    # SQLite takes "name" for a text where there is no such column: was one meant, then, or not?
    # Where it was none when the statement was read, a text was meant, and it compiles.
    meant_text = (
        statement.problem is not None and missing["name"].lower() in statement.problem.lower()
    )
    return _explained(looks, connection, text) if meant_text else outcome


def _explained(looks: Looks, connection: Connection, text: str) -> Outcome:
    try:
        connection.execute(f"EXPLAIN {text}", (None,) * count(text, "sqlite")).fetchone()
    except sqlite3.Error as error:
        said = message(error, looks.address)
        if locked(error):
            return Outcome(None, code(error), f"the database is locked by somebody else: {said}")
        if code(error) == "SQLITE_INTERRUPT":
            return Outcome(None, code(error), "compiling it took too long")
        own = isinstance(error, sqlite3.ProgrammingError)  # several statements, or no text
        if own or _OF_APPLICATION.search(said):
            return Outcome(None, code(error) or None, said)
        return Outcome(worked=False, code=code(error) or None, message=said)
    except (ValueError, OverflowError) as error:
        return Outcome(None, None, f"it cannot be compiled: {error}")
    return Outcome(worked=True)


def _strictly(text: str) -> tuple[str, frozenset[str]]:
    """Write ``"name"`` as `` `name` ``, which is never a text; and tell which names those are."""
    done, last, names = "", 0, set()
    for token in definitions.tokens(text):
        if token.kind == "quoted" and token.text[0] == '"':
            spelled = token.name.replace("`", "``")
            done += text[last : token.start] + f"`{spelled}`"
            last = token.end
            names.add(token.name.lower())
    return done + text[last:], frozenset(names)
