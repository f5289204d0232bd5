"""The section ``server`` of smartspec.yaml: who may come in to ``smartspec serve``, and how.

Read by ``sections``; ``wiring`` and the server use what ``model.ServerConfiguration`` makes of it.
"""

from pathlib import Path
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from smartspec_rollback.config.alerts import AlertLabelsSection
from smartspec_rollback.config.annotations import (
    Duration,
    EnvironmentName,
    PersonName,
    ServiceName,
)
from smartspec_rollback.domain.access import Role
from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value

_HOURS = 3600.0
_OFTENEST = 10.0


class TlsSection(Value):
    """The server's own certificate."""

    certificate: Annotated[
        Path,
        Meta(description="The certificate with its chain, as PEM.", examples=["tls/server.pem"]),
    ]
    key: Annotated[Path, Meta(description="Its private key, as PEM.", examples=["tls/server.key"])]


class OidcSection(Value):
    """The OpenID provider that people log in at."""

    issuer: Annotated[
        str,
        Meta(
            pattern=r"^https?://\S+$",
            description="The provider's issuer; its discovery document is read from there.",
            examples=["https://login.example.org"],
        ),
    ]
    client_id: Annotated[
        str,
        Meta(min_length=1, description="This server's id there.", examples=["smartspec"]),
    ]
    client_secret: Annotated[
        SecretReference,
        Meta(
            description="Where this server's secret is kept.",
            examples=[{"env": "OIDC_CLIENT_SECRET"}],
        ),
    ]
    name_claim: Annotated[
        str,
        Meta(
            min_length=1,
            description="The claim that `people.<person>.oidc` names. `email` counts only where "
            "the provider says that it is verified.",
            examples=["email"],
        ),
    ] = "email"
    groups_claim: Annotated[
        str,
        Meta(
            min_length=1,
            description="The claim that lists a person's groups.",
            examples=["groups"],
        ),
    ] = "groups"
    scopes: Annotated[
        tuple[str, ...],
        Meta(
            description="What is asked of the provider besides `openid`.",
            examples=[["profile", "email", "groups"]],
        ),
    ] = ("profile", "email")


class RoleSection(Value):
    """Who has a role, and where."""

    role: Annotated[
        Role,
        Meta(
            description="`viewer` sees; `operator` also records, judges and asks for rollbacks; "
            "`approver` sees, approves, denies and lifts holds; `admin` may do everything.",
            examples=["approver"],
        ),
    ]
    people: Annotated[
        tuple[PersonName, ...],
        Meta(description="Names from `people`.", examples=[["alice"]]),
    ] = ()
    groups: Annotated[
        tuple[str, ...],
        Meta(description="Groups of the OpenID provider.", examples=[["sre"]]),
    ] = ()
    services: Annotated[
        tuple[ServiceName, ...],
        Meta(description="For these services only; without it, for all.", examples=[["checkout"]]),
    ] = ()
    environments: Annotated[
        tuple[EnvironmentName, ...],
        Meta(
            description="For these environments only; without it, for all.",
            examples=[["production"]],
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse a role that nobody has."""
        if not self.people and not self.groups:
            raise ValueError("nobody has this role; name `people` or `groups`")


class ServerSection(Value):
    """How `smartspec serve` is reached, and who may do what there."""

    url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^\s/?#@]+$")] | UnsetType,
        Meta(
            description="The address people reach the server by, for links: a name of its own, "
            "without a path. Without it links begin with the address it listens on.",
            examples=["https://rollback.example.org"],
        ),
    ] = UNSET
    tls: Annotated[
        TlsSection | UnsetType,
        Meta(
            description="The server's own certificate.",
            examples=[{"certificate": "tls/server.pem", "key": "tls/server.key"}],
        ),
    ] = UNSET
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks of proxies that end TLS before the server; only "
            "their `X-Forwarded-*` headers are believed.",
            examples=[["10.0.0.0/8"]],
        ),
    ] = ()
    oidc: Annotated[
        OidcSection | UnsetType,
        Meta(
            description="The OpenID provider that people log in at.",
            examples=[
                {
                    "issuer": "https://login.example.org",
                    "client_id": "smartspec",
                    "client_secret": {"env": "OIDC_CLIENT_SECRET"},
                }
            ],
        ),
    ] = UNSET
    session: Annotated[
        Duration,
        Meta(gt=0, description="How long somebody stays logged in.", examples=["12h"]),
    ] = 12 * _HOURS
    confirm_within: Annotated[
        Duration,
        Meta(
            gt=0,
            description="A rollback of high risk is approved on the web only by somebody who "
            "proved who they are no longer ago than this.",
            examples=["5m"],
        ),
    ] = 300.0
    readiness: Annotated[
        Duration,
        Meta(
            ge=0,
            description="How often the server looks whether each service could be gone back on, "
            "not oftener than every 10s; `0s` is never.",
            examples=["5m"],
        ),
    ] = 300.0
    roles: Annotated[
        tuple[RoleSection, ...],
        Meta(
            description="Who may do what. Without it, everybody in `people` is operator and "
            "approver everywhere; nobody else may do anything.",
            examples=[[{"role": "approver", "groups": ["sre"], "services": ["checkout"]}]],
        ),
    ] = ()

    alert_labels: Annotated[
        AlertLabelsSection,
        Meta(
            description="What the labels of alerts are called.",
            examples=[{"service": "app", "environment": "env"}],
        ),
    ] = AlertLabelsSection()

    def __post_init__(self) -> None:
        """Refuse networks that are none, and looking all the time."""
        if 0 < self.readiness < _OFTENEST:
            raise ValueError(f"readiness: not oftener than every {_OFTENEST:g}s; 0s is never")
        import ipaddress  # noqa: PLC0415 - only who has proxies pays for it

        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                raise ValueError(
                    f"trusted_proxies: {proxy[:80]!r} is no address and no network"
                ) from None
