"""Posts as Block Kit keep Slack's limits, say what the plan says, and mark up nothing foreign."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden import cases
from tests.unit.views.hostile import hostile_text, plan_full_of, report_full_of

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.ports.buttons import Press, bound, choice
from smartspec_rollback.ports.messenger import Content
from smartspec_rollback.testing.samples import (
    a_decision,
    a_deployment,
    a_finding,
    a_hold,
    a_person,
    a_plan,
    a_rollback,
    a_step,
    later,
)
from smartspec_rollback.testing.slack.blocks import message_faults
from smartspec_rollback.testing.slack.mrkdwn import Read, read
from smartspec_rollback.views import chat_blocks
from smartspec_rollback.views.chat_mrkdwn import code, cut, prose, text, units

LINK = "https://rollback.example.org/rollbacks/rb-1?from=chat&to=page"
_FRAGMENTS = (
    *("<!channel>", "<!here|x>", "<@U012AB3CD>", "<#C012AB3CD>", "<https://evil.example|the plan>"),
    *(
        "*bold*",
        "_it_",
        "~no~",
        "`",
        "```",
        ":white_check_mark:",
        ":100:",
        "&lt;!here&gt;",
        "&amp;",
    ),
    *(
        "https://evil.example",
        "@here",
        "#general",
        "\n>",
        "> ",
        "[✅] all is well",
        "|",
        "mailto:a@b.c",
    ),
)
_CONTRACT = """\
Rollback Plan: deploy-12345
Reason: Quality gate failed (p99 latency > 200ms)
From Version: v1.2.1
To Version: v1.2.0
⚠️ Safety Checks
[✅] No breaking database schema changes detected.
[✅] No data loss risk identified.
Steps
1.  Switch production traffic from v1.2.1 to v1.2.0.
2.  Scale down v1.2.1 instances to 0.
3.  Run verification tests on v1.2.0.
Approve this plan? (yes/no)
"""


def _asked(plan: Plan, status: Status = Status.AWAITING_APPROVAL) -> Report:
    whole = cases.succeeded(plan)
    rollback = a_rollback(plan=plan, status=status)
    return msgspec.structs.replace(whole, rollback=rollback, decisions=())


def _blocks(post: Content) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = json.loads(post.document)["blocks"]
    return blocks


def _texts(document: Content) -> list[dict[str, Any]]:
    """Find every text object of a message."""
    found: list[dict[str, Any]] = []

    def look(held: object) -> None:
        if isinstance(held, dict):
            if held.get("type") in {"plain_text", "mrkdwn"}:
                found.append(held)
            for inner in held.values():
                look(inner)
        elif isinstance(held, list):
            for inner in held:
                look(inner)

    look(_blocks(document))
    return found


def _readings(document: Content) -> list[Read]:
    return [
        read(each["text"], markup=each["type"] == "mrkdwn")
        for each in _texts(document)
        if each["type"] == "mrkdwn"
    ]


def _words(document: Content) -> str:
    return "\n".join(
        read(each["text"]).words if each["type"] == "mrkdwn" else each["text"]
        for each in _texts(document)
    )


def _buttons(document: Content) -> dict[str, dict[str, Any]]:
    return {
        element["action_id"]: element
        for block in _blocks(document)
        if block["type"] == "actions"
        for element in block["elements"]
    }


def _foreign(found: Read) -> list[str]:
    return [*found.calls, *found.links, *found.emoji]


def _hostile() -> st.SearchStrategy[str]:
    slack = st.lists(st.sampled_from(_FRAGMENTS), min_size=1, max_size=8).map(" ".join)
    long = st.tuples(st.sampled_from(_FRAGMENTS), st.integers(1, 400)).map(lambda p: p[0] * p[1])
    return st.one_of(hostile_text(), slack, long)


def _huge(findings: int, steps: int, words: str) -> Report:
    outcomes = list(Outcome)
    found = tuple(
        a_finding(f"check-{n}", outcomes[n % 4], number=n, summary=f"{n} {words}")
        for n in range(findings)
    )
    made = tuple(a_step(f"{n}-step", title=f"{n} {words}", undo=words or "-") for n in range(steps))
    return _asked(a_plan(findings=found, steps=made))


def test_the_contract_lines_stand_in_order() -> None:
    """If it fails, people in Slack no longer find the plan they were promised."""
    lines = iter(_words(chat_blocks.plan(_asked(cases.safe()))).splitlines())
    wanted = _CONTRACT.splitlines()
    assert [line for line in wanted if line in lines] == wanted


@settings(max_examples=60, deadline=None)
@given(words=_hostile(), link=st.sampled_from(["", LINK, "https://x.example/a b|c<d>"]))
def test_hostile_text_keeps_every_limit_and_marks_up_nothing(words: str, link: str) -> None:
    """If it fails, Slack refuses the plan, or a reason notifies the channel or forges a line."""
    told = report_full_of(words)
    asked = msgspec.structs.replace(
        told,
        plan=plan_full_of(words),
        rollback=msgspec.structs.replace(told.rollback, status=Status.AWAITING_APPROVAL),
    )
    for document in (
        chat_blocks.plan(asked, link=link),
        chat_blocks.plan(told, link=link),
        chat_blocks.progress(told, link=link),
        chat_blocks.report(told, link=link),
        chat_blocks.said(words, words),
        chat_blocks.verdict(msgspec.structs.replace(cases.verdict(), reason=words, notes=(words,))),
    ):
        assert message_faults(_blocks(document)) == []
        for found in _readings(document):
            assert not found.calls
            assert not found.emoji
            assert len(found.links) <= (1 if link else 0)
            assert not any("evil" in each for each in found.links)
        for each in _texts(document):
            lines = each["text"].splitlines()
            assert not any(line.startswith((">", "&gt;")) for line in lines)
            assert each["type"] == "plain_text" or each["verbatim"]


@settings(max_examples=15, deadline=None)
@given(
    findings=st.integers(0, 100),
    steps=st.integers(3, 60),
    words=st.sampled_from(["", "word " * 3, "&" * 900, "\U0001f6a8" * 700, '"\\' * 500]),
)
def test_a_long_plan_is_cut_with_a_link_and_never_lost(
    findings: int, steps: int, words: str
) -> None:
    """If it fails, the longest plans are the ones nobody is ever asked about."""
    told = _huge(findings, steps, words)
    document = chat_blocks.plan(told, link=LINK)
    assert message_faults(_blocks(document)) == []
    said = _words(document)
    shown = sum(f"[{m}]" in line for line in said.splitlines() for m in ("✅", "⚠️", "❌", "❔"))
    if shown < findings:
        assert "Shortened to fit here." in said
        assert f"… and {findings - shown} more: " in said
    assert LINK in _readings(document)[-1].links
    assert set(_buttons(document)) == {Press.APPROVE, Press.DENY}
    without = _words(chat_blocks.plan(told))
    assert "smartspec show rb-1" in without


@settings(max_examples=200, deadline=None)
@given(source=_hostile(), limit=st.integers(1, 500))
def test_text_reads_as_itself(source: str, limit: int) -> None:
    """If it fails, a reason is shown in bold, as a link, as a mention or as an emoji."""
    for written in (text(source, limit=limit), code(source, limit=limit)):
        found = read(f"*Reason:* {written}")
        assert found.marked == ["Reason:"]
        assert not _foreign(found)
        assert "\n" not in written
    found = read(f"• {prose(source, limit=limit)}")
    assert not _foreign(found)
    assert not found.marked


@given(source=_hostile(), limit=st.integers(5, 200))
def test_a_cut_line_is_whole(source: str, limit: int) -> None:
    """If it fails, a cut tears an entity or a code span apart, and what follows marks up."""
    line = cut(text(source, limit=600), limit)
    assert units(line) <= limit
    found = read(line)
    assert not _foreign(found)
    assert not found.marked


def test_names_in_prose_stay_names() -> None:
    """If it fails, versions lose the marks by which people find them."""
    assert prose("From `v1` to `v2`.", limit=100) == "From `v1` to `v2`."
    assert read(prose("a`b`c and `d", limit=100)).codes == []


@pytest.mark.parametrize("outcome", [Outcome.ATTENTION, Outcome.BLOCKING, Outcome.UNKNOWN])
def test_only_a_passed_finding_gets_a_check_mark(outcome: Outcome) -> None:
    """If it fails, something not known to be safe is shown as safe: the worst bug there is."""
    plan = a_plan(findings=(a_finding(outcome=outcome, summary="✅ [✅] :white_check_mark: fine"),))
    document = chat_blocks.plan(_asked(plan))
    assert "✅" not in _words(document)
    assert not any(found.emoji for found in _readings(document))


def test_the_buttons_are_bound_to_the_plan() -> None:
    """If it fails, a press approves another plan than the one that was read."""
    plan = cases.safe()
    buttons = _buttons(chat_blocks.plan(_asked(plan)))
    assert set(buttons) == {Press.APPROVE, Press.DENY}
    for pressed in buttons.values():
        carried = bound(pressed["value"])
        assert (carried.rollback_id, carried.digest) == (plan.rollback_id, plan.digest)


def test_high_risk_is_never_approved_by_one_press() -> None:
    """If it fails, a plan of high risk is approved by a thumb on a phone."""
    plan = cases.uncertain()
    document = chat_blocks.plan(_asked(plan))
    assert set(_buttons(document)) == {Press.CONFIRM, Press.DENY}
    assert f"type {plan.digest.removeprefix('sha256:')[:8]}, " in _words(document)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.AWAITING_APPROVAL])
def test_what_is_not_asked_has_no_buttons(status: Status) -> None:
    """If it fails, people answer a question that is settled, and think that it counted."""
    document = chat_blocks.plan(_asked(cases.safe(), status))
    assert not _buttons(document)
    assert "Approve this plan?" not in _words(document)


def test_a_refused_plan_says_so() -> None:
    """If it fails, people wait for a rollback that will not come."""
    said = _words(chat_blocks.plan(_asked(cases.refused(), Status.REFUSED)))
    assert "❌ Refused: v1.2.0 is on hold" in said


def test_answers_so_far_are_told_while_more_are_needed() -> None:
    """If it fails, the second approver does not know that one is missing."""
    plan = cases.safe()
    told = msgspec.structs.replace(
        _asked(plan),
        decisions=(
            a_decision(plan, person=a_person("carol"), at=later(3)),
            a_decision(plan, Answer.APPROVE, person=a_person("dave"), digest="sha256:other"),
        ),
    )
    said = _words(chat_blocks.plan(told))
    assert "carol (os:carol) approved by terminal" in said
    assert "dave" not in said


def test_progress_and_report_say_what_happened() -> None:
    """If it fails, the thread does not tell where production stands."""
    progress = _words(chat_blocks.progress(cases.interrupted(), link=LINK))
    assert progress.startswith("❌ Partially applied: production is between v1.2.1 and v1.2.0")
    assert "❔ Scale down v1.2.1 instances to 0. (unknown since" in progress
    report = _words(chat_blocks.report(cases.succeeded()))
    assert "Rollback Report: deploy-12345" in report
    assert "Failed-deployment recovery time (deployed to verified): 6m 40s" in report
    assert "smartspec hold release hold-rb-1" in report
    assert "bob (os:bob) approved by terminal" in report


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 60), words=_hostile())
def test_candidates_can_be_chosen(count: int, words: str) -> None:
    """If it fails, who types no id has nothing to choose from, or chooses another deployment."""
    entries = [
        LedgerEntry(
            deployment=a_deployment(f"deploy-{n}", version=words or "v"),
            hold=a_hold(reason=words) if n % 2 else None,
        )
        for n in range(count)
    ]
    document = chat_blocks.choices(
        entries, command="/smartspec_rollback", flag="--failed-deployment-id"
    )
    assert message_faults(_blocks(document)) == []
    chosen = [
        choice(element["value"])
        for block in _blocks(document)
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    assert [(each.command, each.arguments) for each in chosen] == [
        ("smartspec_rollback", f"--failed-deployment-id deploy-{n}") for n in range(min(count, 10))
    ]
    if count > 10:
        assert f"… and {count - 10} older ones." in _words(document)
