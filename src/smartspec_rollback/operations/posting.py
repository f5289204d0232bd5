"""A chat place as the engine's channel: whoever drives a rollback wakes the courier, no more.

Made by whoever starts the courier, for every Target that a place is told of. It never fails and
never waits: what is owed follows from the ledger, and a place that is down must not hold up a
rollback.
"""

from typing import ClassVar

from smartspec_rollback.operations.courier import Courier
from smartspec_rollback.ports.channel import Notice


class Posting:
    """A channel that people are really reached by, through the courier."""

    name: ClassVar[str] = "chat"

    def __init__(self, courier: Courier) -> None:
        """Wake this courier."""
        self._courier = courier

    def post(self, _: Notice, /) -> None:
        """Let the courier look at what is due now."""
        self._courier.wake()
