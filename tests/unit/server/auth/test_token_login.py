"""Logging in by a personal token, where there is no OpenID provider."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.unit.server.auth.servers import Guarded, guarded

from smartspec_rollback.testing.access import ROOT, a_token, given
from smartspec_rollback.testing.samples import NOON

PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Guarded]:
    """Make a server on one machine."""
    made = guarded(tmp_path)
    yield made
    made.store.close()


def fields(text: str) -> dict[str, str]:
    """Read the hidden fields of the login form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))


def log_in(browser: TestClient, token: str, *, leads_to: str = "/", **more: str) -> httpx2.Response:
    """Open the page, fill in the form and send it."""
    page = browser.get(f"/login?next={leads_to}", headers=PAGE)
    assert page.status_code == 200
    data = {**fields(page.text), "token": token, **more}
    return browser.post("/login", data=data, headers=PAGE)


def test_one_machine_has_a_way_in_without_a_password(server: Guarded) -> None:
    """Who may make tokens in the ledger can open the console, and nobody has a default password."""
    text = given(server.store, a_token("laptop", person="alice"))
    browser = server.client()
    answer = log_in(browser, f" {text}\n", leads_to="/rollbacks")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rollbacks")
    assert browser.get("/v1/x").json()["name"] == "alice"
    found = server.guard.identifier.session(browser.cookies["smartspec"]).principal
    assert found.proved_at == NOON
    told = server.store.audit_log(limit=1)[0]
    assert (told.actor, told.action) == ("alice", "access.login")
    assert text not in told.detail


def test_a_session_ends_no_later_than_its_token(server: Guarded) -> None:
    """A token for an hour must not open a console for twelve."""
    text = given(server.store, a_token("short", person="alice", lasts=60))
    browser = server.client()
    answer = log_in(browser, text)
    assert "Max-Age=60" in answer.headers["set-cookie"]
    server.clock.advance(60)
    assert browser.get("/v1/x").status_code == 401


def test_a_machines_token_opens_no_console(server: Guarded) -> None:
    """A pipeline's token in a browser is somebody who took it."""
    browser = server.client()
    answer = log_in(browser, given(server.store, a_token("ci")))
    assert answer.status_code == 401
    assert "opens no console" in answer.text
    assert browser.get("/v1/x").status_code == 401


def test_a_token_that_is_no_good_is_said_and_not_shown(server: Guarded) -> None:
    """What was typed may be a password of something else."""
    browser = server.client()
    answer = log_in(browser, "<script>hunter2</script>")
    assert answer.status_code == 401
    assert "hunter2" not in answer.text
    assert "no token of this server" in answer.text
    assert "hunter2" not in str(server.store.audit_log(limit=9))


def test_guessing_is_slowed_and_written_down_once_in_a_while(server: Guarded) -> None:
    """Who tries tokens must not get thousands of tries, nor fill the audit log."""
    browser = server.client()
    codes = [log_in(browser, f"guess-{number}").status_code for number in range(15)]
    assert codes == [401] * 10 + [429] * 5
    last = log_in(browser, "guess")
    assert int(last.headers["retry-after"]) > 0
    noted = [e for e in server.store.audit_log(limit=99) if e.action == "access.refused"]
    assert len(noted) == 16
    for _ in range(20):
        log_in(server.client(address="198.51.100.9"), "guess")
    noted = [e for e in server.store.audit_log(limit=99) if e.action == "access.refused"]
    assert len(noted) == 20
    server.clock.advance(60)
    log_in(server.client(address="192.0.2.1"), "guess")
    assert server.store.audit_log(limit=1)[0].detail.endswith("; and 16 more before")


def test_somebody_with_a_good_token_comes_in_beside_one_who_guesses(server: Guarded) -> None:
    """A stale pipeline behind the same address must not lock people out of an incident."""
    text = given(server.store, a_token("laptop", person="alice"))
    browser = server.client()
    for number in range(12):
        log_in(browser, f"guess-{number}")
    assert log_in(browser, text).status_code == 303


