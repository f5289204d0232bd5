from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_messenger import FakeRoom


@pytest.fixture
def clock() -> FakeClock:
    """Supply a clock that a test moves."""
    return FakeClock()


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], SqliteStore]]:
    """Open the same ledger as often as asked, as other processes would."""
    opened: list[SqliteStore] = []

    def make() -> SqliteStore:
        opened.append(SqliteStore.open(tmp_path / "ledger" / "smartspec.db"))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], SqliteStore]) -> SqliteStore:
    """Supply an empty ledger."""
    return open_store()


@pytest.fixture
def room() -> FakeRoom:
    """Supply a place."""
    return FakeRoom()
