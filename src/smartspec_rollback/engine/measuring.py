"""Measure: let a metrics source watch for as long as it takes, but never longer than wanted.

Called by ``verify`` and ``judge``. A source is spoken to in a thread of its own, so that somebody
who wants to stop does not have to wait for the end of a long window.
"""

from threading import Thread

from smartspec_rollback.domain.samples import Samples
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window

STOPPED = "stopped on request before the bake time was over"

_LOOK_EVERY = 0.05


def measure(parts: Parts, window: Window, *, deadline: Deadline) -> Samples:
    """Measure for the window's length; on a wish to stop, at once with that as the problem.

    Errors as the source's own. A source that is left alone ends with the process.
    """
    start = parts.clock.now()
    watching = _Watching(parts, window, deadline)
    watching.start()
    while watching.is_alive() and not parts.stop():
        watching.join(_LOOK_EVERY)
    if watching.error is not None:
        raise watching.error
    if watching.samples is not None:
        return watching.samples
    return Samples(
        source=parts.metrics.name,
        start=start,
        end=parts.clock.now(),
        requests=0,
        errors=0,
        latencies=(),
        problem=STOPPED,
    )


class _Watching(Thread):
    """One measurement in its thread; what it came to stands in ``samples`` or ``error``."""

    def __init__(self, parts: Parts, window: Window, deadline: Deadline) -> None:
        super().__init__(name="measure", daemon=True)
        self._parts = parts
        self._window = window
        self._deadline = deadline
        self.samples: Samples | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Measure, and keep what came of it for the thread that waits."""
        try:
            self.samples = self._parts.metrics.collect(self._window, deadline=self._deadline)
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            self.error = error
