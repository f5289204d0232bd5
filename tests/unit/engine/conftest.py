"""A bench for the tests of the engine: the bad version is live, the good one was healthy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from smartspec_rollback.testing.engine_parts import Bench, furnished


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Supply a furnished bench; its ledger is closed afterwards."""
    made = furnished(tmp_path)
    yield made
    made.store.close()
