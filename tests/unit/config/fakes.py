"""Kinds of providers made up for these tests, and shorthands for loading text."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from smartspec_rollback.config.loader import load
from smartspec_rollback.config.model import Configuration, TargetConfiguration
from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ConfigurationError, Problem, UnknownName


class LocalSettings(Value):
    """Stands for the local platform's settings."""

    releases: Annotated[Path, Meta(description="Where releases are.", examples=["releases/"])]
    instances: Annotated[int, Meta(ge=1, le=64, description="How many.", examples=[3])] = 1
    listen: Annotated[
        str,
        Meta(pattern=r"^[^\s:]+:\d+$", description="The door.", examples=["127.0.0.1:8000"]),
    ] = "127.0.0.1:8000"


class Colour(StrEnum):
    """Some closed set."""

    RED = "red"
    GREEN = "green"


class Limits(Value):
    """A nested section."""

    least: int = 0
    most: int = 10
    log: Path = Path("limits.log")

    def __post_init__(self) -> None:
        """Keep them in order."""
        if self.most < self.least:
            raise ValueError("most is below least\x1b[31m")


class OddSettings(Value):
    """Every annotation that settings may have."""

    text: str = ""
    whole: int = 0
    number: float = 0.0
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    step: Annotated[int, Meta(multiple_of=5)] = 5
    flag: bool = False
    path: Path | None = None
    state: Path = Path(".smartspec/odd")
    names: Annotated[tuple[str, ...], Meta(min_length=1, max_length=3)] = ("a",)
    short: Annotated[str, Meta(min_length=2, max_length=4)] = "abc"
    limits: Limits = Limits()
    colour: Colour = Colour.RED
    mode: Literal["fast", "slow"] = "fast"
    wait: Annotated[float, Meta(gt=0, extra={"smartspec": "duration"})] = 1.0
    maybe: Annotated[float, Meta(extra={"smartspec": "duration"})] | None = None
    either: int | str = 0


class ProbeSettings(Value):
    """Stands for the probe's settings."""

    interval: Annotated[
        float,
        Meta(extra={"smartspec": "duration"}, description="How often.", examples=["100ms"]),
    ] = 0.1


class WebhookSettings(Value):
    """A channel with a secret."""

    url: Annotated[
        SecretReference, Meta(description="Where to.", examples=[{"env": "WEBHOOK_URL"}])
    ]


class TerminalSettings(Value):
    """A channel without settings."""


class PostgresqlSettings(Value):
    """Stands for the settings of a kind of database."""

    url: Annotated[
        SecretReference, Meta(description="Where it is.", examples=[{"env": "DATABASE_URL"}])
    ]
    role: Annotated[str | None, Meta(description="As whom.", examples=["app"])] = None


class FakeKinds:
    """What wiring would hand in."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, type]] = {
            "platforms": {"local": LocalSettings, "odd": OddSettings},
            "databases": {"postgresql": PostgresqlSettings},
            "metrics": {"probe": ProbeSettings},
            "channels": {"terminal": TerminalSettings, "webhook": WebhookSettings},
        }

    def names(self, group: str, /) -> tuple[str, ...]:
        """Name the kinds of a group."""
        return tuple(self.groups[group])

    def settings_type(self, group: str, kind: str, /) -> type:
        """Return a kind's settings type."""
        if kind not in self.groups[group]:
            raise UnknownName("kind", kind)
        return self.groups[group][kind]


KINDS = FakeKinds()

FULL = """\
services:
  checkout:
    production:
      platform: {kind: local, releases: releases/, instances: 3, listen: 127.0.0.1:8000}
      database: none
      objectives:
        - p99 latency <= 200ms
        - error rate <= 1%
        - name: fast
          source: probe
          query: p50 latency
          at_most: 50ms
          window: 30s
          required: false
      verification:
        warm_up: 10s
        bake: 60s
        deadline: 30m
        probes: [{path: /healthz, status: 200}]
        commands: [./smoke.sh]
      metrics: {kind: probe, interval: 50ms}
      prewarm: true
      soak: 10m
      approval:
        approvers: [alice, bob]
        quorum: 1
        expires: 15m
        self_approval: true
        auto_approve_up_to: medium
      channel: {kind: terminal}
      notify: [{kind: terminal}]
      alerts: {open_rollbacks: true, severities: [critical], within: 1h}
      freeze: [{from: 2026-12-24, to: 2027-01-02, reason: holidays}]
      depends_on: [payments]
  payments:
    production:
      platform: {kind: local, releases: releases/}
people:
  alice: {os: alice, slack: U012AB3CD, matrix: "@alice:example.org", oidc: alice@example.org}
  bob: {os: bob}
server:
  url: https://rollback.example.org
  tls: {certificate: tls/server.pem, key: tls/server.key}
  trusted_proxies: [10.0.0.0/8]
  oidc:
    issuer: https://login.example.org
    client_id: smartspec
    client_secret: {env: OIDC_CLIENT_SECRET}
    name_claim: email
    groups_claim: groups
    scopes: [profile, email]
  session: 12h
  confirm_within: 5m
  alert_labels: {service: service, environment: environment}
  roles: [{role: approver, people: [alice], groups: [sre], services: [checkout]}]
"""


def load_text(text: str | bytes, folder: Path) -> Configuration:
    """Load text as a configuration file in ``folder``."""
    file = folder / "smartspec.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file, kinds=KINDS)


def problems_of(text: str | bytes, folder: Path) -> tuple[Problem, ...]:
    """Load text that must be refused, and return why."""
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, folder)
    return caught.value.problems


def environment(*lines: str, platform: str = "{kind: local, releases: r}", more: str = "") -> str:
    """Write a file with one environment that holds ``lines``, beginning in line 5."""
    inside = "".join(f"      {line}\n" for line in lines)
    head = "services:\n  checkout:\n    production:\n"
    return f"{head}      platform: {platform}\n{inside}{more}"


def one(text: str, folder: Path) -> TargetConfiguration:
    """Load text with one environment, and return it."""
    (target,) = load_text(text, folder).targets
    return target


def only(text: str | bytes, folder: Path) -> Problem:
    """Return the single problem of a text."""
    problems = problems_of(text, folder)
    assert len(problems) == 1, problems
    return problems[0]
