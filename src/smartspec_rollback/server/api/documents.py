"""The shapes of what the API reads and writes that no command prints.

What a command prints too is in ``views.json_documents``. Called by the modules of the resources.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.credentials import Token
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.ports.store import AuditEntry, AuditFault
from smartspec_rollback.server.api.fields import (
    NAME_PATTERN,
    After,
    DeploymentId,
    Digest,
    EnvironmentName,
    Limit,
    Name,
    ServiceName,
    Text,
    VersionName,
)
from smartspec_rollback.server.webhooks import alerts, cdevents
from smartspec_rollback.views.json_documents import EntryDocument


class RollbackRequest(Value):
    """What ``smartspec_rollback`` takes.

    ``target_version`` null: the last known good one. ``override`` names the one check whose
    blocking finding a person lifts; that needs a ``reason``.
    """

    failed_deployment_id: DeploymentId
    target_version: VersionName | None = None
    dry_run: Annotated[bool, Meta(description="Make the plan, and nothing else.")] = False
    reason: Text | None = None
    auto_approve: Annotated[bool, Meta(description="Ask nobody where the policy allows that.")] = (
        False
    )
    override: (
        Annotated[
            str,
            Meta(
                pattern=NAME_PATTERN,
                max_length=128,
                description="The one check whose blocking finding a person lifts.",
            ),
        ]
        | None
    ) = None


class AnswerRequest(Value):
    """An answer to the plan that ``digest`` names."""

    digest: Digest
    reason: Text | None = None


class ReasonRequest(Value):
    """Why something is done."""

    reason: Text


class DeploymentRequest(Value):
    """What ``smartspec deployment record`` takes; ``at`` null: now."""

    deployment_id: DeploymentId
    service: ServiceName
    environment: EnvironmentName
    version: VersionName
    artifact: Text | None = None
    commit: Name | None = None
    at: (
        Annotated[
            datetime,
            Meta(tz=True, description="When, with its zone.", examples=["2026-03-02T12:00:00Z"]),
        ]
        | None
    ) = None
    phase: Annotated[
        Literal["before-migrations", "after-migrations", "live"],
        Meta(description="How far it has come; record it again for each phase."),
    ] = "live"
    database: Annotated[bool, Meta(description="Whether a configured database is looked at.")] = (
        True
    )


class VerdictRequest(Value):
    """What somebody says of a deployment's health."""

    health: Annotated[Literal["healthy", "failed"], Meta(description="What it is.")]
    reason: Text | None = None


class GateRequest(Value):
    """Which deployment to judge; it has to be the live one."""

    deployment_id: DeploymentId


class TargetQuery(Value):
    """Of one service, or one environment of it."""

    service: ServiceName | None = None
    environment: EnvironmentName | None = None


class RollbacksQuery(TargetQuery):
    """Which rollbacks to list."""

    failed_deployment_id: DeploymentId | None = None
    status: Annotated[Status, Meta(description="Only those that stand so.")] | None = None
    limit: Limit = 20


class DeploymentsQuery(TargetQuery):
    """Which deployments to list."""

    limit: Limit = 20


class AuditQuery(Value):
    """How many entries to list."""

    limit: Limit = 100


class JournalQuery(Value):
    """From where on."""

    after: After = 0


class GivenDocument(Value, tag_field="schema", tag="smartspec.given/1"):
    """An answer that counts; ``is_new`` is false where this person gave it before."""

    rollback_id: str
    answer: Answer
    person: str
    is_new: bool
    digest: str
    status: Status


class JournalDocument(Value, tag_field="schema", tag="smartspec.journal/1"):
    """A rollback's journal after an entry; ``is_active`` tells whether more may come."""

    rollback_id: str
    status: Status
    is_active: bool
    entries: tuple[EntryDocument, ...]


class RemarkDocument(Value):
    """Something to tell whoever recorded a deployment; a warning says what is missing."""

    text: str
    is_warning: bool


