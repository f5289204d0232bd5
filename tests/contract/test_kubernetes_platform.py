from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.providers.platforms.kubernetes.shop import Shop, a_shop

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.platform import Platform
from smartspec_rollback.testing.platform_contract import PlatformContract
from smartspec_rollback.testing.platform_fixtures import Interfere


class TestKubernetesPlatform(PlatformContract):
    """The platform ``kubernetes``, rolling, against an emulated API server and controllers."""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[Shop]:
        """Supply a cluster on which v1.2.1 is live, after v1.2.0."""
        with a_shop(tmp_path) as shop:
            shop.deploy("v1.2.0")
            shop.deploy("v1.2.1")
            yield shop

    @pytest.fixture
    def platform(self, shop: Shop) -> Platform:
        """Supply the platform."""
        return shop.platform

    @pytest.fixture
    def target(self, shop: Shop) -> Target:
        """Supply the Target."""
        return shop.target

    @pytest.fixture
    def live(self, shop: Shop) -> Release:
        """Supply the live release."""
        return shop.release("v1.2.1")

    @pytest.fixture
    def deployable(self, shop: Shop) -> Release:
        """Supply the release to go to."""
        return shop.release("v1.2.0")

    @pytest.fixture
    def interfere(self, shop: Shop) -> Interfere:
        """Supply somebody who deploys another version meanwhile."""
        return lambda: shop.deploy("v1.1.0")

    @pytest.fixture
    def clock(self, shop: Shop) -> Clock:
        """Supply the clock that the platform and the cluster go by."""
        return shop.clock


class TestKubernetesBehindAService(TestKubernetesPlatform):
    """The same, with the Service in front named, so that releases can be prewarmed."""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[Shop]:
        """Supply a cluster on which v1.2.1 is live, after v1.2.0."""
        with a_shop(tmp_path, traffic="service/checkout") as shop:
            shop.deploy("v1.2.0")
            shop.deploy("v1.2.1")
            yield shop
