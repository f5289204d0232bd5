"""A channel that remembers what was posted and answers as a test wrote for it.

Used by tests of the engine; passes the channel contracts. ``MuteChannel`` cannot be answered in.
"""

from typing import ClassVar

from smartspec_rollback.domain.approval import Question
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.ports.channel import Notice, Reply


class MuteChannel:
    """Remembers notices. ``broken``: posting fails."""

    name: ClassVar[str] = "mute"

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.notices: list[Notice] = []

    def post(self, notice: Notice, /) -> None:
        """Remember the notice."""
        if self.broken:
            raise ProviderUnavailable("the channel is down", where=f"channel {self.name}")
        self.notices.append(notice)


class FakeChannel(MuteChannel):
    """Remembers notices and questions, and gives the scripted replies in turn.

    ``script`` answers the next questions by itself; ``reply`` answers the open one. Both are lost
    where nothing is asked, as a word typed into the void is.
    """

    name: ClassVar[str] = "fake"

    def __init__(self, *script: Reply, broken: bool = False) -> None:
        super().__init__(broken=broken)
        self.questions: list[Question] = []
        self.withdrawn = 0
        self._script = list(script)
        self._open = False
        self._replies: list[Reply] = []

    def reply(self, reply: Reply) -> None:
        """Answer the open question."""
        if self._open:
            self._replies.append(reply)

    def ask(self, question: Question, /) -> None:
        """Open a question; the next scripted reply answers it."""
        self.questions.append(question)
        self._open = True
        self._replies = [self._script.pop(0)] if self._script else []

    def poll(self) -> Reply | None:
        """Return the answer once."""
        if not self._open or not self._replies:
            return None
        self._open = False
        return self._replies.pop(0)

    def withdraw(self) -> None:
        """Close the question."""
        if self._open:
            self.withdrawn += 1
        self._open = False
        self._replies = []
