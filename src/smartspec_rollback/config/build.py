"""Turns the sections people wrote into the domain's values. Called by the loader, once all is well.

Pure: every rule about what may be written was checked before.
"""

from collections.abc import Iterator, Mapping

import msgspec

from smartspec_rollback.config.database import DatabaseSection
from smartspec_rollback.config.measuring import ObjectiveSection, VerificationSection
from smartspec_rollback.config.model import (
    AlertLabels,
    Alerts,
    DatabaseConfiguration,
    Oidc,
    PersonEntry,
    ProviderConfiguration,
    ServerConfiguration,
    TargetConfiguration,
)
from smartspec_rollback.config.sections import (
    ApprovalSection,
    Document,
    EnvironmentSection,
)
from smartspec_rollback.config.server import ServerSection
from smartspec_rollback.domain.access import Grant
from smartspec_rollback.domain.approval import Policy
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.objective import Objective, parse_objective
from smartspec_rollback.domain.settings import Freeze, Probe, TargetSettings, Verification
from smartspec_rollback.domain.target import Target


def build_targets(document: Document) -> Iterator[TargetConfiguration]:
    """Make one TargetConfiguration for each environment of each service."""
    for service, environments in document.services.items():
        for environment, section in environments.items():
            target = Target(service=service, environment=environment)
            yield TargetConfiguration(
                settings=_settings(target, section, dependents=_dependents(document, target)),
                platform=section.platform,
                metrics=section.metrics,
                channel=None if section.channel is msgspec.UNSET else section.channel,
                notify=section.notify,
                database=_database_behind(section),
                alerts=Alerts(
                    open_rollbacks=section.alerts.open_rollbacks,
                    severities=section.alerts.severities,
                    within=section.alerts.within,
                ),
            )


def build_people(document: Document) -> Iterator[PersonEntry]:
    """List the people with their accounts, such as ``os:alice``."""
    for name, section in document.people.items():
        yield PersonEntry(name=name, accounts=tuple(f"{k}:{a}" for k, a in section.accounts))


def build_server(section: ServerSection) -> ServerConfiguration:
    """Say how the server is reached, and who may do what there."""
    oidc = None if section.oidc is msgspec.UNSET else section.oidc
    return ServerConfiguration(
        url=None if section.url is msgspec.UNSET else section.url.rstrip("/"),
        tls=None if section.tls is msgspec.UNSET else (section.tls.certificate, section.tls.key),
        trusted_proxies=section.trusted_proxies,
        oidc=None
        if oidc is None
        else Oidc(
            issuer=oidc.issuer,
            client_id=oidc.client_id,
            client_secret=oidc.client_secret,
            name_claim=oidc.name_claim,
            groups_claim=oidc.groups_claim,
            scopes=oidc.scopes,
        ),
        session=section.session,
        confirm_within=section.confirm_within,
        readiness=section.readiness or None,
        grants=tuple(
            Grant(
                role=held.role,
                people=held.people,
                groups=held.groups,
                services=held.services,
                environments=held.environments,
            )
            for held in section.roles
        )
        or None,
        alert_labels=AlertLabels(
            service=section.alert_labels.service,
            environment=section.alert_labels.environment,
            deployment=section.alert_labels.deployment,
            severity=section.alert_labels.severity,
        ),
    )


def _dependents(document: Document, target: Target) -> tuple[str, ...]:
    """Name the services that depend on this one in the same environment."""
    return tuple(
        service
        for service, environments in document.services.items()
        if (section := environments.get(target.environment)) is not None
        and target.service in section.depends_on
    )


def _settings(
    target: Target, section: EnvironmentSection, *, dependents: tuple[str, ...]
) -> TargetSettings:
    return TargetSettings(
        target=target,
        database=_database(section),
        objectives=tuple(
            _objective(held, source=section.metrics.kind) for held in section.objectives
        ),
        verification=_verification(section.verification),
        prewarm=section.prewarm,
        soak=section.soak,
        policy=_policy(section.approval),
        freeze=tuple(
            Freeze(start=window.start, end=window.end, reason=window.reason)
            for window in section.freeze
        ),
        depends_on=section.depends_on,
        dependents=dependents,
    )


def _database(section: EnvironmentSection) -> str | None:
    """Tell ``none`` (declared), the kind, or None where the owners said nothing."""
    if section.database is msgspec.UNSET:
        return None
    written = section.database
    return written.kind if isinstance(written, ProviderConfiguration) else "none"


def _database_behind(section: EnvironmentSection) -> DatabaseConfiguration | None:
    """Say how the database is looked into; None where there is none, or nobody said."""
    written = section.database
    if not isinstance(written, ProviderConfiguration):
        return None
    shared = written.shared if isinstance(written.shared, DatabaseSection) else DatabaseSection()
    migrations = None if shared.migrations is msgspec.UNSET else shared.migrations
    return DatabaseConfiguration(
        kind=written.kind,
        settings=written.settings,
        migrations_tool=migrations.tool if migrations else None,
        migrations_path=migrations.path if migrations else None,
        statements=shared.statements,
        remembered=shared.remembered,
        record_values=shared.record_values,
        record_samples=shared.record_samples,
        look_within=shared.look_within,
    )


def _objective(held: str | ObjectiveSection, *, source: str) -> Objective:
    if isinstance(held, str):
        return msgspec.structs.replace(parse_objective(held), source=source)
    return msgspec.structs.replace(
        parse_objective(held.short),
        name=held.title,
        source=source,
        window=None if held.window is msgspec.UNSET else held.window,
        required=held.required,
    )


def _verification(section: VerificationSection) -> Verification:
    return Verification(
        warm_up=section.warm_up,
        bake=section.bake,
        deadline=section.deadline,
        probes=tuple(Probe(path=probe.path, status=probe.status) for probe in section.probes),
        commands=section.commands,
    )


_UNATTENDED: Mapping[str, Risk | None] = {"none": None, "low": Risk.LOW, "medium": Risk.MEDIUM}


def _policy(section: ApprovalSection) -> Policy:
    return Policy(
        approvers=section.approvers,
        quorum=section.quorum,
        expires=section.expires,
        self_approval=section.self_approval,
        auto_approve_up_to=_UNATTENDED[section.auto_approve_up_to],
    )
