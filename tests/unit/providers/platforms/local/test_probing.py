import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import ClassVar

import pytest

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local.addresses import Address
from smartspec_rollback.providers.platforms.local.probing import answers, ready_ports
from smartspec_rollback.providers.platforms.local.release_file import Readiness
from smartspec_rollback.providers.system import SystemClock

CLOCK = SystemClock()


def response(status: int, body: str) -> bytes:
    """Write an answer."""
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@contextmanager
def server(*said: bytes) -> Iterator[int]:
    """Serve these answers, one connection after the other, over and over."""

    class Handler(socketserver.StreamRequestHandler):
        turn: ClassVar[Iterator[int]] = count()

        def handle(self) -> None:
            """Read one request and answer it."""
            while self.rfile.readline().strip():
                continue
            self.wfile.write(said[next(self.turn) % len(said)])

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made.server_address[1]
        made.shutdown()


def ask(port: int) -> set[str]:
    """Ask a front door 20 times."""
    deadline = Deadline.after(CLOCK, 20)
    address = Address(host="127.0.0.1", port=port)
    return answers(address, token="token", count=20, deadline=deadline)


def test_every_worker_is_heard() -> None:
    """One worker that still serves the old route is missed, and traffic is called moved."""
    with server(response(200, "2 r2"), response(200, "2 r2"), response(200, "1 r1")) as port:
        assert ask(port) == {"2 r2", "1 r1"}
    with server(response(200, "2 r2")) as port:
        assert ask(port) == {"2 r2"}


@pytest.mark.parametrize(
    "odd", [b"", b"HTTP/1.1 200 OK\r\n", response(404, "2 r2"), response(503, ""), b"\xff" * 50]
)
def test_no_answer_is_no_agreement(odd: bytes) -> None:
    """A worker that answers oddly counts as one that serves the new route."""
    with server(response(200, "2 r2"), odd) as port:
        assert ask(port) == {"2 r2", ""}


def test_nobody_listens() -> None:
    """No proxy at all counts as agreement."""
    with server(b"") as port:
        free = port
    assert ask(free) == {""}


def test_only_the_right_status_is_ready() -> None:
    """An instance that says 503 gets traffic."""
    readiness = Readiness()
    with server(response(200, "")) as good, server(response(503, "")) as bad:
        assert ready_ports((good, bad, 1), readiness, clock=CLOCK) == {good}
    assert ready_ports((), readiness, clock=CLOCK) == frozenset()


@pytest.mark.parametrize("odd", [b"", b"HTTP/1.1 200", b"200 OK\r\n", b"HTTP/1.1\r\n", b"2" * 9000])
def test_what_is_no_answer_is_not_ready(odd: bytes) -> None:
    """An instance that talks nonsense gets traffic, or keeps everybody waiting."""
    with server(odd) as port:
        assert ready_ports((port,), Readiness(), clock=CLOCK) == frozenset()
