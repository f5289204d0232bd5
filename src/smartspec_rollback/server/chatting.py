"""The chats and other outlets of a server: what is told there, and what is heard.

Made and ended by ``process``. ``operations.courier`` tells and ``operations.desk`` hears; here they
are only given what the configuration names. Several Targets may share one place.
"""

from smartspec_rollback.domain.target import Target
from smartspec_rollback.operations.courier import Courier
from smartspec_rollback.operations.desk import Desk
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.operations.place import Outlet
from smartspec_rollback.operations.saying import Office
from smartspec_rollback.ports.messenger import Messenger
from smartspec_rollback.wiring import Workspace

_TOLD_WITHIN = 5.0


class Chats:
    """Everything that is told and heard outside the server's own pages."""

    def __init__(self, opened: Opened, *, url: str) -> None:
        """Serve the outlets of every Target; links begin with ``url``."""
        workspace, self._hub = opened.workspace, opened.hub
        outlets = outlets_of(workspace)
        self.messengers = tuple(outlet.messenger for outlet in outlets)
        self._courier = Courier(
            workspace.store,
            outlets,
            clock=workspace.clock,
            link=lambda rollback_id: f"{url}/rollbacks/{rollback_id}",
            tell=workspace.surroundings.warn,
        )
        office = Office(
            verbs=opened.operations,
            store=workspace.store,
            clock=workspace.clock,
            identify=workspace.configuration.identify,
        )
        self.desk = Desk(office, self.messengers)

    def start(self) -> None:
        """Begin to tell and to hear."""
        self._courier.start()
        self.desk.start()
        self._hub.subscribe(lambda _: self._courier.wake())

    def hush(self) -> None:
        """Hear no more: what is not settled is worked off by whoever serves next."""
        self.desk.stop()

    def stop(self) -> None:
        """Tell what became of everything, as far as that goes quickly, and end."""
        self._courier.drain(within=_TOLD_WITHIN)
        self._courier.stop()


def outlets_of(workspace: Workspace) -> tuple[Outlet, ...]:
    """List every place once, with the Targets that are told of there."""
    found: dict[str, tuple[Messenger, set[Target]]] = {}
    for target in workspace.targets:
        for messenger in workspace.outlets(target):
            found.setdefault(messenger.place, (messenger, set()))[1].add(target)
    return tuple(Outlet(each, frozenset(targets)) for each, targets in found.values())
