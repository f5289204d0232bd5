"""Logging in at an OpenID provider, over real HTTP, with providers that lie."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.unit.server.auth.servers import HERE, Guarded, guarded

from smartspec_rollback.config.model import Oidc, ServerConfiguration
from smartspec_rollback.config.secrets import Declaration, FileSecret
from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.credentials import fingerprint
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.openid import CLIENT, FORGERIES, LIES, OpenIdProvider, serving
from smartspec_rollback.testing.samples import NOON

PAGE = {"Accept": "text/html"}


@dataclass
class World:
    """A server, the provider its people log in at, and a browser."""

    server: Guarded
    provider: OpenIdProvider
    browser: TestClient

    def start(self, **query: str) -> str:
        """Begin to log in, and return the address at the provider."""
        begun = self.browser.get(f"/login/start?{urlencode(query)}", headers=PAGE)
        assert begun.status_code == 303, begun.text
        return str(begun.headers["location"])

    def consent(self, address: str) -> str:
        """Log in at the provider, and return where it sends the browser back to."""
        answer = httpx2.get(address)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        assert back.path == "/login/callback"
        return f"{back.path}?{back.query}"

    def log_in(self, **query: str) -> httpx2.Response:
        """Log in, and return the last answer."""
        return self.browser.get(self.consent(self.start(**query)), headers=PAGE)

    def who(self) -> dict[str, object]:
        """Ask who the browser is now; empty where it is nobody."""
        answer = self.browser.get("/v1/x")
        found: dict[str, object] = answer.json() if answer.status_code == 200 else {}
        return found

    def principal(self) -> Principal:
        """Return what the guard makes of the browser's cookie."""
        secret = self.browser.cookies["smartspec"]
        return self.server.guard.identifier.session(secret).principal


@pytest.fixture(scope="module")
def one_provider() -> Iterator[OpenIdProvider]:
    """Serve one provider for the whole module."""
    with serving(OpenIdProvider(FakeClock(NOON))) as provider:
        yield provider


@pytest.fixture
def world(tmp_path: Path, one_provider: OpenIdProvider) -> Iterator[World]:
    """Make a server whose people log in at the provider, which forgets its lies in the end."""
    before = {**one_provider.__dict__, "claims": dict(one_provider.claims)}
    made = a_world(tmp_path, one_provider)
    yield made
    one_provider.__dict__.update(before)
    made.server.store.close()


def a_world(folder: Path, provider: OpenIdProvider) -> World:
    """Make a server whose people log in at ``provider``."""
    (folder / "secret").write_text(CLIENT[1])
    oidc = Oidc(
        issuer=provider.issuer,
        client_id=CLIENT[0],
        client_secret=FileSecret(
            path=folder / "secret",
            declared=Declaration(file="smartspec.yaml", line=1, key="server.oidc"),
        ),
        name_claim="email",
        groups_claim="groups",
        scopes=("profile", "email"),
    )
    server = guarded(folder, server=ServerConfiguration(oidc=oidc))
    provider.clock = server.clock
    provider.log_in_anew()
    return World(server, provider, server.client())


def test_somebody_logs_in_and_is_the_person_they_are(world: World) -> None:
    """The console must know alice as the alice that the terminal and the chat know."""
    before = world.browser.cookies.get("smartspec")
    answer = world.log_in(next="/rollbacks/rb-1?full=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/rollbacks/rb-1?full=1"
    assert before is None
    assert world.who() | {"csrf": "", "client": "", "url": ""} == {
        "name": "alice",
        "account": "oidc:alice@example.org",
        "machine": False,
        "groups": ["sre"],
        "csrf": "",
        "client": "",
        "url": "",
    }
    assert world.principal().proved_at == NOON
    told = world.server.store.audit_log(limit=1)[0]
    assert (told.actor, told.action) == ("alice", "access.login")
    assert (told.subject, told.detail) == ("oidc:alice@example.org", "by OpenID from 203.0.113.7")


def test_what_is_asked_of_the_provider_is_bound_to_this_login(world: World) -> None:
    """Without state, nonce and PKCE a stolen or planted code would log somebody in."""
    first, second = (parse_qs(urlsplit(world.start()).query) for _ in range(2))
    for asked in (first, second):
        assert asked["response_type"] == ["code"]
        assert asked["client_id"] == [CLIENT[0]]
        assert asked["scope"] == ["openid profile email"]
        assert asked["redirect_uri"] == [HERE.url + "/login/callback"]
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["max_age"] == ["43200"]
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name][0]) >= 43


