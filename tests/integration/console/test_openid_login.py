"""Logging in at an OpenID provider in a real browser, which minds cookies, origins and policies."""

from pathlib import Path

from tests.acceptance.commands import CONFIGURATION
from tests.integration.console.conftest import Opens
from tests.integration.server.running import PATIENCE, serving

from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.openid import CLIENT, OpenIdProvider
from smartspec_rollback.testing.openid import serving as serving_openid


def test_in_and_out_again(window: Opens, tmp_path: Path) -> None:
    """A cookie, a policy or a redirect keeps somebody out who may come in, or the other way round.

    Somebody follows a link from the channel, logs in, lands where it led, logs out, and is out.
    """
    with serving_openid(OpenIdProvider(SystemClock())) as provider:
        (tmp_path / "secret").write_text(CLIENT[1])
        (tmp_path / "smartspec.yaml").write_text(
            CONFIGURATION + "people: {alice: {os: alice, oidc: alice@example.org}}\n"
            f"server: {{oidc: {{issuer: '{provider.issuer}', client_id: {CLIENT[0]}, "
            "client_secret: {file: secret}}}\n"
        )
        with serving(tmp_path) as (call, _):
            url = f"http://127.0.0.1:{call.port}"
            page = window()
            page.set_default_timeout(PATIENCE * 1000)
            page.goto(f"{url}/deployments?limit=5")
            assert page.url == f"{url}/login?next=/deployments%3Flimit%3D5"
            page.get_by_role("link", name="Go to the OpenID provider").click()
            page.wait_for_url(f"{url}/deployments?limit=5")
            assert page.get_by_text("Logged in as alice").is_visible()
            assert all(cookie.get("httpOnly") for cookie in page.context.cookies())
            assert page.evaluate("document.cookie") == ""
            page.get_by_role("button", name="Log out").click()
            page.wait_for_url(f"{url}/logout")
            assert page.get_by_role("link", name="Log out at the OpenID provider").is_visible()
            page.goto(f"{url}/deployments")
            assert page.url.startswith(f"{url}/login")
