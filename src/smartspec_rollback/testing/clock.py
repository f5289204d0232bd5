"""A clock that never really waits, for tests of everything that takes time as a parameter.

Used instead of ``providers.system.SystemClock``. Sleeping moves the time on at once, so that a
test of a thirty-minute deadline takes no time; several threads may share one clock.
"""

import math
import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When a fake clock starts, unless told otherwise."""


class FakeClock:
    """Tells a made-up time that moves only when somebody sleeps or a test advances it."""

    def __init__(self, start: datetime = START) -> None:
        """Start at ``start`` (timezone-aware)."""
        self._lock = threading.Lock()
        self._wall = start.astimezone(UTC)
        self._microseconds = 1_000_000_000
        self._slept: list[float] = []

    def now(self) -> datetime:
        """Tell the wall time, in UTC."""
        with self._lock:
            return self._wall

    def monotonic(self) -> float:
        """Tell the time that never goes back, in seconds."""
        with self._lock:
            return self._microseconds / 1e6

    def sleep(self, seconds: float, /) -> None:
        """Let ``seconds`` pass at once, and remember that somebody waited."""
        self.advance(seconds)
        with self._lock:
            self._slept.append(seconds)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, on both times; ValueError if that would go back.

        Rounded up to whole microseconds, so that however short a wait is, time moves on.
        """
        if seconds < 0:
            raise ValueError(f"time does not go back by {-seconds} seconds; use jump for wall time")
        microseconds = math.ceil(seconds * 1e6)
        with self._lock:
            self._microseconds += microseconds
            self._wall += timedelta(microseconds=microseconds)

    def jump(self, seconds: float) -> None:
        """Set the wall time forward or back, as an administrator or a bad NTP server does."""
        with self._lock:
            self._wall += timedelta(seconds=seconds)

    @property
    def slept(self) -> tuple[float, ...]:
        """Every wait so far, in seconds, in order."""
        with self._lock:
            return tuple(self._slept)
