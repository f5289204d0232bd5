"""Who was turned away: always in the log, and in the audit log as far as it is not flooded.

Used by the guard and the login. What was presented is never written down, only why it was no good.
"""

import logging
import threading
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from smartspec_rollback.errors import StoreError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.server.auth.identify import AccessStore
from smartspec_rollback.server.auth.limits import Buckets, Rate, client

_SHOWN = 200

log = logging.getLogger(__name__)


class Refusals:
    """Notes what was refused."""

    def __init__(self, store: AccessStore, clock: Clock, rate: Rate) -> None:
        """Write at most so many audit entries; those between are counted into the next one."""
        self._store = store
        self._clock = clock
        self._budget = Buckets(rate, clock)
        self._unwritten = 0
        self._lock = threading.Lock()

    async def note(self, scope: Scope, why: str) -> None:
        """Note that a request was turned away, and why."""
        path = shown(scope["path"])
        who = client(scope)
        log.warning(
            "refused %s %s from %s: %s",
            scope["method"],
            path,
            who,
            why,
            extra={"action": "access.refused", "client": who, "path": path, "why": why},
        )
        with self._lock:
            if self._budget.take(""):
                self._unwritten += 1
                return
            more, self._unwritten = self._unwritten, 0
        detail = f"{scope['method']}: {why}" + (f"; and {more} more before" if more else "")
        with suppress(StoreError):  # the answer is no all the same
            await run_in_threadpool(
                self._store.audit,
                actor=f"client {who}",
                action="access.refused",
                subject=path,
                detail=detail,
                at=self._clock.now(),
            )


def shown(path: str) -> str:
    """Make a path fit for a log line: short, and nothing that breaks it."""
    return "".join(c if c.isprintable() and c != " " else "?" for c in path[:_SHOWN])
