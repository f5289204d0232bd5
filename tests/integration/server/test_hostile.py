"""Requests that are malformed, huge, slow, doubled or forged: 4xx, and nothing changes."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION
from tests.integration.server.running import (
    GENEROUS,
    Answer,
    Caller,
    a_server,
    configure,
    serving,
)

from smartspec_rollback.server import process
from smartspec_rollback.server.auth import limits as guards

_ASK = "/v1/rollbacks"


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """Run one server, in which nothing may have changed in the end."""
    folder: Path = tmp_path_factory.mktemp("attacked")
    with a_server(folder, GENEROUS) as (call, _):
        yield call
        assert call("GET", _ASK, by="adam").document["rollbacks"] == []


def _is_problem(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.content[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["status"] == status
    assert answer.document["type"].startswith(("urn:smartspec:problem:", "about:blank"))


_GOOD = {"failed_deployment_id": "basket-v2"}
_NAMED = b'"failed_deployment_id": "basket-v2"'


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe{}", 400),
        (b"{" + _NAMED + b"} trailing", 400),
        (b"{" + _NAMED + b', "failed_deployment_id": "search-v2"}', 400),
        (b"{" + _NAMED + b', "dry_run": true, "dry_run": false}', 400),
        (b'{"failed_deployment_id": NaN}', 400),
        (b'{"failed_deployment_id": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b"{" + _NAMED + b', "x": ' + b"9" * 10_000 + b"}", 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"null", 422),
        (b"{" + _NAMED + b', "dry-run": true}', 422),
        (b"{" + _NAMED + b', "dry_run": "yes"}', 422),
        (b"{" + _NAMED + b', "dry_run": 1}', 422),
        (b'{"failed_deployment_id": "../../etc/passwd"}', 422),
        (b'{"failed_deployment_id": "a b"}', 422),
        (b'{"failed_deployment_id": "' + b"a" * 129 + b'"}', 422),
        (b"{" + _NAMED + b', "reason": "line\\u0000"}', 422),
        (b"{" + _NAMED + b', "reason": "' + b"a" * 2001 + b'"}', 422),
        (b"{" + _NAMED + b', "reason": "\\u202e"}', 422),
        (b"{" + _NAMED + b', "break_glass": true}', 422),
    ],
)
def test_a_body_that_is_not_what_it_should_be(call: Caller, raw: bytes, status: int) -> None:
    """Somebody sends rubbish, and something happens, or a traceback comes back."""
    _is_problem(call("POST", _ASK, raw=raw, by="adam"), status)


def test_a_body_that_is_huge(call: Caller) -> None:
    """Somebody fills the server's memory."""
    big = b'{"reason": "' + b"a" * 3_000_000 + b'"}'
    _is_problem(call("POST", _ASK, raw=big, by="adam"), 413)
    _is_problem(call("POST", _ASK, raw=b" " * 300_000 + b"{}", by="adam"), 413)


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "x",
        "",
    ],
)
def test_another_media_type(call: Caller, media: str) -> None:
    """A form of another site's page is taken for a request of ours."""
    body = json.dumps(_GOOD).encode()
    answer = call("POST", _ASK, raw=body, by="adam", headers={"Content-Type": media})
    _is_problem(answer, 415)


def test_an_answer_that_nobody_accepts(call: Caller) -> None:
    """Somebody gets another kind of document than they can read."""
    _is_problem(call("GET", _ASK, by="adam", headers={"Accept": "image/png"}), 406)
    _is_problem(call("GET", _ASK, by="adam", headers={"Accept": "*/*;q=0"}), 406)
    assert call("GET", _ASK, by="adam", headers={"Accept": "text/html, */*;q=0.1"}).status == 200


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_method_cannot_be_overridden(call: Caller, name: str) -> None:
    """A GET that a chat client sends to show a preview becomes an approval."""
    answer = call("GET", _ASK, by="adam", headers={name: "POST"})
    assert (answer.status, answer.document["rollbacks"]) == (200, [])
    assert call("POST", f"{_ASK}?_method=GET", _GOOD, by="adam").status == 422


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"])
@pytest.mark.parametrize("verb", ["approve", "deny", "resume", "abandon"])
def test_only_a_post_writes(call: Caller, method: str, verb: str) -> None:
    """Something other than a POST approves a plan."""
    answer = call(method, f"{_ASK}/rb-1/{verb}", by="adam")
    assert answer.status in {400, 405}, answer.content
    if method in {"PUT", "PATCH", "DELETE", "GET"}:
        _is_problem(answer, 405)
        assert set(answer.headers["allow"].split(", ")) == {"POST", "OPTIONS"}


