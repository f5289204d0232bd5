"""Fixtures of the tests on a real host."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.local.host import Host, a_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Supply a host with nothing started."""
    with a_host(tmp_path) as made:
        yield made


@pytest.fixture
def live(host: Host) -> Host:
    """Supply a host on which v1.2.0 is live."""
    host.platform.up(host.target)
    host.deploy("v1.2.0")
    return host
