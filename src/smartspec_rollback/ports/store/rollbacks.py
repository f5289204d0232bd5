"""The part of the ledger about rollbacks: plan, claim, journal, answers, what was measured."""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.domain.approval import Decision
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import Claim, JournalEntry, Rollback, Status
from smartspec_rollback.domain.series import Series
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.store.values import Change


class KeepsRollbacks(Protocol):
    """Rollbacks, their journal and what people answered."""

    def open_rollback(self, rollback: Rollback, plan: Plan, /) -> None:
        """Save a new rollback with its plan; AnotherRunning if one of its Target is active.

        A rollback in a status that is not active (a dry run, a refused one) is saved beside it.
        """
        ...

    def rollback(self, rollback_id: str, /) -> Rollback | None:
        """Look one up."""
        ...

    def rollbacks(
        self,
        target: Target | None = None,
        /,
        *,
        failed_deployment_id: str | None = None,
        status: Status | None = None,
        limit: int,
    ) -> tuple[Rollback, ...]:
        """List the newest, newest first."""
        ...

    def active(self, target: Target, /) -> Rollback | None:
        """Return the one active rollback of the Target."""
        ...

    def plan(self, rollback_id: str, /) -> Plan | None:
        """Return the saved plan."""
        ...

    def claim(self, rollback_id: str, /, *, holder: str, at: datetime) -> Claim | None:
        """Take the right to drive a rollback; None while a living process has it."""
        ...

    def holder(self, rollback_id: str, /) -> str | None:
        """Name the living process that drives it, or None."""
        ...

    def release(self, claim: Claim, /) -> None:
        """Give the claim back; idempotent."""
        ...

    def append(self, claim: Claim, change: Change, /, *, at: datetime) -> JournalEntry:
        """Write one change durably before returning; ClaimLost if the claim is not the newest.

        A status change that NEXT does not allow is refused with StoreError.
        """
        ...

    def journal(self, rollback_id: str, /, *, after: int = 0) -> tuple[JournalEntry, ...]:
        """List a rollback's entries with ``seq`` above ``after``, in order."""
        ...

    def decide(self, decision: Decision, /) -> bool:
        """Record an answer; False if this person gave it already. Refused once execution began."""
        ...

    def decisions(self, rollback_id: str, /) -> tuple[Decision, ...]:
        """List the answers in order."""
        ...

    def add_series(self, rollback_id: str, series: Series, /) -> None:
        """Add what was measured while a rollback ran; dropped if it is unknown or has enough."""
        ...

    def series(self, rollback_id: str, /) -> tuple[Series, ...]:
        """List what was measured while a rollback ran, in the order it was added."""
        ...
