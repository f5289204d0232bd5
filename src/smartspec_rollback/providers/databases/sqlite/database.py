"""The database kind ``sqlite``: one file, looked at and never written to.

Made by ``databases`` from smartspec.yaml, or from a URL alone by ``SqliteDatabase.at``. A façade:
each ability is a module of this package, and each call opens the file anew.
"""

from functools import cached_property
from typing import Any, ClassVar, Self

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.schema_record import Answer, Mark, Question
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.databases.dialects import ledger
from smartspec_rollback.providers.databases.dialects.counting import SQLITE
from smartspec_rollback.providers.databases.dialects.given import Given
from smartspec_rollback.providers.databases.sqlite import address, catalog, probes, trial
from smartspec_rollback.providers.databases.sqlite.connection import Looks
from smartspec_rollback.providers.databases.sqlite.laboratory import SqliteLaboratory
from smartspec_rollback.providers.databases.sqlite.settings import SqliteSettings

_CANNOT_SEE = (
    (
        "What SQLite refuses only when a statement is run: compiling one finds what is dropped "
        "or renamed, not what a NOT NULL, a CHECK or a key refuses."
    ),
    (
        "Types: SQLite holds values to them only in STRICT tables, so that any column may hold "
        "anything."
    ),
    "What a table lost while it was rebuilt, which is how most changes arrive in SQLite.",
    "Whether foreign keys are enforced: every connection decides that for itself.",
    "Which rows were written since a point in time: SQLite keeps no record of that.",
    "Which statements were sent: SQLite remembers none.",
    "Functions and collations that only the application's connections have.",
    "Changes of meaning: a column that keeps its name and type and holds something else now.",
)
_NOT_REMEMBERED = ("SQLite remembers no statements: name the files that hold the application's",)


class SqliteDatabase:
    """Looks at one SQLite file; satisfies ``ports.database.Database``."""

    name: ClassVar[str] = "sqlite"
    settings_type: ClassVar[type[Value]] = SqliteSettings

    def __init__(self, settings: SqliteSettings, *, clock: Clock) -> None:
        """Look as ``settings`` say; opens the file only when asked something."""
        self._settings = settings
        self._clock = clock

    @classmethod
    def at(
        cls, url: Sensitive, /, *, clock: Clock, role: str | None = None, **settings: Any
    ) -> Self:
        """Look at ``url`` itself; ``settings`` are fields of SqliteSettings.

        There are no roles in SQLite: whoever may read the file may read all of it.
        """
        del role
        return cls(SqliteSettings(url=Given(url), **settings), clock=clock)

    @staticmethod
    def laboratory() -> SqliteLaboratory:
        """Make what reads statements and migrations without a file."""
        return SqliteLaboratory()

    @cached_property
    def _looks(self) -> Looks:
        settings = self._settings
        return Looks(
            address.read(settings.url.resolve(), where=settings.url.place),
            lock_timeout=settings.lock_timeout,
            statement_timeout=settings.statement_timeout,
        )

    @property
    def identity(self) -> str:
        """Name the database by its path; UsageError where the URL is none."""
        return self._looks.address.identity

    @property
    def cannot_see(self) -> tuple[str, ...]:
        """Say what is beyond this provider."""
        return _CANNOT_SEE

    def catalog(self, *, deadline: Deadline) -> Catalog:
        """Read the whole schema."""
        with self._looks.look(deadline) as connection:
            return catalog.read(connection)

    def describe(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /, *, deadline: Deadline
    ) -> tuple[Statement, ...]:
        """Parse every statement, and let SQLite compile it; it tells no types."""
        return trial.describe(self._looks, texts, catalog, deadline)

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Compile every statement; nothing is executed."""
        now = self.catalog(deadline=deadline)
        return trial.trials(self._looks, statements, now, deadline)

    def statements(
        self, *, deadline: Deadline
    ) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
        """Say that SQLite remembers none."""
        del deadline
        return (), _NOT_REMEMBERED

    def applied_migrations(
        self, table: str | None, tool: str | None, /, *, deadline: Deadline
    ) -> tuple[AppliedMigration, ...] | None:
        """Read the ledger of a migrations' tool; None where there is none."""
        now = self.catalog(deadline=deadline)
        found = ledger.find(now, table, tool, where=self.identity)
        if not found:
            return None
        applied: list[AppliedMigration] = []
        with self._looks.look(deadline) as connection:
            for name, kind in found:
                query = f"SELECT * FROM {SQLITE.identifier(name)}"  # noqa: S608 - the name is quoted
                cursor = connection.execute(query)
                names = [each[0] for each in cursor.description]
                rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(ledger.MOST)]
                applied += ledger.applied(kind, rows)
        return tuple(applied)

    def mark(self, *, deadline: Deadline) -> Mark:
        """Take the time alone: SQLite has no point in time of its own that outlives a look."""
        with self._looks.look(deadline) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return Mark(at=self._clock.now())

    def answers(
        self, questions: tuple[Question, ...], /, *, since: Mark | None, deadline: Deadline
    ) -> tuple[Answer, ...]:
        """Count rows below the size limit."""
        del since
        now = self.catalog(deadline=deadline)
        limit = self._settings.scan_limit
        return probes.answers(self._looks, questions, now, limit=limit, deadline=deadline)
