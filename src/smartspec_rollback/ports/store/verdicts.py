"""The part of the ledger about verdicts, and the holds that follow from them."""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict


class KeepsVerdicts(Protocol):
    """Verdicts; the newest word about a deployment counts."""

    def record_verdict(self, verdict: Verdict, /) -> None:
        """Add a verdict; ``verdict.by`` is who the audit log names."""
        ...

    def newest_verdict(self, deployment_id: str, /) -> Verdict | None:
        """Return the newest verdict of any outcome and source."""
        ...

    def newest_measured(self, deployment_id: str, /) -> Verdict | None:
        """Return the newest verdict that rests on measurements, whatever was said since."""
        ...

    def first_failure(self, deployment_id: str, /) -> Verdict | None:
        """Return the first of the newest unbroken run of fails: when trouble was seen."""
        ...

    def baseline(self, target: Target, release: Release, /) -> Summary | None:
        """Return what the newest passed verdict of this very release measured."""
        ...


class KeepsHolds(Protocol):
    """The bans on releases; rollbacks place them by ``append``."""

    def holds(self, target: Target | None = None, /) -> tuple[Hold, ...]:
        """List the holds in force, newest first."""
        ...

    def hold_on(self, target: Target, release: Release, /) -> Hold | None:
        """Return the hold in force on this very release."""
        ...

    def release_hold(self, hold_id: str, /, *, by: Person, reason: str, at: datetime) -> Hold:
        """Lift a hold; UnknownName if there is none such, UsageError if it was lifted before."""
        ...
