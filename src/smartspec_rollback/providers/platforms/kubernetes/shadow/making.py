"""What a shadow looks like, and what speaks against having one.

Its pods carry the labels of the target's, but for one that the Service selects by: so no traffic
reaches them until that one key of the selector is changed. Used by this package. Pure.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from smartspec_rollback.domain.values import Value, canonical
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    Obj,
    annotation,
    items,
    name_of,
    number,
    part,
    text,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import selects
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import restorable

SHADOW_OF = "smartspec.dev/shadow-of"
"""The label of a shadow and its pods: the name of the workload that it stands beside, cut."""

TAKEN = "smartspec.dev/taken-by"
"""The annotation by which a rollback says that it sends traffic to a shadow, and will remove it."""

_FACTS = "smartspec.dev/shadow"
_PREWARM = {"name": "SMARTSPEC_PREWARM", "value": "1"}
_LONGEST_NAME, _LONGEST_VALUE = 50, 63


class Facts(Value):
    """What a shadow says of itself, in one annotation.

    ``of`` is the uid of the workload it stands beside, ``revision`` and ``template`` what it
    runs, ``operation`` who made it.
    """

    of: str
    revision: str
    template: str
    operation: str


@dataclass(frozen=True)
class Slot:
    """The key of the Service's selector that chooses between workload and shadow."""

    service: str
    key: str
    usual: str
    shadow: str


@dataclass(frozen=True)
class Shadow:
    """A shadow as it was read."""

    deployment: Obj
    facts: Facts

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.deployment)

    @property
    def labels(self) -> Obj:
        """What its pods are found by."""
        return part(self.deployment, "spec", "template", "metadata", "labels")

    @property
    def taken_by(self) -> str:
        """The rollback that sends traffic to it, or is about to; empty while none is."""
        return annotation(self.deployment, TAKEN)

    @property
    def desired(self) -> int:
        """How many pods are wanted."""
        return number(self.deployment, "spec", "replicas", default=1)

    @property
    def running(self) -> int:
        """How many pods there are."""
        return number(self.deployment, "status", "replicas")

    @property
    def available(self) -> int:
        """How many pods are ready for long enough, once the controller has seen what is wanted."""
        seen = number(self.deployment, "status", "observedGeneration")
        if seen < number(self.deployment, "metadata", "generation"):
            return 0
        return number(self.deployment, "status", "availableReplicas")


def rollback_of(operation: str) -> str:
    """Tell which rollback an operation belongs to: its id comes before the first dot."""
    return operation.partition(".")[0]


def shadow_name(workload: str) -> str:
    """Name the shadow of a workload; long names are cut, and told apart by a hash."""
    return f"{_short(workload, _LONGEST_NAME)}-smartspec"


def shadow_of(workload: Obj) -> str:
    """Give the value of the label that says whose shadow it is; labels are shorter than names."""
    return _short(name_of(workload), _LONGEST_VALUE)


def _short(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    told = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: longest - 9].rstrip('-_.')}-{told}"


def slot_of(service: Obj, workload: Obj) -> Slot | None:
    """Choose the key: one that workload and Service both select by; None where there is none.

    The workload's own selector must not match the shadow's pods either: an autoscaler and a
    disruption budget count by it.
    """
    selected = part(service, "spec", "selector")
    own = part(workload, "spec", "selector", "matchLabels")
    template = part(workload, "spec", "template", "metadata", "labels")
    for key in sorted(selected):
        usual = template.get(key)
        if isinstance(usual, str) and own.get(key) == usual:
            value = shadow_name(usual)[:_LONGEST_VALUE].strip("-._")
            return Slot(name_of(service), key, usual, value)
    return None


def labels_of(target: Kept, slot: Slot, workload: Obj) -> dict[str, Any]:
    """List the labels of the shadow's pods."""
    made = part(restorable(target.template), "metadata", "labels")
    return {**made, slot.key: slot.shadow, SHADOW_OF: shadow_of(workload)}


def obstacle(
    slot: Slot, labels: Mapping[str, Any], services: Iterable[Obj], policies: Iterable[Obj]
) -> str | None:
    """Say why a shadow would not be what production is; None if nothing speaks against it."""
    for service in services:
        if selects(service, labels):
            return f"the Service {name_of(service)} would send it traffic at once"
    for policy in policies:
        if _mentions(policy, slot.key):
            return (
                f"the NetworkPolicy {name_of(policy)} goes by the label {slot.key}, which the "
                "prewarmed instances cannot carry"
            )
    return None


def single(template: Obj) -> str | None:
    """Say why instances of a template cannot stand twice; None if nothing is known to forbid it."""
    spec = part(template, "spec")
    if spec.get("hostNetwork") is True:
        return "its instances use the network of their nodes, where each port is there once"
    for container in items(spec, "containers"):
        for port in items(container, "ports"):
            if number(port, "hostPort"):
                return f"its instances need port {number(port, 'hostPort')} of their nodes"
    for volume in items(spec, "volumes"):
        if "persistentVolumeClaim" in volume:
            claim = text(volume, "persistentVolumeClaim", "claimName")
            return f"its instances share the volume {claim}, which others may not be able to mount"
    return None


def _mentions(policy: Any, key: str) -> bool:
    """Tell whether any selector in a policy goes by a key."""
    if isinstance(policy, Mapping):
        labels = policy.get("matchLabels")
        if isinstance(labels, Mapping) and key in labels:
            return True
        if policy.get("key") == key and "operator" in policy:
            return True
        return any(_mentions(each, key) for each in policy.values())
    return isinstance(policy, list) and any(_mentions(each, key) for each in policy)


def made(
    workload: Obj, target: Kept, labels: Mapping[str, Any], *, replicas: int, operation: str
) -> Obj:
    """Write the shadow of a workload; it goes when the workload itself is deleted."""
    template = restorable(target.template)
    template["metadata"] = {**part(template, "metadata"), "labels": dict(labels)}
    spec = template.get("spec", {})
    for kind in ("initContainers", "containers"):
        for container in items(spec, kind):
            others = [each for each in items(container, "env") if each != _PREWARM]
            container["env"] = [*others, _PREWARM]  # type: ignore[index] # our own copy
    facts = Facts(
        of=uid_of(workload), revision=target.id, template=target.digest, operation=operation
    )
    name = shadow_of(workload)
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": {
            "name": shadow_name(name_of(workload)),
            "labels": {SHADOW_OF: name},
            "annotations": {_FACTS: canonical(facts).decode()},
            "ownerReferences": [
                {
                    "apiVersion": DEPLOYMENTS.api_version,
                    "kind": DEPLOYMENTS.kind,
                    "name": name_of(workload),
                    "uid": uid_of(workload),
                    "controller": False,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {SHADOW_OF: name}},
            "template": template,
        },
    }


def read(deployment: Obj, *, of: Obj) -> Shadow | None:
    """Read a shadow of a workload; None where it is none of ours."""
    try:
        facts = msgspec.json.decode(annotation(deployment, _FACTS).encode(), type=Facts)
    except msgspec.MsgspecError:
        return None
    return Shadow(deployment, facts) if facts.of == uid_of(of) else None


def port_of(service: Obj, template: Obj) -> int | None:
    """Tell the port that pods serve the Service's first port by; None where it cannot be told."""
    ports = items(service, "spec", "ports")
    if not ports:
        return None
    target = ports[0].get("targetPort", ports[0].get("port"))
    if isinstance(target, int):
        return target
    for container in items(template, "spec", "containers"):
        for port in items(container, "ports"):
            if text(port, "name") == target:
                return number(port, "containerPort") or None
    return None
