"""Scratch copies of PostgreSQL schemas, behind the port ``Laboratory``.

Made by wiring, used by the engine when two schemas are compared. The server is started when the
first rehearsal asks for one, and ended by ``close``.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import ClassVar, Self

import psycopg

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import Effect
from smartspec_rollback.domain.reversal import Reversal
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import Statement, StatementText
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Rehearsal
from smartspec_rollback.providers.databases.postgresql.effects import migration as effects
from smartspec_rollback.providers.databases.postgresql.rehearsing.rehearse import rehearse
from smartspec_rollback.providers.databases.postgresql.reversing.reversal import Script, reverse
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch, choose
from smartspec_rollback.providers.databases.postgresql.usage import statement as usage

_GRACE = 3.0
_LONGEST = 200


class PostgresqlLaboratory:
    """Rehearses on scratch copies of PostgreSQL schemas; close it after use."""

    name: ClassVar[str] = "postgresql"

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._servers: dict[int, Scratch] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the servers; idempotent."""
        self._servers.clear()
        self._stack.close()

    def understand(
        self, texts: tuple[StatementText, ...], catalog: Catalog, /
    ) -> tuple[Statement, ...]:
        """Work out what each statement touches from its text alone; no server is asked."""
        return usage.understand(texts, catalog)

    def effects(self, sql: str, source: str, /) -> tuple[Effect, ...]:
        """Read a migration's text statically."""
        return effects.effects(sql, source)

    def available(self) -> str | None:
        """Say why no scratch server can be started here; None if one can."""
        try:
            choose(None)
        except ProviderUnavailable as error:
            return f"{error.what}: {error.remedy}"
        return None

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
        server = self._server(_major(before.catalog.version))
        with self._bounded(server, deadline):
            return rehearse(server, before, after, migrations, deadline)

    def reverse(
        self,
        *,
        before: str,
        up: tuple[Script, ...],
        down: tuple[Script, ...],
        writes: tuple[Script, ...],
        deadline: Deadline,
    ) -> Reversal:
        """Go up, write and go down in scratch databases of the newest server there is."""
        server = self._server(None)
        with self._bounded(server, deadline):
            return reverse(
                server, before=before, up=up, down=down, writes=writes, deadline=deadline
            )

    @contextmanager
    def _bounded(self, server: Scratch, deadline: Deadline) -> Iterator[None]:
        """Let nobody's text outlast the deadline, or bring more down than the scratch server.

        What is executed there may end connections, drop the copy, or lift its own time limit.
        """
        late = threading.Timer(max(0.0, deadline.remaining) + _GRACE, server.stop)
        late.daemon = True
        late.start()
        try:
            yield
        except psycopg.Error as error:
            late.cancel()
            late.join()
            self.close()
            told = " ".join(str(error).split())[:_LONGEST]
            over = "the time was up" if deadline.expired else told
            raise ProviderUnavailable(
                f"the scratch copies could not be worked with to the end: {over}",
                remedy="leave out what ends connections or takes too long, or allow more time",
            ) from None
        finally:
            late.cancel()
            late.join()

    def _server(self, version: int | None) -> Scratch:
        major, _ = choose(version)
        if major not in self._servers:
            self._servers[major] = self._stack.enter_context(Scratch(major))
        return self._servers[major]


def _major(version: str) -> int | None:
    """Take the major version of what a server calls its version; None where it says nothing."""
    digits = version.partition(".")[0].strip()
    return int(digits) if digits.isascii() and digits.isdigit() else None
