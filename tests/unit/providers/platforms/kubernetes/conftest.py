from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.providers.platforms.kubernetes.shop import Shop, a_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which v1.2.1 is live, after v1.2.0."""
    with a_shop(tmp_path) as shop:
        shop.deploy("v1.2.0", "deploy-1")
        shop.deploy("v1.2.1", "deploy-2")
        yield shop
