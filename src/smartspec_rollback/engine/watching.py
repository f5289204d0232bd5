"""Watch: measure lightly beside a rollback, so that people see what users saw meanwhile.

Called by ``execute`` and ``verify``, in a thread with a platform and a metrics source of its own.
Nothing is decided by it. It never makes a rollback wait or fail: whatever goes wrong ends the
watching alone, and nobody waits for its end. What it adds to production is what the source's
``watch`` sends, and only until the rollback's steps are over.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.series import Series, joined
from smartspec_rollback.engine.parts import Parts, Watcher
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window

_LOG = logging.getLogger(__name__)

MAX_WINDOWS = 240
"""After so many windows watching ends."""

_SHORTEST = 1.0
_WINDOWS_OF_ONE_LENGTH = 40
_KEEP_EVERY = 3.0
_PATIENCE = 30.0


@contextmanager
def watched(parts: Parts, plan: Plan) -> Iterator[None]:
    """Watch while the block runs; its end is told to the thread, and not waited for."""
    over = Event()
    try:
        Thread(
            target=_watch, args=(parts, plan, over), name=f"watch-{plan.rollback_id}", daemon=True
        ).start()
    except RuntimeError:  # no thread to be had: production matters more than a chart
        _LOG.info("no thread to watch %s", plan.rollback_id, extra={"action": "watch.ended"})
    try:
        yield
    finally:
        over.set()


def _watch(parts: Parts, plan: Plan, over: Event) -> None:
    try:
        watcher = parts.watcher()
        if watcher is not None:
            _Watching(parts, plan, watcher, over).run()
    except Exception as error:  # noqa: BLE001 - a chart with a gap is no fault of the rollback's
        _LOG.info(
            "watching %s ended: %s",
            plan.rollback_id,
            type(error).__name__,
            extra={"action": "watch.ended", "rollback": plan.rollback_id},
        )


class _Watching:
    """One watch: windows that grow with time, so that a long rollback has few points too."""

    def __init__(self, parts: Parts, plan: Plan, watcher: Watcher, over: Event) -> None:
        self._parts = parts
        self._plan = plan
        self._watcher = watcher
        self._over = over
        self._unkept: Series | None = None

    def run(self) -> None:
        """Measure until the rollback's steps are over, and keep it every few seconds."""
        seen = self._watcher.platform.observe(self._plan.target)
        elapsed = unkept = 0.0
        for _ in range(MAX_WINDOWS):
            if self._over.is_set():
                break
            seconds = max(_SHORTEST, elapsed / _WINDOWS_OF_ONE_LENGTH)
            self._measure(
                Window(target=self._plan.target, front_door=seen.front_door, seconds=seconds)
            )
            elapsed += seconds
            unkept += seconds
            if unkept >= _KEEP_EVERY:
                self._keep()
                unkept = 0.0
        self._keep()

    def _measure(self, window: Window) -> None:
        """Measure one window; where that is not possible, let its time pass."""
        deadline = Deadline.after(self._parts.clock, window.seconds + _PATIENCE)
        samples = self._watcher.metrics.watch(window, deadline=deadline)
        if samples.series is None:
            self._over.wait(window.seconds)
        else:
            self._unkept = joined(self._unkept, samples.series)

    def _keep(self) -> None:
        if self._unkept is not None:
            self._parts.store.add_series(self._plan.rollback_id, self._unkept)
            self._unkept = None
