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


class Migration(Value):
    """One migration as its files have it; nothing of it was executed.

    ``version`` is what the tool's ledger table calls it. ``up`` and ``down`` are SQL texts; None
    where there is none or it is code (``dynamic`` says so, and why). ``path`` is relative to the
    folder.
    """

    version: str
    name: str
    path: str
    up: str | None
    down: str | None = None
    dynamic: str | None = None


class AppliedMigration(Value):
    """One row of a migrations' tool's ledger table; ``complete`` False: it stopped half-way."""

    version: str
    name: str = ""
    complete: bool = True


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
    ``action`` names a schema change (``drop column``, ``rename column``). ``source`` is file and
    line.
    """

    kind: EffectKind
    relation: str | None
    columns: tuple[str, ...] = ()
    action: str = ""
    text: str = ""
    source: str = ""
