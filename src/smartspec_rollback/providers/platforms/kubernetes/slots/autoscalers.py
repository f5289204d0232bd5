"""Whose replicas an autoscaler owns: those are never written. Changes nothing."""

from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import Gone
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    AUTOSCALERS,
    Obj,
    Resource,
    name_of,
    part,
    text,
)


def autoscaled(api: Api, resource: Resource) -> dict[str, str]:
    """Name the autoscaler of each workload of a kind that has one; Forbidden if nobody may know."""
    try:
        found = api.list(AUTOSCALERS)
    except Gone:
        return {}  # a cluster without autoscaling/v2 has no autoscalers that would be listed
    return {_target(each): name_of(each) for each in found if _kind(each) == resource.kind}


def _kind(autoscaler: Obj) -> str:
    return text(part(autoscaler, "spec", "scaleTargetRef"), "kind")


def _target(autoscaler: Obj) -> str:
    return text(part(autoscaler, "spec", "scaleTargetRef"), "name")
