"""The ledgers of migration tools, in tables as the tools make them."""

import psycopg
import pytest
from tests.unit.providers.databases.postgresql.looking import soon
from tests.unit.providers.databases.postgresql.schemas import make

from smartspec_rollback.domain.migration import LEDGER_TABLES, AppliedMigration
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.databases.postgresql import ledger
from smartspec_rollback.providers.databases.postgresql.address import read
from smartspec_rollback.providers.databases.postgresql.connection import Sessions

TABLES = {
    "flyway": """
        CREATE TABLE flyway_schema_history (
            installed_rank integer PRIMARY KEY, version varchar(50), description varchar(200),
            type varchar(20), script varchar(1000), checksum integer, installed_by varchar(100),
            installed_on timestamp DEFAULT now(), execution_time integer, success boolean);
        INSERT INTO flyway_schema_history
            (installed_rank, version, description, type, script, success) VALUES
            (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '"shop"', true),
            (1, '1', 'items', 'SQL', 'V1__items.sql', true),
            (2, '2.1', 'undone', 'SQL', 'V2_1__undone.sql', true),
            (3, '2.1', 'undone', 'UNDO_SQL', 'U2_1__undone.sql', true),
            (4, NULL, 'views', 'SQL', 'R__views.sql', true),
            (5, '3', 'half', 'SQL', 'V3__half.sql', false)""",
    "liquibase": """
        CREATE TABLE databasechangelog (
            id varchar(255), author varchar(255), filename varchar(255), dateexecuted timestamp,
            orderexecuted integer, exectype varchar(10));
        INSERT INTO databasechangelog VALUES
            ('2', 'ann', 'b.sql', now(), 2, 'FAILED'), ('1', 'ann', 'a.sql', now(), 1, 'EXECUTED')
        """,
    "alembic": """
        CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
        INSERT INTO alembic_version VALUES ('ae10'), ('bf20')""",
    "django": """
        CREATE TABLE django_migrations (
            id bigint PRIMARY KEY, app varchar(255), name varchar(255), applied timestamptz);
        INSERT INTO django_migrations VALUES
            (1, 'shop', '0001_initial', now()), (2, 'auth', '0001_initial', now())""",
    "prisma": """
        CREATE TABLE _prisma_migrations (
            id varchar(36), checksum varchar(64), finished_at timestamptz, migration_name text,
            logs text, rolled_back_at timestamptz, started_at timestamptz,
            applied_steps_count integer);
        INSERT INTO _prisma_migrations VALUES
            ('a', '', now(), '1_items', '', NULL, '2026-01-01', 1),
            ('b', '', NULL, '2_again', 'failed', now(), '2026-01-02', 0),
            ('c', '', now(), '2_again', '', NULL, '2026-01-03', 1),
            ('d', '', NULL, '3_back', 'failed', now(), '2026-01-04', 0),
            ('e', '', NULL, '4_half', 'failed', NULL, '2026-01-05', 0)""",
    "golang-migrate": """
        CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
        INSERT INTO schema_migrations VALUES (7, true)""",
    "rails": """
        CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
        INSERT INTO schema_migrations VALUES ('20260102030405'), ('20260101000000')""",
    "goose": """
        CREATE TABLE goose_db_version (
            id serial PRIMARY KEY, version_id bigint, is_applied boolean, tstamp timestamp);
        INSERT INTO goose_db_version (version_id, is_applied) VALUES
            (0, true), (1, true), (2, true), (2, false), (3, true)""",
    "sqitch": """
        CREATE SCHEMA sqitch;
        CREATE TABLE sqitch.changes (
            change_id text PRIMARY KEY, script_hash text, change text, project text, note text,
            committed_at timestamptz);
        INSERT INTO sqitch.changes VALUES ('f0', '', 'items', 'shop', 'adds them', now())""",
    "atlas": """
        CREATE SCHEMA atlas_schema_revisions;
        CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (
            version varchar PRIMARY KEY, description varchar, type bigint, applied bigint,
            total bigint, executed_at timestamptz, error text);
        INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES
            ('.atlas_cloud_identifier', '', 0, 0, 0, now(), ''),
            ('1', 'items', 2, 2, 2, now(), ''), ('2', 'half', 2, 1, 3, now(), 'it failed')""",
    "sqlx": """
        CREATE TABLE _sqlx_migrations (
            version bigint PRIMARY KEY, description text, installed_on timestamptz,
            success boolean, checksum bytea, execution_time bigint);
        INSERT INTO _sqlx_migrations VALUES
            (1, 'items', now(), true, '', 1), (2, 'half', now(), false, '', 1)""",
    "refinery": """
        CREATE TABLE refinery_schema_history (
            version integer PRIMARY KEY, name varchar, applied_on varchar, checksum varchar);
        INSERT INTO refinery_schema_history VALUES (1, 'items', '', '')""",
    "diesel": """
        CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp);
        INSERT INTO __diesel_schema_migrations VALUES ('20260101', now())""",
}

