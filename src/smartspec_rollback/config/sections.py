"""What people write in smartspec.yaml: one class per section, each key with its description.

The loader decodes into these, and the JSON Schema, the reference documentation and the hints in
errors are made from them, so they cannot disagree. Every example is loaded by a test. Rules that
need more than one section are in ``crosscheck``; the meaning for the domain is in ``build``.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from smartspec_rollback.config.alerts import AlertsSection
from smartspec_rollback.config.annotations import (
    Account,
    Approver,
    Duration,
    EnvironmentName,
    PersonName,
    ServiceName,
    ShortObjective,
)
from smartspec_rollback.config.database import REFUSED_KINDS, DatabaseSection
from smartspec_rollback.config.measuring import ObjectiveSection, VerificationSection
from smartspec_rollback.config.model import ProviderConfiguration
from smartspec_rollback.config.server import ServerSection
from smartspec_rollback.domain.approval import Policy
from smartspec_rollback.domain.settings import TargetSettings
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value

_LOCAL = {"kind": "local", "releases": "releases/"}
_POLICY = Policy()
_Database = Annotated[
    ProviderConfiguration,
    Meta(
        extra={
            "smartspec": "provider",
            "group": "databases",
            "shared": DatabaseSection,
            "refused": REFUSED_KINDS,
        }
    ),
]
_SETTINGS = TargetSettings(target=Target(service="", environment=""))


class ApprovalSection(Value):
    """Who must consent to a rollback."""

    approvers: Annotated[
        tuple[Approver, ...],
        Meta(
            description="Who may approve: names from `people`; without it, anybody identified.",
            examples=[["alice", "bob"]],
        ),
    ] = _POLICY.approvers
    quorum: Annotated[
        int,
        Meta(ge=1, description="How many different people must approve.", examples=[1]),
    ] = _POLICY.quorum
    expires: Annotated[
        Duration,
        Meta(gt=0, description="How long the question stands; then it is a no.", examples=["15m"]),
    ] = _POLICY.expires
    self_approval: Annotated[
        bool,
        Meta(description="Whether who requested the rollback may approve it.", examples=[True]),
    ] = _POLICY.self_approval
    auto_approve_up_to: Annotated[
        Literal["none", "low", "medium"],
        Meta(
            description="The highest risk that `--auto-approve` may roll back unattended.",
            examples=["medium"],
            extra={"refused": {"high": "a rollback of high risk always needs a person"}},
        ),
    ] = "medium"

    def __post_init__(self) -> None:
        """Keep the quorum reachable."""
        if len(set(self.approvers)) < len(self.approvers):
            raise ValueError("an approver is listed twice")
        if self.approvers and self.quorum > len(self.approvers):
            raise ValueError(
                f"quorum is {self.quorum}, but only {len(self.approvers)} may approve; "
                "list more approvers or lower the quorum"
            )


class FreezeSection(Value):
    """A window in which changes need a reason."""

    start: Annotated[
        datetime,
        Meta(description="When it begins; a date begins at 00:00 UTC.", examples=["2026-12-24"]),
    ] = field(name="from")
    end: Annotated[
        datetime,
        Meta(
            description="When it is over, exclusive: the first moment not in the window.",
            examples=["2027-01-02"],
        ),
    ] = field(name="to")
    reason: Annotated[str, Meta(min_length=1, description="Why.", examples=["holidays"])]

    def __post_init__(self) -> None:
        """Refuse a window that is never open."""
        if self.end <= self.start:
            raise ValueError("`to` must be after `from`; a date ends where that day begins")


class EnvironmentSection(Value):
    """One service in one environment."""

    platform: Annotated[
        ProviderConfiguration,
        Meta(
            description="What runs the service. The other keys are the kind's own.",
            examples=[_LOCAL],
            extra={"smartspec": "provider", "group": "platforms"},
        ),
    ]
    database: Annotated[
        Literal["none"] | _Database | UnsetType,
        Meta(
            description="`none` declares that there is no database. Without this key, whether the "
            "schema allows a rollback stays unknown, which makes the risk high. Otherwise the kind "
            "and its keys.",
            examples=[
                "none",
                {"kind": "postgresql", "url": {"env": "CHECKOUT_DATABASE_URL"}},
            ],
        ),
    ] = UNSET
    objectives: Annotated[
        tuple[ShortObjective | ObjectiveSection, ...],
        Meta(
            description="What a release must keep to, in short or long form.",
            examples=[
                ["p99 latency <= 200ms", "error rate <= 1%"],
                [{"query": "p99 latency", "at_most": "200ms", "window": "30s"}],
            ],
        ),
    ] = ()
    verification: Annotated[
        VerificationSection,
        Meta(
            description="How a release is tested and watched after it took traffic.",
            examples=[{"warm_up": "10s", "bake": "60s", "probes": [{"path": "/healthz"}]}],
        ),
    ] = VerificationSection()
    metrics: Annotated[
        ProviderConfiguration,
        Meta(
            description="Where measurements come from.",
            examples=[{"kind": "probe"}],
            extra={"smartspec": "provider", "group": "metrics", "default": "probe"},
        ),
    ]
    prewarm: Annotated[
        bool,
        Meta(
            description="Start the target version beside the live one while people read the plan.",
            examples=[True],
        ),
    ] = _SETTINGS.prewarm
    soak: Annotated[
        Duration,
        Meta(
            description="How long a release must have been healthy to be known good.",
            examples=["10m"],
        ),
    ] = _SETTINGS.soak
    approval: Annotated[
        ApprovalSection,
        Meta(
            description="Who must consent to a rollback.",
            examples=[{"approvers": ["alice", "bob"], "quorum": 1, "expires": "15m"}],
        ),
    ] = ApprovalSection()
    channel: Annotated[
        ProviderConfiguration | UnsetType,
        Meta(
            description="Where people are asked and told.",
            examples=[{"kind": "terminal"}],
            extra={"smartspec": "provider", "group": "channels"},
        ),
    ] = UNSET
    notify: Annotated[
        tuple[
            Annotated[
                ProviderConfiguration, Meta(extra={"smartspec": "provider", "group": "channels"})
            ],
            ...,
        ],
        Meta(
            description="Where people and systems are told besides `channel`; nobody is asked "
            "there.",
            examples=[[{"kind": "webhook", "url": {"env": "TEAM_WEBHOOK_URL"}}]],
        ),
    ] = ()
    alerts: Annotated[
        AlertsSection,
        Meta(
            description="What alerts that reach `smartspec serve` may do.",
            examples=[{"open_rollbacks": True, "severities": ["critical"], "within": "1h"}],
        ),
    ] = AlertsSection()
    freeze: Annotated[
        tuple[FreezeSection, ...],
        Meta(
            description="Windows in which changes need a reason.",
            examples=[[{"from": "2026-12-24", "to": "2027-01-02", "reason": "holidays"}]],
        ),
    ] = ()
    depends_on: Annotated[
        tuple[ServiceName, ...],
        Meta(description="Services of this file that this one calls.", examples=[["payments"]]),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse a list that says the same twice."""
        if len(set(self.depends_on)) < len(self.depends_on):
            raise ValueError("depends_on lists a service twice")


