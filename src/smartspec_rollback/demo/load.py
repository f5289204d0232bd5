"""Constant load on a front door, counting honestly: every request once, every failure.

Used by the demo and by tests; the rollback itself measures with a metrics source.
"""

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

_TIMEOUT = 10.0


class Hit(NamedTuple):
    """One request: when it was sent and answered (monotonic seconds), and by which version.

    ``version`` is None where it failed.
    """

    sent: float
    answered: float
    version: str | None


@dataclass(frozen=True)
class Counted:
    """What became of the requests."""

    hits: tuple[Hit, ...]

    @property
    def sent(self) -> int:
        """How many were sent."""
        return len(self.hits)

    @property
    def failed(self) -> int:
        """How many got no answer, or one of 500 and above."""
        return sum(hit.version is None for hit in self.hits)

    @property
    def by_version(self) -> dict[str, int]:
        """How many each version answered."""
        return dict(Counter(hit.version for hit in self.hits if hit.version is not None))

    def sent_to_after(self, version: str, moment: float) -> int:
        """How many requests sent after ``moment`` were answered by ``version``."""
        return sum(hit.version == version and hit.sent > moment for hit in self.hits)


class Load:
    """Sends GET requests from several keep-alive connections until stopped.

    ``rate`` is in requests per second over all connections; None means as fast as they go.
    """

    def __init__(self, url: str, *, connections: int = 8, rate: float | None = 200.0) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path or "/"
        self._pause = 0.0 if rate is None else connections / rate
        self._stopping = threading.Event()
        self._hits: list[list[Hit]] = [[] for _ in range(connections)]
        self._threads = [
            threading.Thread(target=self._send, args=(hits, number), daemon=True)
            for number, hits in enumerate(self._hits)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> Counted:
        """Finish the requests under way and count."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        return self.counted()

    def counted(self) -> Counted:
        """Count what was sent so far, in order of sending."""
        return Counted(tuple(sorted(hit for hits in self._hits for hit in tuple(hits))))

    def _send(self, hits: list[Hit], number: int) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        due = time.monotonic() + self._pause * number / len(self._hits)
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._pause, time.monotonic() - self._pause)
            hits.append(self._hit(connection))
        connection.close()

    def _hit(self, connection: http.client.HTTPConnection) -> Hit:
        sent = time.monotonic()
        version: str | None = None
        try:
            connection.request("GET", self._path)
            answer = connection.getresponse()
            answer.read()
            if answer.status < http.client.INTERNAL_SERVER_ERROR:
                version = answer.getheader("X-Version", "unknown")
        except (OSError, http.client.HTTPException):
            connection.close()
        return Hit(sent, time.monotonic(), version)
