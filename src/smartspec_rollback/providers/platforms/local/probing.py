"""Asking every proxy worker which revision it serves, and instances whether they are ready.

Called by ``traffic`` and ``looking``. New connections are spread over the proxy's workers by the
kernel, at random: of 32 connections per worker none reaches a given worker with a chance of
about e^-32, so if all of them get the same answer, every worker serves it.
"""

import http.client
import selectors
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local.addresses import LOOPBACK, Address
from smartspec_rollback.providers.platforms.local.proxy_config import PROBE_HEADER, PROBE_PATH
from smartspec_rollback.providers.platforms.local.release_file import Readiness

CONNECTIONS_PER_WORKER = 32
_READY_TIMEOUT = 2.0
_THREADS = 16
_READ = 4096
_END_OF_HEAD = b"\r\n\r\n"


@dataclass
class _Exchange:
    """One connection: what is still to be sent, and what came back."""

    to_send: bytes
    received: bytes = b""


def answers(front: Address, *, token: str, count: int, deadline: Deadline) -> set[str]:
    """Ask over ``count`` new connections; "" stands for one that was not answered in time."""
    request = (
        f"GET {PROBE_PATH} HTTP/1.1\r\nHost: {front.host}\r\n{PROBE_HEADER}: {token}\r\n\r\n"
    ).encode()
    found: set[str] = set()
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            connection = socket.socket(front.family, socket.SOCK_STREAM)
            connection.settimeout(0)
            connection.connect_ex((front.host, front.port))
            selector.register(connection, selectors.EVENT_WRITE, _Exchange(request))
        try:
            while selector.get_map() and not deadline.expired:
                for key, _ in selector.select(deadline.remaining):
                    _exchange(selector, key, found)
            if selector.get_map():
                found.add("")
        finally:
            for key in tuple(selector.get_map().values()):
                _close(selector, key)
    return found


def _exchange(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, found: set[str]
) -> None:
    """Move one connection on; once its answer is complete, keep that and close it."""
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
    body = _body(exchange.received)
    if body is not None or not received:
        found.add(body or "")
        _close(selector, key)


def _body(received: bytes) -> str | None:
    """Return the body once all of it is there; "" for an answer that is not 200."""
    head, end, body = received.partition(_END_OF_HEAD)
    if not end:
        return None
    if not head.startswith(b"HTTP/1.1 200 "):
        return ""
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length" and len(body) >= int(value):
            return body.decode("ascii", "replace")
    return None


def _close(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    selector.unregister(key.fileobj)
    if isinstance(key.fileobj, socket.socket):
        key.fileobj.close()


def ready_ports(ports: Iterable[int], readiness: Readiness) -> frozenset[int]:
    """Ask instances, all at once, whether they are ready; return the ports of those that are."""
    asked = tuple(ports)
    if not asked:
        return frozenset()
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(asked))) as pool:
        said = pool.map(lambda port: _is_ready(port, readiness), asked)
        return frozenset(port for port, ready in zip(asked, said, strict=True) if ready)


def _is_ready(port: int, readiness: Readiness) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_READY_TIMEOUT)
    try:
        connection.request("GET", readiness.path)
        return connection.getresponse().status == readiness.status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
