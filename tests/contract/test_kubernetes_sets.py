"""The platform ``kubernetes`` on StatefulSets and DaemonSets, with each of their strategies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.test_kubernetes_platform import TestKubernetesPlatform as OnDeployments
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, Shop, a_shop

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.objects import PODS
from smartspec_rollback.testing.kubernetes import resources

ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}


class TestStatefulSets(OnDeployments):
    """A StatefulSet, replaced by its controller from the last instance down."""

    workload: ClassVar[str] = f"statefulset/{NAME}"
    spec: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[Shop]:
        """Supply a cluster on which v1.2.1 is live, after v1.2.0."""
        with a_shop(tmp_path, workload=self.workload) as shop:
            shop.spec = self.spec
            shop.deploy("v1.2.0")
            shop.deploy("v1.2.1")
            if self.spec:
                replaced_by_hand(shop)
            yield shop


class TestStatefulSetsOnDelete(TestStatefulSets):
    """A StatefulSet that replaces nothing by itself."""

    spec = ON_DELETE


class TestDaemonSets(TestStatefulSets):
    """A DaemonSet, replaced by its controller node by node."""

    workload = f"daemonset/{NAME}"


class TestDaemonSetsOnDelete(TestDaemonSets):
    """A DaemonSet that replaces nothing by itself."""

    spec = ON_DELETE


def replaced_by_hand(shop: Shop) -> None:
    """Delete every instance, as people do with OnDelete."""
    for pod in shop.cluster.all(resources.POD, NAMESPACE):
        shop.api.delete(PODS, pod, deadline=Deadline.after(shop.clock, 5.0))
        shop.cluster.advance(40.0)
