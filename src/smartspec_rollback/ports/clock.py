"""Time, as a parameter: wall time for records, monotonic time for deadlines."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells and passes time. ``testing`` has one that never really waits."""

    def now(self) -> datetime:
        """Tell the wall time, in UTC, for records."""
        ...

    def monotonic(self) -> float:
        """Tell a time in seconds that never goes back, for deadlines."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait."""
        ...


@dataclass(frozen=True)
class Deadline:
    """A moment by which something has to be over; every wait takes one."""

    clock: Clock
    at: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> "Deadline":
        """Set a deadline ``seconds`` from now."""
        return cls(clock, clock.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at - self.clock.monotonic())

    @property
    def expired(self) -> bool:
        """Whether the time is over."""
        return self.clock.monotonic() >= self.at

    def pause(self, seconds: float) -> None:
        """Wait ``seconds``, or until the deadline if that comes first."""
        self.clock.sleep(min(seconds, self.remaining))
