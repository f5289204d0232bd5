"""How the lists and maps of the built-in kinds are merged and owned.

The patch strategies and merge keys of k8s.io/api's struct tags (``patchStrategy``,
``patchMergeKey``, ``listType``, ``listMapKey``), as a tree. What is not listed here is merged as
a map, replaced as a list. Used by strategic merge and server-side apply. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from smartspec_rollback.testing.kubernetes.resources import Resource


@dataclass(frozen=True)
class Shape:
    """One field.

    ``merge`` is the merge key of strategic patches ("=" for lists of plain values), ``keys`` the
    keys that identify an item in server-side apply, ``atomic`` that a map is owned as a whole.
    """

    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    merge: str = ""
    keys: tuple[str, ...] = ()
    atomic: bool = False

    def under(self, name: str) -> "Shape":
        """Give a field's shape."""
        return self.fields.get(name, PLAIN)


PLAIN = Shape()
"""A map merged by its keys, a list replaced as a whole."""

_ATOMIC = Shape(atomic=True)
_SET = Shape(merge="=")


def _items(merge: str, *keys: str, **fields: Shape) -> Shape:
    return Shape(fields, merge, keys or (merge,))


_CONDITIONS = _items("type")
_SELECTOR = Shape(atomic=True)
_CONTAINER = {
    "env": _items(
        "name",
        valueFrom=Shape({"fieldRef": _ATOMIC, "configMapKeyRef": _ATOMIC, "secretKeyRef": _ATOMIC}),
    ),
    "volumeMounts": _items("mountPath"),
    "volumeDevices": _items("devicePath"),
    "ports": _items("containerPort", "containerPort", "protocol"),
}
_POD_SPEC = Shape(
    {
        "containers": _items("name", **_CONTAINER),
        "initContainers": _items("name", **_CONTAINER),
        "ephemeralContainers": _items("name", **_CONTAINER),
        "volumes": _items("name"),
        "imagePullSecrets": _items("name"),
        "hostAliases": _items("ip"),
        "topologySpreadConstraints": _items(
            "topologyKey", "topologyKey", "whenUnsatisfiable", labelSelector=_SELECTOR
        ),
        "resourceClaims": _items("name"),
        "schedulingGates": _items("name"),
        "nodeSelector": _ATOMIC,
    }
)
_META = Shape({"finalizers": _SET, "ownerReferences": _items("uid")})
_TEMPLATE = Shape({"metadata": _META, "spec": _POD_SPEC})
_WORKLOAD = Shape({"selector": _SELECTOR, "template": _TEMPLATE})
_STATUS = Shape({"conditions": _CONDITIONS})

_KINDS: dict[str, dict[str, Shape]] = {
    "Pod": {
        "spec": _POD_SPEC,
        "status": Shape({"conditions": _CONDITIONS, "podIPs": _items("ip")}),
    },
    "Deployment": {"spec": _WORKLOAD, "status": _STATUS},
    "ReplicaSet": {"spec": _WORKLOAD, "status": _STATUS},
    "StatefulSet": {"spec": _WORKLOAD, "status": _STATUS},
    "DaemonSet": {"spec": _WORKLOAD, "status": _STATUS},
    "Service": {
        "spec": Shape(
            {"ports": _items("port", "port", "protocol"), "selector": _ATOMIC},
        ),
        "status": _STATUS,
    },
    "ServiceAccount": {"secrets": _items("name")},
    "Node": {
        "spec": Shape({"podCIDRs": _SET}),
        "status": Shape({"conditions": _CONDITIONS, "addresses": _items("type")}),
    },
    "Namespace": {"spec": Shape({"finalizers": _SET}), "status": _STATUS},
    "HorizontalPodAutoscaler": {"status": _STATUS},
    "PodDisruptionBudget": {"spec": Shape({"selector": _SELECTOR}), "status": _STATUS},
    "PersistentVolumeClaim": {"status": _STATUS},
    "EndpointSlice": {},
}
# Retained keys apply to single fields; a patch brings `$retainKeys` itself where it wants them.

_CUSTOM_META = replace(_META)


def shape_of(resource: Resource) -> Shape:
    """Give the shape of a kind; custom kinds have lists that are replaced."""
    if not resource.strategic:
        return Shape({"metadata": _CUSTOM_META})
    return Shape({"metadata": _META, **_KINDS.get(resource.kind, {})})
