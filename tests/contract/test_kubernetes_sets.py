"""The platform ``kubernetes`` on StatefulSets and DaemonSets, with each of their strategies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.test_kubernetes_platform import TestKubernetesPlatform as OnDeployments
from tests.unit.providers.platforms.kubernetes.shop import NAME, Shop, a_shop

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
                shop.replace_by_hand()
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
