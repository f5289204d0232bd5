"""What migration tools wrote down as applied, read from the tables they keep for themselves.

Called by ``database``. Knows the tables of Flyway, Liquibase, Alembic, Django, Rails, dbmate,
Prisma, golang-migrate, goose, sqitch, Atlas, sqlx, refinery and Diesel; a version is called what
``providers.migrations`` calls the tool's files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from smartspec_rollback.domain.migration import AppliedMigration
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.databases.postgresql.connection import (
    Connection,
    Session,
    Sessions,
)

_MOST = 100_000


@dataclass(frozen=True)
class _Ledger:
    """One tool's table: its usual name, the columns that tell it, and how to read it.

    ``query`` gives version, name and whether it is complete, in the order of application.
    """

    tools: frozenset[str]
    table: str
    columns: frozenset[str]
    query: LiteralString


def _ledger(tools: str, table: str, columns: str, query: LiteralString) -> _Ledger:
    return _Ledger(frozenset(tools.split()), table, frozenset(columns.split()), query)


_LEDGERS = (
    _ledger(
        "flyway",
        "flyway_schema_history",
        "installed_rank version description script success",
        # The newest row of a version counts: undone and deleted ones are not applied any more.
        """SELECT coalesce(version, ''), description, success FROM (
             SELECT DISTINCT ON (coalesce(version, script)) * FROM {table}
             ORDER BY coalesce(version, script), installed_rank DESC) AS newest
           WHERE type NOT LIKE 'UNDO%' AND type NOT IN ('DELETE', 'SCHEMA')
           ORDER BY installed_rank""",
    ),
    _ledger(
        "liquibase",
        "databasechangelog",
        "id author filename orderexecuted exectype",
        """SELECT author || ':' || id, filename, exectype <> 'FAILED'
           FROM {table} ORDER BY orderexecuted""",
    ),
    _ledger(
        "alembic",
        "alembic_version",
        "version_num",
        "SELECT version_num, '', true FROM {table} ORDER BY 1",
    ),
    _ledger(
        "django",
        "django_migrations",
        "id app name applied",
        "SELECT app || '.' || name, name, true FROM {table} ORDER BY id",
    ),
    _ledger(
        "prisma",
        "_prisma_migrations",
        "migration_name started_at finished_at rolled_back_at",
        """SELECT migration_name, migration_name, bool_or(finished_at IS NOT NULL)
           FROM {table} WHERE rolled_back_at IS NULL
           GROUP BY migration_name ORDER BY min(started_at)""",
    ),
    _ledger(
        "golang-migrate",
        "schema_migrations",
        "version dirty",
        "SELECT version::text, '', NOT dirty FROM {table} ORDER BY version",
    ),
    _ledger(
        "rails dbmate",
        "schema_migrations",
        "version",
        "SELECT version::text, '', true FROM {table} ORDER BY version",
    ),
    _ledger(
        "goose",
        "goose_db_version",
        "id version_id is_applied",
        # Its first row, version 0, is no migration; older releases write a row for going down too.
        """SELECT version_id::text, '', true FROM (
             SELECT DISTINCT ON (version_id) * FROM {table} ORDER BY version_id, id DESC) AS newest
           WHERE is_applied AND version_id > 0 ORDER BY id""",
    ),
    _ledger(
        "sqitch",
        "changes",
        "change_id change project committed_at",
        "SELECT change, note, true FROM {table} ORDER BY committed_at, change_id",
    ),
    _ledger(
        "atlas",
        "atlas_schema_revisions",
        "version description applied total error",
        """SELECT version, description, applied = total AND coalesce(error, '') = ''
           FROM {table} WHERE version NOT LIKE '.%' ORDER BY version""",
    ),
    _ledger(
        "sqlx plain",
        "_sqlx_migrations",
        "version description success",
        "SELECT version::text, description, success FROM {table} ORDER BY version",
    ),
    _ledger(
        "refinery plain",
        "refinery_schema_history",
        "version name applied_on",
        "SELECT version::text, name, true FROM {table} ORDER BY version",
    ),
    _ledger(
        "diesel plain",
        "__diesel_schema_migrations",
        "version run_on",
        "SELECT version, '', true FROM {table} ORDER BY version",
    ),
)
"""Of those with the same table name, the one with more columns to tell it by comes first."""

_FIND = """
    SELECT n.nspname::text, c.relname::text, has_table_privilege(c.oid, 'SELECT')
             AND has_schema_privilege(n.oid, 'USAGE'),
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND (c.relname = ANY (%(names)s::text[]) OR n.nspname || '.' || c.relname = ANY (%(names)s))
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class _Found:
    """A table that is some tool's ledger."""

    schema: str
    name: str
    readable: bool
    ledger: _Ledger

    @property
    def qualified(self) -> str:
        return f"{self.schema}.{self.name}"


