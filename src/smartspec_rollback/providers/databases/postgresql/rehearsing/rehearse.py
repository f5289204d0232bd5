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
    with ExitStack() as stack:
        old = _before(stack, server, before, after, deadline)
        new = _after(
            stack,
            server,
            before=before.catalog,
            after=after,
            old=old,
            migrations=migrations,
            deadline=deadline,
        )
        asked = tuple(s for s in before.workload.statements if s.text.strip())
        first, second = (
            stack.enter_context(copies.opened(server, made.name)) for made in (old, new)
        )
        tried, on_new = _compile_both(
            server, (first, before.catalog), (second, after), asked, deadline
        )
        worked = {t.statement for t in tried if t.worked}
        good = tuple(s for s in asked if s.id in worked)
        again = tuple(t for t in on_new if t.statement in worked)
        still = {t.statement for t in again if t.worked}
        runnable = tuple(_typed(s, tried) for s in good if s.id in still)
        held = contents.held(first, before.catalog)
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


def _typed(statement: Statement, tried: Sequence[Trial]) -> Statement:
    """Take the parameters' types from the trial, which is of the very copy that is executed on."""
    found = next(t for t in tried if t.statement == statement.id)
    return msgspec.structs.replace(statement, parameters=found.parameters)


def _before(
    stack: ExitStack, server: Site, snapshot: SchemaSnapshot, after: Catalog, deadline: Deadline
) -> _Made:
    recorded = snapshot.catalog
    name = stack.enter_context(copies.empty(server, [recorded, after]))
    with copies.opened(server, name) as connection:
        missing = materialise(recorded, connection)
        bare = rows.fill(connection, recorded, _samples(snapshot.samples), deadline)
        contents.advance(connection, recorded)
        contents.refresh(connection, recorded)
    return _Made(name, missing, _bare("before", bare), frozenset(bare))


def _samples(samples: Sequence[Sample]) -> dict[str, tuple[Row, ...]]:
    return {
        s.relation: tuple(dict(zip(s.columns, row, strict=False)) for row in s.rows)
        for s in samples
        if s.rows
    }


def _after(
    stack: ExitStack,
    server: Site,
    *,
    before: Catalog,
    after: Catalog,
    old: _Made,
    migrations: tuple[str, ...],
    deadline: Deadline,
) -> _Made:
    notes: tuple[str, ...] = ()
    if migrations and not old.missing:
        name = stack.enter_context(copies.empty(server, [], template=old.name))
        trouble = _migrate(server, name, migrations, before=before, after=after, deadline=deadline)
        if trouble is None:
            return _Made(name, ())
        notes = (trouble,)
    name = stack.enter_context(copies.empty(server, []))
    with copies.opened(server, old.name) as first:
        held = contents.held(first, before)
    with copies.opened(server, name) as connection:
        missing = materialise(after, connection)
        bare = rows.fill(connection, after, held, deadline)
        contents.advance(connection, after)
        contents.refresh(connection, after)
    return _Made(name, missing, (*notes, *_bare("after", bare)), frozenset(bare))


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


def _compile_both(
    server: Site,
    first: tuple[Connection, Catalog],
    second: tuple[Connection, Catalog],
    asked: tuple[Statement, ...],
    deadline: Deadline,
) -> tuple[tuple[Trial, ...], tuple[Trial, ...]]:
    """Compile on both copies, at once where the role is a member of the same roles on both."""
    with server.connect() as superuser:
        access.join(superuser, first[1])
        if access.memberships(first[1]) == access.memberships(second[1]):
            with ThreadPoolExecutor(2) as pool:
                tried = [pool.submit(_compile, *each, asked, deadline) for each in (first, second)]
                return tried[0].result(), tried[1].result()
        before = _compile(*first, asked, deadline)
        access.join(superuser, second[1])
        return before, _compile(*second, asked, deadline)


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
