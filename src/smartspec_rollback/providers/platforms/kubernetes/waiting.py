"""Waiting for the cluster instead of asking it over and over: one watch until something moves.

Called by ``platform`` between two looks at a step. It only shortens the wait: what a watch says is
never believed, so a dropped, expired or forbidden one costs a moment, and the next look tells.
"""

import threading
from dataclasses import dataclass, field

from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.objects import DEPLOYMENTS
from smartspec_rollback.providers.platforms.kubernetes.reading import Site

PATIENCE = 2.0
"""How many seconds a watch waits for a change at most."""

_GATHER = 0.03
_WITHOUT_WATCH = 0.25

Place = tuple[Target, str]


@dataclass
class Waiting:
    """Remembers which state of a workload was looked at last, step by step.

    ``patience`` is in seconds of the real time; 0 never waits.
    """

    patience: float = PATIENCE
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: dict[Place, str | None] = field(default_factory=dict)

    def for_change(self, site: Site, step: Step) -> None:
        """Wait until the workload is no longer what was looked at last, or patience is over."""
        with self._lock:
            version = self._seen.get((site.target, step.id))
        if version is None or not self.patience:
            return
        if not version:
            site.clock.sleep(_WITHOUT_WATCH)
            return
        try:
            moved = site.api.moved(
                DEPLOYMENTS, site.settings.name, since=version, seconds=self.patience
            )
        except ProviderError:
            moved = False
            site.clock.sleep(_WITHOUT_WATCH)
        if moved:
            # What moves once mostly moves several times at once: one look for all of it.
            site.clock.sleep(_GATHER)

    def looked(self, site: Site, step: Step, version: str | None) -> None:
        """Remember what was looked at; None: it is over, don't wait before the next look.

        An empty version: it is not the workload that will move.
        """
        with self._lock:
            self._seen[site.target, step.id] = version
