"""What the API answers with: put together by ``app``, handed to every handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import HTTPConnection

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import UnknownName
from smartspec_rollback.operations.chatting import Chats
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.ports.store import Store
from smartspec_rollback.server.gates import Gates
from smartspec_rollback.server.streams import Streams


class Identifies(Protocol):
    """Says who asks: ``auth.Guard``."""

    def principal(self, request: HTTPConnection, /) -> Principal:
        """Say who asks; Unidentified where nobody proved it."""
        ...

    async def renewed(self, request: HTTPConnection, /) -> Principal:
        """Say who asks as of now, for what stays open for long; Unidentified once that is over."""
        ...


@dataclass(frozen=True)
class Served:
    """One ledger with everything behind it, as the API sees it.

    ``health`` says what is wrong with the process, nothing where it is well. ``describe`` writes
    the OpenAPI document.
    """

    operations: Operations
    guard: Identifies
    streams: Streams
    gates: Gates
    chats: Chats
    health: Callable[[], str]
    describe: Callable[[], bytes]

    @property
    def store(self) -> Store:
        """The ledger."""
        return self.operations.workspace.store

    def narrowed(self, service: str | None, environment: str | None) -> tuple[Target | None, ...]:
        """Return the Targets that a listing is narrowed to, one None for all; else UnknownName."""
        if service is None and environment is None:
            return (None,)
        for kind, name in (("service", service), ("environment", environment)):
            if name is not None:
                checked_name(kind, name)
        if service is not None and environment is not None:
            return (self.operations.target(service, environment),)
        fitting = tuple(
            target
            for target in self.operations.workspace.targets
            if service in (None, target.service) and environment in (None, target.environment)
        )
        if not fitting:
            kind = "environment" if service is None else "service"
            raise UnknownName(kind, service or environment or "")
        return fitting
