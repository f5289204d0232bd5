"""Where measurements come from."""

from typing import ClassVar, Protocol, runtime_checkable

from smartspec_rollback.domain.facts import Reading
from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.clock import Deadline


class Window(Value):
    """What to measure: ``seconds`` from now, of the traffic of ``target``.

    ``front_door`` is the URL traffic enters by, for sources that send requests of their own.
    """

    target: Target
    front_door: str | None
    seconds: float


class MetricsSource(Protocol):
    """Measures. Not being able to is said in ``Samples.problem``, never shown as silence."""

    name: ClassVar[str]

    def collect(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Measure for the window's length, or until the deadline."""
        ...

    def glance(self, window: Window, /, *, deadline: Deadline) -> Reading:
        """Tell quickly, well under a second, what is failing now and how fresh the data is."""
        ...


@runtime_checkable
class WatchesLightly(Protocol):
    """Ability: measure beside a rollback, so sparingly that production does not feel it."""

    def watch(self, window: Window, /, *, deadline: Deadline) -> Samples:
        """Measure for about the window's length, with a ``series``, adding next to no load."""
        ...
