"""The wall around the application: headers, names, proxies, limits, and other sites' pages."""

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.types import Message, Scope
from tests.loops import run
from tests.unit.server.auth.servers import HERE, Guarded, guarded

from smartspec_rollback.server.auth import Limits, Listening, Rate
from smartspec_rollback.server.auth.attempts import within
from smartspec_rollback.server.auth.hardening import POLICY
from smartspec_rollback.server.auth.hosts import hostname
from smartspec_rollback.server.auth.limits import Buckets, body_of
from smartspec_rollback.server.auth.proxies import address
from smartspec_rollback.testing.access import a_session, a_token, bearer, given, logged_in
from smartspec_rollback.testing.clock import FakeClock

PUBLIC = Listening(
    "10.0.0.5",
    8080,
    "https://rollback.example.org",
    proxies=(ip_network("10.0.0.0/24"), ip_network("fd00::/8")),
)
PAGE = {"Accept": "text/html"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Guarded]:
    """Guard an application on this machine."""
    made = guarded(tmp_path, signed=("/hooks/slack",))
    yield made
    made.store.close()


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Guarded]:
    """Guard an application that proxies stand before."""
    made = guarded(tmp_path, listening=PUBLIC)
    yield made
    made.store.close()


# Headers


@pytest.mark.parametrize("path", ["/healthz", "/login", "/v1/x", "/assets/x.css", "/a/../b"])
def test_every_answer_tells_browsers_to_let_nothing_in(server: Guarded, path: str) -> None:
    """One page without its policy is where somebody's script runs."""
    headers = server.client().get(path, headers={"Cookie": "smartspec=x"}).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers
    assert "unsafe" not in POLICY


def test_no_text_of_anybodys_becomes_a_header(server: Guarded) -> None:
    """A line break in a header is where somebody else's answer begins."""
    token = bearer(server.store, a_token())
    client = server.client()
    for hostile in ("/x\r\nSet-Cookie: a=b", "/x\nX: y", "/x\0"):
        answer = client.get("/redirect", params={"to": hostile}, headers=token)
        assert answer.status_code == 500
        assert "set-cookie" not in answer.headers


# Names


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "127.0.0.1.evil.example.org",
        "localhost.evil.example.org",
        "evil.example.org:8080",
        "user@localhost",
        "localhost/x",
        "",
        "localhost:port",
    ],
)
def test_a_foreign_name_gets_nothing(server: Guarded, host: str) -> None:
    """A stranger's name that leads to our address would make their page one of ours."""
    headers = {**logged_in(server.store, a_session()), "Host": host}
    answer = server.client().get("/v1/x", headers=headers)
    assert answer.status_code == 421
    assert "alice" not in answer.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "LOCALHOST:9000", "localhost.", "[::1]:8080", "192.0.2.7"]
)
def test_its_own_names_are_answered_to(server: Guarded, host: str) -> None:
    """People come by tunnels, by address, and by name."""
    headers = {**bearer(server.store, a_token()), "Host": host}
    assert server.client().get("/v1/x", headers=headers).status_code == 200


def test_a_probe_by_any_name_is_answered(server: Guarded) -> None:
    """An orchestrator asks by the address of a pod, or by a name of its own."""
    assert server.client().get("/healthz", headers={"Host": "pod-1"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../v1/x",
        "/assets/%2e%2e/v1/x",
        "/login/..%2f..%2fv1/x",
        "//v1/x",
        "/assets//x",
        "/healthz/%2e",
        "/assets/%5c..%5cv1",
        "/assets/x%00y",
        "/assets/x%0d%0aSet-Cookie:a",
    ],
)
def test_a_path_of_two_meanings_is_refused(server: Guarded, path: str) -> None:
    """What the guard takes for an open page must not be a closed one to what is behind it."""
    assert raw(server, path).startswith("400 ")


@pytest.mark.parametrize("path", ["/%6cogin", "/v1/x/login/", "/LOGIN", "/healthz;x", "/healthz "])
def test_only_the_open_paths_are_open(server: Guarded, path: str) -> None:
    """Whoever spells an open path otherwise gets what that spelling means, and nothing more."""
    expected = "200 " if path == "/%6cogin" else "401 "
    assert raw(server, path).startswith(expected)


