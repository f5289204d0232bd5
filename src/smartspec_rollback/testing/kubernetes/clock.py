"""The emulator's time: real, faster than real, or moved by the test.

Controllers and the kubelet ask it to run something later; everything it runs holds the
cluster's lock, one thing after another in order of time.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When a stepped clock starts."""

_LONGEST_WAIT = 0.5


class ClusterClock:
    """Tells the time and runs what is due.

    ``speed`` is how many seconds of the cluster pass in a real one; None: time stands still but
    for ``advance``.
    """

    def __init__(self, lock: threading.RLock, *, speed: float | None) -> None:
        """Share the cluster's lock, which is held while anything runs."""
        self._speed = speed
        self._elapsed = 0.0
        self._started = time.monotonic()
        self._epoch = START if speed is None else datetime.now(UTC)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._woken = threading.Condition(lock)
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def stepped(self) -> bool:
        """Whether only the test moves time."""
        return self._speed is None

    def elapsed(self) -> float:
        """Tell the cluster's seconds since the start."""
        if self._speed is None:
            return self._elapsed
        return (time.monotonic() - self._started) * self._speed

    def now(self) -> datetime:
        """Tell the cluster's time, in UTC."""
        return self._epoch + timedelta(seconds=self.elapsed())

    def stamp(self) -> str:
        """Tell the time as objects do, in whole seconds."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def micro_stamp(self) -> str:
        """Tell the time as Leases do, with microseconds."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def since(self, stamp: str) -> float:
        """Tell how many seconds ago a stamp was."""
        return (self.now() - datetime.fromisoformat(stamp)).total_seconds()

    def at(self, delay: float, action: Callable[[], None]) -> None:
        """Run something ``delay`` cluster seconds from now."""
        with self._woken:
            due = self.elapsed() + max(delay, 0.0)
            heapq.heappush(self._due, (due, next(self._numbers), action))
            self._woken.notify_all()

    def advance(self, seconds: float) -> None:
        """Let time pass, running what becomes due in its order; only on a stepped clock."""
        if self._speed is not None:
            raise ValueError("this clock moves by itself; make the cluster with speed=None")
        with self._woken:
            until = self._elapsed + seconds
            while self._due and self._due[0][0] <= until:
                due, _, action = heapq.heappop(self._due)
                self._elapsed = max(self._elapsed, due)
                action()
            self._elapsed = until

    def start(self) -> None:
        """Let time run, unless it is stepped."""
        if self._speed is not None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Run nothing any more."""
        with self._woken:
            self._stopping = True
            self._woken.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        assert self._speed is not None
        while True:
            with self._woken:
                if self._stopping:
                    return
                now = self.elapsed()
                if self._due and self._due[0][0] <= now:
                    heapq.heappop(self._due)[2]()
                    continue
                wait = (self._due[0][0] - now) / self._speed if self._due else _LONGEST_WAIT
                self._woken.wait(min(wait, _LONGEST_WAIT))
