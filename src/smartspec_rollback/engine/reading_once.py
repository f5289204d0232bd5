"""A database whose schema is read once, however many ask for it while one plan is made.

Used by ``database`` alone: reading a large catalog is what takes longest of a look.
"""

from typing import ClassVar

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.schema_record import Answer, Mark, Question
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Database


class ReadingOnce:
    """The database behind it in everything, but for the catalog, which it remembers."""

    name: ClassVar[str] = "reading-once"

    def __init__(self, live: Database) -> None:
        """Ask for the identity at once: what cannot even be addressed fails here."""
        self._live = live
        self._identity = live.identity
        self._catalog: Catalog | None = None

    @property
    def identity(self) -> str:
        """Name the database."""
        return self._identity

    def catalog(self, *, deadline: Deadline) -> Catalog:
        """Read the schema, the first time."""
        if self._catalog is None:
            self._catalog = self._live.catalog(deadline=deadline)
        return self._catalog

    def describe(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /, *, deadline: Deadline
    ) -> tuple[Statement, ...]:
        """Describe statements."""
        return self._live.describe(texts, catalog, deadline=deadline)

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Compile statements."""
        return self._live.trials(statements, deadline=deadline)

    def statements(
        self, *, deadline: Deadline
    ) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
        """Read the statements the server remembers."""
        return self._live.statements(deadline=deadline)

    def applied_migrations(
        self, table: str | None, tool: str | None, /, *, deadline: Deadline
    ) -> tuple[AppliedMigration, ...] | None:
        """Read the migrations' tool's ledger table."""
        return self._live.applied_migrations(table, tool, deadline=deadline)

    def mark(self, *, deadline: Deadline) -> Mark:
        """Take the point in time."""
        return self._live.mark(deadline=deadline)

    def answers(
        self, questions: tuple[Question, ...], /, *, since: Mark | None, deadline: Deadline
    ) -> tuple[Answer, ...]:
        """Count rows."""
        return self._live.answers(questions, since=since, deadline=deadline)

    @property
    def cannot_see(self) -> tuple[str, ...]:
        """Say what this kind of database cannot be asked."""
        return self._live.cannot_see
