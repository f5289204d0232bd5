"""The terminal this command was started at, as a channel that shares the screen with it.

Made by ``session``. The command itself shows plan and report, so they are not posted here again.
A terminal that dies ends nothing: the question stays open everywhere else.
"""

import os
from contextlib import suppress

from smartspec_rollback.cli.screen import Screen
from smartspec_rollback.domain.approval import Question
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.channel import Notice, NoticeKind, Reply
from smartspec_rollback.providers.channels.terminal import (
    PROMPT,
    TerminalChannel,
    TerminalSettings,
)


class OwnTerminal(TerminalChannel):
    """Asks at the terminal, and leaves plan and report to the screen."""

    def __init__(self, screen: Screen) -> None:
        """Share the terminal with ``screen``."""
        super().__init__(TerminalSettings())
        self._screen = screen

    @classmethod
    def can_decide(cls) -> bool:
        """Tell whether somebody can both read the question here and answer it."""
        return cls.available() and os.isatty(2)

    def post(self, notice: Notice, /) -> None:
        """Show what the command would not show by itself."""
        if notice.kind is NoticeKind.PROGRESS:
            self._screen.say(notice.text)

    def ask(self, question: Question, /) -> None:
        """Put the question below the plan."""
        self._screen.asking(PROMPT)
        try:
            super().ask(question)
        except ProviderError as error:
            self._screen.answered()
            self._screen.say(str(error))

    def poll(self) -> Reply | None:
        """Return an answer if there is one."""
        try:
            reply = super().poll()
        except ProviderError:
            reply = None
        if self._asked is None:
            self._screen.answered()
        return reply

    def withdraw(self) -> None:
        """Stop asking."""
        with suppress(ProviderError):
            super().withdraw()
        self._screen.answered()
