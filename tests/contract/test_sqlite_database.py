"""SQLite keeps the promises of a database provider."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.database import Database
from smartspec_rollback.providers.databases.sqlite.database import SqliteDatabase
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.database_contract import ROWS, SECRET, TABLE, DatabaseContract


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Make the contract's database, at a path that a URL has to escape."""
    path = tmp_path / "shop #1?.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(TABLE)
        connection.execute(ROWS)
    return path


class TestSqliteDatabase(DatabaseContract):
    """The contract, on a real file."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the real clock."""
        return SystemClock()

    @pytest.fixture
    def looked_at(self, file: Path, clock: Clock) -> Database:
        """Supply a provider of the contract's database."""
        return SqliteDatabase.at(Sensitive(f"sqlite:///{quote(str(file))}"), clock=clock)

    @pytest.fixture
    def contents(self, file: Path) -> Callable[[], object]:
        """Read the file's bytes, and what lies beside it."""
        return lambda: (file.read_bytes(), sorted(file.parent.iterdir()))

    @pytest.fixture
    def unreachable(self, tmp_path: Path, clock: Clock) -> Database:
        """Supply a provider of a file that is not there."""
        path = quote(str(tmp_path / "gone.db"))
        return SqliteDatabase.at(Sensitive(f"sqlite://shop:{SECRET}@/{path}"), clock=clock)

    def test_missing_file_is_not_made(
        self, unreachable: Database, tmp_path: Path, deadline: Deadline
    ) -> None:
        """A mistyped path leaves an empty database behind, in which nothing is missing."""
        with pytest.raises(ProviderUnavailable):
            unreachable.catalog(deadline=deadline)
        assert not (tmp_path / "gone.db").exists()

    def test_lock_of_others_is_unknown_at_once(
        self, looked_at: Database, file: Path, deadline: Deadline
    ) -> None:
        """A migration that holds the file keeps a rollback waiting, or passes for an empty file."""
        question = Question(kind=QuestionKind.ROWS, relation="main.items")
        with closing(sqlite3.connect(file, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            with pytest.raises(ProviderUnavailable, match="lock"):
                looked_at.catalog(deadline=deadline)
            with pytest.raises(ProviderUnavailable, match="lock"):
                looked_at.answers((question,), since=None, deadline=deadline)
            holder.execute("ROLLBACK")
        (answer,) = looked_at.answers((question,), since=None, deadline=deadline)
        assert answer.rows == 2
