"""The chats and other outlets of a ledger: what is told there, and what is heard.

Started by a server, by a worker, and by a command that runs without either for as long as it runs.
``courier`` tells and ``desk`` hears; here they are only given what the configuration names. Several
Targets may share one place, and one process serves it.
"""

from collections.abc import Callable, Collection, Iterable

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.engine.parts import Listener, Request
from smartspec_rollback.errors import Refused
from smartspec_rollback.operations.courier import Courier, outlets
from smartspec_rollback.operations.desk import Desk
from smartspec_rollback.operations.events import Hub
from smartspec_rollback.operations.operations import Given, Operations
from smartspec_rollback.operations.saying import Office, Verbs
from smartspec_rollback.wiring import Workspace

_TOLD_WITHIN = 5.0


class Chats:
    """Everything that is told and heard outside a server's own pages."""

    def __init__(
        self,
        workspace: Workspace,
        verbs: Verbs,
        targets: Iterable[Target],
        *,
        url: str,
        places: Collection[str] | None = None,
    ) -> None:
        """Serve the outlets of these Targets, or of them those at some ``places``.

        Links begin with ``url``, where there is one.
        """
        serving = outlets(
            (target, messenger)
            for target in targets
            for messenger in workspace.outlets(target)
            if places is None or messenger.place in places
        )
        self.messengers = tuple(outlet.messenger for outlet in serving)
        self.courier = Courier(
            workspace.store,
            serving,
            clock=workspace.clock,
            link=_linked(url),
            tell=workspace.surroundings.warn,
        )
        office = Office(
            verbs=verbs,
            store=workspace.store,
            clock=workspace.clock,
            identify=workspace.configuration.identify,
        )
        self.desk = Desk(office, self.messengers)

    def start(self, hub: Hub | None = None) -> None:
        """Begin to tell and to hear; a ``hub`` says at once when there is something to tell."""
        self.courier.start()
        self.desk.start()
        if hub is not None:
            hub.subscribe(lambda _: self.courier.wake())

    def hush(self) -> None:
        """Hear no more: what is not settled is worked off by whoever serves next."""
        self.desk.stop()

    def stop(self) -> None:
        """Tell what became of everything, as far as that goes quickly, and end."""
        self.courier.drain(within=_TOLD_WITHIN)
        self.courier.stop()


class OnlyAnswers:
    """What a command hears for while it runs: answers to plans, and nothing that would outlive it.

    Implements the desk's ``Verbs``.
    """

    def __init__(self, operations: Operations) -> None:
        """Take answers by these."""
        self._operations = operations

    def answer(
        self,
        who: Principal,
        rollback_id: str,
        given: Answer,
        /,
        *,
        digest: str,
        channel: str,
        reason: str = "",
    ) -> Given:
        """Record an answer."""
        return self._operations.answer(
            who, rollback_id, given, digest=digest, channel=channel, reason=reason
        )

    def candidates(self, _: Principal, /) -> tuple[LedgerEntry, ...]:
        """Refuse: whoever chooses wants to go on."""
        raise _nobody_serves()

    def rollback(self, _: Principal, __: Request, /) -> Report:
        """Refuse."""
        raise _nobody_serves()

    def gate(self, _: Principal, __: str, ___: Listener, /) -> Verdict:
        """Refuse."""
        raise _nobody_serves()


def _nobody_serves() -> Refused:
    return Refused(
        "no server takes commands from this channel at present",
        remedy="type it at a terminal, or start `smartspec serve` or `smartspec worker`",
    )


def _linked(url: str) -> Callable[[str], str]:
    return lambda rollback_id: f"{url}/rollbacks/{rollback_id}" if url else ""
