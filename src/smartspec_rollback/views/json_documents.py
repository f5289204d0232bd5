"""The shapes of every JSON document this tool prints; their JSON Schema is made from them.

Called by ``views.json``. Every document names its schema and version first. Times are RFC 3339 in
UTC, spans are seconds, digests ``sha256:<hex>``, parameters plain objects from name to value.
Within a version names stay; fields may be added at the end.
"""

from datetime import datetime

from smartspec_rollback.domain.approval import Decision, Person, Policy
from smartspec_rollback.domain.candidate import Candidate, LedgerEntry
from smartspec_rollback.domain.comparison import Coverage, Layer, SchemaVerdict
from smartspec_rollback.domain.finding import Finding, Override, Risk
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.plan import Estimate
from smartspec_rollback.domain.readiness import Readiness
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.report import Commits, Moments, StepRecord
from smartspec_rollback.domain.reversal import Loss, ReversalVerdict
from smartspec_rollback.domain.rollback import EntryKind, Rollback, Status
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.step import Repeat
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Evidence, Value
from smartspec_rollback.domain.verdict import Verdict


class StepDocument(Value):
    """A planned step."""

    id: str
    kind: str
    title: str
    parameters: dict[str, str]
    expected: dict[str, str]
    undo: str
    repeat: Repeat
    timeout: float
    moves_traffic: bool
    danger: str
    afterwards: str = ""


class PlanDocument(Value):
    """A plan; ``headline`` is its one-line verdict, ``digest`` what approvals are bound to."""

    digest: str
    rollback_id: str
    failed_deployment_id: str
    target: Target
    reason: str
    headline: str
    risk: Risk
    may_proceed: bool
    from_release: Release
    to: Candidate
    rejected: tuple[Candidate, ...]
    overrides: tuple[Override, ...]
    failing_now: str | None
    prewarm: bool
    steps: tuple[StepDocument, ...]
    verification: Verification
    objectives: tuple[Objective, ...]
    baseline: Summary | None
    policy: Policy
    estimate: Estimate | None
    fingerprint: str
    requested_by: Person
    made_at: datetime


class EntryDocument(Value):
    """A journal entry."""

    seq: int
    at: datetime
    kind: EntryKind
    text: str
    step: str | None
    operation: str | None
    data: dict[str, str]


class ApprovalDocument(Value):
    """Whose consent was needed, until when, and who answered what."""

    quorum: int
    approvers: tuple[str, ...]
    expires_at: datetime
    decisions: tuple[Decision, ...]


class DurationsDocument(Value):
    """The seconds between the moments; null where one of the two is missing.

    ``recovery`` is the failed-deployment recovery time, from deployed to verified.
    """

    detect: float | None
    decide: float | None
    approve: float | None
    switch: float | None
    verify: float | None
    recovery: float | None


class RollbackDocument(Value, tag_field="schema", tag="smartspec.rollback/1"):
    """One rollback, finished or not: what ``smartspec_rollback --format json`` prints.

    ``outcome`` is the sentence for people, ``hold`` the id of the hold on the bad release.
    """

    rollback_id: str
    status: Status
    status_detail: str
    exit_code: int
    outcome: str
    failed_deployment_id: str
    target: Target
    from_version: str
    to_version: str
    reason: str
    break_glass: bool
    plan: PlanDocument
    findings: tuple[Finding, ...]
    approval: ApprovalDocument
    prewarm: str | None
    steps: tuple[StepRecord, ...]
    verdict: Verdict | None
    hold: str | None
    moments: Moments
    durations: DurationsDocument
    advice: tuple[str, ...]
    journal: tuple[EntryDocument, ...]
    report_paths: tuple[str, ...]
    commits: Commits


class PlanAlone(Value, tag_field="schema", tag="smartspec.plan/1"):
    """A plan by itself."""

    plan: PlanDocument
    findings: tuple[Finding, ...]


class RollbacksDocument(Value, tag_field="schema", tag="smartspec.rollbacks/1"):
    """Several rollbacks at once: what ``smartspec_rollback`` prints for several deployments.

    ``exit_code`` is that of the command: the gravest among them.
    """

    exit_code: int
    rollbacks: tuple["EndedDocument", ...]


class EndedDocument(Value):
    """One of several rollbacks; ``rollback`` is absent where it came to an error instead."""

    failed_deployment_id: str
    target: Target
    exit_code: int
    rollback: RollbackDocument | None
    error: str
    remedy: str


class GateDocument(Value, tag_field="schema", tag="smartspec.gate/1"):
    """What ``smartspec_quality_gate --format json`` prints."""

    deployment_id: str
    outcome: str
    exit_code: int
    verdict: Verdict


class ProblemDocument(Value):
    """One fault in a configuration file; ``line`` counts from 1, 0 where there is none."""

    line: int
    key: str
    what: str
    remedy: str


class ErrorDocument(Value, tag_field="schema", tag="smartspec.error/1"):
    """What any command prints instead when it stops with an error."""

    error: str
    exit_code: int
    what: str
    where: str
    remedy: str
    details: tuple[str, ...]
    nearest: tuple[str, ...]
    problems: tuple[ProblemDocument, ...]
    candidates: tuple[Candidate, ...]


class DeploymentsDocument(Value, tag_field="schema", tag="smartspec.deployments/1"):
    """Recorded deployments, newest first."""

    deployments: tuple[LedgerEntry, ...]


class HoldsDocument(Value, tag_field="schema", tag="smartspec.holds/1"):
    """The holds in force, newest first."""

    holds: tuple[Hold, ...]


class HistoryDocument(Value, tag_field="schema", tag="smartspec.history/1"):
    """Rollbacks, newest first."""

    rollbacks: tuple[Rollback, ...]


class ReadinessDocument(Value, tag_field="schema", tag="smartspec.readiness/1"):
    """Whether each Target could be gone back on: what ``smartspec readiness`` prints."""

    exit_code: int
    answers: tuple[Readiness, ...]


class SchemaFindingDocument(Value):
    """One change, or one statement, and what it means for the old version; see the codes' page."""

    code: str
    verdict: SchemaVerdict
    object: str
    summary: str
    statement: str | None
    statement_id: str | None
    others: int
    layer: Layer
    layers: tuple[Layer, ...]
    evidence: tuple[Evidence, ...]
    fix: str
    loses: str


class SchemaComparisonDocument(Value, tag_field="schema", tag="smartspec.schema-comparison/1"):
    """What ``smartspec schema compare`` prints; ``coverage`` is the share known, 0 to 1."""

    verdict: SchemaVerdict
    exit_code: int
    reason: str
    coverage: float
    workload: Coverage
    findings: tuple[SchemaFindingDocument, ...]
    layers: tuple[Layer, ...]
    unseen: tuple[str, ...]


class ReversalDocument(Value, tag_field="schema", tag="smartspec.schema-reversal/1"):
    """What ``smartspec schema reversal`` prints; ``writes`` is ``given`` or ``made up``."""

    verdict: ReversalVerdict
    exit_code: int
    reason: str
    losses: tuple[Loss, ...]
    schema_differences: tuple[str, ...]
    failed_statement: str | None
    failed_message: str
    writes: str
    written: int
    server: str
    notes: tuple[str, ...]
