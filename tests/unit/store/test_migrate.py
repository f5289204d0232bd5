"""Migrations: from any older version to today's, all or nothing."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smartspec_rollback.domain.rollback import ACTIVE, Status
from smartspec_rollback.store.migrate import MIGRATIONS, check, migrate, version_of
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import a_deployment, a_person


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect to a ledger of today with one deployment in it."""
    with SqliteStore.open(path) as store:
        store.record_deployment(a_deployment(), by=a_person())
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        yield opened


@pytest.fixture
def next_one(tmp_path: Path) -> Path:
    """Write a migration that a later release could bring, with a trigger and comments."""
    script = tmp_path / "next.sql"
    script.write_text(
        "-- A comment; with a semicolon.\n"
        "CREATE TABLE later (a TEXT);\n\n"
        "CREATE TRIGGER later_kept BEFORE DELETE ON later\n"
        "BEGIN SELECT 1; SELECT RAISE(ABORT, 'kept'); END;\n"
        "INSERT INTO later VALUES ('once');\n"
    )
    return script


def test_an_older_ledger_is_brought_up_once(
    db: sqlite3.Connection, path: Path, next_one: Path
) -> None:
    """If this fails, an upgrade of this tool loses the ledger."""
    steps = (*MIGRATIONS, next_one)
    assert check(db, path, steps)
    migrate(db, steps)
    migrate(db, steps)
    assert not check(db, path, steps)
    assert version_of(db) == len(steps)
    assert db.execute("SELECT a FROM later").fetchall() == [("once",)]
    assert db.execute("SELECT id FROM deployments").fetchall() == [("deploy-12345",)]


def test_a_migration_that_fails_changes_nothing(
    db: sqlite3.Connection, next_one: Path, tmp_path: Path
) -> None:
    """If this fails, an interrupted upgrade leaves a ledger no release can read."""
    broken = tmp_path / "broken.sql"
    broken.write_text(next_one.read_text() + "NO SUCH STATEMENT;\n")
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        migrate(db, (*MIGRATIONS, broken))
    assert version_of(db) == len(MIGRATIONS)
    assert db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'later'").fetchone() is None


def test_processes_that_come_at_once_migrate_once(path: Path, next_one: Path) -> None:
    """If this fails, two commands right after an upgrade damage the ledger."""
    SqliteStore.open(path).close()

    def bring_up() -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as one:
            migrate(one, (*MIGRATIONS, next_one))

    threads = [threading.Thread(target=bring_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with closing(sqlite3.connect(path)) as one:
        assert one.execute("SELECT COUNT(*) FROM later").fetchone() == (1,)


def test_the_index_of_active_rollbacks_knows_every_active_status(db: sqlite3.Connection) -> None:
    """If this fails, a status was added to the domain that the ledger does not guard."""
    sql = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'rollbacks_one_active'")
    text = sql.fetchone()[0]
    assert {status for status in Status if f"'{status}'" in text} == ACTIVE
