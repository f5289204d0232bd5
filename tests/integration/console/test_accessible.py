"""Everybody can use the console: axe finds no serious fault, and a phone shows all of it."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.golden import charted
from tests.integration.console.browsing import Console
from tests.integration.console.conftest import Opens

from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.views import html

PAGES = ("/", "/deployments", "/rollbacks", "/holds", "/readiness", "/audit")
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def _faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:200]} {node.get('failureSummary', '')}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(console: Console, window: Opens, scheme: str) -> None:
    """Somebody cannot read or operate a page: contrast, labels, landmarks, names."""
    asked, over = console.asked(risk=Risk.HIGH), console.asked()
    over.end()
    page = window(color_scheme=scheme)
    page.goto(f"{console.url}/login")
    assert _faults(page) == []
    console.open(page, asked.path, by="adam")
    assert _faults(page) == []
    more = (over.path, f"/deployments/{over.failed}", "/nothing-here", "/login/again")
    for path in (*PAGES, *more):
        page.goto(console.url + path)
        assert _faults(page) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_file_has_no_serious_fault(tmp_path: Path, window: Opens, scheme: str) -> None:
    """Somebody cannot read the postmortem's report."""
    file = tmp_path / "report.html"
    file.write_text(html.report_file(charted.succeeded()), encoding="utf-8")
    page = window(color_scheme=scheme)
    page.goto(file.as_uri())
    expect(page.get_by_role("img", name="p99 latency over time")).to_be_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 26)")
    assert _faults(page) == []


def test_a_phone_shows_everything(console: Console, window: Opens) -> None:
    """On a phone the buttons are out of reach, or too small to hit."""
    asked, over = console.asked(risk=Risk.HIGH), console.asked()
    over.end()
    page = window(**PHONE)
    console.open(page, asked.path, by="adam")
    for path in (*PAGES, over.path, f"/deployments/{over.failed}", asked.path):
        page.goto(console.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    button = page.get_by_role("button", name="Approve")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    page.get_by_label("Type the first 8 digits").fill(asked.plan.digest.removeprefix("sha256:")[:8])
    button.tap()
    expect(page.get_by_role("alert")).to_have_text("Your approval is recorded.")
