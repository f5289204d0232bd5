"""What every verb behind a server starts from: the server, and who it says we are.

``rollbacks`` and ``records`` derive from it.
"""

from collections.abc import Callable
from importlib.metadata import version

from smartspec_rollback.errors import Forbidden, Unidentified, UsageError
from smartspec_rollback.ports.channel import AnswerableChannel
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.remote.asking import Server
from smartspec_rollback.remote.following import PATIENCE
from smartspec_rollback.remote.place import Place
from smartspec_rollback.server.api.documents import MeDocument


class Behind:
    """One server that is asked."""

    def __init__(
        self,
        place: Place,
        *,
        clock: Clock,
        stop: Callable[[], bool],
        terminal: Callable[[], AnswerableChannel | None],
        patience: float = PATIENCE,
    ) -> None:
        """Ask at ``place``; ``terminal`` makes the channel to who sits here, if anybody does."""
        self._place = place
        self._server = Server(place)
        self._clock = clock
        self._stop = stop
        self._terminal = terminal
        self._patience = patience
        self._known: MeDocument | None = None

    def _me(self) -> MeDocument:
        """Learn who the token says we are, and that the server is of this very version."""
        if self._known is None:
            self._known = self._introduced()
        return self._known

    def _introduced(self) -> MeDocument:
        try:
            found = self._server.get(MeDocument, "/v1/me")
        except Unidentified:
            raise
        except Forbidden as error:
            error.remedy = "give the token the scope `read` too, to follow what it asks for"
            raise
        own = version("smartspec-rollback")
        if found.version != own:
            raise UsageError(
                f"the server is version {found.version}, this command is {own}",
                where=str(self._place),
                remedy="install the server's version of smartspec-rollback here",
            )
        return found
