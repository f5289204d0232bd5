"""What is written to the ledger, and read from it, that is no value of the domain."""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.values import Parameter, Value
from smartspec_rollback.domain.verdict import Verdict


class Change(Value):
    """One journal entry and everything that becomes true with it, written together or not at all.

    ``unless_denied``: fails with ApprovalMissing if somebody denied meanwhile; the way into
    execution uses it, so that a deny before the first step always wins.
    """

    kind: EntryKind
    text: str
    step: str | None = None
    operation: str | None = None
    data: tuple[Parameter, ...] = ()
    status: Status | None = None
    status_detail: str = ""
    place_hold: Hold | None = None
    lift_hold: str | None = None
    verdict: Verdict | None = None
    deployment: Deployment | None = None
    unless_denied: bool = False


class AuditFault(Value):
    """The first place where the audit log is not what was written."""

    seq: int
    what: str


class AuditEntry(Value):
    """One line of the audit log: who did what to what, chained by hash to the line before."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    hash: str


class Delivery(Value):
    """What one place was told under one key, at last ``at``.

    ``ref`` is the place's own id of the message; None: it was to be sent, and nobody knows whether
    it arrived. ``digest`` is that of its content as it stands there, empty while that is not known.
    ``rollback_id`` is empty for what is about no rollback.
    """

    place: str
    key: str
    rollback_id: str
    ref: str | None
    digest: str
    at: datetime


class HeardEvent(Value):
    """Something that was heard and is not settled yet; ``document`` says what it was."""

    id: str
    at: datetime
    document: str


class Attendance(Protocol):
    """The right to serve a place, which ends with its process at the latest."""

    def leave(self) -> None:
        """Give it back; idempotent."""
        ...