def test_parameters_are_known_and_given_once(call: Caller) -> None:
    """A typing error in a query is ignored, and a list shows something else than was asked."""
    for query in ("limits=3", "limit=3&limit=4", "limit=0", "limit=1001", "limit=x", "status=bad"):
        _is_problem(call("GET", f"{_ASK}?{query}", by="adam"), 422)
    _is_problem(call("GET", f"{_ASK}?service=nowhere", by="adam"), 404)
    _is_problem(call("GET", f"{_ASK}/rb%0d%0aX:1", by="adam"), 400)
    _is_problem(call("GET", "/v1/nothing", by="adam"), 404)


def test_a_header_cannot_be_injected(call: Caller) -> None:
    """Text of a request becomes a header of the answer."""
    sent = {"Idempotency-Key": "a b"}
    _is_problem(call("POST", _ASK, _GOOD, by="adam", headers=sent), 400)
    answer = call("GET", f"{_ASK}/x%0d%0aSet-Cookie:%20a=b", by="adam")
    assert "set-cookie" not in answer.headers


def _raw(call: Caller, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", call.port), timeout=10.0) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


def test_requests_cannot_be_smuggled(call: Caller) -> None:
    """A proxy and the server disagree where a request ends, and one hides in another."""
    head = f"POST {_ASK} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n".encode()
    for lines in (
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"Content-Length: 5\r\nTransfer-Encoding: identity, chunked\r\n\r\nhello",
        b"Content-Length: +5\r\n\r\nhello",
        b"Content-Length : 5\r\n\r\nhello",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Bad\x00Name: x\r\n\r\n",
    ):
        status = int(_raw(call, head + lines).split(b" ", 2)[1])
        assert status in {400, 401, 501}, lines
    assert b" 400 " in _raw(call, b"rubbish\r\n\r\n").split(b"\r\n")[0]


def test_whoever_is_slow_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody opens connections and sends a byte now and then, until nobody else gets one."""
    monkeypatch.setattr(process, "_HEADERS_WITHIN", 0.3)
    monkeypatch.setattr(process, "_IDLE", 1)
    monkeypatch.setattr(guards, "_BODY_WITHIN", 0.3)
    (tmp_path / "smartspec.yaml").write_text(CONFIGURATION.replace("checkout", "search"))
    configure(tmp_path)
    with serving(tmp_path) as (call, _):
        for head in (b"", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"):
            assert _raw(call, head) == b""
        kept = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        assert _raw(call, kept + b"GET /he").count(b"HTTP/1.1 200") == 1
        asking = "\r\n".join(
            (
                f"POST {_ASK} HTTP/1.1",
                "Host: 127.0.0.1",
                "Connection: close",
                f"Authorization: Bearer {call.tokens['adam']}",
                "Content-Type: application/json",
                "Content-Length: 100",
                "",
                "{",
            )
        )
        assert b" 408 " in _raw(call, asking.encode()).split(b"\r\n")[0]


def test_a_token_in_another_place_is_none(call: Caller) -> None:
    """A secret works in an address, where logs and histories keep it."""
    secret = call.tokens["adam"]
    for path, headers in (
        (f"{_ASK}?access_token={secret}", {}),
        (_ASK, {"Authorization": f"Basic {secret}"}),
        (_ASK, {"Authorization": secret}),
        (_ASK, {"Authorization": f"Bearer {secret}x"}),
        (_ASK, {"Authorization": "Bearer "}),
        (_ASK, {"Cookie": f"smartspec={secret}"}),
    ):
        answer = call("GET", path, headers=headers)
        assert answer.status == 401, headers
        assert secret.encode() not in answer.content


def test_nobody_sees_anything(call: Caller) -> None:
    """Somebody who did not say who they are reads something, or learns what there is."""
    for path in ("/v1/rollbacks", "/v1/audit", "/v1/services", "/v1/nowhere"):
        _is_problem(call("GET", path), 401)
    assert call("GET", "/healthz").status == 200
    assert call("GET", "/openapi.json").document["openapi"] == "3.1.0"
