from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.integration.console.browsing import Console, a_console, chromium, papers
from tests.integration.server.running import PATIENCE

Opens = Callable[..., Page]
"""Opens a browser window of its own, without anybody's cookies; keywords as Playwright's."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Supply a browser, started once."""
    expect.set_options(timeout=PATIENCE * 1000)  # a busy machine is slow, not wrong
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Supply a server for the tests of one file; each uses a service of its own."""
    folder = tmp_path_factory.mktemp("console")
    papers(folder)
    with a_console(folder) as running:
        yield running


@pytest.fixture
def window(browser: Browser) -> Iterator[Opens]:
    """Supply what opens windows; whatever a page's script trips over fails the test."""
    contexts, faults = [], []

    def opened(**how: object) -> Page:
        context = browser.new_context(**how)  # type: ignore[arg-type] # keywords of Playwright's
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: faults.append(said.text) if "Content Security" in said.text else None,
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
