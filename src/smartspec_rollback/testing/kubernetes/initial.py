"""What new objects start with: their status, and what the server allots to them.

Called by ``writing`` on objects it owns, which are changed in place.
"""

from smartspec_rollback.testing.kubernetes.objects import Obj, dig
from smartspec_rollback.testing.kubernetes.resources import Resource

_STARTS: dict[str, Obj] = {
    "Pod": {"phase": "Pending", "qosClass": "BestEffort"},
    "Namespace": {"phase": "Active"},
    "Service": {"loadBalancer": {}},
    "Deployment": {},
    "ReplicaSet": {"replicas": 0},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "DaemonSet": {
        "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "PersistentVolumeClaim": {"phase": "Pending"},
    "HorizontalPodAutoscaler": {"desiredReplicas": 0, "currentMetrics": None},
    "PodDisruptionBudget": {
        "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
    },
}  # fmt: skip


def initial_status(resource: Resource, thing: Obj) -> None:
    """Set the status a new object has, whatever its creator says."""
    if resource.kind == "Node" or "status" not in resource.subresources:
        return
    thing.pop("status", None)
    if resource.strategic and resource.kind in _STARTS:
        thing["status"] = dict(_STARTS[resource.kind])


def keep_status(new: Obj, old: Obj) -> None:
    """Undo what a write to an object says about its status."""
    if "status" in old:
        new["status"] = old["status"]
    else:
        new.pop("status", None)


def prepare(resource: Resource, thing: Obj, number: int) -> None:
    """Allot what the server allots: a Service's address."""
    if resource.kind != "Service" or dig(thing, "spec", "type") == "ExternalName":
        return
    spec = thing.setdefault("spec", {})
    if not spec.get("clusterIP"):
        spec["clusterIP"] = f"10.96.{number // 250 % 250}.{number % 250 + 1}"
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