def raw(server: Guarded, path: str) -> str:
    """Ask for a path as it is written, and return status and body."""
    answer = server.client().get("http://127.0.0.1:8080" + path.replace(" ", "%20"))
    seen = str(answer.request.url.raw_path.decode())
    if seen == path.replace(" ", "%20"):
        return f"{answer.status_code} {answer.text}"
    return direct(server, path)


def direct(server: Guarded, path: str) -> str:
    """Ask for a path that no client would leave as it is."""
    return asked(
        server,
        {"path": unquote(path), "raw_path": path.encode(), "headers": [(b"host", b"localhost")]},
    )


def asked(server: Guarded, more: Scope) -> str:
    """Send one request to the guard itself."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "scheme": "http",
        "client": ("203.0.113.7", 1),
        "server": ("127.0.0.1", 8080),
        "http_version": "1.1",
        "root_path": "",
        "headers": [],
        **more,
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def serve() -> None:
        await server.guard.protected(server.app)(scope, receive, send)

    run(serve())
    body = b"".join(message.get("body", b"") for message in sent).decode()
    return f"{sent[0]['status']} {body}"


def test_two_hosts_are_no_host(server: Guarded) -> None:
    """Two parts that read two different names would each let another request through."""
    hosts = [(b"host", b"localhost"), (b"host", b"evil.example.org")]
    assert asked(server, {"path": "/login", "headers": hosts}).startswith("421 ")
    assert asked(server, {"path": "/login", "headers": []}).startswith("421 ")


# Proxies


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("10.0.0.9", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.9", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.9", "6.6.6.6, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("10.0.0.9", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.9", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:10.0.0.9", "198.51.100.1", "198.51.100.1"),
        ("fd00::9", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.9", "198.51.100.1, nonsense", "10.0.0.9"),
        ("10.0.0.9", "nonsense", "10.0.0.9"),
        ("10.0.0.9", "", "10.0.0.9"),
        ("127.0.0.1", "198.51.100.1", "127.0.0.1"),
    ],
)
def test_proxies_say_who_comes_and_nobody_else(
    public: Guarded, peer: str, told: str, client: str
) -> None:
    """Who can choose their own address has no limits, and puts others into the audit log."""
    headers = {
        **bearer(public.store, a_token()),
        "X-Forwarded-For": told,
        "X-Forwarded-Proto": "https",
    }
    answer = public.client(address=peer).get("/v1/x", headers=headers)
    assert answer.json()["client"] == client


def test_a_way_past_the_proxy_is_closed(public: Guarded) -> None:
    """Where the proxy ends TLS, whoever comes past it is read by everybody on the way."""
    headers = {**bearer(public.store, a_token()), "X-Forwarded-Proto": "https"}
    assert public.client(address="203.0.113.7").get("/v1/x", headers=headers).status_code == 403
    assert public.client(address="203.0.113.7").get("/healthz").status_code == 200
    assert public.client(address="127.0.0.1").get("/v1/x", headers=headers).status_code == 200


def test_what_strangers_say_of_themselves_is_gone(server: Guarded) -> None:
    """A header that the guard did not check must not be there for anybody to believe."""
    headers = {
        **bearer(server.store, a_token()),
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "evil.example.org",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=10.0.0.1",
        "X-Real-IP": "10.0.0.1",
    }
    who = server.client().get("/v1/x", headers=headers).json()
    assert (who["client"], who["url"]) == ("203.0.113.7", "http://127.0.0.1:8080/v1/x")


def test_a_proxy_that_renames_the_host_says_the_real_one(public: Guarded) -> None:
    """Links and the check of names go by what the browser asked for."""
    client = public.client(address="10.0.0.9", base="http://backend:8080")
    headers = {**bearer(public.store, a_token()), "X-Forwarded-Proto": "https"}
    assert client.get("/v1/x", headers=headers).status_code == 421
    named = {**headers, "X-Forwarded-Host": "rollback.example.org"}
    assert client.get("/v1/x", headers=named).json()["url"] == "https://rollback.example.org/v1/x"
    evil = {**headers, "X-Forwarded-Host": "rollback.example.org, evil.example.org"}
    assert client.get("/v1/x", headers=evil).status_code == 421


# Other sites' pages


@pytest.mark.parametrize(
    "change",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8080"},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        {"X-CSRF-Token": "\u00fc".encode().decode("latin-1")},
        {"Sec-Fetch-Site": None},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_another_sites_page_does_nothing(
    server: Guarded, method: str, change: dict[str, str | None]
) -> None:
    """A page that a responder opens in another tab must not approve a rollback in their name."""
    headers = {**logged_in(server.store, a_session()), **change}
    given_headers = [
        (name.encode(), value.encode("latin-1"))
        for name, value in headers.items()
        if value is not None
    ]
    answer = server.client().request(method, "/v1/x", headers=given_headers)
    assert answer.status_code == 403
    assert server.store.audit_log(limit=1)[0].action == "access.refused"


def test_our_own_pages_do(server: Guarded) -> None:
    """By a script with its header, by a form with its field, with or without Origin."""
    headers = logged_in(server.store, a_session())
    token = headers.pop("X-CSRF-Token")
    client = server.client()
    assert client.post("/v1/x", headers=headers).status_code == 403
    assert client.post("/v1/x", headers={**headers, "X-CSRF-Token": token}).status_code == 200
    assert client.post("/v1/x", headers=headers, data={"csrf_token": token}).status_code == 200
    del headers["Sec-Fetch-Site"]
    ours = {**headers, "Origin": "http://127.0.0.1:8080", "X-CSRF-Token": token}
    assert client.post("/v1/x", headers=ours).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("rollback.example.org", "https://rollback.example.org", 200),
        ("rollback.example.org", "http://rollback.example.org", 403),
        ("10.0.0.5:8080", "http://10.0.0.5:8080", 403),
        ("10.0.0.5:8080", "https://rollback.example.org", 200),
        ("localhost:9000", "http://localhost:9000", 200),
        ("127.0.0.1:9000", "http://127.0.0.1:9000", 200),
    ],
)
def test_with_tls_no_page_of_ours_is_without_it(
    public: Guarded, host: str, origin: str, status: int
) -> None:
    """Whoever listens in on plain HTTP must not send forms as the server's own pages."""
    held = logged_in(public.store, a_session(), cookie="__Host-smartspec")
    headers = {"Cookie": held["Cookie"], "X-CSRF-Token": held["X-CSRF-Token"]}
    client = public.client(address="127.0.0.1", base=f"http://{host}")
    answer = client.post("/v1/x", headers={**headers, "Origin": origin})
    assert answer.status_code == status


