"""A cluster whose time only the test moves."""

from collections.abc import Iterator

import pytest
from tests.unit.testing.kubernetes.client import Client

from smartspec_rollback.testing.kubernetes.cluster import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Run a cluster with a stepped clock."""
    with Cluster(speed=None) as running:
        yield running


@pytest.fixture
def client(cluster: Cluster) -> Client:
    """Speak to the cluster."""
    return Client(cluster)
