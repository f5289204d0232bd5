"""What the rows that are there now say (layer L4): counted exactly, or not told at all.

Called by ``database``. One read-only transaction a question; a table above the size limit is not
read. Whatever stands in the way makes the answer unknown, with the reason.
"""

import pymysql

from smartspec_rollback.domain.catalog import Catalog, Relation, RelationKind
from smartspec_rollback.domain.schema_record import Answer, Question, QuestionKind
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.dialects import counting
from smartspec_rollback.providers.databases.dialects.counting import MYSQL, Subject
from smartspec_rollback.providers.databases.mysql import faults, queries
from smartspec_rollback.providers.databases.mysql.connection import Session, Sessions
from smartspec_rollback.providers.databases.questions import Unanswerable

_WRITTEN = "MySQL keeps no record of when a row was written: its rows carry no version to read"
_ABSENT = frozenset({1054, 1146})


def answers(
    sessions: Sessions,
    questions: tuple[Question, ...],
    catalog: Catalog,
    *,
    limit: int,
    deadline: Deadline,
) -> tuple[Answer, ...]:
    """Answer every question, in order; ``limit`` is the largest table read, in bytes."""
    with sessions.session(deadline) as session:
        return tuple(
            Answer(question=question, rows=None, reason="no time was left to count")
            if deadline.expired
            else _answer(sessions, session, question, catalog, limit)
            for question in questions
        )


def _answer(
    sessions: Sessions, session: Session, question: Question, catalog: Catalog, limit: int
) -> Answer:
    try:
        rows = _count(session, question, catalog, limit)
    except Unanswerable as error:
        return Answer(question=question, rows=None, reason=str(error))
    except pymysql.Error as error:
        if faults.lost(error):
            raise faults.fault(error, sessions.address, doing="counting rows") from None
        return Answer(question=question, rows=None, reason=_why(error, question.relation))
    return Answer(question=question, rows=rows, how="every row counted")


def _count(session: Session, question: Question, catalog: Catalog, limit: int) -> int:
    if question.kind is QuestionKind.WRITTEN:
        raise Unanswerable(_WRITTEN)
    subject = Subject(MYSQL, _table(catalog, question.relation), _other(catalog, question))
    query = counting.count(question, subject)
    for relation in filter(None, (subject.relation, subject.other)):
        _fits(session, relation, limit)
    return int(session.asked(query)[0][0])


def _other(catalog: Catalog, question: Question) -> Relation | None:
    if question.kind is not QuestionKind.ORPHANS or not question.arguments:
        return None
    return _table(catalog, question.arguments[0])


def _table(catalog: Catalog, qualified: str) -> Relation:
    found = catalog.relation(qualified)
    if found is None or found.partition_of is not None:
        raise Unanswerable(f"there is no table {qualified} any more")
    if found.kind is RelationKind.VIEW:
        raise Unanswerable(f"{qualified} is a view: what reading it costs is not known")
    return found


def _fits(session: Session, relation: Relation, limit: int) -> None:
    rows = session.asked(queries.SIZE, (relation.name,))
    if not rows or rows[0][0] == "VIEW":
        raise Unanswerable(f"{relation.qualified} has changed meanwhile")
    size = int(rows[0][1])
    if size > limit:
        raise Unanswerable(f"{relation.qualified} has {size:,} bytes, above the limit of {limit:,}")


def _why(error: pymysql.Error, relation: str) -> str:
    """Say what stood in the way. The server's words are not quoted: they may hold rows' values."""
    if faults.locked(error):
        return f"{relation} is locked by another session"
    if faults.slow(error):
        return f"counting rows of {relation} took longer than the time limit"
    if faults.number(error) in _ABSENT:
        return f"{relation} has changed meanwhile"
    return f"counting rows of {relation} failed ({faults.state(error)})"
