"""HTTP with one server: one exchange, or one stream of events, on a connection of its own.

Called by ``asking`` and ``following``. Certificates are verified, redirects are not followed and
bodies are bounded. What matters to the callers is how it failed: ``NotSent`` is certain that the
server heard nothing, ``NoAnswer`` is not.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.remote.place import Place

BODY_LIMIT = 64 * 1024 * 1024
_LINE_LIMIT = 4 * 1024 * 1024
_CHUNK = 65536
_CONNECT = 10.0
_OK = 200


class NotSent(ProviderUnavailable):
    """The server cannot be reached; it heard nothing."""


class NoAnswer(ProviderUnavailable):
    """The server may have heard this, but no whole answer came."""


class Unsecured(NotSent):
    """Nobody proved to be this server, so nothing was said to it."""


@dataclass(frozen=True)
class Answer:
    """What the server said: a status, headers by their small names, a body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    kind: str
    id: str
    data: str


class Refusing(Exception):
    """A stream was asked for, and an ordinary answer came."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def exchange(
    place: Place,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float,
) -> Answer:
    """Send one request and read its answer, both within ``seconds``."""
    ends = time.monotonic() + seconds
    with closing(_connected(place, min(seconds, _CONNECT))) as connection:
        try:
            response = _asked(
                connection, place, method, path, body=body, headers=headers or {}, ends=ends
            )
            return _answer(response, _whole(response, connection, ends))
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"{place} gave no answer: {_in_words(error)}") from None


def events(
    place: Place,
    path: str,
    *,
    headers: Mapping[str, str],
    quiet: float,
    beat: Callable[[], None],
) -> Iterator[Event]:
    """Read a stream of events until it ends; NoAnswer where ``quiet`` seconds nothing comes.

    ``beat`` is called for every line, also for those that only say that somebody is there.
    Refusing where the server gives an ordinary answer instead.
    """
    with closing(_connected(place, _CONNECT)) as connection:
        try:
            ends = time.monotonic() + quiet
            response = _asked(connection, place, "GET", path, body=None, headers=headers, ends=ends)
            if response.status != _OK:
                raise Refusing(_answer(response, _whole(response, connection, ends)))
            if connection.sock is not None:
                connection.sock.settimeout(quiet)
            yield from _parsed(response, beat)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"the stream from {place} broke: {_in_words(error)}") from None


def _connected(place: Place, seconds: float) -> http.client.HTTPConnection:
    """Connect; NotSent where nobody is there, Unsecured where it is not proven who."""
    connection: http.client.HTTPConnection
    if place.secure:
        connection = http.client.HTTPSConnection(
            place.host, place.port, timeout=seconds, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(place.host, place.port, timeout=seconds)
    try:
        connection.connect()
    except ssl.SSLError as error:
        connection.close()
        raise Unsecured(
            f"{place} cannot be trusted: {_in_words(error)}",
            remedy="SSL_CERT_FILE names the file with your own certificate authority",
        ) from None
    except (OSError, UnicodeError) as error:
        connection.close()
        raise NotSent(f"{place} cannot be reached: {_in_words(error)}") from None
    return connection


def _asked(
    connection: http.client.HTTPConnection,
    place: Place,
    method: str,
    path: str,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    ends: float,
) -> http.client.HTTPResponse:
    _arm(connection, ends)
    sent = {"Authorization": f"Bearer {place.token.reveal()}", "Accept-Encoding": "identity"}
    if body is not None:
        sent["Content-Type"] = "application/json"
    connection.request(method, place.prefix + path, body=body, headers={**sent, **headers})
    _arm(connection, ends)
    return connection.getresponse()


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, body, headers)


def _whole(
    response: http.client.HTTPResponse, connection: http.client.HTTPConnection, ends: float
) -> bytes:
    found = bytearray()
    while not response.isclosed():
        _arm(connection, ends)
        part = response.read1(_CHUNK)
        if not part:
            break
        found += part
        if len(found) > BODY_LIMIT:
            raise http.client.HTTPException("the answer is too large")
    if response.length:
        raise http.client.IncompleteRead(b"")
    return bytes(found)


def _arm(connection: http.client.HTTPConnection, ends: float) -> None:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if connection.sock is not None:
        connection.sock.settimeout(left)


def _parsed(response: http.client.HTTPResponse, beat: Callable[[], None]) -> Iterator[Event]:
    kind, known = "", ""
    data: list[str] = []
    while line := response.readline(_LINE_LIMIT + 1):
        beat()
        if len(line) > _LINE_LIMIT:
            raise http.client.HTTPException("a line of the stream is too long")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "event":
                    kind = value
                case "id":
                    known = value
                case "data":
                    data.append(value)
            continue
        if data:
            yield Event(kind, known, "\n".join(data))
        kind, data = "", []


def _in_words(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "it took too long"
        case ssl.SSLCertVerificationError():
            return f"the certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return "no TLS connection came about"
        case ConnectionRefusedError():
            return "connection refused"
        case http.client.IncompleteRead():
            return "the answer was cut off"
        case ConnectionError():
            return "the connection was closed"
        case socket.gaierror():
            return "the host name cannot be resolved"
        case OSError():
            return error.strerror or type(error).__name__
        case _:
            return "the answer is not HTTP, or too large"