class RecordedDocument(Value, tag_field="schema", tag="smartspec.recorded/1"):
    """A recorded deployment; ``is_new`` is false where this was recorded before."""

    is_new: bool
    deployment: LedgerEntry
    remarks: tuple[RemarkDocument, ...]


class DeploymentDocument(Value, tag_field="schema", tag="smartspec.deployment/1"):
    """One deployment with its newest verdict."""

    deployment: LedgerEntry
    newest_verdict: Verdict | None


class VerdictDocument(Value, tag_field="schema", tag="smartspec.verdict/1"):
    """A verdict that was recorded."""

    verdict: Verdict


class GateRunDocument(Value, tag_field="schema", tag="smartspec.gate-run/1"):
    """A gate: over once there is an ``exit_code``, that of ``smartspec_quality_gate``."""

    gate_id: str
    deployment_id: str
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    verdict: Verdict | None
    error: str
    remedy: str


class HoldDocument(Value, tag_field="schema", tag="smartspec.hold/1"):
    """A hold that was lifted."""

    hold: Hold


class StandingDocument(Value):
    """What is live on a Target, what is being done there, and what is banned."""

    target: Target
    live: LedgerEntry | None
    active: Rollback | None
    holds: tuple[Hold, ...]


class ServicesDocument(Value, tag_field="schema", tag="smartspec.services/1"):
    """Every Target that whoever asks may see."""

    services: tuple[StandingDocument, ...]


class AuditDocument(Value, tag_field="schema", tag="smartspec.audit-log/1"):
    """The newest entries of the audit log, newest first."""

    entries: tuple[AuditEntry, ...]


class ProofDocument(Value, tag_field="schema", tag="smartspec.audit/1"):
    """Whether the audit log is what was written; ``newest_hash`` is null where it is not."""

    sound: bool
    entries: int
    fault: AuditFault | None
    newest_hash: str | None


class TokenRequest(Value):
    """A token to make for a machine; ``services`` and ``environments`` narrow it.

    ``expires_in`` is in seconds. A token that acts as a person is made by `smartspec token create`
    on the machine that has the ledger.
    """

    name: Name
    scopes: Annotated[
        tuple[Literal["read", "record", "judge", "request"], ...],
        Meta(min_length=1, description="What it allows."),
    ]
    services: Annotated[tuple[ServiceName, ...], Meta(description="For these services only.")] = ()
    environments: Annotated[
        tuple[EnvironmentName, ...], Meta(description="For these environments only.")
    ] = ()
    expires_in: Annotated[
        int, Meta(ge=60, le=90 * 86400, description="For how many seconds.", examples=[86400])
    ] = 90 * 86400


class TokensQuery(Value):
    """How many tokens to list."""

    limit: Limit = 100


class TokenDocument(Value, tag_field="schema", tag="smartspec.ended-token/1"):
    """A token that was ended."""

    token: Token


class TokensDocument(Value, tag_field="schema", tag="smartspec.tokens/1"):
    """The tokens there are, newest first, those that were revoked or have expired included."""

    tokens: tuple[Token, ...]


class NewTokenDocument(Value, tag_field="schema", tag="smartspec.token/1"):
    """A token that was made; ``secret`` is shown this once, and kept nowhere."""

    secret: str
    token: Token


class MeDocument(Value, tag_field="schema", tag="smartspec.me/1"):
    """Who asks: a person, or a machine that never approves; and the ``version`` that answers."""

    name: str
    is_machine: bool
    version: str


class EventsDocument(Value, tag_field="schema", tag="smartspec.events/1"):
    """What became of events: ids of deployments recorded, of those known already, the rest."""

    recorded: tuple[str, ...]
    known: tuple[str, ...]
    ignored: tuple[cdevents.Ignored, ...]


class AlertsDocument(Value, tag_field="schema", tag="smartspec.alerts/1"):
    """What became of the alerts, in their order."""

    alerts: tuple[alerts.Taken, ...]


class HealthDocument(Value, tag_field="schema", tag="smartspec.health/1"):
    """Whether the server does what it is for; ``why`` says what is wrong."""

    ok: bool
    why: str = ""
