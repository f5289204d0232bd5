"""Measure: a wish to stop is heard at once, and what a source says or fails with comes through."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest

from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.engine.measuring import STOPPED, measure
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.testing.engine_parts import Bench
from smartspec_rollback.testing.fake_metrics import FakeMetrics, measured
from smartspec_rollback.testing.samples import TARGET

WINDOW = Window(target=TARGET, front_door="http://127.0.0.1:1", seconds=1800.0)


class _Endless(FakeMetrics):
    """A source that goes on until the test is over."""

    def __init__(self) -> None:
        super().__init__(measured())
        self.over = Event()

    def collect(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Wait to be let go, then measure."""
        self.over.wait()
        return super().collect(window, deadline=deadline)


class _Broken(FakeMetrics):
    """A source that cannot be reached."""

    def collect(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Fail."""
        raise ProviderUnavailable(f"nobody measures {window.target}", where=str(deadline.expired))


@pytest.fixture
def endless() -> Iterator[_Endless]:
    """Offer an endless source, and let it go afterwards."""
    source = _Endless()
    yield source
    source.over.set()


def test_a_wish_to_stop_does_not_wait_for_the_window(bench: Bench, endless: _Endless) -> None:
    """Ctrl-C in a bake of half an hour is heard after half an hour, or counted as a pass."""
    parts = replace(bench.parts, metrics=endless, stop=lambda: True)
    samples = measure(parts, WINDOW, deadline=Deadline.after(bench.clock, 3600))
    assert (samples.problem, samples.requests) == (STOPPED, 0)


def test_what_was_measured_comes_through(bench: Bench) -> None:
    """What the source measured is lost, or changed on its way to the judge."""
    parts = replace(bench.parts, metrics=FakeMetrics(measured(latency=0.5)))
    samples = measure(parts, WINDOW, deadline=Deadline.after(bench.clock, 3600))
    assert samples.problem is None
    assert set(samples.latencies) == {0.5}


def test_a_source_that_fails_is_heard(bench: Bench) -> None:
    """A source that fails in its own thread looks like one that never ends."""
    parts = replace(bench.parts, metrics=_Broken(measured()))
    with pytest.raises(ProviderUnavailable, match="nobody measures"):
        measure(parts, WINDOW, deadline=Deadline.after(bench.clock, 3600))
