"""The ways in to `smartspec serve`, through the installed program: TLS, tokens, OpenID."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.acceptance.commands import CONFIGURATION, installed
from tests.unit.server.auth.certificates import certificate

from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.openid import CLIENT, OpenIdProvider
from smartspec_rollback.testing.openid import serving as serving_openid

PEOPLE = "people: {alice: {os: alice, oidc: alice@example.org}}\n"
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
PATIENCE = 60


@dataclass
class Served:
    """A running `smartspec serve`, what it wrote so far, and how to talk to it."""

    url: str
    log: Path
    trust: ssl.SSLContext | bool

    def browser(self) -> httpx2.Client:
        """Open a browser that knows nothing yet."""
        return httpx2.Client(base_url=self.url, verify=self.trust, timeout=PATIENCE)


@contextmanager
def serve(
    folder: Path,
    *,
    trust: ssl.SSLContext | bool = True,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Run the installed program in ``folder``, and end it as a service manager does."""
    log = folder / "serve.log"
    words = ["serve", "--port", "0", "--format", "json", "--verbose"]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("smartspec")), *words],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout is not None
        told = b""
        for line in process.stdout:
            told += line
            if line.rstrip() == b"}":
                break
        assert told, log.read_text()
        yield Served(json.loads(told)["url"], log, trust)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def token_of(folder: Path, *words: str) -> str:
    """Make a token as people do."""
    done = installed("smartspec", "token", "create", *words, folder=folder)
    assert done.code == 0, done.err
    return done.out.strip()


def fields(text: str) -> dict[str, str]:
    """Read the hidden fields of a form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))


def test_by_tls_and_a_personal_token(tmp_path: Path) -> None:
    """Somebody with one machine and a certificate cannot open the console, or is read on the way.

    The session outlives the process, ends with its token, and nothing secret is in the log.
    """
    pem, _ = certificate(tmp_path, "here")
    tls = "server: {tls: {certificate: here.pem, key: here.key}}\n"
    (tmp_path / "smartspec.yaml").write_text(CONFIGURATION + PEOPLE + tls)
    secret = token_of(tmp_path, "--person", "alice")
    trust = ssl.create_default_context(cafile=str(pem))
    with serve(tmp_path, trust=trust) as server:
        assert server.url.startswith("https://127.0.0.1:")
        browser = server.browser()
        form = fields(browser.get("/login", headers=PAGE).text)
        answer = browser.post("/login", data={**form, "token": secret}, headers=PAGE)
        assert answer.status_code == 303, answer.text
        assert "strict-transport-security" in answer.headers
        cookie = browser.cookies["__Host-smartspec"]
        assert browser.get("/v1/services").status_code == 200
        assert browser.post("/v1/rollbacks", json={}).status_code == 403
    with serve(tmp_path, trust=trust) as again:
        held = {"Cookie": f"__Host-smartspec={cookie}"}
        assert again.browser().get("/v1/services", headers=held).status_code == 200
        known = secret.split("_")[1]
        done = installed("smartspec", "token", "revoke", known, folder=tmp_path)
        assert done.code == 0, done.err
        assert again.browser().get("/v1/services", headers=held).status_code == 401
    written = (tmp_path / "serve.log").read_text()
    for text in (secret, cookie, form["form"]):
        assert text not in written
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(server.url.replace("https://", "http://"))


def test_by_an_openid_provider(tmp_path: Path) -> None:
    """A team logs in at its own provider, and no code, state or secret is left in the log."""
    with serving_openid(OpenIdProvider(SystemClock())) as provider:
        oidc = (
            f"server: {{oidc: {{issuer: '{provider.issuer}', client_id: {CLIENT[0]}, "
            "client_secret: {env: OIDC_SECRET}}}\n"
        )
        (tmp_path / "smartspec.yaml").write_text(CONFIGURATION + PEOPLE + oidc)
        refused = installed("smartspec", "serve", "--port", "0", folder=tmp_path)
        assert (refused.code, "OIDC_SECRET is not set" in refused.err) == (2, True)
        with serve(tmp_path, environment={"OIDC_SECRET": CLIENT[1]}) as server:
            browser = server.browser()
            begun = browser.get("/login/start?next=/rollbacks", headers=PAGE)
            asked = parse_qs(urlsplit(begun.headers["location"]).query)
            assert asked["redirect_uri"] == [f"{server.url}/login/callback"]
            back = httpx2.get(begun.headers["location"]).headers["location"]
            done = browser.get(back, headers=PAGE)
            assert (done.status_code, done.headers["location"]) == (303, "/rollbacks"), done.text
            assert browser.get("/v1/services").status_code == 200
            assert server.browser().get(back, headers=PAGE).status_code == 401
    written = (tmp_path / "serve.log").read_text()
    told = parse_qs(urlsplit(back).query)
    for text in (CLIENT[1], told["code"][0], told["state"][0], browser.cookies["smartspec"]):
        assert text not in written
    assert "refused GET /login/callback" in written


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - refused
def test_not_in_the_open(tmp_path: Path, host: str) -> None:
    """Somebody puts a server on the network that anybody may tell to roll back."""
    (tmp_path / "smartspec.yaml").write_text(CONFIGURATION)
    done = installed("smartspec", "serve", "--host", host, "--port", "0", folder=tmp_path)
    assert done.code == 2
    for key in ("server.oidc", "server.tls", "server.url"):
        assert key in done.err
    assert "smartspec token create" in done.err
