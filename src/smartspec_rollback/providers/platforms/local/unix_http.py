"""HTTP over unix sockets, for supervisor's and Envoy's private interfaces.

Called by ``supervision`` and ``proxy``. A socket that nobody answers on is ProviderUnavailable.
"""

import http.client
import socket
from pathlib import Path
from xmlrpc.client import Transport

from smartspec_rollback.errors import ProviderUnavailable

UP_REMEDY = "run `smartspec local up`"


class UnixConnection(http.client.HTTPConnection):
    """A connection to a unix socket; ``timeout`` in seconds."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's path."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class UnixTransport(Transport):
    """XML-RPC over a unix socket."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        super().__init__()
        self._path = path
        self._timeout = timeout

    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: ARG002 - ours is one socket
        """Connect to the socket, whatever the host's name."""
        return UnixConnection(self._path, timeout=self._timeout)


def get(path: Path, resource: str, *, timeout: float = 5.0) -> bytes:
    """Fetch a resource; ProviderUnavailable unless it is answered with 200."""
    connection = UnixConnection(path, timeout=timeout)
    try:
        connection.request("GET", resource)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise unavailable(path, error) from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise ProviderUnavailable(
            f"{resource} was answered with {response.status}", where=str(path), remedy=UP_REMEDY
        )
    return body


def unavailable(path: Path, error: Exception) -> ProviderUnavailable:
    """Say that nobody answers on a socket."""
    return ProviderUnavailable(
        f"nothing answers ({type(error).__name__})", where=str(path), remedy=UP_REMEDY
    )
