"""What a Workspace is given by whoever makes it: a command, or a server."""

from collections.abc import Callable
from dataclasses import dataclass

from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.channel import Channel


def _never() -> bool:
    return False


def _nobody() -> Channel | None:
    return None


def _none(_: Target) -> tuple[Channel, ...]:
    return ()


def _silent(_: str) -> None:
    """Hear, and say nothing."""


@dataclass(frozen=True)
class Surroundings:
    """What a Workspace is given by whoever makes it.

    ``stop`` turns true when the person at the keyboard wants out; ``terminal`` makes the channel
    to that person, or None if nobody is there; ``channels`` are the ways to people that the
    surroundings keep for a Target (a server's console, the chat it serves), ``notified`` those
    where people are told only; ``warn`` tells what does not stop the work.
    """

    stop: Callable[[], bool] = _never
    terminal: Callable[[], Channel | None] = _nobody
    channels: Callable[[Target], tuple[Channel, ...]] = _none
    notified: Callable[[Target], tuple[Channel, ...]] = _none
    warn: Callable[[str], None] = _silent
