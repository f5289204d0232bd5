"""The terminal as a channel: posts to standard error, asks the person who started the command.

Made by ``wiring``; the default channel. Standard output stays free for results. Whoever answers
is known by the operating system, never by what they or the environment say.
"""

import os
import select
import sys
import termios
from typing import ClassVar

from smartspec_rollback.domain.approval import Answer, Question
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.channel import Notice, Reply
from smartspec_rollback.providers.system import operator_account

PROMPT = "Approve this plan? (yes/no): "
TRIES = 5
"""After so many lines that are no answer, the question is not repeated."""

_WORDS = {"yes": Answer.APPROVE, "y": Answer.APPROVE, "no": Answer.DENY, "n": Answer.DENY}
_LINE_LIMIT = 4096


class TerminalSettings(Value):
    """Settings of the channel ``terminal``; there are none."""


class TerminalChannel:
    """Posts to one open file, and reads answers from a terminal."""

    name: ClassVar[str] = "terminal"
    settings_type: ClassVar[type[Value]] = TerminalSettings

    def __init__(
        self,
        settings: TerminalSettings,  # noqa: ARG002 - every channel is made with its settings
        *,
        answers: int = 0,
        notices: int = 2,
        prompt: str = PROMPT,
    ) -> None:
        """Read from and write to these open files: standard input and standard error."""
        self._prompt = prompt
        self._answers = answers
        self._notices = notices
        self._asked: Question | None = None
        self._typed = b""
        self._tries = 0

    @staticmethod
    def available(answers: int = 0) -> bool:
        """Tell whether somebody can be asked: a terminal, of which this is the foreground job."""
        try:
            return os.isatty(answers) and os.tcgetpgrp(answers) == os.getpgrp()
        except OSError:
            return False

    def post(self, notice: Notice, /) -> None:
        """Write the text, without what could steer the terminal."""
        self._write(notice.text.rstrip("\n") + "\n")

    def ask(self, question: Question, /) -> None:
        """Put the question; what was typed before it is thrown away, so it cannot approve."""
        if not self.available(self._answers):
            raise ProviderError(
                "there is no terminal to ask at",
                where="channel terminal",
                remedy=f"answer with: smartspec approve {question.rollback_id}",
            )
        termios.tcflush(self._answers, termios.TCIFLUSH)
        self._asked, self._typed, self._tries = question, b"", 0
        self._write(self._prompt)

    def poll(self) -> Reply | None:
        """Return an answer if a whole line with one was typed; never block."""
        while self._asked is not None and self._read():
            while self._asked is not None and b"\n" in self._typed:
                line, self._typed = self._typed.split(b"\n", 1)
                if answer := _WORDS.get(line.decode(errors="replace").strip().lower()):
                    self._asked = None
                    return Reply(answer=answer, account=operator_account())
                self._ask_again()
        return None

    def withdraw(self) -> None:
        """Stop asking."""
        if self._asked is not None:
            self._asked = None
            self._write("\n(question withdrawn)\n")

    def _read(self) -> bool:
        """Read what is there; False if nothing is. An end of input is nobody's answer."""
        try:
            if not select.select([self._answers], [], [], 0)[0]:
                return False
            fresh = os.read(self._answers, _LINE_LIMIT)
        except OSError:
            fresh = b""
        if not fresh:
            self._give_up("the terminal is closed")
            return False
        self._typed = (self._typed + fresh)[-_LINE_LIMIT:]
        return True

    def _ask_again(self) -> None:
        self._tries += 1
        if self._tries < TRIES:
            self._write("Please answer yes or no. " + self._prompt)
        else:
            self._give_up("that was no answer")

    def _give_up(self, why: str) -> None:
        if self._asked is not None:
            rollback = self._asked.rollback_id
            self._asked = None
            self._write(f"\n({why}; answer with: smartspec approve {rollback})\n")

    def _write(self, text: str) -> None:
        shown = "".join(c for c in text if c.isprintable() or c in "\n\t")
        data = shown.encode(sys.getfilesystemencoding(), errors="replace")
        try:
            while data:
                data = data[os.write(self._notices, data) :]
        except OSError as error:
            raise ProviderError(
                f"the terminal cannot be written to: {error.strerror}", where="channel terminal"
            ) from error
