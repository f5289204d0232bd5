"""The guard: who comes in, and who is turned away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from starlette.websockets import WebSocketDisconnect
from tests.unit.server.auth.servers import END_AT, Guarded, guarded

from smartspec_rollback.domain.access import Action
from smartspec_rollback.domain.credentials import compose, fingerprint
from smartspec_rollback.testing.access import (
    ROOT,
    a_session,
    a_token,
    bearer,
    given,
    logged_in,
    secret_of,
    token_id_of,
)
from smartspec_rollback.testing.samples import NOON, later

PAGE = {"Accept": "text/html"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Guarded]:
    """Guard an application on this machine."""
    made = guarded(tmp_path, signed=("/hooks/slack",), logins=False)
    yield made
    made.store.close()


def test_nobody_comes_in_without_saying_who_they_are(server: Guarded) -> None:
    """A route that somebody forgot to protect must not be open."""
    for path in ("/v1/rollbacks", "/", "/anything", "/loginx", "/assets", "/healthz/x"):
        for method in ("GET", "POST", "DELETE"):
            answer = server.client().request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_person_is_sent_to_log_in(server: Guarded) -> None:
    """Somebody who follows a link from the channel has to get where it leads."""
    answer = server.client().get("/rollbacks/rb-1", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/rollbacks/rb-1")
    assert server.client().get("/v1/rollbacks", headers=PAGE).status_code == 401
    assert server.client().post("/rollbacks/rb-1", headers=PAGE).status_code == 401


@pytest.mark.parametrize(
    "path", ["/healthz", "/openapi.json", "/login", "/login/x", "/assets/a.css", "/hooks/slack"]
)
def test_what_is_open_is_open_to_nobody_in_particular(server: Guarded, path: str) -> None:
    """Probes, the login page and requests with signatures of their own have no token."""
    assert server.client().get(path).text == "nobody"


def test_a_machines_token_says_which_machine(server: Guarded) -> None:
    """A pipeline has to be told from a person, whatever it is called."""
    headers = bearer(server.store, a_token("alice"))
    who = server.client().get("/v1/x", headers=headers).json()
    assert (who["name"], who["machine"]) == ("machine:alice", True)
    assert who["account"] == f"token:{token_id_of('alice')}"
    used = server.store.token(token_id_of("alice"))
    assert used is not None
    assert used.used_at == server.clock.now()


def test_a_personal_token_is_the_person_as_they_are_today(server: Guarded) -> None:
    """Somebody who left must be out at once, without anybody hunting their tokens."""
    headers = bearer(server.store, a_token("laptop", person="alice"))
    client = server.client()
    who = client.get("/v1/x", headers=headers).json()
    assert (who["name"], who["machine"]) == ("alice", False)
    server.forget("alice")
    assert client.get("/v1/x", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "sst_aaaaaaaa_" + "0" * 49,
        compose(token_id_of("ci"), secret_of("another")),
        compose(token_id_of("ci"), secret_of("ci"))[:-1] + "0",
        "sst_" + "a" * 100_000,
        "\u00fc",
    ],
)
def test_a_token_that_is_none_lets_nobody_in(server: Guarded, text: str) -> None:
    """A guessed, mistyped or cut-off token must be worth nothing."""
    given(server.store, a_token("ci"))
    headers = [(b"Authorization", f"Bearer {text}".encode())]
    answer = server.client().get("/v1/x", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["status"] == 401
    assert len(answer.content) < 300


def test_only_one_kind_of_credentials_counts(server: Guarded) -> None:
    """Two ways to read one request would let the wrong one through."""
    text = given(server.store, a_token("ci"))
    client = server.client()
    for headers in (
        [("Authorization", f"Basic {text}")],
        [("Authorization", f"Bearer {text}"), ("Authorization", "Bearer x")],
        [("Authorization", text)],
    ):
        assert client.get("/v1/x", headers=headers).status_code == 401
    assert client.get(f"/v1/x?access_token={text}").status_code == 401
    session = logged_in(server.store, a_session())
    mixed = {**session, "Authorization": "Bearer nonsense"}
    assert client.get("/v1/x", headers=mixed).status_code == 401
    assert client.get("/v1/x", headers={"Authorization": f"bearer  {text}"}).status_code == 200


def test_expired_and_revoked_tokens_count_no_more(server: Guarded) -> None:
    """A token that leaked is ended by revoking it, and by time."""
    short, long = a_token("short", lasts=60), a_token("long", lasts=3600)
    headers = {each.name: bearer(server.store, each) for each in (short, long)}
    client = server.client()
    assert client.get("/v1/x", headers=headers["short"]).status_code == 200
    server.clock.advance(60)
    assert client.get("/v1/x", headers=headers["short"]).status_code == 401
    assert client.get("/v1/x", headers=headers["long"]).status_code == 200
    server.store.revoke_token(long.id, by=ROOT, at=server.clock.now())
    assert client.get("/v1/x", headers=headers["long"]).status_code == 401


def test_a_session_lasts_as_long_as_it_was_opened_for(server: Guarded) -> None:
    """A console that was left open on somebody's desk has to close by itself."""
    headers = logged_in(server.store, a_session(lasts=60, groups=("sre",)))
    client = server.client()
    who = client.get("/", headers=headers).json()
    assert (who["name"], who["groups"], who["csrf"]) == (
        "alice",
        ["sre"],
        headers["X-CSRF-Token"],
    )
    server.clock.advance(60)
    assert client.get("/", headers=headers).status_code == 401
    assert client.get("/", headers={**headers, **PAGE}).status_code == 303