@pytest.mark.parametrize("lie", [*LIES, *FORGERIES])
def test_an_answer_that_is_no_proof_lets_nobody_in(world: World, lie: str) -> None:
    """Whoever can make one wrong answer pass is whoever they want to be."""
    world.provider.lie = lie
    answer = world.log_in()
    assert answer.status_code == 401, answer.text
    assert "set-cookie" not in answer.headers or "smartspec=" not in answer.headers["set-cookie"]
    assert world.who() == {}
    assert world.server.store.audit_log(limit=1)[0].action == "access.refused"


@pytest.mark.parametrize("lie", ["denied", "another provider"])
def test_a_provider_that_says_no_is_told(world: World, lie: str) -> None:
    """Somebody who is not let in has to learn why."""
    world.provider.lie = lie
    answer = world.log_in()
    assert answer.status_code == 401
    said = {"denied": "access_denied", "another provider": "another OpenID provider answered"}
    assert said[lie] in answer.text


def test_keys_that_changed_are_fetched_anew(world: World) -> None:
    """A provider changes its keys at any time; nobody must be locked out for an hour."""
    assert world.log_in().status_code == 303
    world.provider.rotate()
    world.browser.cookies.clear()
    assert world.log_in().status_code == 303
    assert world.who()["name"] == "alice"


def test_elliptic_keys_are_as_good(world: World) -> None:
    """Many providers sign by elliptic curves."""
    world.provider.algorithm = "ES256"
    world.provider.rotate()
    assert world.log_in().status_code == 303


def test_a_provider_that_does_not_name_its_one_key(world: World) -> None:
    """Small providers leave the key's name out of their tokens; nobody could log in there."""
    world.provider.names_keys = False
    assert world.log_in().status_code == 303


def test_a_provider_that_takes_the_secret_in_the_form(world: World) -> None:
    """Some providers know only one way to send the client's secret, and it is not the usual one."""
    world.provider.knows_clients_by = "client_secret_post"
    assert world.log_in().status_code == 303


def test_a_document_without_end_is_not_read(world: World) -> None:
    """A provider gone wrong must not fill the memory of the process that rolls back."""
    world.provider.lie = "endless keys"
    assert world.log_in().status_code == 502


def test_groups_may_come_from_userinfo(world: World) -> None:
    """Many providers keep the ID token small, and say groups only when they are asked."""
    world.provider.claims = {k: v for k, v in world.provider.claims.items() if k != "groups"}
    world.provider.userinfo = {"sub": "248289761001", "groups": ["oncall"], "email": "root@x"}
    assert world.log_in().status_code == 303
    assert world.who()["groups"] == ["oncall"]
    assert world.who()["account"] == "oidc:alice@example.org"


def test_userinfo_of_somebody_else_counts_for_nobody(world: World) -> None:
    """Another person's groups must not become this one's."""
    world.provider.claims = {k: v for k, v in world.provider.claims.items() if k != "groups"}
    world.provider.userinfo = {"sub": "another", "groups": ["admins"]}
    assert world.log_in().status_code == 401


def test_groups_that_are_none_are_left_out(world: World) -> None:
    """A claim of another shape must neither break the login nor become a group."""
    many = [f"g{number}" for number in range(2000)]
    world.provider.claims["groups"] = [1, None, {"a": 1}, "", "x" * 300, "sre", "sre", *many]
    assert world.log_in().status_code == 303
    groups = world.principal().groups
    assert groups[:2] == ("sre", "g0")
    assert len(groups) == 500


def test_a_stranger_comes_in_as_a_stranger(world: World) -> None:
    """Whoever the provider knows and we do not is called by their account, and has no role."""
    world.provider.claims["email"] = "eve@example.org"
    assert world.log_in().status_code == 303
    assert world.who()["name"] == "oidc:eve@example.org"