ROWS = {
    "flyway": [("1", "items", True), ("", "views", True), ("3", "half", False)],
    "liquibase": [("ann:1", "a.sql", True), ("ann:2", "b.sql", False)],
    "alembic": [("ae10", "", True), ("bf20", "", True)],
    "django": [
        ("shop.0001_initial", "0001_initial", True),
        ("auth.0001_initial", "0001_initial", True),
    ],
    "prisma": [
        ("1_items", "1_items", True),
        ("2_again", "2_again", True),
        ("4_half", "4_half", False),
    ],
    "golang-migrate": [("7", "", False)],
    "rails": [("20260101000000", "", True), ("20260102030405", "", True)],
    "goose": [("1", "", True), ("3", "", True)],
    "sqitch": [("items", "adds them", True)],
    "atlas": [("1", "items", True), ("2", "half", False)],
    "sqlx": [("1", "items", True), ("2", "half", False)],
    "refinery": [("1", "items", True)],
    "diesel": [("20260101", "", True)],
}


def applied(
    url: str, table: str | None = None, tool: str | None = None, **options: str
) -> tuple[AppliedMigration, ...] | None:
    """Read the ledger as the provider does."""
    sessions = Sessions(read(Sensitive(url)), **options)  # type: ignore[arg-type]  # a role
    return ledger.applied(sessions, table, tool, deadline=soon())


@pytest.mark.parametrize("tool", TABLES)
def test_ledger_is_found_and_read(database: str, tool: str) -> None:
    """A half-applied migration passes for applied, or one that was undone still counts."""
    make(database, TABLES[tool])
    expected = [AppliedMigration(version=v, name=n, complete=c) for v, n, c in ROWS[tool]]
    assert list(applied(database) or ()) == expected
    assert list(applied(database, tool=tool) or ()) == expected


@pytest.mark.parametrize("tool", TABLES)
def test_every_ledger_is_known_to_coverage(database: str, tool: str) -> None:
    """A tool's own table counts as one no statement of the application touches."""
    make(database, TABLES[tool])
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT relname::text, relnamespace::regnamespace || '.' || relname FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_)'"
        ).fetchall()
    assert tables
    assert all(set(names) & LEDGER_TABLES for names in tables)


def test_no_ledger_is_none(database: str) -> None:
    """A database nobody migrates looks like one to which nothing was applied."""
    make(database, "CREATE TABLE schema_migrations (something text); CREATE TABLE items ()")
    assert applied(database) is None
    assert applied(database, tool="flyway") is None
    assert applied(database, table="nowhere", tool="flyway") is None
    assert applied(database, tool="unheard-of") is None


def test_configured_table_is_recognised_by_its_columns(database: str) -> None:
    """A renamed ledger cannot be read."""
    make(database, TABLES["flyway"] + "; ALTER TABLE flyway_schema_history RENAME TO history")
    assert applied(database) is None
    for name in ("history", "public.history"):
        found = applied(database, table=name, tool="flyway") or ()
        assert [each.version for each in found] == ["1", "", "3"]
        assert applied(database, table=name) == found


def test_configured_table_that_is_none_is_an_error(database: str) -> None:
    """Some table of the application is read as a ledger."""
    make(database, "CREATE TABLE items (id integer, name text)")
    with pytest.raises(ProviderError, match=r"public\.items is not the ledger"):
        applied(database, table="items")


def test_ledger_on_the_search_path_goes_first(database: str) -> None:
    """Another tenant's ledger is read."""
    make(database, TABLES["rails"])
    make(
        database,
        """CREATE SCHEMA other; CREATE TABLE other.schema_migrations (version varchar);
           INSERT INTO other.schema_migrations VALUES ('9')""",
    )
    assert len(applied(database) or ()) == 2
    assert len(applied(database, tool="rails") or ()) == 2
    assert applied(database, table="other.schema_migrations") == (AppliedMigration(version="9"),)


def test_several_ledgers_are_all_read_or_have_to_be_named(database: str) -> None:
    """A half-applied migration in the second ledger is overlooked."""
    make(database, TABLES["alembic"])
    make(database, TABLES["sqlx"])
    found = applied(database) or ()
    assert len(found) == 4
    assert [each.complete for each in found].count(False) == 1
    make(
        database,
        """CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.goose_db_version
           (id integer, version_id bigint, is_applied boolean);
           CREATE TABLE b.goose_db_version (LIKE a.goose_db_version)""",
    )
    with pytest.raises(ProviderError, match="several") as caught:
        applied(database, tool="goose")
    assert "b.goose_db_version" in str(caught.value)


def test_ledger_that_may_not_be_read(database: str) -> None:
    """Missing rights look like a database without migrations, where somebody said there are."""
    make(database, TABLES["sqlx"])
    make(database, "DROP ROLE IF EXISTS ledger_stranger; CREATE ROLE ledger_stranger LOGIN")
    url = database.replace("postgres@", "ledger_stranger@")
    assert applied(url) is None
    with pytest.raises(ProviderError, match="permission") as caught:
        applied(url, tool="sqlx")
    assert caught.value.remedy
    make(database, "DROP ROLE ledger_stranger")
