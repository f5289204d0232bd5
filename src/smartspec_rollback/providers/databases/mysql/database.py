"""The database kinds ``mysql`` and ``mariadb``: one live database, looked at, never written to.

Made by ``databases`` from smartspec.yaml, or from a URL alone by ``MysqlDatabase.at``. A façade:
each ability is a module of this package, and each call opens a connection of its own. Both servers
are of the one kind ``mysql``; the catalog's version tells which it is.
"""

from functools import cached_property
from typing import Any, ClassVar, Self

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.domain.schema_record import Answer, Mark, Question
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import Statement, StatementText, Trial
from smartspec_rollback.errors import UsageError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.databases.dialects import ledger
from smartspec_rollback.providers.databases.dialects.counting import MYSQL
from smartspec_rollback.providers.databases.dialects.given import Given
from smartspec_rollback.providers.databases.mysql import (
    address,
    catalog,
    probes,
    remembered,
    trial,
)
from smartspec_rollback.providers.databases.mysql.connection import Sessions
from smartspec_rollback.providers.databases.mysql.laboratory import MysqlLaboratory
from smartspec_rollback.providers.databases.mysql.settings import MysqlSettings

_CANNOT_SEE = (
    (
        "What MySQL refuses only when a statement is run: compiling one finds what is dropped, "
        "renamed or ambiguous, not what a NOT NULL, a CHECK or a key refuses, nor types."
    ),
    (
        "Whether the application's own connections are strict (sql_mode): where they are not, a "
        "NOT NULL column that is left out becomes 0 or '', and a value that is too long is cut "
        "off, in silence."
    ),
    (
        "Which part of a migration that failed was applied: DDL commits by itself here, so "
        "half-applied migrations exist."
    ),
    "Which rows were written since a point in time: rows carry no version that can be read.",
    "Privileges of other users than the URL's.",
    "What ON UPDATE CURRENT_TIMESTAMP, events, sequences and other databases of the server do.",
    "Statements that no client sent and no file lists: what procedures and triggers run inside.",
    "Changes of meaning: a column that keeps its name and type and holds something else now.",
)


class MysqlDatabase:
    """Looks at one MySQL or MariaDB database; satisfies ``ports.database.Database``."""

    name: ClassVar[str] = "mysql"
    settings_type: ClassVar[type[Value]] = MysqlSettings

    def __init__(self, settings: MysqlSettings, *, clock: Clock) -> None:
        """Look as ``settings`` say; connects only when asked something."""
        self._settings = settings
        self._clock = clock

    @classmethod
    def at(
        cls, url: Sensitive, /, *, clock: Clock, role: str | None = None, **settings: Any
    ) -> Self:
        """Look at ``url`` itself; ``settings`` are fields of MysqlSettings.

        UsageError for a ``role``: statements are compiled as the URL's user here.
        """
        if role is not None:
            raise UsageError(
                "a role cannot be taken on in MySQL",
                remedy="name the application's user in the URL instead",
            )
        return cls(MysqlSettings(url=Given(url), **settings), clock=clock)

    @staticmethod
    def laboratory() -> MysqlLaboratory:
        """Make what reads statements and migrations without a server."""
        return MysqlLaboratory()

    @cached_property
    def _sessions(self) -> Sessions:
        settings = self._settings
        return Sessions(
            address.read(settings.url.resolve(), where=settings.url.place),
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
        """Read the whole schema."""
        with self._sessions.session(deadline) as session:
            return catalog.read(session)

    def describe(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /, *, deadline: Deadline
    ) -> tuple[Statement, ...]:
        """Parse every statement, and have the server compile it; it tells no types."""
        return trial.describe(self._sessions, texts, catalog, deadline)

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Compile every statement as the URL's user; nothing is executed."""
        now = self.catalog(deadline=deadline)
        return trial.trials(self._sessions, statements, now, deadline)

    def statements(
        self, *, deadline: Deadline
    ) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
        """Read what performance_schema remembers of this database."""
        return remembered.statements(self._sessions, deadline=deadline)

    def applied_migrations(
        self, table: str | None, tool: str | None, /, *, deadline: Deadline
    ) -> tuple[AppliedMigration, ...] | None:
        """Read the ledger of a migrations' tool; None where there is none."""
        with self._sessions.session(deadline) as session:
            now = catalog.read(session)
            found = ledger.find(now, table, tool, where=self.identity)
            if not found:
                return None
            applied: list[AppliedMigration] = []
            for name, kind in found:
                relation = next(r for r in now.relations if r.name == name)
                names = [c.name for c in relation.columns]
                spelled = ", ".join(MYSQL.identifier(each) for each in names)
                source = MYSQL.identifier(name)
                query = f"SELECT {spelled} FROM {source} LIMIT {ledger.MOST}"  # noqa: S608 - quoted
                rows = [dict(zip(names, row, strict=True)) for row in session.ask(query)]
                applied += ledger.applied(kind, rows)
            return tuple(applied)

    def mark(self, *, deadline: Deadline) -> Mark:
        """Take the time alone: there is no id that rows written later would carry."""
        with self._sessions.session(deadline) as session:
            session.ask("SELECT 1")
        return Mark(at=self._clock.now())

    def answers(
        self, questions: tuple[Question, ...], /, *, since: Mark | None, deadline: Deadline
    ) -> tuple[Answer, ...]:
        """Count rows of tables below the size limit."""
        del since
        now = self.catalog(deadline=deadline)
        limit = self._settings.scan_limit
        return probes.answers(self._sessions, questions, now, limit=limit, deadline=deadline)
