"""Requests at a fixed rate over a few kept connections, and what became of each.

Called by ``providers.metrics.probe`` only. Knows nothing of windows and records.
"""

import math
import threading
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from smartspec_rollback.domain.samples import SUMMARY_QUANTILES, quantile
from smartspec_rollback.domain.series import MAX_POINTS, Point
from smartspec_rollback.providers.web import Address, Connection, NoAnswer

_HEADERS = {"User-Agent": "smartspec-probe", "Accept": "*/*"}
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_GOOD, _BAD, _OPEN = 1, 2, 0
_LEAST_PER_POINT = 10
_LEAST_SECONDS = 0.25


@dataclass(frozen=True)
class Load:
    """``count`` requests for ``path``, one ``every`` so many seconds; 4xx in ``accept`` are good.

    ``timeout`` counts from the moment a request was scheduled.
    """

    path: str
    count: int
    every: float
    connections: int
    timeout: float
    accept: frozenset[int]


@dataclass(frozen=True)
class Shots:
    """What became of the requests.

    ``latencies`` are seconds from the schedule, of good answers and of requests given up.
    ``reached``: something accepted a connection at least once. ``trouble`` is the first fault.
    ``points`` are the same over time, by when the requests were scheduled.
    """

    requests: int
    errors: int
    latencies: tuple[float, ...]
    reached: bool
    trouble: str
    points: tuple[Point, ...]


def shoot(to: Address, load: Load) -> Shots:
    """Send the load and wait for the last answer; takes ``count * every + timeout`` at most."""
    work = _Work(to, load)
    threads = [
        threading.Thread(target=work.run, name=f"probe-{number}", daemon=True)
        for number in range(min(load.connections, load.count))
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        work.stopping.set()  # reached early by Ctrl-C: the threads end with their current request
    return work.shots()


class _Work:
    """Shared by the threads; each result has a place of its own, so memory is bounded."""

    def __init__(self, to: Address, load: Load) -> None:
        self._to = to
        self._load = load
        self._lock = threading.Lock()
        self._next = 0
        self._start = time.perf_counter()
        self._results = bytearray(load.count)
        self._latencies = array("d", [math.nan]) * load.count
        self._reached = False
        self._trouble = ""
        self.stopping = threading.Event()

    def run(self) -> None:
        """Take the next request until there is none; one thread, one connection."""
        connection = Connection(self._to)
        try:
            while (number := self._take()) is not None:
                self._send(connection, number)
                if connection.ever_connected:
                    self._reached = True
        finally:
            connection.close()

    def shots(self) -> Shots:
        """Sum up what became of the requests, in the order of their schedule."""
        return Shots(
            requests=self._load.count - self._results.count(_OPEN),
            errors=self._results.count(_BAD),
            latencies=tuple(value for value in self._latencies if not math.isnan(value)),
            reached=self._reached,
            trouble=self._trouble,
            points=tuple(self._points()),
        )

    def _points(self) -> Iterator[Point]:
        load = self._load
        most = min(load.count // _LEAST_PER_POINT, int(load.count * load.every / _LEAST_SECONDS))
        size = math.ceil(load.count / min(MAX_POINTS, max(1, most)))
        for first in range(0, load.count, size):
            results = self._results[first : first + size]
            waited = sorted(v for v in self._latencies[first : first + size] if not math.isnan(v))
            yield Point(
                after=round(first * load.every, 3),
                seconds=round(len(results) * load.every, 3),
                requests=len(results) - results.count(_OPEN),
                errors=results.count(_BAD),
                latencies=tuple(round(quantile(tuple(waited), q), 6) for q in SUMMARY_QUANTILES)
                if waited
                else (),
            )

    def _take(self) -> int | None:
        with self._lock:
            if self._next >= self._load.count or self.stopping.is_set():
                return None
            self._next += 1
            return self._next - 1

    def _send(self, connection: Connection, number: int) -> None:
        load = self._load
        scheduled = self._start + number * load.every
        if self.stopping.wait(max(0.0, scheduled - time.perf_counter())):
            return
        left = scheduled + load.timeout - time.perf_counter()
        if left <= 0:
            self._failed(number, f"no answer within {load.timeout:g}s")
            self._latencies[number] = load.timeout
            return
        try:
            answer = connection.request("GET", load.path, seconds=left, headers=_HEADERS)
        except NoAnswer as error:
            self._failed(number, error.what)
            if error.timed_out:
                self._latencies[number] = time.perf_counter() - scheduled
            return
        if self._is_good(answer.status):
            self._results[number] = _GOOD
            self._latencies[number] = time.perf_counter() - scheduled
        else:
            self._failed(number, f"answered {answer.status}")

    def _is_good(self, status: int) -> bool:
        return status < _CLIENT_ERROR or (status < _SERVER_ERROR and status in self._load.accept)

    def _failed(self, number: int, trouble: str) -> None:
        self._results[number] = _BAD
        self._trouble = self._trouble or trouble