def test_an_answer_counts_once(world: World) -> None:
    """A callback out of a history or a log must not log in again."""
    back = world.consent(world.start())
    cookies = dict(world.browser.cookies)
    assert world.browser.get(back).status_code == 303
    for name, value in cookies.items():
        world.browser.cookies.set(name, value)
    again = world.browser.get(back, headers=PAGE)
    assert again.status_code == 401
    assert "finished before" in again.text


def test_an_answer_counts_in_the_browser_that_asked(world: World) -> None:
    """A link to a callback must not log its reader in as the one who sent it."""
    back = world.consent(world.start())
    other = world.server.client()
    assert other.get(back, headers=PAGE).status_code == 401
    other.get("/login/start")
    assert "not begun in this browser" in other.get(back, headers=PAGE).text
    assert other.get("/v1/x").status_code == 401


def test_an_answer_counts_for_ten_minutes(world: World) -> None:
    """A login that was left half done on somebody's desk must not be finished by another."""
    back = world.consent(world.start())
    world.server.clock.advance(600)
    answer = world.browser.get(back, headers=PAGE)
    assert (answer.status_code, "took too long" in answer.text) == (401, True)


@pytest.mark.parametrize(
    "change",
    [
        {"state": ""},
        {"state": "x.y"},
        {"state": "\u00fc"},
        {"state": "a" * 5000},
        {"code": ""},
        {"code": "guessed"},
        {"code": "x" * 10_000},
    ],
)
def test_a_callback_that_was_made_up_lets_nobody_in(world: World, change: dict[str, str]) -> None:
    """Whoever guesses at the callback must find nothing behind it."""
    query = {k: v[0] for k, v in parse_qs(urlsplit(world.consent(world.start())).query).items()}
    answer = world.browser.get(f"/login/callback?{urlencode(query | change)}", headers=PAGE)
    assert answer.status_code == 401
    assert world.who() == {}


def test_what_state_says_cannot_be_changed(world: World) -> None:
    """Where a login leads to travels through the provider, and must come back as it was."""
    back = world.consent(world.start(next="/rollbacks"))
    query = {k: v[0] for k, v in parse_qs(urlsplit(back).query).items()}
    packed, _, signature = query["state"].partition(".")
    told = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    other = base64.urlsafe_b64encode(told.replace(b"/rollbacks", b"//evil.org")).decode()
    query["state"] = f"{other.rstrip('=')}.{signature}"
    assert world.browser.get(f"/login/callback?{urlencode(query)}").status_code == 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.org/",
        "//evil.example.org",
        "///evil.example.org",
        "/\\evil.example.org",
        "\\\\evil.example.org",
        "javascript:alert(1)",
        "/a//evil",
        "/\r\nSet-Cookie: a=b",
        "/" + "a" * 600,
        "rollbacks",
        "",
    ],
)
def test_a_login_leads_to_this_server_only(world: World, target: str) -> None:
    """A link that logs somebody in and then sends them elsewhere is how passwords are stolen."""
    assert world.log_in(next=target).headers["location"] == "/"


def test_a_login_opens_a_session_of_its_own(world: World) -> None:
    """A session id that was planted, or known before, must be worth nothing after a login."""
    world.browser.cookies.set("smartspec", "planted")
    world.log_in()
    values = [c.value for c in world.browser.cookies.jar if c.name == "smartspec"]
    assert all(
        value != "planted" or world.server.store.session(fingerprint("planted")) is None
        for value in values
    )
    first = world.browser.cookies.jar
    cookie = next(c.value for c in first if c.name == "smartspec" and c.value != "planted")
    assert cookie
    world.browser.cookies.clear()
    world.browser.cookies.set("smartspec", cookie)
    assert world.who()["name"] == "alice"
    world.log_in()
    assert world.server.store.session(fingerprint(cookie)) is None


