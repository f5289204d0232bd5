"""The ledger and journal. Every change and its audit entry are one transaction."""

from datetime import datetime
from typing import Protocol

from smartspec_rollback.domain.approval import Decision, Person
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.credentials import Session, Token
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.gate import GateRun
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.readiness import Readiness
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Claim, EntryKind, JournalEntry, Rollback, Status
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.schema_record import RecordedSchema, SchemaSnapshot
from smartspec_rollback.domain.series import Series
from smartspec_rollback.domain.target import Target
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


class Store(Protocol):
    """Deployments, schemas, verdicts, holds, rollbacks, journal, decisions, audit log.

    Errors: StoreError and its kinds. All times are UTC.
    """

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def version_mark(self) -> int:
        """Return a number that changes when another process wrote; cheap enough to poll."""
        ...

    # Deployments and verdicts

    def record_deployment(self, deployment: Deployment, /, *, by: Person) -> bool:
        """Record it or its next phase; False if that is recorded. UsageError on a contradiction."""
        ...

    def deployment(self, deployment_id: str, /) -> LedgerEntry | None:
        """Look one up with what is known of it."""
        ...

    def deployments(
        self, target: Target | None = None, /, *, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """List the newest, newest first."""
        ...

    def live(self, target: Target, /) -> LedgerEntry | None:
        """Return the newest deployment that went live."""
        ...

    def similar_ids(self, deployment_id: str, /, *, limit: int) -> tuple[str, ...]:
        """Name the recorded ids most like this one, best first; bounded work, however large."""
        ...

    def earlier(self, before: Deployment, /, *, limit: int) -> tuple[LedgerEntry, ...]:
        """List live deployments of the same Target before this one, newest first."""
        ...

    def earlier_healthy(
        self,
        before: Deployment,
        /,
        *,
        limit: int,
        older_than: Deployment | None = None,
    ) -> tuple[LedgerEntry, ...]:
        """Like ``earlier``, but only those whose newest conclusive verdict is a pass, not held.

        ``older_than`` continues a listing. Milliseconds with a million deployments.
        """
        ...

    def earlier_of_version(self, before: Deployment, version: str, /) -> LedgerEntry | None:
        """Return the newest earlier live deployment of a version on the same Target."""
        ...

    def since(self, targets: tuple[Target, ...], at: datetime, /) -> tuple[Deployment, ...]:
        """List what went live on these Targets after ``at``, oldest first, 100 at most."""
        ...

    def record_schema(
        self, deployment_id: str, phase: Phase, snapshot: SchemaSnapshot, /, *, by: Person
    ) -> RecordedSchema:
        """Add what a database was in a phase of a deployment; UnknownName if that is unknown."""
        ...

    def schema_of(self, deployment_id: str, /) -> tuple[RecordedSchema, ...]:
        """List what was recorded with a deployment: the newest of each phase, oldest first."""
        ...

    def schema_of_release(self, target: Target, release: Release, /) -> RecordedSchema | None:
        """Return the newest schema recorded while a release was live.

        Where some digest was not known then, the same version counts unless it surely is another
        release.
        """
        ...

    def record_capture(self, capture: Capture, /, *, by: Person) -> bool:
        """Add what a platform needs to bring a deployment's release back.

        False if the deployment's newest capture says the very same; UnknownName if the deployment
        is unknown, UsageError if it went to another Target.
        """
        ...

    def captures(self, target: Target, /, *, limit: int) -> tuple[Capture, ...]:
        """List the newest capture of each release of a Target, newest first."""
        ...

    def secret_key(self) -> bytes:
        """Return this ledger's random key for keyed hashes; made when it is first asked for."""
        ...

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

    # Holds

    def holds(self, target: Target | None = None, /) -> tuple[Hold, ...]:
        """List the holds in force, newest first."""
        ...

    def hold_on(self, target: Target, release: Release, /) -> Hold | None:
        """Return the hold in force on this very release."""
        ...

    def release_hold(self, hold_id: str, /, *, by: Person, reason: str, at: datetime) -> Hold:
        """Lift a hold; UnknownName if there is none such, UsageError if it was lifted before."""
        ...

    # Rollbacks

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

    # What was told where, and what was heard; working memory that is not audited

    def attend(self, name: str, /) -> Attendance | None:
        """Take the right to serve a place; None while any process, this one too, has it."""
        ...

    def deliver(self, delivery: Delivery, /) -> None:
        """Keep what a place is told under a key: the intent, its ref, a newer digest.

        A ref that is known stays unless another one is given.
        """
        ...

    def delivery(self, place: str, key: str, /) -> Delivery | None:
        """Look up what a place was told under a key."""
        ...

    def deliveries_of(self, rollback_id: str, /) -> tuple[Delivery, ...]:
        """List what was told of a rollback anywhere, oldest first."""
        ...

    def delivered(self, place: str, ref: str, /) -> Delivery | None:
        """Look up what a message of a place is about."""
        ...

    def hear(self, event_id: str, /, *, at: datetime, document: str | None = None) -> bool:
        """Remember durably that an event was heard; False if it was heard before.

        With a ``document`` it is open until it is settled. What is settled is forgotten after a
        month.
        """
        ...

    def was_heard(self, event_id: str, /) -> bool:
        """Tell whether an event was heard, without hearing it."""
        ...

    def unsettled(self, *, limit: int) -> tuple[HeardEvent, ...]:
        """List what was heard and is open, oldest first."""
        ...

    def settle(self, event_id: str, /) -> None:
        """Close what was heard: it was answered; idempotent."""
        ...

    # What a server was asked for

    def remember_request(self, key: str, digest: str, /, *, at: datetime) -> str | None:
        """Remember that ``key`` names the request ``digest``; what rollback came of it, or None.

        UsageError if the key names another request already.
        """
        ...

    def answer_request(self, key: str, rollback_id: str, /) -> None:
        """Keep which rollback came of a request; the first one stays."""
        ...

    def begin_gate(self, run: GateRun, /) -> GateRun:
        """Keep a gate that is to be run; the one of its deployment that runs already, if any."""
        ...

    def end_gate(self, run: GateRun, /) -> None:
        """Keep what came of a gate; the first word stays."""
        ...

    def gate_run(self, gate_id: str, /) -> GateRun | None:
        """Look a gate up."""
        ...

    def running_gates(self) -> tuple[GateRun, ...]:
        """List the gates that nobody ended, oldest first."""
        ...

    # Readiness: working memory, not audited

    def keep_readiness(self, answer: Readiness, /) -> None:
        """Keep an answer in place of the one before; a newer one stays."""
        ...

    def readiness(self, target: Target, /) -> Readiness | None:
        """Return the newest answer about a Target; None where nobody gave one."""
        ...

    # What was measured while rollbacks ran

    def add_series(self, rollback_id: str, series: Series, /) -> None:
        """Add what was measured while a rollback ran; dropped if it is unknown or has enough."""
        ...

    def series(self, rollback_id: str, /) -> tuple[Series, ...]:
        """List what was measured while a rollback ran, in the order it was added."""
        ...

    # Access

    def add_token(self, token: Token, /, *, fingerprint: str, by: Person) -> None:
        """Keep a new token; UsageError if its id is taken."""
        ...

    def token(self, token_id: str, /) -> Token | None:
        """Look one up, whether or not it still counts."""
        ...

    def token_presented(self, token_id: str, /, *, fingerprint: str) -> Token | None:
        """Look up the token that this is the fingerprint of, whether or not it still counts."""
        ...

    def tokens(self, *, limit: int) -> tuple[Token, ...]:
        """List them, newest first, revoked and expired ones too."""
        ...

    def revoke_token(self, token_id: str, /, *, by: Person, at: datetime) -> Token:
        """End a token now; UnknownName if there is none such, UsageError if it was revoked."""
        ...

    def token_used(self, token_id: str, /, *, at: datetime) -> None:
        """Note that a token was used in this hour; writes at most once in it."""
        ...

    def open_session(
        self, session: Session, /, *, fingerprint: str, instead_of: str | None = None
    ) -> None:
        """Keep a session; the one whose fingerprint is ``instead_of`` and those over end."""
        ...

    def session(self, fingerprint: str, /) -> Session | None:
        """Look up a session by the hash of its id, whether or not it is over."""
        ...

    def end_session(self, fingerprint: str, /) -> None:
        """End a session; nothing happens where there is none such."""
        ...

    # Audit

    def audit(self, *, actor: str, action: str, subject: str, detail: str, at: datetime) -> None:
        """Add an entry for something that changes no other table."""
        ...

    def audit_log(self, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the newest entries, newest first."""
        ...

    def audit_since(self, seq: int, /, *, limit: int) -> tuple[AuditEntry, ...]:
        """List the entries with numbers above ``seq``, oldest first."""
        ...

    def verify_audit(self) -> tuple[int, AuditFault | None]:
        """Check the whole chain: how many entries, and the first fault if there is one."""
        ...