class PersonSection(Value):
    """The accounts of one person; each belongs to one person only."""

    os: Annotated[
        Account | UnsetType,
        Meta(description="The user name on this machine.", examples=["alice"]),
    ] = UNSET
    slack: Annotated[
        Account | UnsetType, Meta(description="The Slack member id.", examples=["U012AB3CD"])
    ] = UNSET
    matrix: Annotated[
        Account | UnsetType,
        Meta(description="The Matrix user id.", examples=["@alice:example.org"]),
    ] = UNSET
    oidc: Annotated[
        Account | UnsetType,
        Meta(description="The name at the OpenID provider.", examples=["alice@example.org"]),
    ] = UNSET

    def __post_init__(self) -> None:
        """Refuse a person who could never be recognised."""
        if not self.accounts:
            raise ValueError("no account is named, so nobody could act as this person")

    @property
    def accounts(self) -> tuple[tuple[str, str], ...]:
        """List the accounts with the key each stands under."""
        held = (
            ("os", self.os),
            ("slack", self.slack),
            ("matrix", self.matrix),
            ("oidc", self.oidc),
        )
        return tuple((key, account) for key, account in held if account is not UNSET)


class Document(Value):
    """The whole file. Its dictionaries are read once by the loader and never kept."""

    services: Annotated[
        dict[
            ServiceName,
            Annotated[dict[EnvironmentName, EnvironmentSection], Meta(min_length=1)],
        ],
        Meta(
            min_length=1,
            description="The services, each with its environments.",
            examples=[{"checkout": {"production": {"platform": _LOCAL}}}],
        ),
    ]
    people: Annotated[
        dict[PersonName, PersonSection],
        Meta(
            description="Who is who: the accounts by which each person is known.",
            examples=[{"alice": {"os": "alice", "slack": "U012AB3CD"}}],
        ),
    ] = field(default_factory=dict)
    server: Annotated[
        ServerSection,
        Meta(
            description="How `smartspec serve` is reached, and who may do what there.",
            examples=[{"url": "https://rollback.example.org"}],
        ),
    ] = ServerSection()
