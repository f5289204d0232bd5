"""Opens everything that serving one ledger takes, and closes it in order. Called by ``cli``."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.operations.events import Hub
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.operations.readiness import Lookout
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.operations.watching import Told
from smartspec_rollback.ports.channel import Channel, Notice
from smartspec_rollback.wiring import Surroundings, Workspace, open_workspace


class ServedChannel:
    """The channel of a server: people are asked on its pages, and answer through the ledger."""

    name: ClassVar[str] = "server"

    def post(self, notice: Notice, /) -> None:
        """Do nothing: pages and chat show what the ledger has."""


class Opened:
    """A ledger that is served: its verbs, its runner, its events and its lookout."""

    def __init__(
        self, config: Path | None, *, tell: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        """Open the configuration and its ledger; nothing runs before ``start``.

        ``tell`` hears news, ``warn`` trouble.
        """
        self.workspace: Workspace = open_workspace(
            config, Surroundings(channels=served_channels, warn=warn)
        )
        _ = self.workspace.store, self.workspace.operator  # once, before there are threads
        self.hub = Hub(self.workspace.store, self.workspace.clock)
        self.runner = Runner(self.workspace, listen=self._listen, tell=tell, warn=warn)
        self.operations = Operations(self.workspace, self.runner)
        self.lookout = Lookout(self.workspace)

    def start(self) -> None:
        """Tell what happens, and drive what there is to drive."""
        self.hub.start()
        self.runner.start()
        self.lookout.start()

    def stop(self) -> None:
        """Let what is carried out end, then close the ledger."""
        self.lookout.stop()
        self.runner.stop()
        self.hub.stop()
        self.workspace.store.close()

    def _listen(self, rollback: Rollback) -> Told:
        return Told(self.hub, rollback.id)


_SERVED = ServedChannel()


def served_channels(_: Target) -> tuple[Channel, ...]:
    """Return the channels of a rollback that is asked about in the ledger, whatever its Target."""
    return (_SERVED,)
