"""Migrations: the changes a release makes to the schema, as files and as the database's record."""

from enum import StrEnum

from smartspec_rollback.domain.values import Value

LEDGER_TABLES = frozenset(
    {
        "flyway_schema_history",
        "databasechangelog",
        "databasechangeloglock",
        "alembic_version",
        "django_migrations",
        "schema_migrations",
        "ar_internal_metadata",
        "_prisma_migrations",
        "goose_db_version",
        "atlas_schema_revisions",
        "_sqlx_migrations",
        "refinery_schema_history",
        "__diesel_schema_migrations",
        "sqitch.changes",
        "sqitch.dependencies",
        "sqitch.events",
        "sqitch.projects",
        "sqitch.releases",
        "sqitch.tags",
    }
)
"""The tables migration tools keep for themselves: bare names, qualified where too common."""


class MigrationRole(StrEnum):
    """When a tool runs a migration: once, whenever its text changes, or on new databases only."""

    ONCE = "once"
    REPEATABLE = "repeatable"
    BASELINE = "baseline"


class Migration(Value):
    """One migration as its files have it; nothing of it was executed.

    ``version`` is what the tool's ledger table calls it. ``up`` and ``down`` are SQL texts; None
    where there is none or it is code. ``dynamic`` says why ``up`` is not all that the migration
    does (code, computed values, an unreadable file), ``down_dynamic`` the same of ``down``.
    ``path`` is relative to the folder, ``line`` where ``up`` begins in it. ``requires`` are the
    versions the file itself names as its parents. ``transaction`` False: run outside of one.
    """

    version: str
    name: str
    path: str
    up: str | None
    down: str | None = None
    dynamic: str | None = None
    down_dynamic: str | None = None
    line: int = 1
    requires: tuple[str, ...] = ()
    role: MigrationRole = MigrationRole.ONCE
    transaction: bool = True


class MigrationSet(Value):
    """A folder of migrations, in the order in which the tool applies them.

    ``problems`` each name the file they are about. ``schema`` is the text of a file that holds
    the whole schema as it is after all of them, where the tool keeps one.
    """

    tool: str
    migrations: tuple[Migration, ...] = ()
    problems: tuple[str, ...] = ()
    schema: str | None = None


class AppliedMigration(Value):
    """One row of a migrations' tool's ledger table; ``complete`` False: it stopped half-way."""

    version: str
    name: str = ""
    complete: bool = True


class CrossCheck(Value):
    """Migrations by files against migrations by the database's own record, as versions.

    ``missing``: in the files, not applied. ``extra``: applied, in no file. ``incomplete``: begun
    and not finished. ``notes`` are sentences about what the record cannot tell.
    """

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Tell whether the database has exactly what the files say, all of it finished."""
        return not (self.missing or self.extra or self.incomplete)


class EffectKind(StrEnum):
    """What a statement of a migration does to rows, or to what rows can hold."""

    BACKFILL = "backfill"
    DELETE = "delete"
    INSERT = "insert"
    SCHEMA = "schema"
    UNPARSED = "unparsed"


class Effect(Value):
    """One statement of a migration, read statically (layer L0).

    ``relation`` is as written, schema included where it was; ``columns`` those it sets or drops.
    ``action`` names a schema change (``drop column``, ``rename column``), ``to`` the new name or
    schema of what is renamed or moved. ``source`` is file and line.
    """

    kind: EffectKind
    relation: str | None
    columns: tuple[str, ...] = ()
    action: str = ""
    to: str | None = None
    text: str = ""
    source: str = ""


class Versions(Value):
    """The two versions a way back lies between: the ``old`` one to return to, the ``new`` one."""

    old: str
    new: str
