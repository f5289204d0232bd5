"""Candidates for the last known good version, and the rule that accepts or rejects them.

Pure; ``engine.resolve`` feeds it with what the ledger and the platform remember.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.spans import span
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource


class LedgerEntry(Value):
    """A deployment with what the ledger knows of it.

    ``conclusive`` is its newest verdict that was not inconclusive; ``superseded_at`` when the
    next deployment of the Target went live, None for the newest; ``hold`` the hold on its release.
    """

    deployment: Deployment
    conclusive: Verdict | None = None
    superseded_at: datetime | None = None
    hold: Hold | None = None


class Origin(StrEnum):
    """Who remembers a candidate."""

    LEDGER = "ledger"
    PLATFORM = "platform"


class Candidate(Value):
    """A release that could be gone back to.

    ``health`` says why it is believed good, None where nobody has evidence. ``rejected`` holds
    every reason against it; empty means acceptable.
    """

    release: Release
    origin: Origin
    deployment_id: str | None = None
    revision: str | None = None
    deployed_at: datetime | None = None
    health: str | None = None
    rejected: tuple[str, ...] = ()


def health_of(
    entry: LedgerEntry, *, soak: timedelta, until: datetime
) -> tuple[str | None, str | None]:
    """Judge a deployment's evidence of health: (why it is good, or None; why it is not, or None).

    A person's mark counts by itself; a passed gate counts once the release stayed live for the
    soak time. ``until`` ends the life of a deployment that nothing superseded.
    """
    verdict = entry.conclusive
    if verdict is None:
        return None, "no evidence of health: no gate passed and nobody marked it healthy"
    if verdict.outcome is VerdictOutcome.FAIL:
        return None, f"failed: {verdict.reason}"
    day = f"{verdict.at:%Y-%m-%d %H:%M} UTC"
    if verdict.source is VerdictSource.PERSON:
        return f"marked healthy by {verdict.by} at {day}", None
    lived = max(timedelta(0), (entry.superseded_at or until) - entry.deployment.at)
    how = "gate passed" if verdict.source is VerdictSource.GATE else "verified after a rollback"
    if lived < soak:
        return None, (
            f"{how}, but it was live for {span(lived)} only; the soak time is {span(soak)}"
        )
    return f"{how} at {day}, live for {span(lived)}", None
