"""Telling what was written since a mark, on real servers."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.providers.databases.postgresql.looking import LIMIT, looks, somebody, soon

from smartspec_rollback.domain.schema_record import Answer, Mark, Question, QuestionKind
from smartspec_rollback.providers.databases.postgresql.probing import marks
from smartspec_rollback.providers.databases.postgresql.probing.probes import answers
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_AT = datetime(2026, 3, 1, 3, tzinfo=UTC)
_TABLE = "CREATE TABLE notes (id int PRIMARY KEY, writer int)"


@pytest.fixture(params=["postgres15", "scratch"], scope="module")
def notes(request: pytest.FixtureRequest) -> Iterator[str]:
    """Make a database with one table on each server."""
    server: Scratch = request.getfixturevalue(request.param)
    with server.database() as url:
        with somebody(url) as owner:
            owner.execute(_TABLE)
        yield url


def _mark(url: str) -> Mark:
    with looks(url)() as connection:
        return marks.mark(connection, _AT)


def _written(url: str, since: Mark | None, relation: str = "public.notes") -> Answer:
    question = Question(kind=QuestionKind.WRITTEN, relation=relation)
    return answers(looks(url), (question,), since=since, limit=LIMIT, deadline=soon())[0]


@dataclass
class _Person:
    """One session writing its own rows; every write leaves its number in the row."""

    connection: psycopg.Connection[tuple[Any, ...]]
    first: int
    open: list[int] = field(default_factory=list)
    savepoints: int = 0
    ended: dict[int, bool] = field(default_factory=dict)
    busy: bool = False

    def do(self, what: str, key: int, number: int, *, marked: bool) -> None:
        row = self.first + key
        match what:
            case "begin" if not self.busy:
                self.connection.execute("BEGIN")
                self.busy, self.savepoints = True, 0
            case "commit" | "rollback" if self.busy:
                self.connection.execute(what)
                self.busy = False
                self._end(marked=marked)
            case "savepoint" if self.busy:
                self.connection.execute("SAVEPOINT s")
                self.savepoints += 1
            case "rollback to" | "release" if self.busy and self.savepoints:
                self.connection.execute(f"{what} SAVEPOINT s")
                self.savepoints -= what == "release"
            case "insert" | "update" | "delete":
                self.connection.execute(_WRITES[what], {"id": row, "writer": number})
                self.open.append(number)
                if not self.busy:
                    self._end(marked=marked)

    def _end(self, *, marked: bool) -> None:
        self.ended |= dict.fromkeys(self.open, marked)
        self.open.clear()


_WRITES = {
    "insert": "INSERT INTO notes VALUES (%(id)s, %(writer)s) ON CONFLICT DO NOTHING",
    "update": "UPDATE notes SET writer = %(writer)s WHERE id = %(id)s",
    "delete": "DELETE FROM notes WHERE id = %(id)s",
}
_WHAT = ["begin", "commit", "rollback", "savepoint", "rollback to", "release"]
_STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([*_WHAT, "insert", "update", "insert", "update", "delete"]),
        st.integers(0, 4),
    ),
    max_size=25,
)


@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(before=_STEPS, after=_STEPS, freeze=st.booleans())
def test_the_count_of_rows_written_since_the_mark_is_exact(
    notes: str,
    *,
    before: list[tuple[int, str, int]],
    after: list[tuple[int, str, int]],
    freeze: bool,
) -> None:
    """A write after the deploy is missed, and reversing "loses nothing"."""
    with ExitStack() as stack:
        owner = stack.enter_context(somebody(notes))
        owner.execute("TRUNCATE notes")
        people = [_Person(stack.enter_context(somebody(notes)), 10 * n) for n in range(2)]
        for number, (who, what, key) in enumerate(before):
            people[who].do(what, key, number, marked=False)
        open_with_savepoint = any(p.busy and p.open for p in people)
        mark = _mark(notes)
        for number, (who, what, key) in enumerate(after, start=1000):
            people[who].do(what, key, number, marked=True)
        for person in people:
            person.do("commit", 0, 0, marked=True)
        if freeze:
            owner.execute("VACUUM FREEZE notes")
        ended = people[0].ended | people[1].ended
        rows = owner.execute("SELECT writer FROM notes").fetchall()
        truth = sum(ended[writer] for (writer,) in rows)
        answer = _written(notes, mark)
    if answer.rows is None:
        assert open_with_savepoint, answer.reason
        assert "may have ended" in answer.reason
    elif answer.exact:
        assert answer.rows == truth
    else:
        assert open_with_savepoint
        assert 0 < answer.rows <= truth


def test_a_row_written_under_a_savepoint_before_the_mark_is_never_called_old(notes: str) -> None:
    """The server lists no savepoints among what is open: such rows look old, and are not."""
    with somebody(notes) as owner, somebody(notes) as other:
        owner.execute("TRUNCATE notes")
        other.execute("BEGIN; INSERT INTO notes VALUES (1, 1); SAVEPOINT s")
        other.execute("INSERT INTO notes VALUES (2, 2)")
        owner.execute("SELECT pg_current_xact_id()")  # one that ends: what came before is listed
        mark = _mark(notes)
        other.execute("DELETE FROM notes WHERE id = 1; RELEASE SAVEPOINT s; COMMIT")
    answer = _written(notes, mark)
    assert answer.rows is None
    assert "1 rows were written by transactions that may have ended" in answer.reason


def test_rows_keep_what_tells_when_they_were_written(notes: str) -> None:
    """Freezing or rewriting a table makes new rows look old, or old ones new."""
    with somebody(notes) as owner:
        owner.execute("TRUNCATE notes; INSERT INTO notes VALUES (1, 1), (2, 2)")
        owner.execute("VACUUM FREEZE notes")
        mark = _mark(notes)
        owner.execute("INSERT INTO notes VALUES (3, 3)")
        for command in (
            "VACUUM FREEZE notes",
            "VACUUM FULL notes",
            "CLUSTER notes USING notes_pkey",
        ):
            owner.execute(command)
            assert _written(notes, mark).rows == 1, command


def test_deleted_rows_are_told_by_the_counter_only(notes: str) -> None:
    """Deletions are left out without a word."""
    with somebody(notes) as owner:
        owner.execute("TRUNCATE notes; INSERT INTO notes VALUES (1, 1), (2, 2)")
        owner.execute("SELECT pg_stat_force_next_flush()" if _flushes(owner) else "SELECT 1")
        mark = _mark(notes)
        owner.execute("DELETE FROM notes")
    answer = _written(notes, mark)
    assert answer.rows == 0
    assert "deleted rows are not seen" in answer.how


def _flushes(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    return connection.info.server_version >= 150000


def test_a_mark_of_another_server_or_time_tells_nothing(notes: str, scratch: Scratch) -> None:
    """Transaction ids of another cluster are compared with ours, and rows written called old."""
    mark = _mark(notes)
    assert mark.transaction is not None
    place, _, snapshot = mark.transaction.partition(" ")
    xmax = int(snapshot.split(":")[1])
    cluster, _, rest = place.partition("/")
    for transaction, reason in (
        (None, "no transaction"),
        ("12", "no transaction"),
        (f"{place} 5:4:", "no transaction"),
        (f"{place} 5:{'9' * 30}:", "no transaction"),
        (f"{place} 5:6:1,,2", "no transaction"),
        (f"{int(cluster) + 1}/{rest} {snapshot}", "another server"),
        (f"{place.replace('00000001@', '00000002@')} {snapshot}", "another server"),
        (f"{place} {xmax + 999}:{xmax + 999}:", "set back"),
        (f"{place.partition('@')[0]}@FFFF/0 {snapshot}", "set back"),
    ):
        changed = msgspec.structs.replace(mark, transaction=transaction)
        answer = _written(notes, changed)
        assert (answer.rows, reason in answer.reason) == (None, True), (transaction, answer)
    with scratch.database() as other:
        with somebody(other) as owner:
            owner.execute(_TABLE)
        assert _written(other, mark).rows is None


def test_the_mark_holds_the_write_counters(scratch: Scratch) -> None:
    """Nobody can be told what the server itself counted."""
    with scratch.database() as url:
        with somebody(url) as owner:
            owner.execute(_TABLE)
            owner.execute("INSERT INTO notes SELECT n, 0 FROM generate_series(1, 5) AS n")
            owner.execute("DELETE FROM notes WHERE id = 1")
        (counter,) = _mark(url).counters
        assert (counter.relation, counter.inserted, counter.deleted) == ("public.notes", 5, 1)


def test_taking_a_mark_uses_up_no_transaction_id(notes: str) -> None:
    """A read-only look writes to the log, or fails where only reading is allowed."""
    first, second = _mark(notes), _mark(notes)
    assert first.transaction is not None
    assert second.transaction is not None
    assert first.transaction.split()[1] == second.transaction.split()[1]
