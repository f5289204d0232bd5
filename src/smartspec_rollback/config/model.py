"""What a loaded configuration is: targets with their providers, and people.

The loader makes it, wiring reads it. It holds no open resources and no secrets.
"""

from pathlib import Path
from typing import Protocol

from smartspec_rollback.domain.access import Grant, Role
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.settings import TargetSettings
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import UnknownName


class Kinds(Protocol):
    """The providers there are; wiring knows them, ``config`` only their settings types.

    A group is ``platforms``, ``databases``, ``metrics`` or ``channels``.
    """

    def names(self, group: str, /) -> tuple[str, ...]:
        """Name the kinds of a group."""
        ...

    def settings_type(self, group: str, kind: str, /) -> type:
        """Return the Value that holds a kind's own settings; UnknownName lists the known kinds."""
        ...


class ProviderConfiguration(Value):
    """Which kind of provider, and its own settings.

    ``shared`` are the keys beside them that every kind of the group has, None where it has none.
    """

    kind: str
    settings: Value
    shared: Value | None = None


class DatabaseConfiguration(Value):
    """How a Target's database is looked into, and what is recorded of it with a deployment.

    ``settings`` are the kind's own. ``statements`` are paths of files, ``*`` and ``**`` allowed.
    ``look_within`` is in seconds.
    """

    kind: str
    settings: Value
    migrations_tool: str | None = None
    migrations_path: Path | None = None
    statements: tuple[Path, ...] = ()
    remembered: bool = True
    record_values: bool = False
    record_samples: int = 0
    look_within: float = 5.0


class Alerts(Value):
    """What alerts about one Target may do; ``within`` is in seconds after a deployment."""

    open_rollbacks: bool = False
    severities: tuple[str, ...] = ("critical",)
    within: float = 3600.0


class AlertLabels(Value):
    """What the labels of alerts are called."""

    service: str = "service"
    environment: str = "environment"
    deployment: str = "deployment_id"
    severity: str = "severity"


class TargetConfiguration(Value):
    """One service in one environment: what was decided, and by which providers it is served."""

    settings: TargetSettings
    platform: ProviderConfiguration
    metrics: ProviderConfiguration
    channel: ProviderConfiguration | None = None
    notify: tuple[ProviderConfiguration, ...] = ()
    database: DatabaseConfiguration | None = None
    alerts: Alerts = Alerts()


class PersonEntry(Value):
    """A person and the accounts they are known by, such as ``os:alice``."""

    name: str
    accounts: tuple[str, ...]


class Oidc(Value):
    """The OpenID provider that people log in at."""

    issuer: str
    client_id: str
    client_secret: SecretReference
    name_claim: str
    groups_claim: str
    scopes: tuple[str, ...]


class ServerConfiguration(Value):
    """How ``smartspec serve`` is reached, and who may do what there.

    ``url`` is how people reach it, None where nobody said. ``tls`` are the paths of certificate
    and key. ``grants`` None: everybody in ``people`` is operator and approver. Times are seconds.
    ``readiness`` is how often it looks whether each Target could be gone back on; None is never.
    """

    url: str | None = None
    tls: tuple[Path, Path] | None = None
    trusted_proxies: tuple[str, ...] = ()
    oidc: Oidc | None = None
    session: float = 43200.0
    confirm_within: float = 300.0
    readiness: float | None = 300.0
    grants: tuple[Grant, ...] | None = None
    alert_labels: AlertLabels = AlertLabels()


class Configuration(Value):
    """Everything in one smartspec.yaml; ``path`` is absolute."""

    path: Path
    targets: tuple[TargetConfiguration, ...]
    people: tuple[PersonEntry, ...] = ()
    server: ServerConfiguration = ServerConfiguration()

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Who has which role; where nobody said, everybody in ``people`` operates and approves."""
        if self.server.grants is not None:
            return self.server.grants
        everybody = tuple(person.name for person in self.people)
        return tuple(Grant(role=role, people=everybody) for role in (Role.OPERATOR, Role.APPROVER))

    def target(self, service: str, environment: str) -> TargetConfiguration:
        """Look a Target up; UnknownName with the nearest known service or environment."""
        environments: dict[str, TargetConfiguration] = {}
        for held in self.targets:
            if held.settings.target.service == service:
                environments[held.settings.target.environment] = held
        if environment in environments:
            return environments[environment]
        if environments:
            raise _unknown(f"environment of {service}", environment, tuple(environments))
        services = dict.fromkeys(held.settings.target.service for held in self.targets)
        raise _unknown("service", service, tuple(services))

    def identify(self, account: str) -> Person:
        """Say who ``account`` (``os:alice``) is; an unmapped one stands for itself."""
        for entry in self.people:
            if account in entry.accounts:
                return Person(name=entry.name, account=account)
        return Person(name=account, account=account)


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> UnknownName:
    shown = name[:80]
    return UnknownName(
        kind,
        shown,
        nearest=nearest(shown, known),
        remedy=f"smartspec.yaml has: {', '.join(known[:20])}",
    )
