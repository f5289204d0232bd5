"""Chats while a command runs without a server: what it does is told there, and answered there.

Made by ``session``. Nothing is started before the engine has something to tell; where a server or
a worker serves the place already, they go on serving it.
"""

import threading
from typing import ClassVar

from smartspec_rollback.domain.target import Target
from smartspec_rollback.operations.chatting import Chats, OnlyAnswers
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.ports.channel import Channel, Notice
from smartspec_rollback.wiring import Workspace


class CommandChats:
    """The outlets of the Targets that a command works on."""

    def __init__(self, workspace: Workspace) -> None:
        """Serve the outlets that this workspace has."""
        self._workspace = workspace
        self._serving: list[Chats] = []
        self._places: set[str] = set()
        self._guard = threading.Lock()

    def channels(self, target: Target) -> tuple[Channel, ...]:
        """Return the way to people who are asked in a chat, if they are."""
        asks = self._workspace.asks_in_outlet(target)
        return (_Told(self, target),) if asks else ()

    def notified(self, target: Target) -> tuple[Channel, ...]:
        """Return the way to outlets where people are told only, if there are no others."""
        if self._workspace.asks_in_outlet(target) or not self._workspace.outlets(target):
            return ()
        return (_Told(self, target),)

    def tell(self, target: Target) -> None:
        """Let what is in the ledger be told; starts what is needed for that."""
        with self._guard:
            new = {each.place for each in self._workspace.outlets(target)} - self._places
            if new:
                self._places |= new
                self._serving.append(self._started(new))
            for chats in self._serving:
                chats.courier.wake()

    def close(self) -> None:
        """Hear no more, and tell what is still owed, as far as that goes quickly."""
        with self._guard:
            for chats in self._serving:
                chats.hush()
            for chats in self._serving:
                chats.stop()
            self._serving.clear()
            self._places.clear()

    def _started(self, places: set[str]) -> Chats:
        """Serve places for all Targets that share them: nobody else does meanwhile."""
        workspace = self._workspace
        warn = workspace.surroundings.warn
        runner = Runner(workspace, listen=lambda _: Unwatched(), tell=warn, warn=warn)
        verbs = OnlyAnswers(Operations(workspace, runner))
        url = workspace.configuration.server.url or ""
        chats = Chats(workspace, verbs, workspace.targets, url=url, places=places)
        chats.start()
        return chats


class _Told:
    """Implements the engine's Channel: what it posts is in the ledger, from where it is told."""

    name: ClassVar[str] = "chat"

    def __init__(self, chats: CommandChats, target: Target) -> None:
        self._chats = chats
        self._target = target

    def post(self, _: Notice, /) -> None:
        """Let it be told now."""
        self._chats.tell(self._target)
