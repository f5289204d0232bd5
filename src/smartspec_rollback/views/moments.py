"""The moments of an incident in rows, and what became of a plan's doubts; for the report's views.

Called by the Markdown and the HTML report, so that both tell the same times.
"""

from datetime import datetime

from smartspec_rollback.domain.report import Moments, Report
from smartspec_rollback.domain.rollback import EntryKind
from smartspec_rollback.views.units import NONE, between, moment

HEADINGS = ("Moment", "Time", "Since the moment before")
_BOOTS = "target-boots"
_BOOTED = (EntryKind.PREWARM_READY, EntryKind.PREWARM_FAILED)


def rows(moments: Moments) -> list[tuple[str, str, str]]:
    """Name each moment, its time, and the time since the moment before; nothing without any."""
    told: list[tuple[str, datetime | None, str, datetime | None]] = [
        ("Deployed", moments.deployed, "", None),
        ("Detected", moments.detected, "time to detect", moments.deployed),
        ("Decided", moments.decided, "time to decide", moments.detected),
        ("Approved", moments.approved, "time to approve", moments.decided),
        ("Switched", moments.switched, "time to switch", moments.approved),
        ("Verified", moments.verified, "time to verify", moments.switched),
    ]
    if not any(at for _, at, _, _ in told):
        return []
    return [
        (name, moment(at), f"{label}: {between(before, at)}" if label else NONE)
        for name, at, label, before in told
    ]


def recovery(moments: Moments) -> str:
    """Say how long production had the failed deployment, until it was verified stable again."""
    return between(moments.deployed, moments.verified)


def since(told: Report) -> dict[str, str]:
    """Say what became of findings after the plan was made: whether the target booted."""
    found = [e for e in told.journal if e.kind in _BOOTED]
    if not found:
        return {}
    return {_BOOTS: f"Since then, at {found[-1].at:%H:%M:%S} UTC: {found[-1].text}"}
