"""What a laboratory can do without a server: read statements and migrations.

Base of the laboratories of MySQL and SQLite. Scratch copies are not made here.
"""

from types import TracebackType
from typing import ClassVar, Self

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import Effect
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import Statement, StatementText
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Rehearsal
from smartspec_rollback.providers.databases.dialects import effects, usage


class ReadingLaboratory:
    """Understands texts; ``dialect`` is what sqlglot calls the language."""

    name: ClassVar[str]
    dialect: ClassVar[str]

    def __enter__(self) -> Self:
        """Start nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """End nothing: nothing was started."""

    def understand(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /
    ) -> tuple[Statement, ...]:
        """Work out what each statement touches from its text alone; no server is asked."""
        return usage.understand(texts, catalog, self.dialect)

    def effects(self, sql: str, source: str, /) -> tuple[Effect, ...]:
        """Read a migration's text statically."""
        return effects.effects(sql, source, self.dialect)

    def available(self) -> str | None:
        """Say why no scratch copies are made."""
        return f"scratch copies of {self.name} databases are not made"

    def rehearse(
        self,
        before: SchemaSnapshot,
        after: Catalog,
        /,
        *,
        migrations: tuple[str, ...],
        deadline: Deadline,
    ) -> Rehearsal:
        """Refuse with ProviderUnavailable, as ``available`` says."""
        del before, after, migrations, deadline
        raise ProviderUnavailable(
            f"scratch copies of {self.name} databases are not made",
            remedy="compare with the live database, which compiles every statement",
        )
