"""What every metrics source must do, as tests: inherit ``MetricsContract``, supply its fixtures.

The worst a source can do is to show silence as health; most of these tests are about that.
"""

import pytest

from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.metrics import MetricsSource, WatchesLightly, Window


class MetricsContract:
    """Promises of ``MetricsSource``.

    Supply ``healthy`` (a source that sees a service answer well), ``failing`` (the same where
    some requests fail), ``blind`` (a source that cannot measure), each with its Window, and
    ``clock``. ``seconds`` is how long to measure.
    """

    seconds = 0.5

    @pytest.fixture
    def healthy(self) -> tuple[MetricsSource, Window]:
        """Supply a source of a service without trouble."""
        raise self._not_supplied("healthy")

    @pytest.fixture
    def failing(self) -> tuple[MetricsSource, Window]:
        """Supply a source of a service some of whose requests fail."""
        raise self._not_supplied("failing")

    @pytest.fixture
    def blind(self) -> tuple[MetricsSource, Window]:
        """Supply a source that cannot measure."""
        raise self._not_supplied("blind")

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock."""
        raise self._not_supplied("clock")

    def test_healthy_service_is_measured(
        self, healthy: tuple[MetricsSource, Window], clock: Clock
    ) -> None:
        """Good requests are not counted, or counted as something else."""
        samples = self._collect(healthy, clock)
        assert samples.source == healthy[0].name
        assert samples.problem is None
        assert samples.requests > 0
        assert samples.errors == 0
        assert len(samples.latencies) == samples.requests
        assert all(latency >= 0 for latency in samples.latencies)

    def test_window_is_dated(self, healthy: tuple[MetricsSource, Window], clock: Clock) -> None:
        """Nobody can tell which time a verdict speaks of."""
        before = clock.now()
        samples = self._collect(healthy, clock)
        assert before <= samples.start <= samples.end <= clock.now()

    def test_failures_are_counted(
        self, failing: tuple[MetricsSource, Window], clock: Clock
    ) -> None:
        """A failing service passes for a healthy one."""
        samples = self._collect(failing, clock)
        assert samples.problem is None
        assert 0 < samples.errors <= samples.requests
        assert len(samples.latencies) <= samples.requests

    def test_series_tells_the_same_over_time(
        self,
        healthy: tuple[MetricsSource, Window],
        failing: tuple[MetricsSource, Window],
        clock: Clock,
    ) -> None:
        """A chart shows other counts than the verdict beside it, or another time."""
        for measured in (healthy, failing):
            samples = self._collect(measured, clock)
            if samples.series is None:
                continue
            points = samples.series.points
            assert sum(point.requests for point in points) == samples.requests
            assert sum(point.errors for point in points) == samples.errors
            assert samples.series.start >= samples.start
            assert [p.after for p in points] == sorted(p.after for p in points)

    def test_watching_lightly_measures_over_time(
        self, healthy: tuple[MetricsSource, Window], clock: Clock
    ) -> None:
        """A source that says it can watch beside a rollback draws nothing."""
        source, window = healthy
        if not isinstance(source, WatchesLightly):
            return
        samples = source.watch(window, deadline=Deadline.after(clock, 30))
        assert samples.problem is None
        assert samples.series is not None
        assert samples.series.points

    def test_blindness_is_a_problem(
        self, blind: tuple[MetricsSource, Window], clock: Clock
    ) -> None:
        """A source that measured nothing looks like a service without errors."""
        samples = self._collect(blind, clock)
        assert samples.problem
        assert samples.requests == 0
        assert samples.latencies == ()

    def test_measuring_ends_at_the_deadline(
        self, healthy: tuple[MetricsSource, Window], clock: Clock
    ) -> None:
        """A window longer than the time left keeps a rollback from ever ending."""
        source, window = healthy
        endless = Window(target=window.target, front_door=window.front_door, seconds=86400)
        deadline = Deadline.after(clock, self.seconds)
        samples = source.collect(endless, deadline=deadline)
        assert (samples.end - samples.start).total_seconds() < 3600

    def test_glance_says_what_fails(
        self,
        healthy: tuple[MetricsSource, Window],
        failing: tuple[MetricsSource, Window],
        clock: Clock,
    ) -> None:
        """People see trouble where there is none, or none where there is."""
        good = healthy[0].glance(healthy[1], deadline=Deadline.after(clock, 5))
        bad = failing[0].glance(failing[1], deadline=Deadline.after(clock, 5))
        assert (good.source, good.problem, good.failing) == (healthy[0].name, None, None)
        assert good.newest is not None
        assert bad.problem is None
        assert bad.failing

    def test_glance_admits_blindness(
        self, blind: tuple[MetricsSource, Window], clock: Clock
    ) -> None:
        """A plan says that nothing fails where nobody could look."""
        reading = blind[0].glance(blind[1], deadline=Deadline.after(clock, 5))
        assert reading.problem
        assert reading.newest is None
        assert reading.failing is None

    def _collect(self, measured: tuple[MetricsSource, Window], clock: Clock) -> Samples:
        source, window = measured
        window = Window(target=window.target, front_door=window.front_door, seconds=self.seconds)
        return source.collect(window, deadline=Deadline.after(clock, self.seconds + 30))

    def _not_supplied(self, fixture: str) -> pytest.UsageError:
        return pytest.UsageError(f"{type(self).__name__} does not supply the fixture {fixture!r}")
