"""A database that says what a test wrote for it.

Used instead of a real one by tests of the engine and the commands; passes ``DatabaseContract``.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.schema_record import Answer, Mark, Question
from smartspec_rollback.domain.workload import Statement, StatementText, Trial, Use
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline


class FakeDatabase:
    """Gives what it was made with; every part can be set anew in the middle of a test.

    ``uses`` tells, by text, what a statement touches: those it does not list fail to compile, as
    does everything in ``broken``. ``rows`` answers questions; those it does not list stay unknown.
    ``fails`` is raised by whatever asks the server.
    """

    name: ClassVar[str] = "fake"

    def __init__(
        self,
        catalog: Catalog,
        *,
        uses: Mapping[str, tuple[Use, ...]] | None = None,
        rows: Mapping[Question, int] | None = None,
        remembered: Iterable[StatementText] = (),
        gaps: Iterable[str] = (),
        migrations: Iterable[AppliedMigration] | None = None,
        fails: ProviderError | None = None,
        identity: str = "fake://database",
    ) -> None:
        self.schema = catalog
        self.uses = dict(uses or {})
        self.broken: set[str] = set()
        self.rows = dict(rows or {})
        self.remembered = tuple(remembered)
        self.gaps = tuple(gaps)
        self.migrations = None if migrations is None else tuple(migrations)
        self.fails = fails
        self.questions: list[Question] = []
        self._identity = identity

    @property
    def identity(self) -> str:
        """Name it."""
        return self._identity

    @property
    def cannot_see(self) -> tuple[str, ...]:
        """Say the obvious."""
        return ("Anything nobody wrote down for this fake.",)

    def catalog(self, *, deadline: Deadline) -> Catalog:
        """Give the schema."""
        self._asked(deadline)
        return self.schema

    def describe(
        self, texts: tuple[StatementText, ...], _catalog: Catalog, /, *, deadline: Deadline
    ) -> tuple[Statement, ...]:
        """Give what is written down for each text."""
        self._asked(deadline)
        return tuple(self._statement(text) for text in texts)

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Let through what is written down and not broken."""
        self._asked(deadline)
        return tuple(
            Trial(statement=each.id, worked=True)
            if self._works(each.text)
            else Trial(statement=each.id, worked=False, code="42703", message="it is broken")
            for each in statements
        )

    def statements(
        self, *, deadline: Deadline
    ) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
        """Give what is remembered."""
        self._asked(deadline)
        gaps = self.gaps or (() if self.remembered else ("nothing is remembered",))
        return self.remembered, gaps

    def applied_migrations(
        self, _table: str | None, _tool: str | None, /, *, deadline: Deadline
    ) -> tuple[AppliedMigration, ...] | None:
        """Give what is applied."""
        self._asked(deadline)
        return self.migrations

    def mark(self, *, deadline: Deadline) -> Mark:
        """Take the clock's time."""
        self._asked(deadline)
        return Mark(at=deadline.clock.now(), transaction="1")

    def answers(
        self, questions: tuple[Question, ...], /, *, since: Mark | None, deadline: Deadline
    ) -> tuple[Answer, ...]:
        """Answer what is written down; the rest, and what needs a mark that is not there, not."""
        del since
        self._asked(deadline)
        self.questions.extend(questions)
        return tuple(self._answer(question) for question in questions)

    def _answer(self, question: Question) -> Answer:
        rows = self.rows.get(question)
        if rows is None:
            return Answer(question=question, rows=None, reason="nobody wrote it down")
        return Answer(question=question, rows=rows, how="written down")

    def _statement(self, text: StatementText) -> Statement:
        made = Statement(
            id=text.id,
            text=text.text,
            source=text.source,
            calls=text.calls,
            parameters=text.parameters,
        )
        if text.problem is not None:
            return replace(made, problem=text.problem)
        if not self._works(text.text):
            return replace(made, worked=False, problem="it is broken")
        return replace(made, worked=True, uses=self.uses[text.text])

    def _works(self, text: str) -> bool:
        return text in self.uses and text not in self.broken

    def _asked(self, deadline: Deadline) -> None:
        if self.fails is not None:
            raise self.fails
        if deadline.expired:
            raise ProviderUnavailable("no time is left", remedy="allow more")
