"""The machine's clock and the fake one keep the same promises."""

import pytest

from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.clock_contract import ClockContract


class TestSystemClock(ClockContract):
    """The machine's clock."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock."""
        return SystemClock()


class TestFakeClock(ClockContract):
    """The fake one."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock."""
        return FakeClock()