def test_a_session_ends_with_the_token_it_was_opened_by(server: Guarded) -> None:
    """Revoking a token that leaked has to end what was opened with it."""
    token = a_token("laptop", person="alice")
    given(server.store, token)
    session = a_session(f"token:{token.id}")
    headers = logged_in(server.store, replace(session, token=token.id))
    client = server.client()
    assert client.get("/", headers=headers).json()["name"] == "alice"
    server.store.revoke_token(token.id, by=ROOT, at=later(0))
    assert client.get("/", headers=headers).status_code == 401


def test_a_session_is_of_whoever_the_account_is_today(server: Guarded) -> None:
    """Somebody taken out of `people` must not keep the name, and with it the roles."""
    headers = logged_in(server.store, a_session())
    server.forget("alice")
    assert server.client().get("/", headers=headers).json()["name"] == "oidc:alice@example.org"


def test_a_token_never_opens_what_only_a_session_may(server: Guarded) -> None:
    """A session's id in the place of a token, or the other way round, must be worth nothing."""
    token = given(server.store, a_token("ci", scopes=(Action.READ,)))
    session = logged_in(server.store, a_session(), secret="s" * 64)
    client = server.client()
    assert client.get("/", headers={"Cookie": f"smartspec={token}"}).status_code == 401
    assert client.get("/", headers={"Authorization": f"Bearer {'s' * 64}"}).status_code == 401
    assert client.get("/", headers=session).status_code == 200


def test_what_is_told_live_ends_with_the_right_to_hear_it(server: Guarded) -> None:
    """Somebody who logged out, or whose token leaked, must not go on listening for hours."""
    token = a_token("ci")
    headers = bearer(server.store, token)
    session = logged_in(server.store, a_session(), secret="s" * 40)
    client = server.client()
    assert len(client.get("/stream", headers=headers).text.split()) == 100
    server.end = lambda: server.store.end_session(fingerprint("s" * 40))
    assert END_AT <= len(client.get("/stream", headers=session).text.split()) <= END_AT + 4
    server.end = lambda: (server.store.revoke_token(token.id, by=ROOT, at=NOON), None)[1]
    assert END_AT <= len(client.get("/stream", headers=headers).text.split()) <= END_AT + 4


def test_a_ledger_that_cannot_be_read_lets_nobody_in(server: Guarded) -> None:
    """Where it cannot be told who asks, nobody does; and the caller may try again."""
    headers = bearer(server.store, a_token("ci"))
    server.store.close()
    answer = server.client().get("/v1/x", headers=headers)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:smartspec:problem:ledger"


def test_nothing_speaks_websocket(server: Guarded) -> None:
    """A second protocol would need a second guard."""
    with pytest.raises(WebSocketDisconnect), server.client().websocket_connect("/v1/x"):
        pass
