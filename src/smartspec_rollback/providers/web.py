"""One HTTP exchange with a time limit as a whole: what probes, smoke tests and webhooks share.

The standard client's time limit holds for each read, so a server that sends one byte a second
keeps it waiting for ever; here it holds from the first byte sent to the last one read. Bodies
are read up to a bound, redirects are never followed, and no error text contains the URL, which
may hold secrets.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from smartspec_rollback.errors import ProviderUnavailable

BODY_LIMIT = 65536
"""How many bytes of an answer are read; the rest is left, and the connection closed."""

_URL_CHARACTERS = "/?#[]@!$&'()*+,;=:%~-._"


class NoAnswer(ProviderUnavailable):
    """No whole HTTP answer came; ``timed_out`` tells whether it was waited for to the end."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the body cut at ``BODY_LIMIT``, headers by their small names."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Address:
    """Where an ``http`` or ``https`` URL leads; printing it shows no credentials and no path."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def address(url: str) -> Address:
    """Take a URL apart; a ValueError says what is wrong, without repeating the URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("not a URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not an http or https URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL with credentials in it; use a header")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    default = 443 if parts.scheme == "https" else 80
    return Address(parts.scheme, parts.hostname, port or default, _encoded(path))


def _encoded(path: str) -> str:
    return quote(path, safe=_URL_CHARACTERS)


class Connection:
    """One keep-alive connection to an address, opened when first needed. Not thread-safe."""

    def __init__(self, to: Address) -> None:
        """Remember where to connect to; ``ever_connected`` tells whether somebody was there."""
        self._http = _TimedConnection(to)
        self.ever_connected = False

    def request(
        self,
        method: str,
        path: str,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = BODY_LIMIT,
    ) -> Answer:
        """Send one request and read the answer, all within ``seconds``; NoAnswer if none came.

        Of the answer's body ``limit`` bytes are read.

        A GET on a kept connection that the server had closed meanwhile is sent once more on a
        fresh one, as every HTTP client does.
        """
        self._http.ends = time.monotonic() + seconds
        kept = self._http.sock is not None
        try:
            try:
                return self._exchange(method, path, headers or {}, body, limit)
            except (ConnectionResetError, BrokenPipeError):
                if not kept or method != "GET":
                    raise
                self._http.close()
                return self._exchange(method, path, headers or {}, body, limit)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._http.close()
            raise NoAnswer(
                _in_words(error, seconds), timed_out=isinstance(error, TimeoutError)
            ) from None

    def close(self) -> None:
        """Close the connection; it may be used again."""
        self._http.close()

    def _exchange(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        limit: int,
    ) -> Answer:
        if self._http.sock is None:
            self._http.connect()
            self.ever_connected = True
        self._http.request(method, _encoded(path), body=body, headers=dict(headers))
        response = self._http.getresponse()
        content = response.read(limit)
        if method != "HEAD" and len(content) < limit and response.length:
            raise http.client.IncompleteRead(b"")
        if not response.isclosed() or response.will_close:
            response.close()
            self._http.close()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, content, headers)


class _TimedConnection(http.client.HTTPConnection):
    """The standard connection, on a socket whose waits all end at ``ends`` (monotonic)."""

    sock: Any

    def __init__(self, to: Address) -> None:
        super().__init__(to.host, to.port)
        self.ends = 0.0
        if to.scheme == "https":
            self.default_port = 443
            self._tls = ssl.create_default_context()
        else:
            self._tls = None  # type: ignore[assignment]  # plain http has none

    def connect(self) -> None:
        sock = socket.create_connection((self.host, self.port), _left(self.ends))
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock.settimeout(_left(self.ends))
                sock = self._tls.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise
        self.sock = _TimedSocket(sock, self)


class _TimedSocket:
    """What ``http.client`` needs of a socket."""

    def __init__(self, sock: socket.socket, connection: _TimedConnection) -> None:
        self._sock = sock
        self._connection = connection

    def arm(self) -> None:
        self._sock.settimeout(_left(self._connection.ends))

    def sendall(self, data: bytes) -> None:
        self.arm()
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        # The raw file keeps the socket open until the body is read, whoever closes it before.
        return io.BufferedReader(_TimedReader(self, self._sock.makefile("rb", buffering=0)))

    def close(self) -> None:
        self._sock.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: _TimedSocket, raw: socket.SocketIO) -> None:
        self._timed = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._timed.arm()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _in_words(error: Exception, seconds: float) -> str:
    match error:
        case TimeoutError():
            return f"no whole answer within {seconds:g}s"
        case ConnectionRefusedError():
            return "connection refused"
        case http.client.IncompleteRead():
            return "the answer was cut off"
        case ConnectionError():
            return "the connection was closed without an answer"
        case socket.gaierror():
            return "the host name cannot be resolved"
        case ssl.SSLCertVerificationError():
            return f"the certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return "no TLS connection came about"
        case OSError():
            return error.strerror or type(error).__name__
        case http.client.HTTPException():
            return "the answer is not HTTP"
        case _:
            return "the request cannot be sent: a header or the path has forbidden characters"
