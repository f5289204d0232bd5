from collections.abc import Iterator

import pytest
from tests.integration.images.a_registry import Registry, a_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Supply a running registry."""
    with a_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running
