"""Live updates: what happens is shown at once, after a restart too, and to nobody else."""

from pathlib import Path

from playwright.sync_api import expect
from tests.integration.console.browsing import CLOCK, a_console, papers
from tests.integration.console.conftest import Opens
from tests.integration.server.running import awaited

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.credentials import token_id
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.ports.store import Change
from smartspec_rollback.testing.samples import a_decision, a_person


def test_a_page_follows_a_rollback_to_its_end(tmp_path: Path, window: Opens) -> None:
    """People look at a page that stands still while production changes."""
    papers(tmp_path)
    with a_console(tmp_path) as console:
        asked, page = console.asked(), window()
        console.open(page, asked.path)
        expect(page.locator("#link")).to_have_text("Live.")
        page.get_by_label("Remark").focus()
        approval = a_decision(asked.plan, person=a_person("adam"), at=CLOCK.now())
        console.ledger.decide(approval)
        expect(page.locator("#shown")).to_contain_text("adam")
        expect(page.get_by_label("Remark")).to_be_focused()
        asked.end()
        expect(page.locator("#link")).to_have_text("It is over.")
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)
        expect(page.get_by_role("status")).to_contain_text("was verified stable")
        expect(page.get_by_role("img", name="p99 latency over time")).to_be_visible()
        expect(page.get_by_role("img", name="error rate over time")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{asked.id}: succeeded")
        assert page.title() == f"{asked.id}: succeeded"
        assert page.evaluate("document.activeElement.id") == "main"


def test_a_page_comes_back_after_the_server_did(tmp_path: Path, window: Opens) -> None:
    """After a restart people look at how things stood before it."""
    papers(tmp_path)
    page = window()
    with a_console(tmp_path) as console:
        asked, port = console.asked(), console.call.port
        console.open(page, asked.path)
        expect(page.locator("#link")).to_have_text("Live.")
    expect(page.locator("#link")).to_have_text("Connecting again …")
    with a_console(tmp_path, port=port) as console:
        store = console.ledger
        store.decide(a_decision(asked.plan, Answer.DENY, person=a_person("adam"), at=CLOCK.now()))
        expect(page.locator("#shown")).to_contain_text("adam (os:adam) denied")
        claim = store.claim(asked.id, holder="a test", at=CLOCK.now())
        if claim is not None:  # the server may have closed it itself by now
            change = Change(kind=EntryKind.STATUS, text="denied by adam", status=Status.DENIED)
            store.append(claim, change, at=CLOCK.now())
            store.release(claim)
        expect(page.locator("#shown")).to_contain_text("Denied")
        page.goto("about:blank")


def test_who_may_not_look_any_more_is_not_told(tmp_path: Path, window: Opens) -> None:
    """Somebody whose token was revoked goes on watching production."""
    papers(tmp_path)
    with a_console(tmp_path) as console:
        asked, page = console.asked(), window()
        console.open(page, asked.path)
        expect(page.locator("#link")).to_have_text("Live.")
        known = token_id(console.call.tokens["anna"])
        assert known is not None
        console.ledger.revoke_token(known, by=a_person(), at=CLOCK.now())
        page.evaluate(
            "window.stream = new EventSource(document.getElementById('live').dataset.events)"
        )
        awaited(lambda: bool(page.evaluate("window.stream.readyState === 2")), "it goes on")
        answer = page.goto(f"{console.url}{asked.path}")
        assert answer is not None
        assert "/login" in page.url
