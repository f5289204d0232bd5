"""Answers on the page: whose count, when, and to which plan. Real browser, real server."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.integration.console.browsing import CLOCK, Console, a_console, papers
from tests.integration.console.conftest import Opens

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.testing.samples import a_decision, a_person

HOSTILE = (
    '<script>window.hit = 1</script><img src=x onerror="window.hit = 1">'
    '"><a href="javascript:window.hit=1">ok</a>\u202etxt.exe \N{WHITE HEAVY CHECK MARK} safe'
)


def _approve(page: Page) -> None:
    page.get_by_role("button", name="Approve").click()


def test_approving_with_the_keyboard_alone(console: Console, window: Opens) -> None:
    """Somebody who uses no mouse cannot approve, or does not see where they are."""
    asked, page = console.asked(), window()
    console.open(page, asked.path)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Approve")
    for _ in range(80):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            break
    outline = button.evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Your approval is recorded.")
    given = console.ledger.decisions(asked.id)
    assert [(d.answer, d.person.name, d.channel, d.digest) for d in given] == [
        (Answer.APPROVE, "anna", "web", asked.plan.digest)
    ]


def test_opening_a_page_never_approves(console: Console, window: Opens) -> None:
    """A chat client that looks at a link approves a rollback."""
    asked, page = console.asked(), window()
    console.open(page, asked.path)
    for word in ("approve", "deny"):
        answer = page.goto(f"{console.url}{asked.path}/{word}")
        assert answer is not None
        assert answer.status == 405
    sent = page.request.post(
        f"{console.url}{asked.path}/approve", form={"digest": asked.plan.digest}
    )
    assert sent.status == 403
    assert console.ledger.decisions(asked.id) == ()


def test_high_risk_takes_the_typed_digest(console: Console, window: Opens) -> None:
    """A plan that may hurt is approved by a slip of the finger."""
    asked, page = console.asked(risk=Risk.HIGH), window()
    console.open(page, asked.path)
    digits = asked.plan.digest.removeprefix("sha256:")
    page.get_by_label("Type the first 8 digits").fill("00000000")
    _approve(page)
    expect(page.get_by_role("alert")).to_contain_text("nothing was recorded")
    assert console.ledger.decisions(asked.id) == ()
    page.get_by_label("Type the first 8 digits").fill(f" {digits[:4].upper()} {digits[4:8]} ")
    page.get_by_label("Remark").fill("we need it")
    _approve(page)
    expect(page.get_by_role("alert")).to_have_text("Your approval is recorded.")
    assert [d.reason for d in console.ledger.decisions(asked.id)] == ["we need it"]


def test_an_old_proof_is_asked_for_again(tmp_path: Path, window: Opens) -> None:
    """Whoever finds an unlocked laptop approves a rollback of high risk."""
    papers(tmp_path, more="  confirm_within: 1ms\n")
    with a_console(tmp_path) as console:
        asked, page = console.asked(risk=Risk.HIGH), window()
        console.open(page, asked.path)
        digits = asked.plan.digest.removeprefix("sha256:")[:8]
        page.get_by_label("Type the first 8 digits").fill(digits)
        _approve(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Say again who you are")
        assert console.ledger.decisions(asked.id) == ()
        page.get_by_label("Personal token").fill(console.call.tokens["anna"])
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{console.url}{asked.path}")
        page.goto("about:blank")


def test_two_approvers_at_once_both_count(console: Console, window: Opens) -> None:
    """One of two answers is lost, or one person counts twice."""
    asked, first, second = console.asked(quorum=2), window(), window()
    console.open(first, asked.path, by="anna")
    console.open(second, asked.path, by="adam")
    for page in (first, second):
        _approve(page)
    for page in (first, second):
        expect(page.get_by_role("alert")).to_have_text("Your approval is recorded.")
        expect(page.locator("#shown")).to_contain_text("anna (token:")
        expect(page.locator("#shown")).to_contain_text("adam (token:")
    first.go_back()
    first.reload()
    _approve(first)
    expect(first.get_by_role("alert")).to_contain_text("You had answered so before")
    names = [d.person.name for d in console.ledger.decisions(asked.id)]
    assert sorted(names) == ["adam", "anna"]


def test_what_expired_cannot_be_approved(console: Console, window: Opens) -> None:
    """An approval counts that came too late."""
    asked, page = console.asked(expires=900.0, made_at=CLOCK.now() - timedelta(hours=1)), window()
    console.open(page, asked.path)
    _approve(page)
    expect(page.get_by_role("alert")).to_contain_text("expired")
    assert console.ledger.decisions(asked.id) == ()


def test_another_plan_than_the_shown_one_is_not_approved(console: Console, window: Opens) -> None:
    """Somebody consents to what they never saw."""
    asked, page = console.asked(), window()
    console.open(page, asked.path)
    other = "sha256:" + "0" * 64
    page.locator("form[action$='/approve'] input[name=digest]").evaluate(
        "(element, value) => { element.value = value }", other
    )
    _approve(page)
    expect(page.get_by_role("alert")).to_contain_text("another plan")
    assert console.ledger.decisions(asked.id) == ()


def test_a_rollback_that_was_denied_meanwhile_says_so(console: Console, window: Opens) -> None:
    """Somebody believes to have approved what another denied."""
    asked, page = console.asked(), window(java_script_enabled=False)
    console.open(page, asked.path)
    denied = a_decision(asked.plan, Answer.DENY, person=a_person("adam"), at=CLOCK.now())
    console.ledger.decide(denied)
    asked.move(Status.DENIED, "denied by adam")
    _approve(page)
    expect(page.get_by_role("alert")).to_contain_text("is over (denied)")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


@pytest.mark.parametrize(
    ("by", "says"),
    [("vera", "vera has no role"), ("olga", "olga has no role"), ("oskar", None)],
)
def test_who_may_not_answer_is_told_so(
    console: Console, window: Opens, by: str, says: str | None
) -> None:
    """Somebody without the role sees a button, or what is none of their business."""
    asked, page = console.asked(), window()
    console.open(page, asked.path, by=by)
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    if says is None:
        expect(page.get_by_role("heading", level=1)).to_contain_text("may not do this")
    else:
        expect(page.locator("main")).to_contain_text(says)


def test_hostile_text_is_text(console: Console, window: Opens) -> None:
    """A reason runs a script in the page of whoever may approve."""
    asked, page = console.asked(reason=HOSTILE), window()
    console.open(page, asked.path)
    expect(page.locator("main")).to_contain_text("<script>window.hit = 1</script>")
    assert page.evaluate("window.hit") is None
    assert page.locator("img, main script, a[href^=javascript]").count() == 0
    text = page.locator("main").inner_text()
    assert "\u202e" not in text
    assert "\N{WHITE HEAVY CHECK MARK} safe" not in text
    page.goto(f"{console.url}{asked.path}/report.html")
    assert page.evaluate("window.hit") is None
    assert page.locator("img, script, a").count() == 0


def test_denying_says_why(console: Console, window: Opens) -> None:
    """A denial is lost, or its reason is."""
    asked, page = console.asked(), window()
    console.open(page, asked.path)
    page.get_by_label("Why not").fill("the trouble is elsewhere")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("alert")).to_have_text("Your denial is recorded.")
    given = console.ledger.decisions(asked.id)
    assert [(d.answer, d.reason) for d in given] == [(Answer.DENY, "the trouble is elsewhere")]
    expect(page.locator("#shown")).to_contain_text(re.compile("anna .* denied by web"))


def test_giving_up_what_stopped(console: Console, window: Opens) -> None:
    """A Target stays blocked by a rollback that nobody can go on with, and only a shell helps."""
    asked, page = console.asked(), window()
    asked.move(Status.APPROVED, "approved")
    asked.move(Status.EXECUTING, "executing")
    asked.move(Status.INTERRUPTED, "stopped on request")
    console.ledger.release(asked.claim)
    console.open(page, asked.path, by="vera")
    expect(page.get_by_role("button", name="Give it up")).to_have_count(0)
    other = window()
    console.open(other, asked.path, by="olga")
    expect(other.get_by_role("button", name="Go on from where it stopped")).to_be_visible()
    other.get_by_label("Why it is given up").fill("done by hand")
    other.get_by_role("button", name="Give it up").click()
    expect(other.get_by_role("alert")).to_contain_text("is given up")
    expect(page.locator("#shown")).to_contain_text("Abandoned")
    told = console.ledger.rollback(asked.id)
    assert told is not None
    assert (told.status, told.status_detail) == (
        Status.ABANDONED,
        "abandoned by olga: done by hand",
    )


def test_going_on_with_what_stopped(console: Console, window: Opens) -> None:
    """A rollback stays in the middle although somebody at the page says that it may go on."""
    asked, page = console.asked(), window()
    asked.move(Status.APPROVED, "approved")
    asked.move(Status.EXECUTING, "executing")
    asked.move(Status.INTERRUPTED, "stopped on request")
    before = len(console.ledger.journal(asked.id))
    console.ledger.release(asked.claim)
    console.open(page, asked.path, by="olga")
    page.get_by_role("button", name="Go on from where it stopped").click()
    expect(page.get_by_role("alert")).to_have_text("The rollback goes on.")
    entries = console.ledger.journal(asked.id)
    assert len(entries) > before
    assert "going on from where it stopped" in entries[before].text
