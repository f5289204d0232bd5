"""Make two schemas in a scratch server, and compile and execute old statements on both (L2, L3).

Called by ``laboratory``. The schema after is made by the migrations themselves where their texts
are known and lead to it, so that rows are changed as the migrations change them; else from its
catalog, with the rows of the first copied by the names of columns.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NamedTuple

import msgspec
from psycopg import pq

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.schema_record import SchemaSnapshot
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.workload import Sample, Statement, Trial
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.database import Rehearsal
from smartspec_rollback.providers.databases.postgresql import address
from smartspec_rollback.providers.databases.postgresql.catalog import reader as catalog
from smartspec_rollback.providers.databases.postgresql.connection import Sessions
from smartspec_rollback.providers.databases.postgresql.naming import identifier
from smartspec_rollback.providers.databases.postgresql.rehearsing import execution, rows, running
from smartspec_rollback.providers.databases.postgresql.rehearsing.parameters import Chooser
from smartspec_rollback.providers.databases.postgresql.rehearsing.rows import Connection, Row
from smartspec_rollback.providers.databases.postgresql.scratch import access, contents, copies
from smartspec_rollback.providers.databases.postgresql.scratch.essence import essence
from smartspec_rollback.providers.databases.postgresql.scratch.materialise import (
    hand_over,
    materialise,
)
from smartspec_rollback.providers.databases.postgresql.scratch.site import Site
from smartspec_rollback.providers.databases.postgresql.statements import trial
from smartspec_rollback.providers.sql_text import statements

_SHOWN = 5


class _Made(NamedTuple):
    """A copy that was made: its name, what is missing in it, and what to say of it."""

    name: str
    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()
    bare: frozenset[str] = frozenset()


def rehearse(
    server: Site,
    before: SchemaSnapshot,
    after: Catalog,
    migrations: tuple[str, ...],
    deadline: Deadline,
) -> Rehearsal:
    """Compile and execute the statements of ``before`` on copies of both schemas.

    ``migrations`` are SQL texts in the order in which they are applied.
    """
    asked = tuple(s for s in before.workload.statements if s.text.strip())
    with ExitStack() as stack:
        making = _Making(stack, server, before, after, deadline)
        old = making.old(ahead=not migrations)
        copied = making.copied(old) if migrations and not old.missing else None
        first = stack.enter_context(copies.opened(server, old.name))
        held = contents.held(first, before.catalog)
        with server.connect() as superuser, ThreadPoolExecutor(1) as pool:
            access.join(superuser, before.catalog)
            trying = pool.submit(_compile, first, before.catalog, asked, deadline)
            new = making.new(copied, held, migrations)
            second = stack.enter_context(copies.opened(server, new.name))
            if access.memberships(before.catalog) != access.memberships(after):
                trying.result()
                access.join(superuser, after)
            on_new = _compile(second, after, asked, deadline)
            tried = trying.result()
        worked = {t.statement: t for t in tried if t.worked}
        again = tuple(t for t in on_new if t.statement in worked)
        still = {t.statement for t in again if t.worked}
        # The parameters' types are those of the very copy that is executed on.
        runnable = tuple(
            msgspec.structs.replace(s, parameters=worked[s.id].parameters)
            for s in asked
            if s.id in still
        )
        runs, left = running.runs(
            execution.Copy(first, before.catalog),
            execution.Copy(second, after),
            runnable,
            Chooser(before.catalog, held),
            doubtful=new.bare - old.bare,
            recorded=bool(before.samples),
            deadline=deadline,
        )
    notes = (*old.notes, *new.notes)
    if left:
        notes += (f"{left} statements were compiled, but not executed with values that fit",)
    return Rehearsal(
        server=server.version,
        before=tried,
        after=again,
        runs=runs,
        missing_before=old.missing,
        missing_after=new.missing,
        notes=notes,
    )


class _Making:
    """Makes the two copies; what of it can be done at once is."""

    def __init__(
        self,
        stack: ExitStack,
        server: Site,
        before: SchemaSnapshot,
        after: Catalog,
        deadline: Deadline,
    ) -> None:
        self._stack = stack
        self._server = server
        self._before = before
        self._after = after
        self._deadline = deadline
        self._ahead: _Made | None = None

    def old(self, *, ahead: bool) -> _Made:
        """Make the first copy, with rows; ``ahead``: meanwhile the second from its catalog."""
        name = self._empty(self._before.catalog, self._after)
        if not ahead:
            return self._filled_before(name)
        other = self._empty()
        with ThreadPoolExecutor(1) as pool:
            missing = pool.submit(self._materialised, other)
            old = self._filled_before(name)
            self._ahead = _Made(other, missing.result())
        return old

    def copied(self, old: _Made) -> str:
        """Copy the first copy; nobody may be connected to it meanwhile."""
        return self._stack.enter_context(copies.empty(self._server, [], template=old.name))

    def new(
        self,
        copied: str | None,
        held: dict[str, tuple[Row, ...]],
        migrations: tuple[str, ...],
    ) -> _Made:
        """Make the second copy from a copy of the first by migrations, else from its catalog."""
        notes: tuple[str, ...] = ()
        if copied is not None:
            trouble = _migrate(
                self._server,
                copied,
                migrations,
                before=self._before.catalog,
                after=self._after,
                deadline=self._deadline,
            )
            if trouble is None:
                return _Made(copied, ())
            notes = (trouble,)
        name, missing = self._from_catalog()
        bare = self._filled(name, self._after, held)
        return _Made(name, missing, (*notes, *_bare("after", bare)), frozenset(bare))

    def _empty(self, *catalogs: Catalog) -> str:
        return self._stack.enter_context(copies.empty(self._server, catalogs))

    def _from_catalog(self) -> tuple[str, tuple[str, ...]]:
        if self._ahead is not None:
            return self._ahead.name, self._ahead.missing
        name = self._empty()
        return name, self._materialised(name)

    def _materialised(self, name: str) -> tuple[str, ...]:
        with copies.opened(self._server, name) as connection:
            return materialise(self._after, connection)

    def _filled_before(self, name: str) -> _Made:
        recorded = self._before.catalog
        with copies.opened(self._server, name) as connection:
            missing = materialise(recorded, connection)
        bare = self._filled(name, recorded, _samples(self._before.samples))
        return _Made(name, missing, _bare("before", bare), frozenset(bare))

    def _filled(self, name: str, catalog: Catalog, given: rows.Rows) -> tuple[str, ...]:
        """Give every table rows, and what depends on them."""
        with copies.opened(self._server, name) as connection:
            bare = rows.fill(connection, catalog, given, self._deadline)
            contents.advance(connection, catalog)
            contents.refresh(connection, catalog)
        return bare


def _samples(samples: Sequence[Sample]) -> dict[str, tuple[Row, ...]]:
    return {
        s.relation: tuple(dict(zip(s.columns, row, strict=False)) for row in s.rows)
        for s in samples
        if s.rows
    }


def _bare(which: str, tables: tuple[str, ...]) -> tuple[str, ...]:
    if not tables:
        return ()
    named = ", ".join(tables[:_SHOWN]) + (" …" if len(tables) > _SHOWN else "")
    return (f"in the copy of the schema {which}, rows are missing in: {named}",)


def _migrate(
    server: Site,
    name: str,
    migrations: tuple[str, ...],
    *,
    before: Catalog,
    after: Catalog,
    deadline: Deadline,
) -> str | None:
    """Apply migrations to a copy; say why that does not give the schema after, None if it does."""
    with copies.opened(server, name) as connection:
        path = ", ".join(map(identifier, before.search_path)) or "public"
        connection.execute("SELECT set_config('search_path', %s, false)", [path])
        connection.execute("SET statement_timeout = '5s'; SET client_min_messages = error")
        for number, text in enumerate(migrations, 1):
            for piece in statements(text):
                if deadline.expired:
                    return "the migrations were not executed: the time was up"
                result = connection.pgconn.exec_(piece.text.encode(errors="replace"))
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    told = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
                    why = " ".join(told.decode(errors="replace").split())
                    return f"migration {number} failed on the copy ({why}); its rows were copied"
        # Who runs migrations, and what he grants by default, is known from the catalog only.
        hand_over(after, connection)
        contents.refresh(connection, after)
    try:
        sessions = Sessions(address.read(Sensitive(server.url(name))))
        reached = catalog.read(sessions, deadline=deadline)
    except ProviderError as error:
        return f"the migrated copy could not be read: {error.what}"
    if essence(reached, server.major, server.owners) != essence(after, server.major, server.owners):
        return "the migrations do not lead to the schema after; it was made from its catalog"
    return None


def _compile(
    connection: Connection, recorded: Catalog, asked: tuple[Statement, ...], deadline: Deadline
) -> tuple[Trial, ...]:
    # Rolling one back and beginning the next is one question: there are thousands of these.
    begin = b"ROLLBACK; " + execution.read_only(recorded)

    def transaction() -> AbstractContextManager[Connection]:
        @contextmanager
        def opened() -> Iterator[Connection]:
            if connection.pgconn.exec_(begin).status != pq.ExecStatus.COMMAND_OK:
                raise ProviderUnavailable("the scratch copy cannot be worked on any more")
            yield connection

        return opened()

    try:
        return trial.trials(transaction, asked, deadline)
    finally:
        connection.pgconn.exec_(b"ROLLBACK")
