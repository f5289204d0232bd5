"""A ledger in a folder of its own, for the tests of the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from smartspec_rollback.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger lies; nothing is there yet."""
    return tmp_path / "state" / "smartspec.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """One open, empty ledger."""
    with SqliteStore.open(path) as opened:
        yield opened
