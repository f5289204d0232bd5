"""One HTTP exchange: hostile servers can neither hold it up, nor fill memory, nor look healthy."""

import socket
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.providers.web import BODY_LIMIT, Connection, NoAnswer, address
from smartspec_rollback.testing.web_service import Page, nobody, raw_server, web_service

Talk = Callable[[socket.socket, threading.Event], None]


def _get(url: str, *, seconds: float = 20.0) -> tuple[int, bytes]:
    to = address(url)
    connection = Connection(to)
    try:
        answer = connection.request("GET", to.path, seconds=seconds)
    finally:
        connection.close()
    return answer.status, answer.body


def _says(*parts: bytes) -> Talk:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        for part in parts:
            connection.sendall(part)

    return talk


def _drips(head: bytes, drop: bytes) -> Talk:
    def talk(connection: socket.socket, stopping: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while not stopping.wait(0.01):
            connection.sendall(drop)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        _drips(b"", b""),
        _drips(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
        _drips(b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n"),
        _drips(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"x"),
        _drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        _drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "long header", "many headers", "slow body", "slow chunks", "continue"],
)
def test_time_limit_holds_for_the_whole_exchange(talk: Talk) -> None:
    """A server that drips a byte now and then holds a rollback up for ever."""
    with raw_server(talk) as url, pytest.raises(NoAnswer):
        _get(url, seconds=0.3)


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (_says(), "closed"),
        (_says(b"SSH-2.0-OpenSSH\r\n"), "not HTTP"),
        (_says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), "cut off"),
        (
            _says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf"),
            "cut off",
        ),
        (_says(b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n" * 500, b"\r\n"), "not HTTP"),
    ],
    ids=["nothing", "another protocol", "half a body", "half a chunk", "too many headers"],
)
def test_broken_answer_is_none(talk: Talk, words: str) -> None:
    """A release that breaks off its answers passes for one that answers."""
    with raw_server(talk) as url, pytest.raises(NoAnswer, match=words):
        _get(url)


def test_nobody_listening_is_no_answer() -> None:
    """A dead address passes for a live one."""
    with nobody() as url:
        to = address(url)
        connection = Connection(to)
        with pytest.raises(NoAnswer, match="refused"):
            connection.request("GET", "/", seconds=5)
        assert not connection.ever_connected


def test_huge_body_is_read_up_to_the_bound() -> None:
    """One answer fills the memory, or keeps the connection busy with its rest."""
    with web_service({"/": Page(body=b"x" * (BODY_LIMIT * 20))}) as service:
        to = address(service.url)
        connection = Connection(to)
        for _ in range(2):
            answer = connection.request("GET", "/", seconds=20)
            assert (answer.status, len(answer.body)) == (200, BODY_LIMIT)
        connection.close()


def test_endless_body_is_read_up_to_the_bound() -> None:
    """A body without end is read for ever."""
    endless = _drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)
    with raw_server(endless) as url:
        assert _get(url) == (200, b"x" * BODY_LIMIT)


def test_redirect_is_an_answer_and_not_followed() -> None:
    """A redirect sends requests, and their headers, to a place nobody configured."""
    away = Page(status=302, headers={"Location": "/elsewhere"})
    with web_service({"/": away, "/elsewhere": Page()}) as service:
        assert _get(service.url)[0] == 302
        assert [request.path for request in service.received] == ["/"]


def test_kept_connection_that_was_closed_is_opened_again() -> None:
    """A server that closes idle connections looks as if it failed requests."""

    def once(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with raw_server(once) as url:
        connection = Connection(address(url))
        statuses = [connection.request("GET", "/", seconds=20).status for _ in range(3)]
        connection.close()
    assert statuses == [200, 200, 200]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "checkout",
        "//checkout/",
        "ftp://checkout/",
        "file:///etc/passwd",
        "http://",
        "http://:80/",
        "http://checkout:port/",
        "http://checkout:99999/",
        "http://[::1/",
        "http://alice:T0P-SECRET@checkout/",
    ],
)
def test_bad_url_is_refused_without_repeating_it(url: str) -> None:
    """A typing error sends requests somewhere, or an error shows a password."""
    with pytest.raises(ValueError, match="URL") as caught:
        address(url)
    assert "T0P-SECRET" not in str(caught.value)


@given(path=st.text(max_size=50))
def test_any_path_becomes_one_request_line(path: str) -> None:
    """A path with spaces or line breaks smuggles in a header or a second request."""
    asked = address("http://checkout/" + path).path
    assert asked.isascii()
    assert asked.isprintable()
    assert " " not in asked


def test_forbidden_header_is_refused_without_repeating_it() -> None:
    """A secret with a line break in it smuggles in a header, or is shown in the error."""
    with web_service({"/": Page()}) as service:
        connection = Connection(address(service.url))
        with pytest.raises(NoAnswer, match="forbidden") as caught:
            connection.request("GET", "/", seconds=5, headers={"X-Token": "T0P\r\nSECRET: 1"})
        connection.close()
        assert service.received == []
    assert "T0P" not in str(caught.value)
