"""Attach: follow a rollback that another living process drives, and take over if it dies.

A second operator sees the same rollback and may answer its question; nothing else is theirs.
"""

from smartspec_rollback.domain.approval import Standing
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import UNDER_WAY, Status
from smartspec_rollback.engine import report
from smartspec_rollback.engine.approve import Asking, question_of
from smartspec_rollback.engine.drive import drive
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.engine.pausing import Going, Pause

_POLL = 0.05


def attach(parts: Parts, rollback_id: str) -> Going[Report]:
    """Follow until the rollback ends, or nobody drives it any more and this process can."""
    parts.listener.planned(report.build(parts.store, rollback_id))
    following = _Following(parts, rollback_id)
    try:
        while True:
            driven = parts.store.holder(rollback_id) is not None
            following.look()
            if parts.stop() or (not driven and following.at_rest):
                return report.build(parts.store, rollback_id)
            if not driven:
                following.withdraw()  # driving asks itself
                if (driven_here := (yield from drive(parts, rollback_id))) is not None:
                    return driven_here
            yield Pause(_POLL, _at_once)
    finally:
        following.withdraw()


def _at_once() -> bool:
    """Look again after each pause: what happens is another process's doing."""
    return True


class _Following:
    """What a follower has seen, and the question it may answer."""

    def __init__(self, parts: Parts, rollback_id: str) -> None:
        self._parts = parts
        self._id = rollback_id
        self._seen = 0
        self._asking: Asking | None = None

    def look(self) -> None:
        """Pass on new journal entries; put the question while it stands."""
        for entry in self._parts.store.journal(self._id, after=self._seen):
            self._seen = entry.seq
            self._parts.listener.entry(entry)
        rollback = self._parts.store.rollback(self._id)
        plan = self._parts.store.plan(self._id)
        if rollback is None or plan is None:
            return
        if rollback.status is not Status.AWAITING_APPROVAL:
            self.withdraw()
            return
        if self._asking is None:
            self._asking = Asking(self._parts, question_of(rollback, plan), plan)
            self._asking.put()
        if self._asking.look() is not Standing.OPEN:
            self._asking.withdraw()

    @property
    def at_rest(self) -> bool:
        """Whether it ended, or was stopped on purpose: going on then is a person's decision."""
        rollback = self._parts.store.rollback(self._id)
        return rollback is None or rollback.status not in UNDER_WAY

    def withdraw(self) -> None:
        """Take the question back here; it was settled, or this process leaves."""
        if self._asking is not None:
            self._asking.withdraw()
            self._asking = None
