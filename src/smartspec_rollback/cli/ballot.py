"""One question for several plans: asked at the terminal once every plan is there.

Made by ``several``. Each rollback gets a channel of its own; an answer counts for every plan that
was shown when it was given, and for no other.
"""

import threading
from typing import ClassVar

from smartspec_rollback.cli.output import Output
from smartspec_rollback.domain.approval import Question
from smartspec_rollback.domain.report import Report
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.channel import Notice, Reply
from smartspec_rollback.providers.channels.terminal import TerminalChannel, TerminalSettings
from smartspec_rollback.views import several


class Ballot:
    """What is asked, and what was answered; several threads may use it."""

    def __init__(self, output: Output) -> None:
        """Show the plans on ``output``; nothing is asked yet."""
        self._output = output
        self._lock = threading.Lock()
        self._reports: dict[str, Report] = {}
        self._open: dict[str, Question] = {}
        self._replies: dict[str, Reply] = {}
        self._terminal: TerminalChannel | None = None
        self._shown: tuple[str, ...] = ()

    def voice(self) -> "Voice":
        """Make the channel of one rollback."""
        return Voice(self)

    def planned(self, report: Report) -> None:
        """Remember a plan, to show it when it is asked about."""
        with self._lock:
            self._reports[report.rollback.id] = report

    @property
    def waiting(self) -> int:
        """How many questions stand open."""
        with self._lock:
            return len(self._open)

    def turn(self) -> None:
        """Ask about what stands open, or look whether an answer came; never blocks."""
        with self._lock:
            standing = tuple(sorted(self._open))
        if standing != self._shown:
            self._ask(standing)
        if self._terminal is None:
            return
        reply = self._terminal.poll()
        if reply is None:
            return
        with self._lock:
            for rollback_id in self._shown:
                if self._open.pop(rollback_id, None) is not None:
                    self._replies[rollback_id] = reply
            self._terminal, self._shown = None, ()

    def _ask(self, standing: tuple[str, ...]) -> None:
        """Show the plans and put the question; again where they are no longer the same."""
        if self._terminal is not None:
            self._terminal.withdraw()
            self._terminal = None
        self._shown = standing
        if not standing:
            return
        with self._lock:
            reports = [self._reports[each] for each in standing if each in self._reports]
            question = self._open.get(standing[0])
        if question is None or len(reports) < len(standing):
            self._shown = ()
            return
        self._output.note(several.plans(reports, width=self._output.aside_width))
        self._output.note("A whole plan: smartspec show ROLLBACK")
        count = "this plan" if len(standing) == 1 else f"these {len(standing)} plans"
        terminal = TerminalChannel(TerminalSettings(), prompt=f"Approve {count}? (yes/no): ")
        try:
            terminal.ask(question)
        except ProviderError as error:
            self._output.note(str(error))
            return
        self._terminal = terminal

    # For the voices

    def put(self, question: Question) -> None:
        """Open a question."""
        with self._lock:
            self._open[question.rollback_id] = question
            self._replies.pop(question.rollback_id, None)

    def reply(self, rollback_id: str) -> Reply | None:
        """Give the answer to a rollback's question, once there is one."""
        with self._lock:
            return self._replies.pop(rollback_id, None)

    def close(self, rollback_id: str) -> None:
        """Take a question back."""
        with self._lock:
            self._open.pop(rollback_id, None)


class Voice:
    """The terminal as one rollback among several sees it."""

    name: ClassVar[str] = "terminal"

    def __init__(self, ballot: Ballot) -> None:
        """Ask through ``ballot``."""
        self._ballot = ballot
        self._asked: str | None = None

    def post(self, notice: Notice, /) -> None:
        """Say nothing: plans and results are shown together."""

    def ask(self, question: Question, /) -> None:
        """Put the question among the others."""
        self._asked = question.rollback_id
        self._ballot.put(question)

    def poll(self) -> Reply | None:
        """Return the answer, once there is one."""
        return None if self._asked is None else self._ballot.reply(self._asked)

    def withdraw(self) -> None:
        """Take the question back."""
        if self._asked is not None:
            self._ballot.close(self._asked)
            self._asked = None
