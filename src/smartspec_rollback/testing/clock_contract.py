"""What every clock must do, as tests: inherit ``ClockContract`` and supply ``clock``."""

from datetime import timedelta

import pytest

from smartspec_rollback.ports.clock import Clock, Deadline


class ClockContract:
    """Promises of ``Clock``, and of the deadlines made with it."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock."""
        raise pytest.UsageError(f"{type(self).__name__} does not supply the fixture 'clock'")

    def test_wall_time_is_utc(self, clock: Clock) -> None:
        """Records of two machines cannot be put in order."""
        assert clock.now().utcoffset() == timedelta(0)

    def test_monotonic_time_never_goes_back(self, clock: Clock) -> None:
        """A deadline moves away, and a rollback never ends."""
        times = [clock.monotonic() for _ in range(50)]
        assert times == sorted(times)

    def test_sleeping_passes_time(self, clock: Clock) -> None:
        """A poll loop spins for ever without getting any nearer to its deadline."""
        before = clock.monotonic()
        clock.sleep(0.01)
        assert clock.monotonic() >= before + 0.01

    def test_deadline_is_over_after_its_time(self, clock: Clock) -> None:
        """A wait ends too early, or not at all."""
        deadline = Deadline.after(clock, 0.02)
        assert 0 < deadline.remaining < 0.03
        deadline.pause(100)
        assert deadline.expired
        assert deadline.remaining == 0
