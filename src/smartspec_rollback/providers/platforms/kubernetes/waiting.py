"""Waiting for the cluster instead of asking it over and over: one watch until something moves.

Called by ``platform`` between two looks at a step. It only shortens the wait: what a watch says is
never believed, so a dropped, expired or forbidden one costs a moment, and the next look tells.
"""

import threading
from dataclasses import dataclass, field

from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.action import Looked
from smartspec_rollback.providers.platforms.kubernetes.reading import Site

PATIENCE = 2.0
"""How many seconds a watch waits for a change at most."""

_GATHER = 0.03
_WITHOUT_WATCH = 0.25

Place = tuple[Target, str]


@dataclass
class Waiting:
    """Remembers what was looked at last, by what it was looked at for.

    ``patience`` is in seconds of the real time; 0 never waits.
    """

    patience: float = PATIENCE
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: dict[Place, Looked] = field(default_factory=dict)

    def for_change(self, site: Site, key: str) -> None:
        """Wait until what was looked at last has moved, or patience is over."""
        with self._lock:
            seen = self._seen.get((site.target, key))
        if seen is None or not self.patience:
            return
        awaited = seen.awaited
        if awaited is None:
            site.clock.sleep(_WITHOUT_WATCH)
            return
        try:
            moved = site.api.moved(
                awaited.resource, awaited.name, since=awaited.version, seconds=self.patience
            )
        except ProviderError:
            moved = False
            site.clock.sleep(_WITHOUT_WATCH)
        if moved:
            # What moves once mostly moves several times at once: one look for all of it.
            site.clock.sleep(_GATHER)

    def looked(self, site: Site, key: str, looked: Looked) -> None:
        """Remember what was looked at; before a look at what is over nobody waits."""
        with self._lock:
            if looked.progress.state is ProgressState.PENDING:
                self._seen[site.target, key] = looked
            else:
                self._seen.pop((site.target, key), None)
