"""The console's files: kept by browsers, and never an old one beside a new page."""

from starlette.applications import Starlette
from starlette.testclient import TestClient

from smartspec_rollback.server.console.assets import ASSETS, routes


def _browser() -> TestClient:
    return TestClient(Starlette(routes=routes()))


def test_what_pages_name_is_kept_and_the_rest_is_asked_for() -> None:
    """Every page loads everything again, or shows with the style of last year."""
    browser = _browser()
    for address in (ASSETS.style, ASSETS.script, ASSETS.icon):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        plain = browser.get(address.partition("?")[0])
        assert plain.content == answer.content
        assert plain.headers["cache-control"] == "no-cache"
        assert browser.get(f"{address}0").headers["cache-control"] == "no-cache"
        same = browser.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")


def test_the_files_need_nothing_from_elsewhere() -> None:
    """A page leaks who looks at it, or is broken where there is no internet."""
    browser = _browser()
    for address in (ASSETS.style, ASSETS.script):
        text = browser.get(address).text
        assert "http" not in text.replace("http://www.w3.org", "")
        assert "eval(" not in text
        assert "@import" not in text
