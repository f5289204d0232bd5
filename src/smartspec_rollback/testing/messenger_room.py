"""The place of a chat system as tests see it, and a Messenger that listens for the length of one.

Used by ``messenger_contract``; who tests a Messenger supplies a ``Room`` or ``Talk`` of its system.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from queue import Empty, Queue
from typing import Protocol

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.messenger import Heard, Hears

DEADLINE = 30.0
"""Seconds after which a test gives up waiting."""


class Trouble(StrEnum):
    """What may befall a place; all of it lasts until ``Room.mend``."""

    DOWN = "down"
    """Nothing is answered, or only by errors of the server."""
    ANSWER_LOST = "answer lost"
    """Whatever is sent is carried out, and its answer never comes."""
    BUSY = "busy"
    """Everything is refused for now: come again in two seconds."""
    REVOKED = "revoked"
    """The token is no longer valid."""


class Shown(Value):
    """A message as people see it: its words without markup; ``calls``: somebody is notified."""

    ref: str
    text: str
    thread: str = ""
    calls: bool = False


class Room(Protocol):
    """A place of the chat system, as people see it."""

    def shown(self) -> tuple[Shown, ...]:
        """Return the messages that stand there, oldest first."""
        ...

    def delete(self, ref: str) -> None:
        """Delete a message, as somebody who may would."""
        ...

    def befall(self, trouble: Trouble) -> None:
        """Let something befall the place."""
        ...

    def mend(self) -> None:
        """End whatever befell it."""
        ...


class Talk(Room, Protocol):
    """A room where people write; ``account`` is as ``people`` of smartspec.yaml maps it."""

    def type(self, command: str, arguments: str, *, account: str) -> None:
        """Type a command, once somebody listens where the system tells only who listens."""
        ...

    def answer(self, ref: str, answer: Answer, *, account: str) -> None:
        """Answer the message ``ref`` as people do there: by a button, or by a reaction."""
        ...

    def told(self, account: str) -> tuple[str, ...]:
        """Return the replies this person can see, oldest first."""
        ...

    def cut(self) -> None:
        """Cut the connection of whoever listens; the next attempt to connect succeeds."""
        ...


class Listening:
    """A Messenger that listens in a thread; what it heard waits in a queue."""

    def __init__(self, messenger: Hears) -> None:
        """Prepare; ``start`` begins. While ``failing`` is set, hearing fails."""
        self.failing = threading.Event()
        self.failed = threading.Event()
        self._heard: Queue[Heard] = Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=messenger.listen, args=(self._hear,), kwargs={"stop": self._stop.is_set}
        )

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def next(self) -> Heard:
        """Return what is heard next."""
        return self._heard.get(timeout=DEADLINE)

    def rest(self) -> tuple[Heard, ...]:
        """Return what else was heard so far."""
        found = []
        while True:
            try:
                found.append(self._heard.get_nowait())
            except Empty:
                return tuple(found)

    def stop(self) -> bool:
        """Stop, and tell whether it did."""
        self._stop.set()
        self._thread.join(DEADLINE)
        return not self._thread.is_alive()

    def _hear(self, heard: Heard) -> None:
        if self.failing.is_set():
            self.failed.set()
            raise RuntimeError("the ledger cannot be written")
        self._heard.put(heard)


@contextmanager
def listening(messenger: Hears) -> Iterator[Listening]:
    """Listen for the length of a block."""
    ear = Listening(messenger)
    ear.start()
    try:
        yield ear
    finally:
        assert ear.stop(), "listening did not end"
