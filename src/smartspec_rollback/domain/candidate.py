"""Candidates for the last known good version, and the rule that accepts or rejects them.

Pure; ``engine.resolve`` feeds it with what the ledger and the platform remember.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.release import Release
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
            f"{how}, but it was live for {_span(lived)} only; the soak time is {_span(soak)}"
        )
    return f"{how} at {day}, live for {_span(lived)}", None


def _span(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    shown = [f"{n}{unit}" for n, unit in parts if n][:2]
    return " ".join(shown) or "0s"
