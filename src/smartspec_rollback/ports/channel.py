"""Where responders are: plans, progress and reports go out, answers come in."""

from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

from smartspec_rollback.domain.approval import Answer, Question
from smartspec_rollback.domain.values import Value


class NoticeKind(StrEnum):
    """What a notice is about."""

    PLAN = "plan"
    PROGRESS = "progress"
    REPORT = "report"


class Notice(Value):
    """Something to post: Markdown text about one rollback."""

    kind: NoticeKind
    rollback_id: str
    text: str


class Channel(Protocol):
    """A place to post to. A channel that fails never stops a rollback."""

    name: ClassVar[str]

    def post(self, notice: Notice, /) -> None:
        """Post; ProviderError if it could not be delivered."""
        ...


class Reply(Value):
    """An answer with the account that gave it, as the channel itself proved it (``os:alice``)."""

    answer: Answer
    account: str
    reason: str = ""


@runtime_checkable
class Answers(Protocol):
    """Can be answered in. The terminal can; a file cannot."""

    def ask(self, question: Question, /) -> None:
        """Put the question, once."""
        ...

    def poll(self) -> Reply | None:
        """Return an answer if one has come since; never block."""
        ...

    def withdraw(self) -> None:
        """Take the question back: it was settled elsewhere, or nobody needs the answer."""
        ...


@runtime_checkable
class AnswerableChannel(Channel, Answers, Protocol):
    """A channel that can be answered in."""
