"""What every database provider must do, as tests: inherit ``DatabaseContract``, supply fixtures.

A provider looks at production during an incident, so that the worst it can do is to change
something, to keep others waiting, or to show as harmless what it did not see.
"""

from collections.abc import Callable

import pytest

from smartspec_rollback.domain.catalog import Catalog, RelationKind
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.workload import Statement, StatementText
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database

READS = "SELECT id, name FROM items WHERE id = 1"
WRITES = "INSERT INTO items (id, name) VALUES (7, 'seven')"
BROKEN = "SELECT missing FROM items"
TEXTS = (READS, WRITES, BROKEN)

TABLE = "CREATE TABLE items (id integer PRIMARY KEY, name varchar(20) NOT NULL, note varchar(20))"
ROWS = "INSERT INTO items (id, name) VALUES (1, 'one'), (2, 'two')"

SECRET = "hunter2"  # noqa: S105 - made up, to see that it never comes out
"""The password ``unreachable`` has to be configured with."""


class DatabaseContract:
    """Promises of ``Database``.

    Supply ``looked_at`` (a provider of a database made by ``TABLE`` and ``ROWS``, and nothing
    else), ``contents`` (tells everything in it, schema and rows, in whatever form), ``unreachable``
    (a provider whose server is not there, with the password ``SECRET``), and ``clock``.
    """

    @pytest.fixture
    def looked_at(self) -> Database:
        """Supply a provider of a database with one table and two rows."""
        raise self._not_supplied("looked_at")

    @pytest.fixture
    def contents(self) -> Callable[[], object]:
        """Supply what tells the database's contents, past the provider."""
        raise self._not_supplied("contents")

    @pytest.fixture
    def unreachable(self) -> Database:
        """Supply a provider whose server is not there."""
        raise self._not_supplied("unreachable")

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock."""
        raise self._not_supplied("clock")

    @pytest.fixture
    def deadline(self, clock: Clock) -> Deadline:
        """Leave enough time."""
        return Deadline.after(clock, 30)

    def test_schema_is_read(self, looked_at: Database, deadline: Deadline) -> None:
        """A table, a key or a NOT NULL is missing, and whatever happens to it goes unseen."""
        catalog = looked_at.catalog(deadline=deadline)
        items = catalog.find("items")
        assert catalog.kind == looked_at.name
        assert catalog.version
        assert items is not None
        assert items.kind is RelationKind.TABLE
        assert [(c.name, c.nullable) for c in items.columns] == [
            ("id", False),
            ("name", False),
            ("note", True),
        ]
        assert items.primary_key == ("id",)

    def test_statements_are_described_in_order(
        self, looked_at: Database, deadline: Deadline
    ) -> None:
        """A statement is judged by what another one touches."""
        described = self._described(looked_at, deadline)
        assert [each.source for each in described] == [f"file:{n}" for n, _ in enumerate(TEXTS)]
        assert [each.worked for each in described] == [True, True, False]

    def test_uses_are_told(self, looked_at: Database, deadline: Deadline) -> None:
        """A changed column is thought unused, since nobody knows which columns a statement uses."""
        read, written, _ = self._described(looked_at, deadline)
        (reading,) = read.uses or ()
        (writing,) = written.uses or ()
        name = self._name(looked_at.catalog(deadline=deadline))
        assert reading.relation == writing.relation == name
        assert {"id", "name"} <= reading.touched
        assert not reading.writes
        assert writing.inserts
        assert set(writing.inserted or ()) == {"id", "name"}

    def test_refused_statement_is_not_understood(
        self, looked_at: Database, deadline: Deadline
    ) -> None:
        """What never worked counts as covered, or is reported as broken by the new version."""
        _, _, broken = self._described(looked_at, deadline)
        assert broken.problem
        assert not broken.understood

    def test_unusable_text_says_so(self, looked_at: Database, deadline: Deadline) -> None:
        """A statement that was cut off passes for one that touches nothing."""
        catalog = looked_at.catalog(deadline=deadline)
        cut = StatementText(text="SELECT id FROM ite", source="file", problem="it was cut off")
        (described,) = looked_at.describe((cut,), catalog, deadline=deadline)
        assert described.problem
        assert not described.understood

    def test_trials_tell_what_compiles(self, looked_at: Database, deadline: Deadline) -> None:
        """A statement that fails is thought to work, or the other way round."""
        described = self._described(looked_at, deadline)
        trials = looked_at.trials(described, deadline=deadline)
        assert [each.statement for each in trials] == [each.id for each in described]
        assert [each.worked for each in trials] == [True, True, False]
        assert trials[-1].message

    def test_remembered_statements_have_a_source(
        self, looked_at: Database, deadline: Deadline
    ) -> None:
        """Nobody can tell where a statement comes from, or that none are remembered."""
        texts, gaps = looked_at.statements(deadline=deadline)
        assert all(text.source for text in texts)
        assert texts or gaps

    def test_rows_are_counted(self, looked_at: Database, deadline: Deadline) -> None:
        """The evidence under a finding is wrong, or belongs to another question."""
        name = self._name(looked_at.catalog(deadline=deadline))
        questions = (
            Question(kind=QuestionKind.NULLS, relation=name, columns=("note",)),
            Question(kind=QuestionKind.ROWS, relation=name),
            Question(kind=QuestionKind.NULLS, relation=name, columns=("name",)),
        )
        answers = looked_at.answers(questions, since=None, deadline=deadline)
        assert [each.question for each in answers] == list(questions)
        assert [each.rows for each in answers] == [2, 2, 0]
        assert all(each.exact and each.how for each in answers)

    def test_what_cannot_be_counted_is_unknown(
        self, looked_at: Database, deadline: Deadline
    ) -> None:
        """A relation that is not there has no rows in trouble, and so looks harmless."""
        name = self._name(looked_at.catalog(deadline=deadline))
        questions = (
            Question(kind=QuestionKind.ROWS, relation=f"{name}_gone"),
            Question(kind=QuestionKind.WRITTEN, relation=name),
        )
        answers = looked_at.answers(questions, since=None, deadline=deadline)
        assert [each.rows for each in answers] == [None, None]
        assert all(each.reason for each in answers)

    def test_nothing_written_since_the_mark(self, looked_at: Database, deadline: Deadline) -> None:
        """Rows are reported as lost by a reversal that nobody wrote."""
        name = self._name(looked_at.catalog(deadline=deadline))
        mark = looked_at.mark(deadline=deadline)
        question = Question(kind=QuestionKind.WRITTEN, relation=name)
        (answer,) = looked_at.answers((question,), since=mark, deadline=deadline)
        assert mark.at.tzinfo is not None
        assert answer.rows in (0, None)

    def test_no_ledger_is_not_an_empty_ledger(
        self, looked_at: Database, deadline: Deadline
    ) -> None:
        """Every migration looks as if it had not been applied."""
        assert looked_at.applied_migrations(None, None, deadline=deadline) is None

    def test_nothing_is_ever_written(
        self, looked_at: Database, contents: Callable[[], object], deadline: Deadline
    ) -> None:
        """Looking at production changes it."""
        before = contents()
        described = self._described(looked_at, deadline)
        looked_at.trials(described, deadline=deadline)
        looked_at.statements(deadline=deadline)
        looked_at.mark(deadline=deadline)
        assert contents() == before

    def test_failure_is_an_error_without_secrets(
        self, unreachable: Database, deadline: Deadline
    ) -> None:
        """An unreachable database looks like an empty one, or a log shows its password."""
        assert SECRET not in unreachable.identity
        with pytest.raises(ProviderError) as caught:
            unreachable.catalog(deadline=deadline)
        assert SECRET not in f"{caught.value!s} {caught.value!r}"
        assert caught.value.remedy
        with pytest.raises(ProviderError) as caught:
            unreachable.mark(deadline=deadline)
        assert SECRET not in f"{caught.value!s} {caught.value!r}"

    def test_no_time_is_an_error(self, looked_at: Database, clock: Clock) -> None:
        """Half a schema is read when the time is up, and the rest looks dropped."""
        with pytest.raises(ProviderError):
            looked_at.catalog(deadline=Deadline.after(clock, 0))

    def test_blind_spots_are_sentences(self, looked_at: Database) -> None:
        """People take for checked what this kind of database cannot be asked."""
        assert looked_at.cannot_see
        assert all(sentence.endswith(".") for sentence in looked_at.cannot_see)

    def _described(self, database: Database, deadline: Deadline) -> tuple[Statement, ...]:
        texts = tuple(StatementText(text=t, source=f"file:{n}") for n, t in enumerate(TEXTS))
        return database.describe(texts, database.catalog(deadline=deadline), deadline=deadline)

    def _name(self, catalog: Catalog) -> str:
        items = catalog.find("items")
        assert items is not None
        return items.qualified

    def _not_supplied(self, fixture: str) -> pytest.UsageError:
        return pytest.UsageError(f"{type(self).__name__} does not supply the fixture {fixture!r}")
