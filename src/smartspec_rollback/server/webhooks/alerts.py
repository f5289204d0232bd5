"""Alerts that come in from Alertmanager (webhook, version 4): some may ask for a rollback.

Called by the API with whoever was identified. Asking is all that an alert can do: people approve.
Each alert counts once, however often it is repeated, and one that is over is only noted.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from smartspec_rollback.config.model import AlertLabels
from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value, digest
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import Forbidden, Refused, SmartSpecError, UsageError
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.server.webhooks.reading import decoded, line, moment

_MANY = 1000
_RECENT = 20
_SUMMARY = 200
_NAME = 100
_ENDED = frozenset({Status.DRY_RUN, Status.REFUSED})
_SKEW = timedelta(minutes=1)


class Taken(Value):
    """What became of one alert; ``rollback_id`` is empty where nothing was asked for."""

    alert: str
    what: str
    rollback_id: str = ""


class Outcome(Value):
    """What became of the alerts, in their order."""

    alerts: tuple[Taken, ...]


class _Alert(msgspec.Struct, frozen=True, rename="camel"):
    status: str
    labels: dict[str, str]
    starts_at: str
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    fingerprint: str = ""


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    version: str
    alerts: tuple[_Alert, ...]


class _Known(Value):
    """An alert whose target is known, as it is spoken of."""

    id: str
    name: str
    target: Target
    deployment: str
    severity: str
    summary: str
    since: datetime


def handle(
    who: Principal,
    operations: Operations,
    body: bytes,
    headers: Mapping[str, str],  # noqa: ARG001 - every handler is called alike
) -> Outcome:
    """Ask for a rollback where an alert may; every alert is looked at, whatever others come to.

    UsageError where this is no message of Alertmanager. What one alert failed with is raised after
    the last: then the message comes again, and those that were taken don't count twice.
    """
    message = decoded(body, _Message, what="a message of Alertmanager")
    if message.version != "4":
        raise UsageError(f"version {message.version[:20]!r} of these messages is not read, only 4")
    if len(message.alerts) > _MANY:
        raise UsageError(f"a message has at most {_MANY} alerts, not {len(message.alerts)}")
    done: list[Taken] = []
    failed: SmartSpecError | None = None
    for alert in message.alerts:
        try:
            done.append(_taken(who, operations, alert))
        except SmartSpecError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return Outcome(alerts=tuple(done))


def _taken(who: Principal, operations: Operations, alert: _Alert) -> Taken:
    name = line(alert.labels.get("alertname", ""), limit=_NAME) or "(unnamed)"
    known = _known(operations, alert, name)
    if isinstance(known, str):
        return Taken(alert=name, what=f"ignored: {known}")
    store, now = operations.workspace.store, operations.workspace.clock.now()
    operations.require(who, Action.REQUEST, known.target)
    if alert.status != "firing":
        if store.hear(f"{known.id}/over", at=now):
            store.audit(
                actor=who.person.name,
                action="alert.resolved",
                subject=str(known.target),
                detail=f"{name}, firing since {known.since:%Y-%m-%dT%H:%M:%SZ}, is over",
                at=now,
            )
        return Taken(alert=name, what="noted: it is over")
    allowed = operations.workspace.configured(known.target).alerts
    if not allowed.open_rollbacks:
        return Taken(alert=name, what=f"ignored: alerts open no rollbacks of {known.target}")
    if known.severity not in allowed.severities:
        wanted = ", ".join(allowed.severities)
        return Taken(alert=name, what=f"ignored: its severity is not one of {wanted}")
    if store.was_heard(known.id):
        return Taken(alert=name, what="ignored: it was heard before")
    return _open(who, operations, known, within=timedelta(seconds=allowed.within), now=now)


def _open(
    who: Principal, operations: Operations, known: _Known, *, within: timedelta, now: datetime
) -> Taken:
    """Ask for the rollback of what is live, if it can be the cause."""
    failed = _suspect(operations, known)
    if isinstance(failed, str):
        return Taken(alert=known.name, what=f"ignored: {failed}")
    if known.since < failed.at - _SKEW:
        what = f"ignored: it began before {failed.id} went live"
        return Taken(alert=known.name, what=what)
    if min(known.since, now) > failed.at + within:
        what = f"ignored: {failed.id} went live too long before to be the likely cause"
        return Taken(alert=known.name, what=what)
    if earlier := _asked_since(operations, failed, known.since):
        what = f"ignored: {earlier.id} was asked for since it began ({earlier.status})"
        return Taken(alert=known.name, what=what, rollback_id=earlier.id)
    request = Request(failed_deployment_id=failed.id, reason=_reason(known), auto_approve=False)
    try:
        told = operations.rollback(who, request).rollback
        taken = Taken(alert=known.name, what=f"{told.id} is {told.status}", rollback_id=told.id)
    except Forbidden:
        raise
    except Refused as error:
        taken = Taken(alert=known.name, what=f"refused: {error.what}")
    # Only now: had this process died before, the message comes again and joins what was begun.
    operations.workspace.store.hear(known.id, at=now)
    return taken


def _suspect(operations: Operations, known: _Known) -> Deployment | str:
    """Find the deployment that an alert is about: the one it names, else the live one."""
    live = operations.workspace.store.live(known.target)
    if not known.deployment:
        return live.deployment if live else f"no deployment of {known.target} is recorded"
    try:
        named = operations.workspace.locate(checked_name("deployment id", known.deployment))
    except UsageError as error:
        return error.what
    if named.target != known.target:
        return f"{named.id} is a deployment of {named.target}"
    if live is not None and live.deployment.id != named.id:
        return f"{named.id} is not live any more"
    return named


def _asked_since(operations: Operations, failed: Deployment, since: datetime) -> Rollback | None:
    """Find a rollback of it that somebody asked for since; people have decided on that one."""
    found = operations.workspace.store.rollbacks(
        failed.target, failed_deployment_id=failed.id, limit=_RECENT
    )
    return next((r for r in found if r.status not in _ENDED and r.requested_at >= since), None)


def _known(operations: Operations, alert: _Alert, name: str) -> _Known | str:
    """Say which Target an alert is about, or why that is not known. UsageError on a broken one."""
    labels = operations.workspace.configuration.server.alert_labels
    since = moment(alert.starts_at)
    if since is None:
        raise UsageError(f"{line(alert.starts_at, limit=80)!r} is no time of an alert")
    try:
        target = _target(operations, alert, labels)
    except UsageError as error:  # no such name, or none that could be one
        return error.what
    if isinstance(target, str):
        return target
    told = alert.annotations
    said = told.get("summary") or told.get("description") or ""
    fingerprint = alert.fingerprint or digest(sorted(alert.labels.items()))
    return _Known(
        id=f"alert:{digest((fingerprint, alert.starts_at))}",
        name=name,
        target=target,
        deployment=alert.labels.get(labels.deployment, ""),
        severity=alert.labels.get(labels.severity, ""),
        summary=line(said, limit=_SUMMARY),
        since=since,
    )


def _target(operations: Operations, alert: _Alert, labels: AlertLabels) -> Target | str:
    service = alert.labels.get(labels.service, "")
    if not service:
        return f"it has no label {labels.service!r}"
    environment = alert.labels.get(labels.environment, "")
    if not environment:
        found = [t for t in operations.workspace.targets if t.service == service]
        if len(found) != 1:
            return f"it has no label {labels.environment!r}, and {line(service, limit=80)!r} " + (
                "is no service" if not found else "has several environments"
            )
        return found[0]
    return operations.target(service, environment)


def _reason(known: _Known) -> str:
    grave = f" ({line(known.severity, limit=40)})" if known.severity else ""
    said = f": {known.summary}" if known.summary else ""
    return f"Alert {known.name}{grave}, firing since {known.since:%Y-%m-%dT%H:%M:%SZ}{said}"
