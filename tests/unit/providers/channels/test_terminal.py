"""The terminal channel: only a clear answer, typed after the question, by the person there."""

import os
import pty
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.channels.terminal import (
    TRIES,
    TerminalChannel,
    TerminalSettings,
)
from smartspec_rollback.testing.channel_contract import a_notice, a_question


@dataclass
class Desk:
    """A person at a terminal, and the channel there."""

    person: int
    shown: int
    channel: TerminalChannel

    def type_in(self, text: str) -> None:
        """Type."""
        os.write(self.person, text.encode())

    def read(self) -> str:
        """Read what was shown since."""
        return os.read(self.shown, 65536).decode()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Supply a desk; the tests are no foreground job of its terminal."""
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    person, program = os.openpty()
    shown, notices = os.pipe()
    channel = TerminalChannel(TerminalSettings(), answers=program, notices=notices)
    yield Desk(person, shown, channel)
    for file in (person, program, shown, notices):
        os.close(file)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("yes\n", Answer.APPROVE),
        ("y\n", Answer.APPROVE),
        (" YES \n", Answer.APPROVE),
        ("no\n", Answer.DENY),
        ("N\n", Answer.DENY),
        ("what?\nyes\n", Answer.APPROVE),
        ("no\nyes\n", Answer.DENY),
    ],
)
def test_first_clear_answer_counts(desk: Desk, typed: str, answer: Answer) -> None:
    """A person's answer is taken for another one."""
    desk.channel.ask(a_question())
    desk.type_in(typed)
    reply = desk.channel.poll()
    assert reply is not None
    assert reply.answer is answer


@pytest.mark.parametrize("typed", ["\n", "yes", "yes please\n", "yesyes\n", "ok\n", "да\n", "1\n"])
def test_nothing_but_a_clear_answer_counts(desk: Desk, typed: str) -> None:
    """A half-typed or mistyped line approves a rollback of production."""
    desk.channel.ask(a_question())
    desk.type_in(typed)
    assert desk.channel.poll() is None


def test_what_was_typed_before_the_question_does_not_count(desk: Desk) -> None:
    """An impatient Enter or "yes" approves a plan that nobody has seen."""
    desk.type_in("yes\n")
    desk.channel.ask(a_question())
    assert desk.channel.poll() is None
    desk.type_in("no\n")
    reply = desk.channel.poll()
    assert reply is not None
    assert reply.answer is Answer.DENY


def test_rubbish_is_asked_about_a_few_times(desk: Desk) -> None:
    """A cat on the keyboard is asked for ever, or taken for consent."""
    desk.channel.ask(a_question())
    desk.type_in("meow\n" * (TRIES + 1) + "yes\n")
    assert desk.channel.poll() is None
    assert desk.channel.poll() is None
    shown = desk.read()
    assert shown.count("Please answer yes or no.") == TRIES - 1
    assert "smartspec approve rb-1" in shown


def test_closed_terminal_is_no_answer(desk: Desk) -> None:
    """A hung-up terminal denies what others want to approve, or makes a poll fail."""
    desk.channel.ask(a_question())
    desk.type_in("\x04")
    assert desk.channel.poll() is None
    assert "smartspec approve rb-1" in desk.read()


def test_no_terminal_cannot_be_asked(desk: Desk) -> None:
    """A pipe full of "yes" approves like a person."""
    answers, writer = os.pipe()
    os.write(writer, b"yes\n")
    channel = TerminalChannel(TerminalSettings(), answers=answers)
    assert not TerminalChannel.available(answers)
    with pytest.raises(ProviderError, match="no terminal") as caught:
        channel.ask(a_question())
    assert "smartspec approve rb-1" in caught.value.remedy
    assert channel.poll() is None
    assert desk.channel.poll() is None
    os.close(answers)
    os.close(writer)


def test_only_the_foreground_of_its_own_terminal_can_ask() -> None:
    """A command in the background stops at its question, and the rollback with it."""
    child, terminal = pty.fork()
    if child == 0:
        os._exit(10 if TerminalChannel.available(0) else 11)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 10
    person, others = os.openpty()
    assert not TerminalChannel.available(others)
    os.close(person)
    os.close(others)


@given(text=st.text(max_size=300))
def test_shown_text_cannot_steer_the_terminal(text: str) -> None:
    """A release's name moves the cursor and rewrites the plan on the screen."""
    shown, notices = os.pipe()
    try:
        channel = TerminalChannel(TerminalSettings(), notices=notices)
        channel.post(a_notice(text))
        seen = os.read(shown, 65536).decode()
    finally:
        os.close(shown)
        os.close(notices)
    assert all(c.isprintable() or c in "\n\t" for c in seen)