def test_a_token_of_another_session_is_stale(server: Guarded) -> None:
    """A form that was left open from before logging in again is of somebody else."""
    first = logged_in(server.store, a_session())
    second = logged_in(server.store, a_session("oidc:bob@example.org", name="bob"))
    mixed = {**second, "X-CSRF-Token": first["X-CSRF-Token"]}
    answer = server.client().post("/v1/x", headers=mixed)
    assert answer.status_code == 403
    assert "another session" in answer.json()["detail"]


def test_a_form_whose_field_is_hidden_in_another_type_is_refused(server: Guarded) -> None:
    """Browsers send three types of forms to anybody; only one of them is read here."""
    headers = logged_in(server.store, a_session())
    token = headers.pop("X-CSRF-Token")
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/json"):
        body = f"csrf_token={token}"
        answer = server.client().post(
            "/v1/x", headers={**headers, "Content-Type": kind}, content=body
        )
        assert answer.status_code == 403, kind


def test_reading_needs_no_form(server: Guarded) -> None:
    """A link from the channel has to open."""
    headers = logged_in(server.store, a_session())
    link = {"Cookie": headers["Cookie"], "Sec-Fetch-Site": "cross-site"}
    assert server.client().get("/v1/x", headers=link).status_code == 200


def test_a_bearer_needs_no_form(server: Guarded) -> None:
    """No other site's page can send a header with a token that it does not know."""
    headers = {**bearer(server.store, a_token()), "Origin": "https://evil.example.org"}
    assert server.client().post("/v1/x", headers=headers).status_code == 200


# Limits


