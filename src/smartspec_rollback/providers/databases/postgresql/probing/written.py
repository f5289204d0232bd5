"""How many rows were written since a mark: exact, by the transaction id every row carries.

Called by ``probes``. What may be relied on is told in ``marks``. Rows deleted since are not there
to be counted; the server's counter of deletions is quoted beside the answer, as a hint.
"""

from psycopg import sql

from smartspec_rollback.domain.schema_record import Answer, Counter, Mark, Question
from smartspec_rollback.providers.databases.postgresql.connection import Connection
from smartspec_rollback.providers.databases.postgresql.probing import marks
from smartspec_rollback.providers.databases.questions import Unanswerable

_REACH = 2**31 - 2
"""Ids further apart than this cannot be ordered by their lower 32 bits."""

# age() counts back from the newest id. A row's is at least 1; frozen rows may be older than can
# be told, which makes it negative. One statement, so that "newest" is one moment.
_COUNT = """
WITH mark AS MATERIALIZED (
    SELECT pg_catalog.age({xmax}::xid) AS at_end, pg_catalog.age({xmin}::xid) AS at_begin
), seen AS MATERIALIZED (
    SELECT pg_catalog.age(xmin) AS age, xmin = ANY({open}::xid[]) AS open
    FROM {relation}
    WHERE pg_catalog.age(xmin) BETWEEN 0 AND (SELECT at_begin FROM mark)
)
SELECT count(*) FILTER (WHERE age <= at_end OR open),
       count(*) FILTER (WHERE age > at_end AND NOT open)
FROM seen, mark
"""
_COUNTER = """
SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_catalog.pg_stat_user_tables
WHERE schemaname || '.' || relname = %s
"""
_RESET = """
SELECT stats_reset::text FROM pg_catalog.pg_stat_database
WHERE datname = pg_catalog.current_database()
"""


def count(
    connection: Connection, question: Question, relation: sql.Identifier, since: Mark | None
) -> Answer:
    """Count the rows inserted or updated since the mark; Unanswerable where it tells nothing."""
    if since is None:
        raise Unanswerable("no mark was recorded with the deployment")
    then = marks.read(since.transaction) if since.transaction is not None else None
    if then is None:
        raise Unanswerable("the recorded mark names no transaction of this kind of server")
    _comparable(then, marks.moment(connection))
    query = sql.SQL(_COUNT).format(
        open=sql.Literal(then.low_open),
        xmin=sql.Literal(marks.low(then.xmin)),
        xmax=sql.Literal(marks.low(then.xmax)),
        relation=relation,
    )
    certain, doubtful = connection.execute(query).fetchone() or (0, 0)
    hint = _hint(connection, question.relation, since)
    if doubtful and not certain:
        raise Unanswerable(
            f"{doubtful} rows were written by transactions that may have ended "
            f"just before or after the mark{hint}"
        )
    return Answer(
        question=question,
        rows=int(certain),
        exact=not doubtful,
        how=f"every row's transaction id compared with the mark's{hint}",
    )


def _comparable(then: marks.Moment, now: marks.Moment | None) -> None:
    if now is None:
        raise Unanswerable("this server is a standby, or does not tell its log position")
    if then.place != now.place:
        raise Unanswerable(
            "the mark was taken on another server, database or timeline (a restore, a promoted "
            "standby or an upgrade since)"
        )
    if now.log < then.log or now.xmax < then.xmax:
        raise Unanswerable("the server was set back to a time before the mark")
    if now.xmax - then.xmin > _REACH:
        raise Unanswerable("the mark is more than two thousand million transactions old")


def _hint(connection: Connection, relation: str, since: Mark) -> str:
    """Say what the write counters did, where they were not reset since the mark."""
    reset = connection.execute(_RESET).fetchone()
    row = connection.execute(_COUNTER, (relation,)).fetchone()
    if row is None or reset is None or (reset[0] and str(reset[0])) != since.stats_reset:
        return "; deleted rows are not seen, and the write counters were reset since"
    none = Counter(relation=relation, inserted=0, updated=0, deleted=0)
    before = next((c for c in since.counters if c.relation == relation), none)
    deleted = int(row[2]) - before.deleted
    return (
        "; deleted rows are not seen: the server's own counter, which may lag, says "
        f"{max(0, deleted)} since"
    )
