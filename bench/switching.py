"""A whole rollback by the installed commands, as a person drives it, and when its traffic moved.

Used by the measurements ``switch`` and ``load``. Times of the journal are of the wall clock, those
of the load monotonic; both are read off at once to translate.
"""

import subprocess
import time
from datetime import datetime

from production import TARGET, Production, script

from smartspec_rollback.demo.load import Counted
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry, Status
from smartspec_rollback.domain.values import Value
from smartspec_rollback.store.sqlite import SqliteStore

_PATIENCE = 60.0
_LOOK = 0.02
_READING = 0.3
"""Seconds between the plan and its approval: the machine is quiet again by then."""


class Moments(Value):
    """When a rollback was approved and its traffic had moved, in monotonic seconds."""

    approved: float
    switched: float


def roll_back(production: Production, failed_id: str) -> Moments:
    """Roll a deployment back, approved by a second process once its target is prewarmed."""
    running = subprocess.Popen(
        [script("smartspec_rollback"), "--failed-deployment-id", failed_id, "--quiet"],
        cwd=production.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with SqliteStore.open(production.ledger) as store:
        rollback_id = _prewarmed(store, running)
        time.sleep(_READING)
        production.run("approve", rollback_id)
        if (code := running.wait(_PATIENCE)) != 0:
            raise SystemExit(f"the rollback of {failed_id} ended with {code}")
        approved = store.decisions(rollback_id)[0].at
        return Moments(
            approved=_monotonic(approved),
            switched=_monotonic(_moved(store.journal(rollback_id)).at),
        )


def _prewarmed(store: SqliteStore, running: "subprocess.Popen[bytes]") -> str:
    """Wait until the rollback asks and its target runs; return its id."""
    until = time.monotonic() + _PATIENCE
    while running.poll() is None and time.monotonic() < until:
        active = store.active(TARGET)
        if active is not None and active.status is Status.AWAITING_APPROVAL:
            journal = store.journal(active.id)
            if any(entry.kind is EntryKind.PREWARM_READY for entry in journal):
                return active.id
        time.sleep(_LOOK)
    raise SystemExit("the rollback never asked for approval")


def _moved(journal: tuple[JournalEntry, ...]) -> JournalEntry:
    """Find the report that all traffic has moved."""
    return next(
        entry
        for entry in journal
        if entry.kind is EntryKind.STEP_DONE and entry.step == "switch-traffic"
    )


def _monotonic(at: datetime) -> float:
    return at.timestamp() - time.time() + time.monotonic()


def moved_by_load(counted: Counted, version: str) -> float:
    """Tell when the last request was sent that ``version`` answered."""
    return max(hit.sent for hit in counted.hits if hit.version == version)
