import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.providers.platforms.kubernetes.shop import SECRET, Shop, a_shop
from tests.unit.providers.platforms.kubernetes.side_by_side import (
    Slots,
    good_and_bad,
    side_by_side,
    weighed,
)

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.platform import Platform
from smartspec_rollback.testing.fake_archive import FakeArchive
from smartspec_rollback.testing.platform_captures import Forget
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
    def forget_live(self, shop: Shop) -> Forget:
        """Supply a clean-up of old revisions."""
        return lambda: shop.forget("v1.2.1")

    @pytest.fixture
    def hidden(self) -> tuple[str, ...]:
        """Supply what the Secret holds, plain and as the API spells it."""
        return SECRET, base64.b64encode(SECRET.encode()).decode()

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


class TestKubernetesSlotsBehindAService(PlatformContract):
    """Two workloads side by side, one of which a Service selects."""

    @pytest.fixture
    def slots(self, tmp_path: Path) -> Iterator[Slots]:
        """Supply a cluster on which v1.2.1 is live in green, and blue has v1.2.0."""
        with side_by_side(tmp_path) as slots:
            good_and_bad(slots)
            yield slots

    @pytest.fixture
    def platform(self, slots: Slots) -> Platform:
        """Supply the platform."""
        return slots.platform

    @pytest.fixture
    def target(self, slots: Slots) -> Target:
        """Supply the Target."""
        return slots.shop.target

    @pytest.fixture
    def live(self, slots: Slots) -> Release:
        """Supply the live release."""
        return slots.release("v1.2.1")

    @pytest.fixture
    def deployable(self, slots: Slots) -> Release:
        """Supply the release to go to."""
        return slots.release("v1.2.0")

    @pytest.fixture
    def interfere(self, slots: Slots) -> Interfere:
        """Supply somebody who deploys another version into the slot that has the traffic."""
        return lambda: slots.deploy("green", "v1.2.2")

    @pytest.fixture
    def forget_live(self, slots: Slots) -> Forget:
        """Supply another version in the slot that is live no more, and a clean-up there."""
        return lambda: slots.forget("green", "v1.2.1", instead="v1.3.1")

    @pytest.fixture
    def hidden(self) -> tuple[str, ...]:
        """Supply what the Secret holds, plain and as the API spells it."""
        return SECRET, base64.b64encode(SECRET.encode()).decode()

    @pytest.fixture
    def clock(self, slots: Slots) -> Clock:
        """Supply the clock that the platform and the cluster go by."""
        return slots.clock


class TestKubernetesSlotsBehindARoute(TestKubernetesSlotsBehindAService):
    """The same, chosen by the weights of an HTTPRoute."""

    @pytest.fixture
    def slots(self, tmp_path: Path) -> Iterator[Slots]:
        """Supply a cluster on which v1.2.1 is live in green, and blue has v1.2.0."""
        with weighed(tmp_path) as slots:
            good_and_bad(slots)
            yield slots


class TestKubernetesSlotToBeRestored(TestKubernetesSlotsBehindAService):
    """The good release stood in the other slot, which has another one by now."""

    @pytest.fixture
    def slots(self, tmp_path: Path) -> Iterator[Slots]:
        """Supply a cluster on which v1.2.1 is live in green, and blue had v1.2.0 once."""
        with side_by_side(tmp_path) as slots:
            good_and_bad(slots)
            slots.deploy("blue", "v1.3.0")
            yield slots


class TestKubernetesRestoring(TestKubernetesPlatform):
    """The same, where the release to go to was captured and its configuration changed since."""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Iterator[Shop]:
        """Supply a cluster on which v1.2.1 is live, configured otherwise than v1.2.0 was."""
        with a_shop(tmp_path) as shop:
            archive = FakeArchive()
            shop.platform.recall(archive)
            shop.deploy("v1.2.0")
            archive.keep(shop.platform.capture(shop.target, deployment_id="deploy-1"))
            shop.deploy("v1.2.1")
            shop.configure(colour="red")
            yield shop


class TestKubernetesSlotsRestoring(TestKubernetesSlotsBehindAService):
    """Slots, where the release to go to was captured and its configuration changed since."""

    @pytest.fixture
    def slots(self, tmp_path: Path) -> Iterator[Slots]:
        """Supply a cluster on which v1.2.1 is live in green, configured otherwise than blue was."""
        with side_by_side(tmp_path) as slots:
            good_and_bad(slots)
            archive = FakeArchive()
            slots.platform.recall(archive)
            slots.flip("blue")
            archive.keep(slots.platform.capture(slots.shop.target, deployment_id="deploy-1"))
            slots.flip("green")
            slots.shop.configure(colour="red")
            slots.wait()
            yield slots
