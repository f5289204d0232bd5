"""Pausing: what waits for people or for a prewarm gives its thread back meanwhile.

The stages of a rollback that may wait are generators: each ``yield`` of a Pause means that nothing
is to be done before ``over`` says so. A command sleeps through its own pauses (``to_the_end``);
whoever runs many rollbacks keeps those that pause in a list, and a thread only for the others.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from smartspec_rollback.ports.clock import Clock

_Came = TypeVar("_Came")


@dataclass(frozen=True)
class Pause:
    """Nothing to do for ``seconds``, and after that as long as ``over`` is false.

    ``over`` never blocks and changes nothing; whoever goes on too early does no harm.
    """

    seconds: float
    over: Callable[[], bool]


Going = Generator[Pause, None, _Came]
"""A stage on its way: yields its pauses, and returns what came of it."""


def to_the_end(going: Going[_Came], clock: Clock) -> _Came:
    """Go through a stage in this thread, sleeping through its pauses."""
    try:
        while True:
            try:
                pause = next(going)
            except StopIteration as end:
                came: _Came = end.value
                return came
            clock.sleep(pause.seconds)
    finally:
        going.close()