def applied(
    sessions: Sessions, table: str | None, tool: str | None, *, deadline: Deadline
) -> tuple[AppliedMigration, ...] | None:
    """Read what is applied; None where no ledger is found.

    Where neither is named, every ledger that can be read counts, those on the application's search
    path before others. ProviderError where the one named may not be read, is no ledger, or is one
    of several.
    """
    with sessions.session(deadline) as session:
        found = _find(session, table, tool)
        named = table is not None or tool is not None
        if not named:
            found = [each for each in found if each.readable]
        if not found:
            return None
        if named and len(found) > 1:
            raise ProviderError(
                "several tables could be the ledger of applied migrations",
                where=sessions.address.identity,
                remedy="name one of them: `migrations: {table: …}`",
                details=tuple(each.qualified for each in found),
            )
        return tuple(each for one in found for each in _read(session, one))


def _find(session: Session, table: str | None, tool: str | None) -> list[_Found]:
    """Look for tables with a ledger's name and columns, on the search path before elsewhere."""
    wanted = [each for each in _LEDGERS if tool is None or tool in each.tools]
    if tool is not None and not wanted:
        return []
    names = [table] if table is not None else [each.table for each in wanted]
    with session.transaction() as connection:
        path = _strings(connection, "SELECT unnest(current_schemas(false))::text")
    with session.transaction(as_application=False) as connection:
        rows = connection.execute(_FIND, {"names": names}).fetchall()
    found: list[_Found] = []
    for schema, name, readable, columns in rows:
        ledger = _recognise(wanted, name if table is None else None, columns)
        if ledger is not None:
            found.append(_Found(schema, name, readable, ledger))
        elif table is not None:
            raise ProviderError(
                f"{schema}.{name} is not the ledger of a migrations' tool that is known here",
                remedy="check `migrations: {table: …}`",
                details=(f"its columns: {', '.join(columns)}",),
            )
    near = [each for each in found if each.schema in path]
    return near or found


def _recognise(
    ledgers: Iterable[_Ledger], name: str | None, columns: Sequence[str]
) -> _Ledger | None:
    """Tell whose table it is, by its columns, and by its name where that was not configured."""
    fitting = (
        each
        for each in ledgers
        if each.columns <= set(columns) and (name is None or each.table == name)
    )
    # The most particular one: every ledger with a version would pass for the plainest.
    return max(fitting, key=lambda each: len(each.columns), default=None)


def _read(session: Session, found: _Found) -> tuple[AppliedMigration, ...]:
    query = sql.SQL(found.ledger.query).format(table=sql.Identifier(found.schema, found.name))
    with session.transaction(as_application=False) as connection:
        rows = connection.execute(query).fetchmany(_MOST)
    return tuple(
        AppliedMigration(version=str(version), name=str(name or ""), complete=bool(complete))
        for version, name, complete in rows
    )


def _strings(connection: Connection, query: LiteralString) -> frozenset[str]:
    return frozenset(str(row[0]) for row in connection.execute(query))
