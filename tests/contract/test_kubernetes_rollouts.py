"""The platform ``kubernetes`` on Argo Rollouts, with each of their strategies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.contract.test_kubernetes_platform import TestKubernetesPlatform as OnDeployments
from tests.unit.providers.platforms.kubernetes.rollouts import (
    BLUE_GREEN,
    CANARY,
    a_rollout_shop,
    promoted,
)
from tests.unit.providers.platforms.kubernetes.shop import Shop

from smartspec_rollback.testing.platform_fixtures import Interfere


class TestCanaries(OnDeployments):
    """A Rollout with canary steps, two of which wait for people."""

    strategy: ClassVar[dict[str, Any]] = CANARY

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[Shop]:
        """Supply a cluster on which v1.2.1 is live, after v1.2.0."""
        with a_rollout_shop(tmp_path, self.strategy) as shop:
            shop.deploy("v1.2.0")
            promoted(shop, "v1.2.1")
            shop.cluster.advance(60.0)
            yield shop

    @pytest.fixture
    def interfere(self, shop: Shop) -> Interfere:
        """Supply somebody who deploys another version meanwhile."""
        return lambda: promoted(shop, "v1.1.0")


class TestBlueGreen(TestCanaries):
    """A Rollout whose Services are pointed once somebody says so."""

    strategy = BLUE_GREEN
