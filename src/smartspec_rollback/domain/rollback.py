"""Rollbacks: one run each, its status, its journal, and what may follow what."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Parameter, Value


class Status(StrEnum):
    """Where a rollback stands."""

    PLANNED = "planned"
    DRY_RUN = "dry-run"
    AWAITING_APPROVAL = "awaiting-approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"
    VERIFYING = "verifying"
    UNSTABLE = "unstable"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    DENIED = "denied"
    EXPIRED = "expired"
    STALE = "stale"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    FAILED = "failed"


def _table() -> dict[Status, frozenset[Status]]:
    s = Status
    closed_unchanged = {s.REFUSED, s.DENIED, s.EXPIRED, s.STALE, s.CANCELLED, s.FAILED}
    return {
        s.PLANNED: frozenset({s.DRY_RUN, s.AWAITING_APPROVAL, s.APPROVED, *closed_unchanged}),
        s.AWAITING_APPROVAL: frozenset({s.APPROVED, *closed_unchanged}),
        s.APPROVED: frozenset({s.EXECUTING, *closed_unchanged}),
        s.EXECUTING: frozenset(
            {
                s.VERIFYING,
                s.INTERRUPTED,
                s.UNKNOWN,
                s.STALE,
                s.FAILED,
                s.REFUSED,
                s.CANCELLED,
                s.ABANDONED,
            }
        ),
        s.INTERRUPTED: frozenset({s.EXECUTING, s.ABANDONED}),
        s.UNKNOWN: frozenset({s.EXECUTING, s.ABANDONED}),
        s.VERIFYING: frozenset({s.SUCCEEDED, s.UNSTABLE}),
        s.UNSTABLE: frozenset({s.VERIFYING}),
        **{end: frozenset() for end in (s.SUCCEEDED, s.DRY_RUN, s.ABANDONED, *closed_unchanged)},
    }


NEXT: Mapping[Status, frozenset[Status]] = MappingProxyType(_table())
"""The only changes of status. What is closed leaves EXECUTING only if nothing was done."""

ANSWERABLE = frozenset({Status.PLANNED, Status.AWAITING_APPROVAL, Status.APPROVED})
"""No step was sent yet: a deny still wins."""

UNDER_WAY = ANSWERABLE | {Status.EXECUTING, Status.VERIFYING}
"""Somebody drives it, or died while doing so; nobody leaves it like this while they live."""

STOPPED = frozenset({Status.INTERRUPTED, Status.UNKNOWN})
"""It stopped in the middle: a person says whether to go on or to give it up."""

RESUMABLE = STOPPED | {Status.UNSTABLE}
"""It goes on, or is verified again, once somebody says so."""

ACTIVE = UNDER_WAY | STOPPED
"""At most one rollback of a Target is in one of these: they hold the Target."""

EXIT: Mapping[Status, int] = MappingProxyType(
    {
        Status.SUCCEEDED: 0,
        Status.DRY_RUN: 0,
        Status.PLANNED: 3,
        Status.AWAITING_APPROVAL: 3,
        Status.APPROVED: 3,
        Status.REFUSED: 3,
        Status.DENIED: 3,
        Status.EXPIRED: 3,
        Status.STALE: 3,
        Status.CANCELLED: 3,
        Status.FAILED: 4,
        Status.EXECUTING: 5,
        Status.INTERRUPTED: 5,
        Status.ABANDONED: 5,
        Status.UNKNOWN: 6,
        Status.VERIFYING: 7,
        Status.UNSTABLE: 7,
    },
)
"""The exit code of ``smartspec_rollback`` that ends in each status."""


class Rollback(Value):
    """One run: from a request to a report.

    ``status_detail`` says in words why it stands where it does. ``plan_digest`` is what approvals
    are bound to. Times are UTC.
    """

    id: str
    target: Target
    failed_deployment_id: str
    from_version: str
    to_version: str
    reason: str
    plan_digest: str
    status: Status
    status_detail: str = ""
    requested_by: Person
    requested_at: datetime
    expires_at: datetime
    updated_at: datetime
    break_glass: bool = False


class Claim(Value):
    """The right to drive one rollback; ``token`` grows with every claim and fences older ones."""

    rollback_id: str
    holder: str
    token: int


class EntryKind(StrEnum):
    """What a journal entry records."""

    PLANNED = "planned"
    STATUS = "status"
    ASKED = "asked"
    DECIDED = "decided"
    HOLD_PLACED = "hold-placed"
    HOLD_LIFTED = "hold-lifted"
    PREWARM_INTENT = "prewarm-intent"
    PREWARM_READY = "prewarm-ready"
    PREWARM_FAILED = "prewarm-failed"
    PREWARM_REMOVED = "prewarm-removed"
    STEP_INTENT = "step-intent"
    STEP_DONE = "step-done"
    STEP_FAILED = "step-failed"
    VERDICT = "verdict"
    REPORTED = "reported"


class JournalEntry(Value):
    """One line of a rollback's journal, written before (intent) or after (outcome) an effect.

    ``seq`` grows by one within a rollback. ``operation`` is the stable id of the effect.
    """

    rollback_id: str
    seq: int
    at: datetime
    token: int
    kind: EntryKind
    text: str
    step: str | None = None
    operation: str | None = None
    data: tuple[Parameter, ...] = ()
