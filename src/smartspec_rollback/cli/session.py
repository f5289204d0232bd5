"""One run of a command: how it talks, when it has to stop, and what it works on.

Made by ``exits.run`` and handed to every command. Imports nothing heavy by itself.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from smartspec_rollback.cli.output import Output
from smartspec_rollback.cli.stop import Stop

if TYPE_CHECKING:
    from pathlib import Path

    from smartspec_rollback.cli.chatting import CommandChats
    from smartspec_rollback.cli.own_terminal import OwnTerminal
    from smartspec_rollback.cli.screen import Screen
    from smartspec_rollback.cli.verbs import Verbs
    from smartspec_rollback.wiring import Workspace


class Session:
    """What one run of a command shares.

    ``judges`` is set by the quality gate, whose exit codes mean something else. ``server`` is the
    server that has the ledger, None where it is at hand.
    """

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        """Guess the format from the arguments, so that even their own errors come out in it."""
        self.output = Output()
        self.output.format = _format_in(arguments)
        self.verbose = "--verbose" in arguments
        self.stop = Stop()
        self.config: Path | None = None
        self.server: str | None = None
        self.judges = False
        self._screen: Screen | None = None
        self._workspace: Workspace | None = None
        self._verbs: Verbs | None = None

    @property
    def rollback_id(self) -> str:
        """The rollback that this run has to do with; empty before there is one."""
        return self._screen.rollback_id if self._screen else ""

    @property
    def screen(self) -> "Screen":
        """Where progress is shown."""
        if self._screen is None:
            from smartspec_rollback.cli.screen import Screen

            self._screen = Screen(self.output, self.stop)
        return self._screen

    @property
    def workspace(self) -> "Workspace":
        """The configuration with everything behind it, loaded when first needed."""
        if self._workspace is None:
            from smartspec_rollback.wiring import Surroundings, open_workspace

            if self.verbose:
                from smartspec_rollback.cli.logs import show

                show(self.output)
            surroundings = Surroundings(
                stop=self.stop,
                terminal=self.terminal,
                channels=lambda target: self._chats.channels(target),  # noqa: PLW0108 - made when asked
                notified=lambda target: self._chats.notified(target),  # noqa: PLW0108 - made when asked
                warn=self.output.note,
            )
            self._workspace = open_workspace(self.config, surroundings)
        return self._workspace

    @property
    def verbs(self) -> "Verbs":
        """What can be done with the ledger, which is at hand or behind a server."""
        if self._verbs is None:
            if self.server is not None:
                from smartspec_rollback.cli.reaching import reached

                self._verbs = reached(self, self.server)
            else:
                from smartspec_rollback.cli.at_hand import AtHand

                self._verbs = AtHand(self.workspace)
        return self._verbs

    @cached_property
    def _chats(self) -> "CommandChats":
        from smartspec_rollback.cli.chatting import CommandChats

        return CommandChats(self.workspace)

    def close(self) -> None:
        """Tell what is still owed, and leave the terminal as it was found."""
        if (chats := self.__dict__.pop("_chats", None)) is not None:
            chats.close()
        if self._screen is not None:
            self._screen.close()

    def terminal(self) -> "OwnTerminal | None":
        """Make the channel to who sits at this terminal; None where nobody can answer there."""
        from smartspec_rollback.cli.own_terminal import OwnTerminal

        return OwnTerminal(self.screen) if OwnTerminal.can_decide() else None


def _format_in(arguments: Sequence[str]) -> str:
    """Tell which format the arguments ask for, whether or not the rest of them makes sense."""
    apart = ("--format", "json") in pairwise(arguments)
    return "json" if apart or "--format=json" in arguments else "text"
