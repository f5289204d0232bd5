"""Scratch copies of PostgreSQL schemas, behind the port ``Laboratory``.

Made by wiring, used by the engine when two schemas are compared. The server is started when the
first rehearsal asks for one, and ended by ``close``; where a shadow database is given, rehearsals
take place on its server instead. Reversals never do: their scripts make roles, and what is lost is
told by one who may read everything, which no server of others should allow.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import ClassVar, Self

import psycopg
from msgspec.structs import replace

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.migration import Effect
from smartspec_rollback.domain.reversal import Reversal
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.workload import Statement, StatementText
from smartspec_rollback.errors import ProviderUnavailable, SmartSpecError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Rehearsal
from smartspec_rollback.providers.databases.postgresql.effects import migration as effects
from smartspec_rollback.providers.databases.postgresql.rehearsing.rehearse import rehearse
from smartspec_rollback.providers.databases.postgresql.reversing.reversal import Script, reverse
from smartspec_rollback.providers.databases.postgresql.scratch import copies
from smartspec_rollback.providers.databases.postgresql.scratch.disguise import undisguised
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch, choose
from smartspec_rollback.providers.databases.postgresql.scratch.shadow import Shadow
from smartspec_rollback.providers.databases.postgresql.scratch.site import Site
from smartspec_rollback.providers.databases.postgresql.usage import statement as usage
from smartspec_rollback.providers.system import SystemClock

_GRACE = 3.0
_LOOK_WITHIN = 3.0
_LONGEST = 200


class PostgresqlLaboratory:
    """Rehearses on scratch copies of PostgreSQL schemas; close it after use."""

    name: ClassVar[str] = "postgresql"

    def __init__(self, shadow: Shadow | None = None, *, clock: Clock | None = None) -> None:
        """Prepare; ``clock`` bounds looking at the ``shadow``, where there is one."""
        self._shadow = shadow
        self._clock = clock or SystemClock()
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
        """Say why no scratch server can be started here, or the shadow not be used; None if so."""
        try:
            if self._shadow is None:
                choose(None)
            else:
                self._shadow.check(Deadline.after(self._clock, _LOOK_WITHIN))
        except SmartSpecError as error:
            return f"{error.what}: {error.remedy}"
        return None

    def shadow(self, *, deadline: Deadline) -> str | None:
        """Name the shadow server, once a copy could be made there; None where there is none."""
        if self._shadow is None:
            return None
        named = self._shadow.check(deadline)
        nothing = Catalog(kind=self.name, version="")
        with (
            self._shadow.room(nothing, nothing, deadline) as room,
            self._bounded(room, deadline),
            copies.empty(room, []) as name,
            copies.opened(room, name),
        ):
            return named

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
        if self._shadow is not None:
            return self._beside(self._shadow, before, after, migrations, deadline)
        server = self._server(_major(before.catalog.version))
        with self._bounded(server, deadline):
            return rehearse(server, before, after, migrations, deadline)

    def _beside(
        self,
        shadow: Shadow,
        before: SchemaSnapshot,
        after: Catalog,
        migrations: tuple[str, ...],
        deadline: Deadline,
    ) -> Rehearsal:
        """Rehearse on the shadow server, under other names."""
        with (
            shadow.room(before.catalog, after, deadline) as room,
            self._bounded(room, deadline),
        ):
            renamed = replace(before, catalog=room.disguised(before.catalog))
            told = rehearse(room, renamed, room.disguised(after), migrations, deadline)
            told = undisguised(told, room.names)
            return replace(told, notes=(*told.notes, *_not_given(before.catalog)))

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
    def _bounded(self, server: Site, deadline: Deadline) -> Iterator[None]:
        """Let nobody's text outlast the deadline, or bring more down than the scratch copies.

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


def _not_given(catalog: Catalog) -> tuple[str, ...]:
    """Say which predefined roles the application's role lacks on somebody else's server."""
    predefined = [each for each in catalog.member_of if each.startswith("pg_")]
    if not predefined:
        return ()
    return (f"on the shadow server nobody is a member of {', '.join(sorted(predefined))}",)


def _major(version: str) -> int | None:
    """Take the major version of what a server calls its version; None where it says nothing."""
    digits = version.partition(".")[0].strip()
    return int(digits) if digits.isascii() and digits.isdigit() else None
