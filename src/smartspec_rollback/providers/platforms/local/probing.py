"""Asking every proxy worker which revision it serves, and instances whether they are ready.

Called by ``traffic`` and ``looking``. New connections are spread over the proxy's workers by the
kernel, at random: of 32 connections per worker none reaches a given worker with a chance of
about e^-32, so if all of them get the same answer, every worker serves it.
"""

import selectors
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.platforms.local.addresses import LOOPBACK, Address
from smartspec_rollback.providers.platforms.local.proxy_config import PROBE_HEADER, PROBE_PATH
from smartspec_rollback.providers.platforms.local.release_file import Readiness

CONNECTIONS_PER_WORKER = 32
_BATCH = 256
_READY_SECONDS = 2.0
_READ = 4096
_END_OF_LINE = b"\r\n"
_END_OF_HEAD = b"\r\n\r\n"


@dataclass
class _Exchange:
    """One connection: what is still to be sent, what came back, and when that is enough."""

    to: Address
    to_send: bytes
    is_enough: Callable[[bytes], bool]
    received: bytes = b""


def answers(front: Address, *, token: str, count: int, deadline: Deadline) -> set[str]:
    """Ask over ``count`` new connections; "" stands for one that was not answered in time."""
    request = (
        f"GET {PROBE_PATH} HTTP/1.1\r\nHost: {front.host}\r\n{PROBE_HEADER}: {token}\r\n\r\n"
    ).encode()
    asked = [_Exchange(front, request, _is_whole) for _ in range(count)]
    _exchange_all(asked, deadline)
    return {_body(exchange.received) or "" for exchange in asked}


def ready_ports(ports: Iterable[int], readiness: Readiness, *, clock: Clock) -> frozenset[int]:
    """Ask instances, all at once, whether they are ready; return the ports of those that are.

    One that says nothing for two seconds is not.
    """
    asked = [_Exchange(*_readiness_of(port, readiness), _has_status) for port in ports]
    wanted = str(readiness.status).encode()
    for start in range(0, len(asked), _BATCH):
        _exchange_all(asked[start : start + _BATCH], Deadline.after(clock, _READY_SECONDS))
    return frozenset(e.to.port for e in asked if _status(e.received) == wanted)


def _readiness_of(port: int, readiness: Readiness) -> tuple[Address, bytes]:
    to = Address(host=LOOPBACK, port=port)
    lines = (
        f"GET {readiness.path} HTTP/1.1",
        f"Host: {to.host}:{port}",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return to, "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _exchange_all(asked: Sequence[_Exchange], deadline: Deadline) -> None:
    """Send every request at once; return when all are answered, or at the deadline."""
    with selectors.DefaultSelector() as selector:
        try:
            for exchange in asked:
                _begin(selector, exchange)
            while selector.get_map() and not deadline.expired:
                for key, _ in selector.select(deadline.remaining):
                    _move_on(selector, key)
        finally:
            for key in tuple(selector.get_map().values()):
                _close(selector, key)


def _begin(selector: selectors.BaseSelector, exchange: _Exchange) -> None:
    """Open one connection; where that cannot be, its exchange stays unanswered."""
    with suppress(OSError):
        connection = socket.socket(exchange.to.family, socket.SOCK_STREAM)
        connection.settimeout(0)
        connection.connect_ex((exchange.to.host, exchange.to.port))
        selector.register(connection, selectors.EVENT_WRITE, exchange)


def _move_on(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """Move one connection on; once enough came back, or no more will, close it."""
    connection, exchange = key.fileobj, key.data
    if not isinstance(connection, socket.socket) or not isinstance(exchange, _Exchange):
        return
    try:
        if exchange.to_send:
            exchange.to_send = exchange.to_send[connection.send(exchange.to_send) :]
            if not exchange.to_send:
                selector.modify(connection, selectors.EVENT_READ, exchange)
            return
        received = connection.recv(_READ)
    except BlockingIOError:
        return
    except OSError:
        received = b""
    exchange.received += received
    if not received or exchange.is_enough(exchange.received):
        _close(selector, key)


def _has_status(received: bytes) -> bool:
    return _END_OF_LINE in received or len(received) >= _READ


def _status(received: bytes) -> bytes:
    """Return the status of an answer; empty if there is none."""
    line, end, _ = received.partition(_END_OF_LINE)
    words = line.split(b" ", 2)
    return words[1] if end and len(words) > 1 and words[0].startswith(b"HTTP/1.") else b""


def _is_whole(received: bytes) -> bool:
    return _body(received) is not None


def _body(received: bytes) -> str | None:
    """Return the body once all of it is there; "" for an answer that is not 200."""
    head, end, body = received.partition(_END_OF_HEAD)
    if not end:
        return None
    if not head.startswith(b"HTTP/1.1 200 "):
        return ""
    for line in head.lower().split(_END_OF_LINE):
        name, _, value = line.partition(b":")
        if name == b"content-length" and len(body) >= int(value):
            return body.decode("ascii", "replace")
    return None


def _close(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    selector.unregister(key.fileobj)
    if isinstance(key.fileobj, socket.socket):
        key.fileobj.close()
