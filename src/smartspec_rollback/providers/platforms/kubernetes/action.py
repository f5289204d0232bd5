"""What every kind of step can do: be sent, and be looked at.

``acting`` finds the Action of a step; each module that lists steps of its own has theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.errors import FenceConflict
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.objects import Resource
from smartspec_rollback.providers.platforms.kubernetes.reading import Reader, Site


class ProductionChanged(FenceConflict):
    """What the plan rests on changed, so the step must not be sent at all."""


@dataclass(frozen=True)
class Sending:
    """One step on its way, with all that sending it takes.

    ``standing`` reads production's fingerprint now, whichever way the releases stand.
    """

    site: Site
    reader: Reader
    step: Step
    fence: Fence
    deadline: Deadline
    standing: Callable[[], str]


@dataclass(frozen=True)
class Awaited:
    """The state of an object that was looked at: the next look is worth while once it moved."""

    resource: Resource
    name: str
    version: str


@dataclass(frozen=True)
class Looked:
    """How far a step is, and what will move before it gets further, where one object tells."""

    progress: Progress
    awaited: Awaited | None = None


class Action(Protocol):
    """One kind of step."""

    def send(self, sending: Sending, /) -> None:
        """Send it unless this very operation did; idempotent.

        ProductionChanged if the fence does not hold; any other FenceConflict means that the write
        came too late, and everything is to be looked at and tried again.
        """
        ...

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe how far it has come, whoever sent it; changes nothing."""
        ...