def test_proving_it_again_asks_the_provider_anew(world: World) -> None:
    """A rollback of high risk is approved by somebody who is there now."""
    world.log_in()
    world.server.clock.advance(3600)
    world.log_in()
    assert world.principal().proved_at == NOON
    page = world.browser.get("/login/again?next=/rollbacks/rb-1", headers=PAGE).text
    assert 'href="/login/start?next=%2Frollbacks%2Frb-1&amp;again=1"' in page
    address = world.start(next="/rollbacks/rb-1", again="1")
    asked = parse_qs(urlsplit(address).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    answer = world.browser.get(world.consent(address))
    assert answer.headers["location"] == "/rollbacks/rb-1"
    assert world.principal().proved_at == NOON + timedelta(hours=1)


@pytest.mark.parametrize("how", ["asks_again", "says_when"])
def test_a_provider_that_does_not_ask_again_proves_nothing_again(world: World, how: str) -> None:
    """A provider that lets people through by their old login must not make it look recent."""
    world.server.clock.advance(3600)
    setattr(world.provider, how, False)
    answer = world.log_in(again="1")
    assert answer.status_code == 401
    assert "did not ask again" in answer.text


def test_a_provider_that_never_says_when_proved_it_long_ago(world: World) -> None:
    """What nobody said must not be taken for now: unknown is never safe."""
    world.provider.says_when = False
    assert world.log_in().status_code == 303
    proved_at = world.principal().proved_at
    assert proved_at is not None
    assert proved_at.year == 1970


def test_logging_out_ends_the_session_on_the_server(world: World) -> None:
    """A cookie that was copied must be worth nothing once its owner left."""
    world.log_in()
    cookie = world.browser.cookies["smartspec"]
    csrf = str(world.who()["csrf"])
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = world.browser.post("/logout", data={"csrf_token": csrf}, headers=headers)
    assert answer.status_code == 200
    assert 'href="/login/leave"' in answer.text
    there = world.browser.get("/login/leave").headers["location"]
    assert there.startswith(f"{world.provider.issuer}/logout?client_id=smartspec")
    assert world.browser.cookies.get("smartspec") is None
    world.browser.cookies.set("smartspec", cookie)
    assert world.who() == {}
    assert world.server.store.audit_log(limit=1)[0].action == "access.logout"


def test_a_token_opens_no_console_where_there_is_a_provider(world: World) -> None:
    """A second door beside the organisation's own would be the one that is left open."""
    answer = world.browser.post("/login", data={"token": "x"})
    assert answer.status_code == 403


def test_a_document_of_another_issuer_is_refused(world: World) -> None:
    """A provider that speaks for another one could say who anybody is."""
    world.provider.lie = "document"
    answer = world.browser.get("/login/start", headers=PAGE)
    assert answer.status_code == 502
    assert "another issuer" in answer.text


def test_a_provider_that_is_down_is_said_and_locks_nobody_out(tmp_path: Path) -> None:
    """In an incident the provider may be down too; who is in stays in, and others hear it."""
    with serving(OpenIdProvider(FakeClock(NOON), algorithm="ES256")) as provider:
        world = a_world(tmp_path, provider)
        world.log_in()
        half_done = world.server.client()
        begun = half_done.get("/login/start")
        back = world.consent(begun.headers["location"])
    late = half_done.get(back, headers=PAGE)
    world.server.clock.advance(3601)
    fresh = world.server.client().get("/login/start", headers=PAGE)
    for answer in (late, fresh):
        assert answer.status_code == 502
        assert "approve at a terminal" in answer.text
    assert world.who()["name"] == "alice"
    world.server.store.close()


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(tmp_path: Path, world: World) -> None:
    """A cookie that a script, another host or plain HTTP gets is a stolen identity."""
    shaped = world.log_in().headers.get_list("set-cookie")
    opened = next(each for each in shaped if each.startswith("smartspec="))
    assert "HttpOnly" in opened
    assert "SameSite=lax" in opened
    assert "Path=/" in opened
    assert "Domain" not in opened
    assert "Secure" not in opened
    (tmp_path / "secure").mkdir()
    tls = replace(HERE, url="https://rollback.example.org")
    other = guarded(tmp_path / "secure", server=world.server.configuration.server, listening=tls)
    begun = other.client().get("/login/start")
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-smartspec-login=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "max-age=31536000" in begun.headers["strict-transport-security"]
    other.store.close()
