"""A cluster for each test, and the kubectl that drives it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.differential.kubernetes.kubectl import Kubectl

from smartspec_rollback.testing.kubernetes.cluster import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Run a cluster in real time, whose pods work at once."""
    with Cluster() as running:
        yield running


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    """Point kubectl at the cluster."""
    return Kubectl(cluster, tmp_path)


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Kubectl]:
    """Point kubectl at a cluster where a minute takes a second."""
    with Cluster(speed=60.0, lag=0.1) as running:
        yield Kubectl(running, tmp_path)
