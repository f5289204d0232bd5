"""Telling the cluster what a rollback does: Kubernetes Events on the workload.

Called by ``acting`` after a step was sent. People and dashboards see them by ``kubectl describe``;
nothing here is ever read again, and a failure to write one fails nothing.
"""

import logging
from typing import Any

from smartspec_rollback.domain.values import digest
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.action import Sending
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import AlreadyThere
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    EVENTS,
    Obj,
    name_of,
    number,
    text,
    uid_of,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site

_LOG = logging.getLogger(__name__)

_SECONDS = 2.0
_LONGEST = 1000
_UNIQUE = 16
_FIRST = ".1"


def told(sending: Sending) -> None:
    """Write that a step was sent; whatever hinders that is logged, and nothing more."""
    try:
        _told(sending)
    except Exception as error:  # noqa: BLE001 - the step was sent: nothing here may say otherwise
        _LOG.debug(
            "an Event was not written",
            extra={
                "action": "kubernetes.event",
                "step": sending.step.id,
                "reason": type(error).__name__,
            },
        )


def _told(sending: Sending) -> None:
    site, state = sending.site, sending.reader.last(sending.site)
    if state is None:
        return
    made = _event(sending, state.workload)
    try:
        site.api.note(EVENTS, made, seconds=_SECONDS)
    except AlreadyThere:
        _once_more(site, made)


def _once_more(site: Site, made: Obj) -> None:
    """Count a step that was sent again, as the cluster's own events count."""
    there = site.api.get(EVENTS, name_of(made))
    if there is None:
        raise ProviderError("an Event is there, and is not")
    operations = (
        {"op": "test", "path": "/metadata/resourceVersion", "value": version_of(there)},
        {"op": "replace", "path": "/count", "value": number(there, "count", default=1) + 1},
        {"op": "replace", "path": "/lastTimestamp", "value": text(made, "lastTimestamp")},
    )
    site.api.patch(EVENTS, name_of(made), operations, deadline=Deadline.after(site.clock, 0.0))


def _event(sending: Sending, workload: Obj) -> dict[str, Any]:
    """Make the Event of a step; one that is sent again makes the same name."""
    site, step = sending.site, sending.step
    numbered = sending.fence.operation.removesuffix(f".{step.id}")
    rollback = numbered.rpartition(".")[0] or numbered
    now = site.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    unique = digest((uid_of(workload), sending.fence.operation)).removeprefix("sha256:")[:_UNIQUE]
    said = f"{step.title.replace('`', '')} (rollback {rollback})"
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": f"{name_of(workload)}.{unique}", "namespace": site.api.namespace},
        "involvedObject": {
            "apiVersion": site.kind.resource.api_version,
            "kind": site.kind.resource.kind,
            "namespace": site.api.namespace,
            "name": name_of(workload),
            "uid": uid_of(workload),
            "resourceVersion": version_of(workload),
        },
        "reason": "RollbackStarted" if numbered.endswith(_FIRST) else "RollbackStep",
        "message": said[:_LONGEST],
        "source": {"component": "smartspec"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": "Normal",
        "reportingComponent": "smartspec",
        "reportingInstance": rollback,
    }