def test_a_body_is_bounded(tmp_path: Path) -> None:
    """Somebody with a token must not fill the memory of the process that rolls back."""
    server = guarded(tmp_path, limits=Limits(body=100))
    headers = bearer(server.store, a_token())
    client = server.client()
    assert client.post("/echo", content=b"a" * 100, headers=headers).content == b"a" * 100
    assert client.post("/echo", content=b"a" * 101, headers=headers).status_code == 413
    assert client.post("/echo", content=iter([b"a"] * 101), headers=headers).status_code == 413
    chunks = client.post("/echo", content=iter([b"a"] * 99), headers=headers)
    assert chunks.content == b"a" * 99
    for length in ("-1", "1e3", "\u0661", "9" * 400):
        odd = [(b"Content-Length", length.encode()), *_raw(headers)]
        assert client.post("/echo", headers=odd).status_code in (400, 413), length
    server.store.close()


def test_a_stranger_sends_little(server: Guarded) -> None:
    """Whoever did not say who they are needs no room for more than a login form."""
    assert server.client().post("/login", content=b"a" * 17_000).status_code == 413
    assert server.client().post("/v1/x", content=b"a" * 17_000).status_code == 401
    signed = server.client().post("/hooks/slack", content=b"a" * 17_000)
    assert signed.status_code == 200