def test_another_sites_form_logs_nobody_in(server: Guarded) -> None:
    """Logging a victim in as the attacker makes them act under the attacker's eyes."""
    text = given(server.store, a_token("evil", person="bob"))
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {},
    ):
        browser = server.client()
        page = browser.get("/login").text
        answer = browser.post("/login", data={**fields(page), "token": text}, headers=headers)
        assert answer.status_code == 403, headers
        assert "smartspec" not in browser.cookies


def test_a_form_counts_in_the_browser_that_it_was_shown_to(server: Guarded) -> None:
    """A form token that anybody can fetch for themselves would prove nothing."""
    text = given(server.store, a_token("evil", person="bob"))
    form = fields(server.client().get("/login").text)
    other = server.client()
    other.get("/login")
    answer = other.post("/login", data={**form, "token": text}, headers=PAGE)
    assert answer.status_code == 403
    assert server.client().post("/login", data={"token": text}, headers=PAGE).status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"&".join(b"a=b" for _ in range(500)), b"token=" + b"a" * 20_000, b"%00"],
)
def test_a_form_that_is_none_is_refused(server: Guarded, body: bytes) -> None:
    """Whatever is posted, somebody who is nobody gets an answer and nothing else."""
    headers = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
    browser = server.client()
    browser.get("/login")
    assert 400 <= browser.post("/login", content=body, headers=headers).status_code < 500


def test_proving_it_again_takes_the_token_again(server: Guarded) -> None:
    """Approving at high risk needs somebody who is there, not a console that was left open."""
    text = given(server.store, a_token("laptop", person="alice"))
    browser = server.client()
    log_in(browser, text)
    before = browser.cookies["smartspec"]
    server.clock.advance(600)
    page = browser.get("/login/again?next=/rollbacks/rb-1", headers=PAGE).text
    form = fields(page)
    assert form["csrf_token"]
    answer = browser.post("/login", data={**form, "token": text}, headers=PAGE)
    assert answer.headers["location"] == "/rollbacks/rb-1"
    found = server.guard.identifier.session(browser.cookies["smartspec"]).principal
    assert found.proved_at == NOON + timedelta(seconds=600)
    assert browser.cookies["smartspec"] != before
    browser.cookies.clear()
    browser.cookies.set("smartspec", before)
    assert browser.get("/v1/x").status_code == 401


def test_revoking_the_token_and_leaving_the_configuration_end_the_session(
    server: Guarded,
) -> None:
    """A person who left, and a token that leaked, must be out at the next request."""
    first, second = a_token("one", person="alice"), a_token("two", person="bob")
    alice, bob = server.client(), server.client()
    log_in(alice, given(server.store, first))
    log_in(bob, given(server.store, second))
    server.store.revoke_token(first.id, by=ROOT, at=NOON)
    server.forget("bob")
    assert alice.get("/v1/x").status_code == 401
    assert bob.get("/v1/x").status_code == 401


def test_a_page_never_holds_what_came_with_the_address(server: Guarded) -> None:
    """A link with a script in it must show a login page, not run the script."""
    hostile = '/"><script>alert(1)</script>'
    page = server.client().get("/login", params={"next": hostile}, headers=PAGE).text
    assert "<script" not in page
    assert fields(page)["next"].startswith("/&quot;&gt;&lt;script")


def test_somebody_who_is_in_logs_out_by_a_form_only(server: Guarded) -> None:
    """A picture on another site must not log people out in the middle of an incident."""
    browser = server.client()
    log_in(browser, given(server.store, a_token("laptop", person="alice")))
    browser.get("/logout", headers=PAGE)
    assert browser.post("/logout", headers=PAGE).status_code == 403
    csrf = browser.get("/v1/x").json()["csrf"]
    assert browser.post("/logout", data={"csrf_token": csrf}, headers=PAGE).status_code == 200
    assert browser.get("/v1/x").status_code == 401
