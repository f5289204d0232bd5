"""The SQLite store passes the contract of every Store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.store_contract import MakeStore, StoreContract


class TestSqliteStore(StoreContract):
    """SQLite in a file; every handle is a connection of its own."""

    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Iterator[MakeStore]:
        """Open one file as often as asked, and close every handle in the end."""
        opened: list[SqliteStore] = []

        def make() -> SqliteStore:
            opened.append(SqliteStore.open(tmp_path / "ledger" / "smartspec.db"))
            return opened[-1]

        yield make
        for store in opened:
            store.close()
