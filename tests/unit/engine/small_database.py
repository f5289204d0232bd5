"""A database made up for tests: what it holds is said there, and what was asked is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.schema_record import Answer, Mark, Question, QuestionKind
from smartspec_rollback.domain.workload import (
    ColumnProfile,
    Sample,
    Statement,
    StatementText,
    Trial,
)
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.testing.database_samples import IDENTITY, a_catalog, a_mark

Held = Mapping[tuple[QuestionKind, str], int | None]


@dataclass
class SmallDatabase:
    """Answers what it was given. ``broken`` names methods that fail, and why."""

    name: ClassVar[str] = "small"
    held: Catalog = field(default_factory=a_catalog)
    rows: Held = field(default_factory=dict)
    remembered: tuple[StatementText, ...] = ()
    gaps: tuple[str, ...] = ()
    applied: tuple[AppliedMigration, ...] | None = (AppliedMigration(version="1"),)
    marks: Mark = field(default_factory=a_mark)
    broken: Mapping[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """Name it."""
        return IDENTITY

    def catalog(self, *, deadline: Deadline) -> Catalog:
        """Give the schema."""
        self._ask("catalog", deadline)
        return self.held

    def describe(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /, *, deadline: Deadline
    ) -> tuple[Statement, ...]:
        """Know every text by heart."""
        self._ask("describe", deadline)
        assert catalog == self.held
        return tuple(
            Statement(id=t.id, text=t.text, source=t.source, calls=t.calls, worked=True, uses=())
            for t in texts
        )

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Let everything work."""
        self._ask("trials", deadline)
        return tuple(Trial(statement=each.id, worked=True) for each in statements)

    def statements(
        self, *, deadline: Deadline
    ) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
        """Give what is remembered."""
        self._ask("statements", deadline)
        return self.remembered, self.gaps

    def applied_migrations(
        self, table: str | None, tool: str | None, /, *, deadline: Deadline
    ) -> tuple[AppliedMigration, ...] | None:
        """Give the record of migrations."""
        assert tool is None or table is None
        self._ask("applied_migrations", deadline)
        return self.applied

    def mark(self, *, deadline: Deadline) -> Mark:
        """Give the mark."""
        self._ask("mark", deadline)
        return self.marks

    def answers(
        self, questions: tuple[Question, ...], /, *, since: Mark | None, deadline: Deadline
    ) -> tuple[Answer, ...]:
        """Count what was given, nothing elsewhere."""
        self._ask("answers", deadline)
        assert since is not None
        return tuple(self._answer(each) for each in questions)

    def _answer(self, question: Question) -> Answer:
        key = (question.kind, ".".join((question.relation, *question.columns)))
        rows = self.rows.get(key, 0)
        reason = "the table is larger than the limit" if rows is None else ""
        return Answer(question=question, rows=rows, how="counted", reason=reason)

    @property
    def cannot_see(self) -> tuple[str, ...]:
        """See everything."""
        return ()

    def _ask(self, what: str, deadline: Deadline) -> None:
        self.asked.append(what)
        if deadline.expired:
            raise ProviderError("the time for looking into the database is over")
        if what in self.broken:
            raise self.broken[what]


@dataclass
class Telling(SmallDatabase):
    """One that tells of its values too."""

    def profiles(self, catalog: Catalog, /, *, deadline: Deadline) -> tuple[ColumnProfile, ...]:
        """Count one column."""
        assert catalog == self.held
        self._ask("profiles", deadline)
        return (ColumnProfile(relation="public.orders", column="id", nulls=0, rows=2),)

    def samples(self, catalog: Catalog, /, *, rows: int, deadline: Deadline) -> tuple[Sample, ...]:
        """Give rows of one table."""
        assert catalog == self.held
        self._ask("samples", deadline)
        return (Sample(relation="public.orders", columns=("id",), rows=(("1",),) * rows),)
