"""What a Target's owners decided: objectives, verification, approval, freeze windows.

The configuration loader makes these; the engine and the checks read them. Times are seconds.
"""

from datetime import datetime

from smartspec_rollback.domain.approval import Policy
from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value


class Probe(Value):
    """An HTTP request that must be answered with ``status``."""

    path: str
    status: int = 200


class Verification(Value):
    """How a release is tested and watched after it took traffic."""

    warm_up: float = 10.0
    bake: float = 60.0
    deadline: float = 1800.0
    probes: tuple[Probe, ...] = ()
    commands: tuple[str, ...] = ()


class Freeze(Value):
    """A window in which changes need a reason; ``end`` is exclusive."""

    start: datetime
    end: datetime
    reason: str


class TargetSettings(Value):
    """Everything decided about one Target, without its providers' own settings.

    ``database`` is ``"none"`` where the owners declared that there is none, otherwise the kind
    configured; None where they said nothing. ``dependents`` are the services that depend on it.
    """

    target: Target
    database: str | None = None
    objectives: tuple[Objective, ...] = ()
    verification: Verification = Verification()
    prewarm: bool = False
    soak: float = 600.0
    policy: Policy = Policy()
    freeze: tuple[Freeze, ...] = ()
    depends_on: tuple[str, ...] = ()
    dependents: tuple[str, ...] = ()
