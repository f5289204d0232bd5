"""A metrics source that says what a test wrote for it.

Used instead of a real one by tests of the engine and the gate; passes ``MetricsContract``.
"""

from typing import ClassVar

from msgspec.structs import replace

from smartspec_rollback.domain.facts import Reading
from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.testing.clock import START


def measured(*, latency: float = 0.05, requests: int = 1000, errors: int = 0) -> Samples:
    """Make samples: every good request took ``latency`` seconds, ``errors`` more failed."""
    return Samples(
        source=FakeMetrics.name,
        start=START,
        end=START,
        requests=requests,
        errors=errors,
        latencies=(latency,) * (requests - errors),
    )


def unmeasured(problem: str = "the source does not answer") -> Samples:
    """Make samples of a source that could not measure."""
    return replace(measured(requests=0), problem=problem)


class FakeMetrics:
    """Gives the scripted samples in turn, the last one again and again.

    Measuring passes the window's time on the deadline's clock, and dates the samples by it.
    A glance tells of the next samples. Without a script it cannot measure.
    """

    name: ClassVar[str] = "fake"

    def __init__(self, *script: Samples) -> None:
        self._script = list(script or (unmeasured("nothing was scripted"),))
        self.windows: list[Window] = []

    def collect(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Give the next samples."""
        self.windows.append(window)
        samples = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        start = deadline.clock.now()
        deadline.pause(window.seconds)
        return replace(samples, source=self.name, start=start, end=deadline.clock.now())

    def glance(self, _window: Window, /, *, deadline: Deadline) -> Reading:
        """Tell what fails according to the next samples."""
        coming = self._script[0]
        if coming.problem:
            return Reading(source=self.name, newest=None, problem=coming.problem)
        failing = f"{coming.errors} of {coming.requests} requests failed" if coming.errors else None
        return Reading(source=self.name, newest=deadline.clock.now(), failing=failing)
