"""The part of the store about what was told where, and what was heard; not audited.

Working memory, by which each message is sent once and each event counts once.
"""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.ports.store.values import Attendance, Delivery, HeardEvent


class KeepsMessages(Protocol):
    """Who serves a place, what was told there, and what was heard."""

    def attend(self, name: str, /) -> Attendance | None:
        """Take the right to serve a place; None while any process, this one too, has it."""
        ...

    def deliver(self, delivery: Delivery, /) -> None:
        """Keep what a place is told under a key: the intent, its ref, a newer digest.

        A ref that is known stays unless another one is given.
        """
        ...

    def delivery(self, place: str, key: str, /) -> Delivery | None:
        """Look up what a place was told under a key."""
        ...

    def delivered(self, place: str, ref: str, /) -> Delivery | None:
        """Look up what a message of a place is about."""
        ...

    def hear(self, event_id: str, /, *, at: datetime, document: str | None = None) -> bool:
        """Remember durably that an event was heard; False if it was heard before.

        With a ``document`` it is open until it is settled. What is settled is forgotten after a
        month.
        """
        ...

    def was_heard(self, event_id: str, /) -> bool:
        """Tell whether an event was heard, without hearing it."""
        ...

    def unsettled(self, *, limit: int) -> tuple[HeardEvent, ...]:
        """List what was heard and is open, oldest first."""
        ...

    def settle(self, event_id: str, /) -> None:
        """Close what was heard: it was answered; idempotent."""
        ...
