"""The fake platform keeps every promise of a real one, in memory and in a file."""

from pathlib import Path

import pytest

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_platform import FakePlatform
from smartspec_rollback.testing.platform_captures import Forget
from smartspec_rollback.testing.platform_contract import PlatformContract
from smartspec_rollback.testing.platform_fixtures import Interfere
from smartspec_rollback.testing.samples import BAD, GOOD, TARGET, a_release


class TestFakePlatform(PlatformContract):
    """The fake, quick and slow, in memory and in a file, and with configuration to put back."""

    @pytest.fixture(params=["instant", "slow", "in a file", "restoring"])
    def platform(
        self,
        request: pytest.FixtureRequest,
        clock: Clock,
        live: Release,
        deployable: Release,
        tmp_path: Path,
    ) -> FakePlatform:
        """Supply a fake with the live release deployed."""
        slow = request.param == "slow"
        made = FakePlatform(
            TARGET,
            clock=clock,
            path=tmp_path / "production.json" if request.param == "in a file" else None,
            boot_seconds=5.0 if slow else 0.0,
            settle_seconds=3.0 if slow else 0.0,
        )
        made.add(deployable)
        made.deploy(live)
        if request.param == "restoring":
            made.kept_configurations[deployable.version] = "what it ran with"
        return made

    @pytest.fixture
    def target(self) -> Target:
        """Supply its Target."""
        return TARGET

    @pytest.fixture
    def live(self) -> Release:
        """Supply the release that has all traffic."""
        return a_release(BAD)

    @pytest.fixture
    def deployable(self) -> Release:
        """Supply the release to go to."""
        return a_release(GOOD)

    @pytest.fixture
    def interfere(self, platform: FakePlatform) -> Interfere:
        """Supply somebody who changes the configuration."""
        return platform.interfere

    @pytest.fixture
    def forget_live(self, platform: FakePlatform, live: Release) -> Forget:
        """Supply a clean-up of the artifacts."""
        return lambda: platform.forget(live.version)

    @pytest.fixture
    def hidden(self, platform: FakePlatform) -> tuple[str, ...]:
        """Supply the secret."""
        return (platform.hidden,)

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply a clock that never waits."""
        return FakeClock()
