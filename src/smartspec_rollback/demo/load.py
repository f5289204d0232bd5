"""Constant load on a front door, counting honestly: every request once, every failure.

Used by the demo, by benchmarks and by tests; the rollback itself measures with a metrics source.
It speaks just as much HTTP as it takes, since it shares the machine with what it measures.
"""

import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

_TIMEOUT = 10.0
_READ = 65536
_END_OF_HEAD = b"\r\n\r\n"
_SERVER_ERROR = 500


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
        line = _Line(self._host, self._port, self._path)
        due = time.monotonic() + self._pause * number / len(self._hits)
        while not self._stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._pause, time.monotonic() - self._pause)
            hits.append(line.hit())
        line.close()


class _Line:
    """One keep-alive connection; opened when it is first needed, and anew after a failure."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._address = (host, port)
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        self._socket: socket.socket | None = None

    def hit(self) -> Hit:
        """Send one request and wait for its answer."""
        sent = time.monotonic()
        version: str | None = None
        try:
            version = _version(self._exchange())
        except (OSError, ValueError):
            self.close()
        return Hit(sent, time.monotonic(), version)

    def close(self) -> None:
        """Hang up; idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self) -> list[bytes]:
        """Return the lines of an answer's head once all of its body is there."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_TIMEOUT)
        self._socket.sendall(self._request)
        received = b""
        while (end := received.find(_END_OF_HEAD)) < 0:
            received += self._more(self._socket)
        head = received[:end].split(b"\r\n")
        missing = int(_header(head, b"content-length")) - (len(received) - end - len(_END_OF_HEAD))
        while missing > 0:
            missing -= len(self._more(self._socket))
        return head

    def _more(self, connection: socket.socket) -> bytes:
        if not (received := connection.recv(_READ)):
            raise ConnectionResetError("it hung up")
        return received


def _version(head: list[bytes]) -> str | None:
    """Say which version an answer is from; None if it is a failure."""
    if int(head[0].split()[1]) >= _SERVER_ERROR:
        return None
    return _header(head, b"x-version", default=b"unknown").decode("latin-1")


def _header(head: list[bytes], wanted: bytes, *, default: bytes = b"") -> bytes:
    for line in head[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == wanted:
            return value.strip()
    return default
