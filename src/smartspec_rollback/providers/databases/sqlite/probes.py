"""What the rows in a SQLite file say (layer L4): counted exactly, or not told at all.

Called by ``database``. Nothing is counted in a file above the size limit, sampled or estimated.
"""

import sqlite3

from smartspec_rollback.domain.catalog import Catalog, Relation, RelationKind
from smartspec_rollback.domain.schema_record import Answer, Question, QuestionKind
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects import counting
from smartspec_rollback.providers.databases.dialects.counting import SQLITE, Subject
from smartspec_rollback.providers.databases.questions import Unanswerable
from smartspec_rollback.providers.databases.sqlite.connection import (
    Connection,
    Looks,
    code,
    locked,
)

_WRITTEN = "SQLite keeps no record of when a row was written"
_SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"


def answers(
    looks: Looks,
    questions: tuple[Question, ...],
    catalog: Catalog,
    *,
    limit: int,
    deadline: Deadline,
) -> tuple[Answer, ...]:
    """Answer every question, in order; ``limit`` is the largest file read, in bytes."""
    with looks.look(deadline) as connection:
        return tuple(
            Answer(question=question, rows=None, reason="no time was left to count")
            if deadline.expired
            else _answer(looks, connection, question, catalog, limit=limit, deadline=deadline)
            for question in questions
        )


def _answer(
    looks: Looks,
    connection: Connection,
    question: Question,
    catalog: Catalog,
    *,
    limit: int,
    deadline: Deadline,
) -> Answer:
    looks.limit(connection, deadline)
    try:
        rows = _count(connection, question, catalog, limit)
    except Unanswerable as error:
        return Answer(question=question, rows=None, reason=str(error))
    except sqlite3.Error as error:
        return Answer(question=question, rows=None, reason=_why(error, question.relation))
    return Answer(question=question, rows=rows, how="every row counted")


def _count(connection: Connection, question: Question, catalog: Catalog, limit: int) -> int:
    subject = Subject(SQLITE, _table(catalog, question.relation), _other(catalog, question))
    if question.kind is QuestionKind.WRITTEN:
        raise Unanswerable(_WRITTEN)
    size = int(connection.execute(_SIZE).fetchone()[0])
    if size > limit:
        raise Unanswerable(f"the file has {size:,} bytes, above the limit of {limit:,}")
    row = connection.execute(counting.count(question, subject)).fetchone()
    return int(row[0])


def _other(catalog: Catalog, question: Question) -> Relation | None:
    if question.kind is not QuestionKind.ORPHANS or not question.arguments:
        return None
    return _table(catalog, question.arguments[0])


def _table(catalog: Catalog, qualified: str) -> Relation:
    found = catalog.relation(qualified)
    if found is None:
        raise Unanswerable(f"there is no table {qualified} any more")
    if found.kind is RelationKind.VIEW:
        raise Unanswerable(f"{qualified} is a view: what reading it costs is not known")
    return found


def _why(error: sqlite3.Error, relation: str) -> str:
    """Say what stood in the way. SQLite's own words are not quoted: they may hold values."""
    if locked(error):
        return f"{relation} is locked by somebody else"
    if code(error) == "SQLITE_INTERRUPT":
        return f"counting rows of {relation} took longer than the time limit"
    return f"counting rows of {relation} failed ({code(error) or type(error).__name__})"
