"""What controllers know of pods: whether they are there, ready, available. Pure."""

from smartspec_rollback.testing.kubernetes.clock import ClusterClock
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    clone,
    condition,
    deleting,
    dig,
    is_true,
    name_of,
    namespace_of,
    owner_reference,
)


def finished(pod: Obj) -> bool:
    """Tell whether a pod has ended by itself."""
    return dig(pod, "status", "phase") in ("Succeeded", "Failed")


def active(pod: Obj) -> bool:
    """Tell whether a pod counts: not ended, not being deleted."""
    return not finished(pod) and not deleting(pod)


def ready(pod: Obj) -> bool:
    """Tell whether a pod is ready."""
    return is_true(pod, "Ready")


def unavailable_for(pod: Obj, min_ready: int, clock: ClusterClock) -> float | None:
    """Tell how long until a ready pod is available: 0 if it is, None if it is not ready."""
    if not ready(pod):
        return None
    if not min_ready:
        return 0.0
    since = (condition(pod, "Ready") or {}).get("lastTransitionTime", "")
    return max(0.0, min_ready - clock.since(since))


def available(pod: Obj, min_ready: int, clock: ClusterClock) -> bool:
    """Tell whether a pod was ready long enough."""
    return unavailable_for(pod, min_ready, clock) == 0.0


def soonest(pods: list[Obj], min_ready: int, clock: ClusterClock) -> float | None:
    """Tell when the next ready pod becomes available, if one is waiting for it."""
    waits = [w for p in pods if (w := unavailable_for(p, min_ready, clock))]
    return min(waits) + 0.001 if waits else None


def from_template(owner: Obj, template: Obj, name: str, extra: dict[str, str]) -> Obj:
    """Make a pod of a workload's template, with more labels."""
    metadata = clone(template.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **extra}
    metadata["namespace"] = namespace_of(owner)
    metadata["ownerReferences"] = [owner_reference(owner)]
    if name:
        metadata["name"] = name
    else:
        metadata["generateName"] = f"{name_of(owner)}-"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": clone(template.get("spec") or {}),
    }
