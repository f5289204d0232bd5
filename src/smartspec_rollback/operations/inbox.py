"""What was heard and is not settled yet: kept in the ledger before anybody is told it was heard.

Called by ``desk``. An event that is here survives its process, and counts once, however often its
system repeats it.
"""

import hashlib

import msgspec

from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.messenger import Answered, Commanded, Heard
from smartspec_rollback.ports.store import HeardEvent, Store

_LONG = 200
_MANY = 200


class Item(Value):
    """Something heard by the account ``hearing``."""

    hearing: str
    commanded: Commanded | None = None
    answered: Answered | None = None

    @property
    def heard(self) -> Heard | None:
        """Return what was heard; None where a newer release wrote something else."""
        return self.commanded or self.answered


class Inbox:
    """The open events of one ledger."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep them in ``store``."""
        self._store = store
        self._clock = clock

    def put(self, hearing: str, heard: Heard) -> bool:
        """Keep what was heard; False if it was heard before."""
        item = (
            Item(hearing=hearing, commanded=heard)
            if isinstance(heard, Commanded)
            else Item(hearing=hearing, answered=heard)
        )
        document = msgspec.json.encode(item).decode()
        name = event_id(hearing, heard.event)
        return self._store.hear(name, at=self._clock.now(), document=document)

    def open(self) -> tuple[tuple[HeardEvent, Item], ...]:
        """List what is open, oldest first; what cannot be read is settled."""
        found: list[tuple[HeardEvent, Item]] = []
        for event in self._store.unsettled(limit=_MANY):
            try:
                found.append((event, msgspec.json.decode(event.document, type=Item)))
            except msgspec.DecodeError:
                self._store.settle(event.id)
        return tuple(found)

    def settle(self, name: str) -> None:
        """Close what was answered."""
        self._store.settle(name)


def event_id(hearing: str, event: str) -> str:
    """Name an event among those of all systems, in bounded length."""
    name = f"{hearing}/{event}"
    return name if len(name) <= _LONG else hashlib.sha256(name.encode()).hexdigest()
