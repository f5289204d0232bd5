"""An incident from the page alone: real services, real traffic, a real browser.

The guide's six behaviours: the last known good version is found, a plan is made, its safety is
checked, somebody approves, it is carried out while all watch, and the report is there.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.integration.console.browsing import Console, a_console
from tests.integration.console.conftest import Opens
from tests.integration.server.running import PEOPLE, awaited

from smartspec_rollback.demo.releases import write_release

GOOD, GOOD_ID = "v1.2.0", "deploy-12344"
BAD, BAD_ID = "v1.2.1", "deploy-12345"
PATIENCE = 240.0

CONFIGURATION = """\
services:
  search:
    production:
      platform: {{kind: local, releases: releases/, instances: 1, listen: "127.0.0.1:{port}"}}
      database: none
      objectives: [p99 latency <= 10s, error rate <= 1%]
      metrics: {{kind: probe, path: /cart, rate: 100}}
      verification: {{warm_up: 0s, bake: 2s, deadline: 2m, probes: [{{path: /cart, status: 200}}]}}
      soak: 0s
"""


def _run(folder: Path, program: str, *words: str) -> int:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Supply a production whose bad release fails its gate, and a console over it."""
    folder = tmp_path_factory.mktemp("shop")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "smartspec.yaml").write_text(CONFIGURATION.format(port=port) + PEOPLE)
    write_release(folder / "releases", GOOD)
    write_release(folder / "releases", BAD, error_share=0.5)
    assert _run(folder, "smartspec", "local", "up") == 0
    try:
        for version, deployment_id, code in ((GOOD, GOOD_ID, 0), (BAD, BAD_ID, 1)):
            words = ("--version", version, "--id", deployment_id)
            assert _run(folder, "smartspec", "local", "deploy", *words) == 0
            assert _run(folder, "smartspec_quality_gate", "--deployment-id", deployment_id) == code
        with a_console(folder) as console:
            yield console
    finally:
        assert _run(folder, "smartspec", "local", "down") == 0


def _plan(page: Page) -> None:
    """From the start to the plan of the failed deployment."""
    page.get_by_role("link", name=BAD_ID).click()
    expect(page.locator("main")).to_contain_text("error rate > 1%")
    expect(page.get_by_role("img", name="error rate over time")).to_be_visible()
    page.get_by_label("Reason").fill("half of the carts fail")
    page.get_by_role("button", name="Plan a rollback").click()
    page.wait_for_url("**/rollbacks/rb-*")


def test_an_incident_without_scripts_is_denied(shop: Console, window: Opens) -> None:
    """Without scripts somebody cannot find, plan or answer."""
    page = window(java_script_enabled=False)
    shop.open(page, "/", by="adam")
    _plan(page)
    expect(page.locator("main")).to_contain_text("gate passed at")
    page.get_by_label("Why not").fill("not now")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("alert")).to_have_text("Your denial is recorded.")

    def is_over() -> bool:
        page.reload()
        return "Denied" in page.locator("#shown").inner_text()

    awaited(is_over, "the denial comes to nothing")
    expect(page.locator("#shown")).to_contain_text("Denied; this rollback changed nothing")


def test_an_incident_on_the_page(shop: Console, window: Opens) -> None:
    """An engineer in an incident cannot get production back by the console alone."""
    page, other = window(), window()
    shop.open(page, "/", by="adam")
    expect(page.locator("main")).to_contain_text(BAD)
    _plan(page)
    plan = page.locator("main")
    expect(plan).to_contain_text("half of the carts fail")
    expect(plan).to_contain_text("gate passed at")
    expect(plan).to_contain_text("No breaking database schema changes detected.")
    expect(plan).to_contain_text(f"Switch production traffic from {BAD} to {GOOD}.")
    path = page.url.removeprefix(shop.url)
    shop.open(other, path, by="anna")
    expect(page.locator("#link")).to_have_text("Live.")
    if (digits := other.get_by_label("Type the first 8 digits")).count():
        digits.fill(other.locator("#digest").inner_text().removeprefix("sha256:")[:8])
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_role("alert")).to_have_text("Your approval is recorded.")
    page.set_default_timeout(120_000)
    expect(page.locator("#link")).to_have_text("It is over.", timeout=120_000)
    shown = page.locator("#shown")
    expect(shown).to_contain_text(f"Rolled back: production runs {GOOD} and was verified stable.")
    expect(shown).to_contain_text("anna (token:")
    expect(page.get_by_role("img", name="error rate over time")).to_be_visible()
    told = page.locator("svg desc").nth(1).text_content() or ""
    assert "Before the rollback nothing" not in told
    assert "After the rollback nothing" not in told
    page.get_by_role("link", name="As one HTML file, with charts").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rollback report")
    expect(page.get_by_role("img", name="error rate over time")).to_be_visible()
    other.goto(f"{shop.url}/holds")
    expect(other.locator("main")).to_contain_text(BAD)
    other.get_by_label("Why it may be deployed again").fill("mended")
    other.get_by_role("button", name="Lift").click()
    expect(other.get_by_role("status")).to_have_text("The hold is lifted.")
    page.goto(f"{shop.url}/audit?check=1")
    expect(page.get_by_role("status")).to_contain_text("entries are what was written")
