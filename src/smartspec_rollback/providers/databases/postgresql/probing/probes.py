"""What the rows that are there now say (layer L4): counted exactly, or not told at all.

Called by ``database``. One short read-only transaction a question; a relation is read only where it
is, with its partitions and whatever it stores aside, below the size limit. Whatever stands in the
way (a lock, a privilege, row-level security, time) makes the answer unknown, with the reason.
Nothing is ever sampled or estimated.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql

from smartspec_rollback.domain.schema_record import Answer, Mark, Question, QuestionKind
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.connection import Connection
from smartspec_rollback.providers.databases.postgresql.probing import counting, written
from smartspec_rollback.providers.databases.postgresql.probing.counting import Subject
from smartspec_rollback.providers.databases.postgresql.probing.predicates import refused
from smartspec_rollback.providers.databases.questions import Unanswerable

Transaction = Callable[[], AbstractContextManager[Connection]]
"""Opens a short read-only transaction with an empty search path; rolled back in the end."""

_UNITS = (("TB", 2**40), ("GB", 2**30), ("MB", 2**20), ("kB", 2**10))
_KINDS = {"v": "a view", "f": "a foreign table"}

_FIND = """
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname || '.' || c.relname = %s AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
"""
_COLUMNS = """
SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), t.typcategory = 'A'
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
"""
_SIZE = """
WITH RECURSIVE family(oid) AS (
    SELECT %s::oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i, family
    WHERE i.inhparent = family.oid
)
SELECT coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0)::bigint,
       count(*) FILTER (WHERE c.relkind = 'f')
FROM family JOIN pg_catalog.pg_class AS c ON c.oid = family.oid
"""


@dataclass(frozen=True)
class Found:
    """A relation on the live server: its number, names and kind as pg_class has them."""

    oid: int
    schema: str
    name: str

    @property
    def identifier(self) -> sql.Identifier:
        """Its qualified name, quoted."""
        return sql.Identifier(self.schema, self.name)


def answers(
    transaction: Transaction,
    questions: tuple[Question, ...],
    *,
    since: Mark | None,
    limit: int,
    deadline: Deadline,
) -> tuple[Answer, ...]:
    """Answer every question, in order; ``limit`` is the largest relation read, in bytes.

    ProviderUnavailable or ProviderError only where ``transaction`` itself cannot be opened.
    """
    return tuple(
        Answer(question=question, rows=None, reason="no time was left to count")
        if deadline.expired
        else _answer(transaction, question, since, limit)
        for question in questions
    )


def _answer(transaction: Transaction, question: Question, since: Mark | None, limit: int) -> Answer:
    with transaction() as connection:
        try:
            # Rows hidden from us would be missing from the count: an error is better.
            connection.execute("SET LOCAL row_security = off")
            return _count(connection, question, since, limit)
        except Unanswerable as error:
            return Answer(question=question, rows=None, reason=str(error))
        except psycopg.Error as error:
            return Answer(question=question, rows=None, reason=why(error, question.relation))


def _count(connection: Connection, question: Question, since: Mark | None, limit: int) -> Answer:
    found = find(connection, question.relation)
    fits(connection, found, question.relation, limit)
    if question.kind is QuestionKind.WRITTEN:
        return written.count(connection, question, found.identifier, since)
    rows = connection.execute(_COLUMNS, (found.oid,)).fetchall()
    subject = Subject(
        name=found.identifier,
        types={str(name): str(type_) for name, type_, _ in rows},
        arrays=frozenset(str(name) for name, _, is_array in rows if is_array),
        other=_other(connection, question, limit),
    )
    compare_default = True
    if question.kind is QuestionKind.VIOLATIONS and question.arguments:
        reason = refused(connection, question.arguments[0])
        if reason is not None:
            raise Unanswerable(reason)
    if question.kind is QuestionKind.SET and question.arguments:
        compare_default = refused(connection, question.arguments[0], immutable=True) is None
    query = counting.count(question, subject, compare_default=compare_default)
    # binary: the extended protocol, which refuses more than one statement.
    row = connection.execute(query, binary=True).fetchone()
    how = "every row counted" if compare_default else "every row that is not NULL counted"
    return Answer(question=question, rows=int(row[0]) if row else None, how=how)


def _other(connection: Connection, question: Question, limit: int) -> sql.Identifier | None:
    if question.kind is not QuestionKind.ORPHANS or not question.arguments:
        return None
    other = find(connection, question.arguments[0])
    fits(connection, other, question.arguments[0], limit)
    return other.identifier


def find(connection: Connection, qualified: str) -> Found:
    """Find a table by its name as snapshots spell it; Unanswerable where it is not one table."""
    rows = connection.execute(_FIND, (qualified,)).fetchall()
    if not rows:
        raise Unanswerable(f"there is no table {qualified} any more")
    if len(rows) > 1:
        raise Unanswerable(f"more than one table is spelled {qualified}")
    oid, schema, name, kind = rows[0]
    if kind in _KINDS:
        raise Unanswerable(f"{qualified} is {_KINDS[kind]}: what reading it costs is not known")
    return Found(int(oid), str(schema), str(name))


def fits(connection: Connection, found: Found, qualified: str, limit: int) -> None:
    """Unanswerable where a table with its partitions is too large to be read, or lies elsewhere."""
    size, foreign = connection.execute(_SIZE, (found.oid,)).fetchone() or (0, 0)
    if foreign:
        raise Unanswerable(f"a part of {qualified} is a foreign table")
    if size > limit:
        raise Unanswerable(f"{qualified} is {human(size)}, above the limit of {human(limit)}")


def human(size: int) -> str:
    """Write a number of bytes for people: ``12 GB``, ``1.5 MB``."""
    for unit, factor in _UNITS:
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"


def why(error: psycopg.Error, relation: str) -> str:
    """Say what stood in the way. Messages about values are not quoted: they hold rows' data."""
    match error:
        case errors.LockNotAvailable():
            return f"{relation} is locked by another session"
        case errors.QueryCanceled():
            return f"counting rows of {relation} took longer than the time limit"
        case errors.InsufficientPrivilege():
            return f"no permission to read all rows of {relation}"
        case errors.UndefinedTable() | errors.UndefinedColumn():
            return f"{relation} has changed meanwhile"
    code = error.sqlstate or "connection lost"
    if code.startswith(("42", "0A")):
        return f"the server refuses the question ({code}): {error.diag.message_primary}"
    return f"counting rows of {relation} failed ({code})"
