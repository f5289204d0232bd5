"""Addresses and ports on this host.

Called by ``starting`` (which ports instances get), ``verbs`` (is the front door free?) and
``inspecting``. Binding is the only proof that a port is free; nothing stays bound.
"""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import NotDone

LOOPBACK = "127.0.0.1"
_MAX_PORT = 65535
_ANY = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - compared with, never bound by us


class Address(Value):
    """Where the proxy listens."""

    host: str
    port: int

    @property
    def reachable(self) -> "Address":
        """The address to reach it by from here."""
        return Address(host=_ANY.get(self.host, self.host), port=self.port)

    @property
    def url(self) -> str:
        """The front door's URL."""
        near = self.reachable
        host = f"[{near.host}]" if ":" in near.host else near.host
        return f"http://{host}:{near.port}"

    @property
    def family(self) -> socket.AddressFamily:
        """The kind of its host."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET


def listen_address(listen: str) -> Address:
    """Read ``host:port``; NotDone if it cannot be listened on."""
    host, _, port = listen.rpartition(":")
    host = LOOPBACK if host == "localhost" else host.strip("[]")
    address = Address(host=host, port=int(port))
    try:
        socket.inet_pton(address.family, host)
    except (OSError, ValueError):
        host = ""
    if not host or not 0 < address.port <= _MAX_PORT:
        raise NotDone(
            f"{listen!r} is not an IP address with a port from 1 to {_MAX_PORT}",
            where="platform.listen",
            remedy="write it like 127.0.0.1:8000",
        )
    return address


def is_free(address: Address) -> bool:
    """Tell whether nobody listens there."""
    with socket.socket(address.family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_ports(ports: str, *, near: Path, taken: frozenset[int]) -> Iterator[int]:
    """Yield loopback ports of ``first-last`` that nobody listens on.

    Where to begin depends on ``near``, so that Targets of one host keep out of each other's way.
    """
    first, _, last = ports.partition("-")
    if not 0 < int(first) <= int(last) <= _MAX_PORT:
        raise NotDone(
            f"{ports!r} is not a range of ports from 1 to {_MAX_PORT}",
            where="platform.ports",
            remedy="write the first and the last one, like 20000-29999",
        )
    size = int(last) - int(first) + 1
    begin = int(hashlib.sha256(bytes(near)).hexdigest(), 16) % size
    for step in range(size):
        port = int(first) + (begin + step) % size
        if port not in taken and is_free(Address(host=LOOPBACK, port=port)):
            yield port
