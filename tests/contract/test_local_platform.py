from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.local.host import CLOCK, Host, a_host

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.platform import Platform
from smartspec_rollback.testing.platform_contract import PlatformContract
from smartspec_rollback.testing.platform_fixtures import Interfere


class TestLocalPlatform(PlatformContract):
    """The platform ``local``, with a real supervisor and a real proxy."""

    @pytest.fixture
    def host(self, tmp_path: Path) -> Iterator[Host]:
        """Supply a host on which v1.2.1 is live."""
        with a_host(tmp_path) as host:
            host.platform.up(host.target)
            host.deploy("v1.2.1")
            yield host

    @pytest.fixture
    def platform(self, host: Host) -> Platform:
        """Supply the platform."""
        return host.platform

    @pytest.fixture
    def target(self, host: Host) -> Target:
        """Supply the Target."""
        return host.target

    @pytest.fixture
    def live(self, host: Host) -> Release:
        """Supply the live release."""
        return host.release("v1.2.1")

    @pytest.fixture
    def deployable(self, host: Host) -> Release:
        """Supply the release to go to."""
        return host.release("v1.2.0")

    @pytest.fixture
    def interfere(self, host: Host) -> Interfere:
        """Supply somebody who deploys another version meanwhile."""

        def deploy() -> None:
            host.deploy("v1.1.0", "deploy-meanwhile")

        return deploy

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the real clock."""
        return CLOCK
