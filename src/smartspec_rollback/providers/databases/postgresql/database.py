"""The database kind ``postgresql``: one live PostgreSQL 14 to 18, looked at and never written to.

Made by ``databases`` from smartspec.yaml, or from a URL alone by ``PostgresqlDatabase.at``. A
façade: each ability is a module of this package, and each call opens a connection of its own.
"""

from functools import cached_property, partial
from typing import Any, ClassVar, Self

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.schema_record import Answer, Mark, Question
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import (
    ColumnProfile,
    Sample,
    Statement,
    StatementText,
    Trial,
)
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Apart
from smartspec_rollback.providers.databases.postgresql import address, ledger
from smartspec_rollback.providers.databases.postgresql.catalog import reader as catalog
from smartspec_rollback.providers.databases.postgresql.connection import Sessions
from smartspec_rollback.providers.databases.postgresql.laboratory import PostgresqlLaboratory
from smartspec_rollback.providers.databases.postgresql.probing import marks, probes, profiles
from smartspec_rollback.providers.databases.postgresql.scratch.apart import Other
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Shadow
from smartspec_rollback.providers.databases.postgresql.settings import PostgresqlSettings
from smartspec_rollback.providers.databases.postgresql.statements import remembered, trial

_CANNOT_SEE = (
    "Statements that no client sent and no file lists: what functions and triggers run inside.",
    "Statements sent before the server last forgot them, or evicted since.",
    "Whether values that were never looked at fit a new constraint, beyond what counting tells.",
    "Changes of meaning: a column that keeps its name and type and holds something else now.",
    "Operators, casts, base types, event triggers and publications, beyond their number.",
    "Privileges on schemas and types, beyond what compiling statements tells.",
    "Other databases of the same server, and what foreign tables lead to.",
)


class _Given:
    """A secret that was handed over, where settings expect to be told where one is kept."""

    place = "the URL given"

    def __init__(self, secret: Sensitive) -> None:
        self._secret = secret

    def resolve(self) -> Sensitive:
        return self._secret


class PostgresqlDatabase:
    """Looks at one PostgreSQL database; satisfies the ports Database, Profiles and Beside."""

    name: ClassVar[str] = "postgresql"
    settings_type: ClassVar[type[Value]] = PostgresqlSettings

    def __init__(self, settings: PostgresqlSettings, *, clock: Clock) -> None:
        """Look as ``settings`` say; connects only when asked something."""
        self._settings = settings
        self._clock = clock

    @classmethod
    def at(cls, url: Sensitive, /, *, clock: Clock, **settings: Any) -> Self:
        """Look at ``url`` itself; ``settings`` are fields of PostgresqlSettings."""
        return cls(PostgresqlSettings(url=_Given(url), **settings), clock=clock)

    @staticmethod
    def laboratory() -> PostgresqlLaboratory:
        """Make what compares PostgreSQL schemas on scratch copies; nothing is started yet."""
        return PostgresqlLaboratory()

    @staticmethod
    def laboratory_on(
        shadow: Sensitive, /, *, setting: str, apart: Apart, clock: Clock
    ) -> PostgresqlLaboratory:
        """Make one whose copies are made on the server of the URL ``shadow``."""
        others = [
            Other(name, _Given(place) if isinstance(place, Sensitive) else place)
            for name, place in apart
        ]
        return PostgresqlLaboratory(
            Shadow(_Given(shadow), setting=setting, others=others), clock=clock
        )

    def laboratory_beside(self) -> PostgresqlLaboratory:
        """Make one whose copies are made where the settings say; nothing is started yet."""
        settings = self._settings
        if settings.shadow is None:
            return self.laboratory()
        shadow = Shadow(
            settings.shadow,
            setting=f"`shadow` ({settings.shadow.place})",
            others=[Other(f"`url` ({settings.url.place})", settings.url)],
        )
        return PostgresqlLaboratory(shadow, clock=self._clock)

    @cached_property
    def _sessions(self) -> Sessions:
        settings = self._settings
        return Sessions(
            address.read(settings.url.resolve(), where=settings.url.place),
            role=settings.role,
            search_path=settings.search_path,
            lock_timeout=settings.lock_timeout,
            statement_timeout=settings.statement_timeout,
        )

    @property
    def identity(self) -> str:
        """Name the database, without user or password; UsageError where the URL is none."""
        return self._sessions.address.identity

    @property
    def cannot_see(self) -> tuple[str, ...]:
        """Say what is beyond this provider."""
        return _CANNOT_SEE

    def catalog(self, *, deadline: Deadline) -> Catalog:
        """Read the schema; only the configured ``schemas`` of it, where there are some."""
        return catalog.read(self._sessions, schemas=self._settings.schemas, deadline=deadline)

    def describe(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /, *, deadline: Deadline
    ) -> tuple[Statement, ...]:
        """Parse every statement, and ask the server for its types, as the application's role."""
        with self._sessions.session(deadline) as session:
            return trial.describe(session.transaction, texts, catalog, deadline)

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Compile every statement as the application's role; nothing is executed."""
        with self._sessions.session(deadline) as session:
            return trial.trials(session.transaction, statements, deadline)

    def statements(
        self, *, deadline: Deadline
    ) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
        """Read what pg_stat_statements remembers of this database and the application's role."""
        return remembered.statements(self._sessions, deadline=deadline)

    def applied_migrations(
        self, table: str | None, tool: str | None, /, *, deadline: Deadline
    ) -> tuple[AppliedMigration, ...] | None:
        """Read the ledger of a migrations' tool; see ``ledger.applied``."""
        return ledger.applied(self._sessions, table, tool, deadline=deadline)

    def mark(self, *, deadline: Deadline) -> Mark:
        """Take the server's point in time, dated by the clock."""
        with self._sessions.transaction(deadline, as_application=False) as connection:
            return marks.mark(connection, self._clock.now())

    def answers(
        self, questions: tuple[Question, ...], /, *, since: Mark | None, deadline: Deadline
    ) -> tuple[Answer, ...]:
        """Count rows, as the URL's user: the application's role may not see all of them."""
        with self._sessions.session(deadline) as session:
            return probes.answers(
                partial(session.transaction, as_application=False),
                questions,
                since=since,
                limit=self._settings.scan_limit,
                deadline=deadline,
            )

    def profiles(self, catalog: Catalog, /, *, deadline: Deadline) -> tuple[ColumnProfile, ...]:
        """Count what the columns of every table below the size limit hold."""
        with self._sessions.session(deadline) as session:
            limit = self._settings.scan_limit
            return profiles.profiles(
                partial(session.transaction, as_application=False),
                catalog,
                limit=limit,
                deadline=deadline,
            )

    def samples(self, catalog: Catalog, /, *, rows: int, deadline: Deadline) -> tuple[Sample, ...]:
        """Take rows of every table below the size limit."""
        with self._sessions.session(deadline) as session:
            limit = self._settings.scan_limit
            return profiles.samples(
                partial(session.transaction, as_application=False),
                catalog,
                rows=rows,
                limit=limit,
                deadline=deadline,
            )
