"""The runner of smoke tests and the fake one keep the same promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.smoke import SmokeTests
from smartspec_rollback.providers.smoke import SmokeRunner
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_smoke import FakeSmoke
from smartspec_rollback.testing.smoke_contract import SmokeContract
from smartspec_rollback.testing.web_service import Page, nobody, web_service


class TestSmokeRunner(SmokeContract):
    """The real one, against a real server and with real processes."""

    @pytest.fixture
    def smoke(self, tmp_path: Path) -> SmokeTests:
        """Supply the runner."""
        return SmokeRunner(tmp_path)

    @pytest.fixture
    def base_url(self) -> Iterator[str]:
        """Supply a server."""
        with web_service({"/good": Page(), "/bad": Page(status=500)}) as service:
            yield service.url

    @pytest.fixture
    def dead_url(self) -> Iterator[str]:
        """Supply a port where nobody listens."""
        with nobody() as url:
            yield url

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the machine's clock."""
        return SystemClock()


class TestFakeSmoke(SmokeContract):
    """The fake."""

    @pytest.fixture
    def smoke(self, dead_url: str) -> SmokeTests:
        """Supply it, scripted to fail where a real one would."""
        return FakeSmoke(
            statuses={self.bad_path: 500},
            dead=[dead_url],
            failing={
                self.bad_command: "exit status 1",
                self.unknown_command: "it cannot be started",
            },
        )

    @pytest.fixture
    def base_url(self) -> str:
        """Supply some URL."""
        return "http://checkout.invalid"

    @pytest.fixture
    def dead_url(self) -> str:
        """Supply another one."""
        return "http://dead.invalid"

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply a clock that never waits."""
        return FakeClock()
