"""What stands in chats: bounded, harmless, and saying how to answer."""

from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from tests.golden import cases
from tests.unit.views.hostile import hostile_text, plan_full_of, report_full_of

from smartspec_rollback.domain.approval import Answer, Policy
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.engine.report import unsaved
from smartspec_rollback.testing.samples import (
    a_decision,
    a_deployment,
    a_finding,
    a_person,
    a_plan,
    a_rollback,
)
from smartspec_rollback.views import chat_html, chat_text
from smartspec_rollback.views.chat_markdown import fitted, html, plain

OURS = frozenset(
    {"h1", "h2", "p", "br", "ul", "ol", "li", "strong", "code", "table", "thead", "tbody"}
    | {"tr", "th", "td"}
)
EVENT = 65_536


class _Seen(HTMLParser):
    """Collects elements, attributes and text."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: list[object] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def waiting(plan: Plan) -> Report:
    """Tell of a plan that waits for approval."""
    return unsaved(a_rollback(plan=plan, status=Status.AWAITING_APPROVAL), plan)


def assert_harmless(document: str) -> None:
    """See that nothing but our own elements is there, each closed, none with attributes."""
    seen = _Seen(document)
    assert seen.elements <= OURS
    assert not seen.attributes
    assert not seen.open


@given(hostile_text())
def test_nothing_hostile_gets_into_a_room(text: str) -> None:
    """If it fails, a version's name runs as markup in every responder's client."""
    told = waiting(plan_full_of(text))
    for shown in (
        chat_html.plan(told, link=text),
        chat_html.progress(told),
        chat_html.report(report_full_of(text)),
        chat_html.said(text, text),
    ):
        assert_harmless(shown.document)


@given(hostile_text())
def test_any_markdown_is_harmless_as_html(text: str) -> None:
    """If it fails, what escapes the Markdown views' care becomes markup after all."""
    assert_harmless(html(text))
    assert_harmless(html(f"- {text}\n    - {text}\n|{text}|\n# {text}"))


def test_the_plan_stands_there_whole() -> None:
    """If it fails, people approve what they were not shown."""
    told = waiting(cases.uncertain())
    shown = chat_html.plan(told)
    words = _Seen(shown.document).text
    for step in told.plan.steps:
        assert step.title.replace("`", "") in words
        assert step.title.replace("`", "") in shown.text
    assert "Approve this plan? (yes/no)" in words
    assert "<h1>Rollback Plan: deploy-12345</h1>" in shown.document
    assert "<li>" in shown.document
    assert "Rollback Plan: deploy-12345" in shown.text
    assert "**" not in shown.text
    assert "\\" not in shown.text


def test_high_risk_asks_for_the_digest() -> None:
    """If it fails, nobody knows what to write, or a thoughtless reaction is invited."""
    high = waiting(a_plan(risk=Risk.HIGH))
    named = high.digest.removeprefix("sha256:")[:8]
    assert f"<code>approve {named}</code>" in chat_html.plan(high).document
    assert "React with 👍" not in chat_html.plan(high).text
    low = chat_html.plan(waiting(a_plan(risk=Risk.LOW)))
    assert "React with 👍 or reply approve" in low.text


def test_a_settled_plan_is_no_question() -> None:
    """If it fails, people answer what was decided long ago."""
    for told in (
        unsaved(a_rollback(status=Status.DENIED, status_detail="denied by bob"), a_plan()),
        unsaved(a_rollback(status=Status.EXPIRED), a_plan()),
        cases.succeeded(),
    ):
        shown = chat_html.plan(told)
        assert "Approve this plan?" not in shown.text
        assert "React" not in shown.text
    denied = unsaved(a_rollback(status=Status.DENIED, status_detail="denied by bob"), a_plan())
    assert "denied by bob" in chat_html.plan(denied).text


def test_answers_so_far_are_told() -> None:
    """If it fails, nobody knows that one more approval is needed."""
    plan = a_plan(policy=Policy(quorum=2))
    given_ = a_decision(plan, person=a_person("carol"))
    told = msgspec.structs.replace(waiting(plan), decisions=(given_,))
    assert "1 of 2 approvals: carol." in chat_html.plan(told).text
    denied = msgspec.structs.replace(given_, answer=Answer.DENY)
    told = msgspec.structs.replace(told, decisions=(denied,))
    assert "approvals:" not in chat_html.plan(told).text


@pytest.mark.parametrize("letter", ["x", "<", "ü", "`", "|"])
def test_the_longest_plan_fits_an_event(letter: str) -> None:
    """If it fails, the server refuses the post, and nobody is asked."""
    findings = tuple(a_finding(f"check-{n}", number=n, summary=letter * 5000) for n in range(1, 60))
    told = waiting(a_plan(findings=findings))
    shown = chat_html.plan(told, link="https://rollback.example.org/rollbacks/rb-1")
    assert len(shown.text.encode()) + len(shown.document.encode()) < EVENT - 8000
    assert_harmless(shown.document)
    assert "Approve this plan? (yes/no)" in shown.text
    assert "smartspec show rb-1" in shown.text
    assert "Rollback Plan: deploy-12345" in shown.text


def test_what_is_cut_loses_its_details_first() -> None:
    """If it fails, the steps are cut off while evidence nobody reads stays."""
    written = "# Head\n\n- finding\n" + "    - evidence\n" * 100 + "\n1.  step\n"
    cut = fitted(written, limit=400, whole="`smartspec show rb-1`")
    assert "evidence" not in cut
    assert "1.  step" in cut
    assert "The whole: `smartspec show rb-1`" in cut
    assert fitted(written, limit=100_000, whole="") == written
    assert len(fitted("x" * 9000 + "\n" + written * 9, limit=400, whole="").encode()) <= 400


def test_progress_tells_each_step() -> None:
    """If it fails, people watch a message that says nothing."""
    shown = chat_html.progress(cases.interrupted())
    for step in cases.interrupted().steps:
        assert plain(step.title) in shown.text
    assert "Newest:" in shown.text
    assert shown.headline == chat_text.progress(cases.interrupted()).headline


def test_choices_can_be_typed() -> None:
    """If it fails, a responder without an id has nothing to copy."""
    entry = LedgerEntry(deployment=a_deployment("deploy-7", "v1.2.1"))
    shown = chat_html.choices(
        (entry,), command="!smartspec_rollback", flag="--failed-deployment-id"
    )
    assert "<code>!smartspec_rollback --failed-deployment-id deploy-7</code>" in shown.document
    assert "No deployment" in chat_html.choices((), command="!x", flag="--y").text
