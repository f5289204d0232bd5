"""The /scale subresource: an autoscaling/v1 Scale over a workload's replicas.

Called by ``api`` and by the scripted autoscaler. Pure.
"""

from typing import Any

from smartspec_rollback.testing.kubernetes.objects import Obj, clone, dig
from smartspec_rollback.testing.kubernetes.patching.json_patch import apply_operations, merge
from smartspec_rollback.testing.kubernetes.resources import Resource
from smartspec_rollback.testing.kubernetes.selectors import as_text
from smartspec_rollback.testing.kubernetes.statuses import bad_request, invalid

_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(thing: Obj) -> Obj:
    """Show a workload as a Scale."""
    metadata = thing["metadata"]
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in _META if key in metadata},
        "spec": {"replicas": dig(thing, "spec", "replicas") or 0},
        "status": {
            "replicas": dig(thing, "status", "replicas") or 0,
            "selector": as_text(dig(thing, "spec", "selector")),
        },
    }


def patched_scale(thing: Obj, kind: str, patch: Any) -> Obj:
    """Patch a workload's Scale; a Scale has no lists, so that two kinds of merge are one."""
    scale = clone(scale_of(thing))
    changed = apply_operations(scale, patch) if kind == "json" else merge(scale, patch)
    if not isinstance(changed, dict):
        raise bad_request("the patch does not leave an object")
    return changed


def replicas_of(scale: Obj, resource: Resource, name: str) -> int:
    """Read the wanted replicas; ApiError 400 or 422."""
    wanted = dig(scale, "spec", "replicas") or 0
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise bad_request("json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas")
    if wanted < 0:
        why = f"Invalid value: {wanted}: must be greater than or equal to 0"
        raise invalid(
            Resource("autoscaling", "v1", "Scale", resource.plural),
            name,
            [("spec.replicas", "FieldValueInvalid", why)],
        )
    return wanted
