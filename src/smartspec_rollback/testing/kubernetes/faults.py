"""Scripted failures of the API server, and the record of the calls it got.

Tests add faults; ``http`` asks what to do with each request and notes what it did.
"""

import threading
from dataclasses import dataclass, field

from smartspec_rollback.testing.kubernetes.statuses import ApiError, failed


@dataclass(frozen=True)
class Call:
    """One request: the API verb, its HTTP method and path with query, who sent it, how it went.

    ``code`` is 0 where the connection was cut without an answer. Watches are noted as they start.
    """

    verb: str
    method: str
    path: str
    user_agent: str
    received: int
    sent: int
    code: int


@dataclass
class Fault:
    """One scripted failure of the calls that match; an empty part matches any.

    ``path`` is a part of the path with its query. ``skip`` calls pass first, then ``times``
    calls fail (None: all). ``code`` answers that error, with Retry-After where ``retry_after``
    is set. ``drop`` cuts the connection "before" or "after" the call is done. ``delay`` waits
    that many real seconds first.
    """

    verb: str = ""
    path: str = ""
    user_agent: str = ""
    skip: int = 0
    times: int | None = 1
    code: int = 0
    retry_after: int = 0
    drop: str = ""
    delay: float = 0.0
    met: int = field(default=0, init=False)

    def takes(self, verb: str, path: str, user_agent: str) -> bool:
        """Tell whether this call is to fail, counting it."""
        if not (self.verb in ("", verb) and self.path in path and self.user_agent in user_agent):
            return False
        self.met += 1
        past = self.met - self.skip
        return past > 0 and (self.times is None or past <= self.times)

    def error(self) -> ApiError | None:
        """Give the error to answer, if any."""
        if not self.code:
            return None
        error = failed(self.code)
        error.retry = self.retry_after
        return error


class Faults:
    """The faults that are set up; several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Set a fault up; its ``met`` tells later how many calls matched."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._faults.clear()

    def take(self, verb: str, path: str, user_agent: str) -> Fault | None:
        """Give the first fault that takes this call."""
        with self._lock:
            taken = [each for each in self._faults if each.takes(verb, path, user_agent)]
        return taken[0] if taken else None


class Requests:
    """The calls the server got, oldest first; several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def note(self, call: Call) -> None:
        """Remember a call."""
        with self._lock:
            self._calls.append(call)

    def all(self, *, verb: str = "", path: str = "", user_agent: str = "") -> tuple[Call, ...]:
        """Give the calls that match; an empty part matches any."""
        with self._lock:
            return tuple(
                call
                for call in self._calls
                if verb in ("", call.verb) and path in call.path and user_agent in call.user_agent
            )

    def clear(self) -> None:
        """Forget the calls."""
        with self._lock:
            self._calls.clear()