def test_somebody_who_asks_too_much_waits(tmp_path: Path) -> None:
    """A pipeline gone wild must leave room for the people of the incident."""
    limits = Limits(identified=Rate(1.0, 3), address=Rate(1.0, 100))
    server = guarded(tmp_path, limits=limits)
    one, other = (bearer(server.store, a_token(name)) for name in ("one", "other"))
    client = server.client()
    codes = [client.get("/v1/x", headers=one).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    answer = client.get("/v1/x", headers=one)
    assert answer.headers["retry-after"] == "1"
    assert client.get("/v1/x", headers=other).status_code == 200
    server.clock.advance(1)
    assert client.get("/v1/x", headers=one).status_code == 200
    server.store.close()


def test_nobody_holds_all_that_may_be_open(tmp_path: Path) -> None:
    """One viewer with thousands of live pages must leave room for whoever is to approve."""
    server = guarded(tmp_path, limits=Limits(at_once=1))
    one, again = (bearer(server.store, a_token(f"a{n}", person="alice")) for n in (1, 2))
    other = bearer(server.store, a_token("other"))
    codes: list[int] = []

    def meanwhile() -> None:
        codes.extend(server.client().get("/v1/x", headers=by).status_code for by in (again, other))

    server.end = meanwhile
    assert server.client().get("/stream", headers=one).status_code == 200
    assert codes == [429, 200]
    assert server.client().get("/v1/x", headers=again).status_code == 200
    server.store.close()


def test_an_address_that_asks_too_much_waits(tmp_path: Path) -> None:
    """Whoever has no token must not keep the ledger busy with made-up ones."""
    server = guarded(tmp_path, limits=Limits(address=Rate(1.0, 3)))
    first, other = server.client(), server.client(address="198.51.100.2")
    assert [first.get("/healthz").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert other.get("/healthz").status_code == 200
    near = [server.client(address=f"2001:db8::{n}").get("/healthz").status_code for n in range(4)]
    assert near == [200, 200, 200, 429]
    assert server.client(address="2001:db8:0:1::1").get("/healthz").status_code == 200
    server.store.close()


def test_bad_tokens_run_out_and_good_ones_do_not(server: Guarded) -> None:
    """Guessing is slowed; a colleague's stale pipeline locks nobody out."""
    client = server.client()
    bad = {"Authorization": "Bearer nonsense"}
    codes = [client.get("/v1/x", headers=bad).status_code for _ in range(12)]
    assert codes == [401] * 10 + [429] * 2
    assert client.get("/v1/x", headers=bearer(server.store, a_token())).status_code == 200
    assert server.client(address="192.0.2.4").get("/v1/x", headers=bad).status_code == 401


@drawn(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_a_bucket_gives_no_more_than_its_rate(waits: list[float]) -> None:
    """A limit that forgets, or saves up, is none."""
    clock = FakeClock()
    bucket = Buckets(Rate(1.0, 5), clock)
    begun = clock.monotonic()
    taken = 0
    for wait in waits:
        clock.advance(wait)
        told = bucket.take("x")
        taken += told == 0
        assert taken <= 5 + (clock.monotonic() - begun) + 1e-6
        if told:
            clock.advance(told + 1e-6)
            assert bucket.take("x") == 0
            taken += 1


def test_strangers_do_not_fill_the_memory() -> None:
    """Whoever has many addresses must not make the process remember them all."""
    bucket = Buckets(Rate(1.0, 5), FakeClock())
    for number in range(30_000):
        bucket.take(str(number))
    assert len(bucket._held) == 20_000


async def _trickle() -> AsyncIterator[Message]:
    yield {"type": "http.request", "body": b"a", "more_body": True}
    yield {"type": "http.disconnect"}


def test_a_request_that_breaks_off_is_none() -> None:
    """Half of an approval is no approval."""
    messages = _trickle()

    async def receive() -> Message:
        return await anext(messages)

    scope: Scope = {"type": "http", "path": "/v1/x", "headers": [(b"content-length", b"5")]}
    found = run(body_of(scope, receive, 100))
    assert not isinstance(found, bytes)
    assert found.status_code == 400


# What is written down


def test_no_secret_is_written_down(server: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    """A log, an audit log and an error are read by more people than may come in."""
    caplog.set_level(logging.DEBUG)
    good = given(server.store, a_token("laptop", person="alice"))
    session = logged_in(server.store, a_session(), secret="SESSIONSECRET" * 4)
    client = server.client()
    presented = ["hunter2hunter2", good[:-1] + "!", "SESSIONSECRET" * 4]
    for text in presented:
        headers = {"Authorization": f"Bearer {text}"}
        answer = client.get(f"/v1/x?token={text}", headers=headers)
        assert text not in answer.text
    client.get("/v1/x", headers={"Authorization": f"Bearer {good}"})
    client.post("/v1/x", headers={**session, "X-CSRF-Token": "CSRFGUESS"})
    client.get("/login/callback?code=THECODE&state=THESTATE", headers=PAGE)
    written = caplog.text + str(server.store.audit_log(limit=99))
    ours = "\n".join(record.getMessage() for record in caplog.records if "smartspec" in record.name)
    assert "refused GET /v1/x" in ours
    for text in (*presented, good, "CSRFGUESS", "THECODE", "THESTATE"):
        assert text not in str(server.store.audit_log(limit=99)), text
        assert text not in ours, text
    assert written


def test_a_path_breaks_no_line_of_the_log(
    server: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever can write a line of the log can write that somebody else did it."""
    headers = [(b"host", b"localhost"), (b"authorization", b"Bearer x")]
    long = "/" + "a" * 5000
    for path in ("/v1/x\u2028refused", "/v1/\x1b[2J", long):
        asked(server, {"path": path, "headers": headers})
    for record in caplog.records:
        if "smartspec" in record.name:
            assert record.getMessage().isprintable()
            assert len(record.getMessage()) < 400
    assert all(len(e.subject) <= 200 for e in server.store.audit_log(limit=9))


# Reading what comes from outside never fails


@drawn(st.text(max_size=60))
def test_any_host_is_read(text: str) -> None:
    """A name from outside must not break the guard that reads it."""
    name = hostname(text)
    assert name is None or name == name.lower()


@drawn(st.text(max_size=60))
def test_any_address_is_read(text: str) -> None:
    """A proxy's list may hold anything at all."""
    found = address(text)
    assert found is None or str(found)


@drawn(st.text(alphabet="/\\:@.ax?#%\r\n\t ", max_size=30) | st.text(max_size=60))
def test_any_place_to_go_is_on_this_server(text: str) -> None:
    """A login must never send anybody elsewhere, whatever a link says."""
    place = within(text)
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))
    assert place.isprintable()


def test_with_tls_browsers_are_told_to_stay_with_it(tmp_path: Path) -> None:
    """The first visit by plain HTTP is where somebody listens in."""
    server = guarded(tmp_path, listening=replace(HERE, url="https://rollback.example.org"))
    answer = TestClient(server.guard.protected(server.app)).get("/healthz")
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    server.store.close()


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
