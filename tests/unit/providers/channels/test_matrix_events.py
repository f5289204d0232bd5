"""What is said in a Matrix room means what its writer meant, and talk means nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.ports.messenger import Answered, Commanded, Heard
from smartspec_rollback.providers.channels.matrix.events import heard, meaning, read

ME, ALICE = "@bot:example.org", "@alice:example.org"
A, D = Answer.APPROVE, Answer.DENY


def event(content: Any, kind: str = "m.room.message", **more: Any) -> dict[str, Any]:
    """Make an event as /sync gives it."""
    return {
        "type": kind,
        "sender": ALICE,
        "event_id": "$said",
        "origin_server_ts": 1_767_323_045_000,
        "content": content,
        **more,
    }


def means(found: dict[str, Any], sign: str = "!") -> Heard | None:
    """Say what an event means."""
    return heard(found, place="matrix:#ops:example.org", me=ME, sign=sign)


def text(body: str, **more: Any) -> dict[str, Any]:
    """Make a message."""
    return event({"msgtype": "m.text", "body": body, **more})


def reply(body: str, **relation: Any) -> dict[str, Any]:
    """Make a message that answers another."""
    above = relation or {"m.in_reply_to": {"event_id": "$plan"}}
    return text(body, **{"m.relates_to": above})


@pytest.mark.parametrize("key", ["👍", "👍🏿", "👍️", "✅", "✅️", "✔️", "☑"])
def test_thumbs_of_every_colour_approve(key: str) -> None:
    """If it fails, somebody's consent is not seen."""
    assert meaning(key) is A


@pytest.mark.parametrize("key", ["👎", "👎🏻", "❌", "❌️", "✖️", "🚫", "⛔"])
def test_thumbs_down_deny(key: str) -> None:
    """If it fails, somebody's denial is not seen."""
    assert meaning(key) is D


@pytest.mark.parametrize("key", ["", "🎉", "👀", "👍👍", "yes", "👍x", "👨‍👩‍👧", "\ufe0f"])
def test_other_reactions_mean_nothing(key: str) -> None:
    """If it fails, a joke approves a rollback."""
    assert meaning(key) is None


@pytest.mark.parametrize(
    ("body", "answer", "digest", "reason"),
    [
        ("approve", A, "", ""),
        ("Approve!", A, "", ""),
        ("approved", A, "", ""),
        ("yes", A, "", ""),
        ("approve 1A2b3c4d", A, "1a2b3c4d", ""),
        ("approve `1a2b3c4d`", A, "1a2b3c4d", ""),
        ("approve sha256:1a2b3c4d5e6f looks good", A, "1a2b3c4d5e6f", "looks good"),
        ("deny", D, "", ""),
        ("Deny: not now,\nwe are mending it", D, "", "not now,\nwe are mending it"),
        ("deny the schema breaks", D, "", "the schema breaks"),
        ("no", D, "", ""),
        ("> <@bot:x> plan\n> more\n\napprove", A, "", ""),
    ],
)
def test_replies_answer(body: str, answer: Answer, digest: str, reason: str) -> None:
    """If it fails, an answer is lost or says something else."""
    found = means(reply(body))
    assert isinstance(found, Answered)
    assert (found.answer, found.digest, found.reason) == (answer, digest, reason)
    assert found.ref == "$plan"
    assert found.account == f"matrix:{ALICE}"
    assert read(found.handle).to == ALICE


@pytest.mark.parametrize(
    "body",
    [
        "approve of this only if the schema is fine",
        "approve 1a2b3c",
        "I approve",
        "yes, let us look at it",
        "no idea",
        "denying is wrong",
        "approver?",
        "",
    ],
)
def test_talk_is_no_answer(body: str) -> None:
    """If it fails, a sentence about the plan decides it."""
    assert means(reply(body)) is None


def test_an_answer_in_the_thread_is_to_the_plan() -> None:
    """If it fails, who answers below the plan is not heard."""
    thread = {"rel_type": "m.thread", "event_id": "$plan", "m.in_reply_to": {"event_id": "$other"}}
    found = means(reply("approve", **thread))
    assert isinstance(found, Answered)
    assert found.ref == "$plan"
    assert means(reply("yes", **thread)) is None
    assert means(reply("no", **thread)) is None
    assert means(text("approve")) is None


@pytest.mark.parametrize(
    ("body", "command", "arguments"),
    [
        ("!smartspec_rollback", "smartspec_rollback", ""),
        ("! Smartspec_Rollback  --x y", "smartspec_rollback", "--x y"),
        (
            "/smartspec_quality_gate --deployment-id d",
            "smartspec_quality_gate",
            "--deployment-id d",
        ),
        ("!smartspec-rollback\n--x", "smartspec_rollback", "--x"),
        (" !smartspec\\_rollback a", "smartspec_rollback", "a"),
    ],
)
def test_commands_are_heard(body: str, command: str, arguments: str) -> None:
    """If it fails, a responder's command is taken for talk."""
    found = means(text(body))
    assert isinstance(found, Commanded)
    assert (found.command, found.arguments) == (command, arguments)
    assert found.said_at is not None
    assert found.said_at.year == 2026


@pytest.mark.parametrize(
    "found",
    [
        text("!smartspec_rollback", **{"m.relates_to": {"rel_type": "m.replace"}}),
        text("smartspec_rollback --failed-deployment-id x"),
        text("!other"),
        text("!"),
        event({"msgtype": "m.notice", "body": "!smartspec_rollback"}),
        event({"msgtype": "m.text", "body": "!smartspec_rollback"}, sender=ME),
        event({"msgtype": "m.text", "body": "!smartspec_rollback"}, state_key=""),
        event({"msgtype": "m.text", "body": 7}),
        event({}),
        event([]),
        event({"m.relates_to": {"rel_type": "m.annotation", "key": "👍"}}, "m.reaction"),
        event({"m.relates_to": {"event_id": "$p", "key": "👍"}}, "m.reaction"),
        event({"m.relates_to": "x"}, "m.reaction"),
        {"type": "m.room.message"},
    ],
)
def test_what_means_nothing(found: dict[str, Any]) -> None:
    """If it fails, an edit, the bot itself or a forged event commands."""
    assert means(found) is None


def test_another_sign() -> None:
    """If it fails, the sign that a team configured does nothing."""
    assert isinstance(means(text("%%smartspec_rollback"), sign="%%"), Commanded)
    assert means(text("!smartspec_rollback"), sign="%%") is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


@given(_JSON, _JSON, _JSON, st.sampled_from(["m.room.message", "m.reaction"]))
def test_nothing_breaks_it(content: Any, relation: Any, odd: Any, kind: str) -> None:
    """If it fails, one forged event makes the bot deaf."""
    forged = {"msgtype": "m.text", "body": odd, "m.relates_to": relation}
    for each in (content, forged):
        means(event(each, kind, origin_server_ts=odd))
        means({"type": kind, "sender": odd, "event_id": odd, "content": each})
