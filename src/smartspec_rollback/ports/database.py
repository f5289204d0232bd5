"""What a database provider must be able to do. Everything here is read-only on the database.

Implemented under ``providers/databases``; called by the engine. Every method opens its own short
connections, keeps locks for no longer than one statement, waits for no lock, and raises
ProviderUnavailable (cannot be reached, timed out) or ProviderError (may not, cannot) with a remedy.
No error, value or log ever holds the URL's password.
"""

from types import TracebackType
from typing import ClassVar, Protocol, Self, runtime_checkable

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import AppliedMigration, Effect
from smartspec_rollback.domain.reversal import Reversal
from smartspec_rollback.domain.schema_record import Answer, Mark, Question, SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import (
    ColumnProfile,
    Run,
    Sample,
    Statement,
    StatementText,
    Trial,
)
from smartspec_rollback.ports.clock import Deadline


class Database(Protocol):
    """One live database."""

    name: ClassVar[str]

    @property
    def identity(self) -> str:
        """Name the database for people, without secrets: ``postgresql://db.example:5432/shop``."""
        ...

    def catalog(self, *, deadline: Deadline) -> Catalog:
        """Read the whole schema."""
        ...

    def describe(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /, *, deadline: Deadline
    ) -> tuple[Statement, ...]:
        """Ask the server for the types of every statement, and work out what each touches.

        One Statement for each text, in order; what cannot be described says so in ``problem``.
        """
        ...

    def trials(
        self, statements: tuple[Statement, ...], /, *, deadline: Deadline
    ) -> tuple[Trial, ...]:
        """Compile every statement on the schema as it is now; nothing is executed."""
        ...

    def statements(
        self, *, deadline: Deadline
    ) -> tuple[tuple[StatementText, ...], tuple[str, ...]]:
        """Read the statements the server itself remembers, and the gaps in what it remembers."""
        ...

    def applied_migrations(
        self, table: str | None, tool: str | None, /, *, deadline: Deadline
    ) -> tuple[AppliedMigration, ...] | None:
        """Read a migrations' tool's ledger table; None if there is none. Finds it by itself."""
        ...

    def mark(self, *, deadline: Deadline) -> Mark:
        """Take the point in time from which writes can be told."""
        ...

    def answers(
        self, questions: tuple[Question, ...], /, *, since: Mark | None, deadline: Deadline
    ) -> tuple[Answer, ...]:
        """Count rows, one Answer a Question, in order; above the size limit the answer is None."""
        ...

    @property
    def cannot_see(self) -> tuple[str, ...]:
        """Say in sentences what this kind of database cannot be asked."""
        ...


@runtime_checkable
class Profiles(Protocol):
    """Can take value profiles and row samples, where somebody switched that on."""

    def profiles(self, catalog: Catalog, /, *, deadline: Deadline) -> tuple[ColumnProfile, ...]:
        """Count what every column holds, below the size limit."""
        ...

    def samples(self, catalog: Catalog, /, *, rows: int, deadline: Deadline) -> tuple[Sample, ...]:
        """Take up to ``rows`` rows of every table."""
        ...


Apart = tuple[tuple[str, Sensitive | Mark], ...]
"""Databases that recorded code must never run beside: the setting or option that names each, and
its URL, or a mark taken in it."""


class Rehearsal(Value):
    """What came of compiling and running statements on scratch copies of two schemas.

    ``before`` and ``after`` are trials there. ``missing_before``/``missing_after`` are objects that
    could not be made, so that a failure there proves nothing. ``server`` names what it ran on.
    """

    server: str
    before: tuple[Trial, ...] = ()
    after: tuple[Trial, ...] = ()
    runs: tuple[Run, ...] = ()
    missing_before: tuple[str, ...] = ()
    missing_after: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Laboratory(Protocol):
    """Scratch databases of one kind, made and thrown away; production is never touched.

    A context manager: what was started is ended with it.
    """

    name: ClassVar[str]

    def __enter__(self) -> Self:
        """Start nothing yet."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """End whatever was started."""
        ...

    def understand(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /
    ) -> tuple[Statement, ...]:
        """Work out what each statement touches from its text alone; no server is asked."""
        ...

    def effects(self, sql: str, source: str, /) -> tuple[Effect, ...]:
        """Read a migration's text statically."""
        ...

    def rehearse(
        self,
        before: SchemaSnapshot,
        after: Catalog,
        /,
        *,
        migrations: tuple[str, ...],
        deadline: Deadline,
    ) -> Rehearsal:
        """Make both schemas, fill the first, compile and run the statements on both."""
        ...

    def available(self) -> str | None:
        """Say why no copies can be made, here or on the server that was named; None if they can."""
        ...


@runtime_checkable
class Beside(Protocol):
    """A Database whose settings say where copies of its schema are made."""

    def laboratory_beside(self) -> Laboratory:
        """Make the Laboratory that works there; nothing is started or connected to yet."""
        ...


@runtime_checkable
class OnShadow(Protocol):
    """A Laboratory that can make its copies on a server that somebody named."""

    def shadow(self, *, deadline: Deadline) -> str | None:
        """Name the server, once a copy was made there; None where none was named.

        UsageError where it may be a server it has to be kept apart from; ProviderError where it
        cannot be reached, or lacks what is needed.
        """
        ...


@runtime_checkable
class Reverses(Protocol):
    """A Laboratory that can try the reversal of a migration out."""

    def __enter__(self) -> Self:
        """Start nothing yet."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """End whatever was started."""
        ...

    def reverse(
        self,
        *,
        before: str,
        up: tuple[tuple[str, str], ...],
        down: tuple[tuple[str, str], ...],
        writes: tuple[tuple[str, str], ...],
        deadline: Deadline,
    ) -> Reversal:
        """Go up, write and go down in scratch databases; scripts are (name, SQL), in order.

        Without ``writes`` they are made up.
        """
        ...
