"""What every channel must do, as tests: inherit ``ChannelContract`` and supply its fixtures.

``AnswersContract`` is for the channels that can be answered in.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from smartspec_rollback.domain.approval import Answer, Policy, Question
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.channel import Answers, Channel, Notice, NoticeKind, Reply
from smartspec_rollback.testing.samples import NOON, TARGET, a_digest, a_person

Posted = Callable[[], str]
"""Returns everything that arrived where the channel posts to, as one text."""

Reach = Callable[[str], Reply]
"""Answers ``yes`` or ``no`` in the channel, as a person would; returns the reply to expect."""


def a_notice(text: str = "# Rollback Plan: deploy-12345", *, rollback_id: str = "rb-1") -> Notice:
    """Make a notice."""
    return Notice(kind=NoticeKind.PLAN, rollback_id=rollback_id, text=text)


def a_question() -> Question:
    """Make a question that stands for a quarter of an hour."""
    return Question(
        rollback_id="rb-1",
        digest=a_digest("plan"),
        target=TARGET,
        requested_by=a_person(),
        asked_at=NOON,
        expires_at=NOON + timedelta(minutes=15),
        policy=Policy(),
    )


class ChannelContract:
    """Promises of ``Channel``.

    Supply ``channel``, ``posted`` (what arrived) and ``broken``, a channel whose place is gone;
    ``secret`` is a text of its settings that must not be shown, if there is one.
    """

    secret = ""

    @pytest.fixture
    def channel(self) -> Channel:
        """Supply the channel."""
        raise self._not_supplied("channel")

    @pytest.fixture
    def posted(self) -> Posted:
        """Supply a way to read what arrived."""
        raise self._not_supplied("posted")

    @pytest.fixture
    def broken(self) -> Channel:
        """Supply a channel whose place is gone."""
        raise self._not_supplied("broken")

    def test_notices_arrive_in_order(self, channel: Channel, posted: Posted) -> None:
        """People read the plan after its report, or not at all."""
        for number in range(3):
            channel.post(a_notice(f"notice number {number} ✅"))
        text = posted()
        places = [text.index(f"notice number {number}") for number in range(3)]
        assert places == sorted(places)

    def test_hostile_text_is_harmless(self, channel: Channel, posted: Posted) -> None:
        """A version's name steers somebody's terminal."""
        channel.post(a_notice("v1\x1b]0;owned\x07\x1b[2J\r\nsecond line"))
        text = posted()
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "second line" in text

    def test_failure_is_said(self, broken: Channel) -> None:
        """A plan that nobody got counts as posted; or the error shows a secret."""
        with pytest.raises(ProviderError) as caught:
            broken.post(a_notice())
        assert caught.value.where
        assert not self.secret or self.secret not in str(caught.value)

    def _not_supplied(self, fixture: str) -> pytest.UsageError:
        return pytest.UsageError(f"{type(self).__name__} does not supply the fixture {fixture!r}")


class AnswersContract(ChannelContract):
    """Promises of ``Answers``; supply also ``reach``, a person who answers in the channel."""

    @pytest.fixture
    def reach(self) -> Reach:
        """Supply somebody who answers."""
        raise self._not_supplied("reach")

    @pytest.mark.parametrize(("word", "answer"), [("yes", Answer.APPROVE), ("no", Answer.DENY)])
    def test_answer_comes_once(
        self, channel: Channel, reach: Reach, word: str, answer: Answer
    ) -> None:
        """An answer is lost, counted twice, or taken for its opposite."""
        assert isinstance(channel, Answers)
        channel.ask(a_question())
        assert channel.poll() is None
        expected = reach(word)
        assert expected.answer is answer
        assert channel.poll() == expected
        assert channel.poll() is None

    def test_withdrawn_question_has_no_answer(self, channel: Channel, reach: Reach) -> None:
        """An answer to a question that was settled elsewhere approves the next one."""
        assert isinstance(channel, Answers)
        channel.ask(a_question())
        channel.withdraw()
        reach("yes")
        assert channel.poll() is None
        channel.ask(a_question())
        assert channel.poll() is None
        channel.withdraw()
        channel.withdraw()
