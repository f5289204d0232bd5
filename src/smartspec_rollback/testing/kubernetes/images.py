"""How images behave, and what the kubelet tells of the containers that run them.

Tests use the behaviours, ``kubelet`` the rest.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    clone,
    condition,
    dig,
    name_of,
    namespace_of,
    uid_of,
)
from smartspec_rollback.testing.kubernetes.resources import CONFIG_MAP, SECRET, Resource
from smartspec_rollback.testing.kubernetes.store import Store


@dataclass(frozen=True)
class Ready:
    """The image works: running after ``pull``, ready ``after`` more cluster seconds."""

    after: float = 0.0
    pull: float = 0.0


@dataclass(frozen=True)
class NeverReady:
    """The image runs and never becomes ready."""

    pull: float = 0.0


@dataclass(frozen=True)
class Crash:
    """The image starts and ends ``after`` cluster seconds, again and again."""

    after: float = 0.0
    exit_code: int = 1
    pull: float = 0.0


@dataclass(frozen=True)
class PullFails:
    """The image can't be pulled."""

    message: str = "not found"


Behaviour = Ready | NeverReady | Crash | PullFails


@dataclass
class Run:
    """A container's state as the kubelet knows it."""

    image: str
    state: Obj = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: Obj = field(default_factory=dict)
    ready: bool = False
    restarts: int = 0
    failures: int = 0


def wanted_config(container: Obj) -> Iterable[tuple[Resource, Obj]]:
    """Give the references to ConfigMaps and Secrets in a container's environment."""
    for each in container.get("env") or ():
        source = each.get("valueFrom") or {}
        yield CONFIG_MAP, source.get("configMapKeyRef") or {}
        yield SECRET, source.get("secretKeyRef") or {}
    for each in container.get("envFrom") or ():
        yield CONFIG_MAP, each.get("configMapRef") or {}
        yield SECRET, each.get("secretRef") or {}


def missing_config(store: Store, pod: Obj, name: str) -> str:
    """Name the first ConfigMap or Secret, or key of one, that a container lacks."""
    container = next(c for c in pod["spec"]["containers"] if c["name"] == name)
    for resource, reference in wanted_config(container):
        if not reference or reference.get("optional"):
            continue
        found = store.get(resource, namespace_of(pod), reference.get("name", ""))
        if found is None:
            return f'{resource.singular} "{reference.get("name", "")}" not found'
        key = reference.get("key")
        if key and key not in (found.get("data") or {}):
            return (
                f"couldn't find key {key} in {resource.kind} {namespace_of(pod)}/{name_of(found)}"
            )
    return ""


def container_status(name: str, run: Run, digest: str) -> Obj:
    """Tell how a container is."""
    begun = "running" in run.state or bool(run.last)
    plain = run.image.partition("@")[0]
    base, _, tag = plain.rpartition(":")
    repository = base if base and "/" not in tag else plain
    return {
        "name": name,
        "state": clone(run.state),
        "lastState": clone(run.last),
        "ready": run.ready,
        "started": "running" in run.state,
        "restartCount": run.restarts,
        "image": run.image,
        "imageID": f"{repository}@{digest}" if begun else "",
    }


def pod_condition(
    pod: Obj, kind: str, stamp: str, *, value: bool, reason: str = "", message: str = ""
) -> Obj:
    """Spell a condition, since when it is so included."""
    old = condition(pod, kind)
    text = "True" if value else "False"
    since = old["lastTransitionTime"] if old is not None and old["status"] == text else stamp
    said: Obj = {"type": kind, "status": text, "lastTransitionTime": since}
    if reason:
        said["reason"], said["message"] = reason, message
    return said


def pod_status(pod: Obj, runs: dict[str, Run], stamp: str, containers: list[Obj]) -> Obj:
    """Tell how a pod is that has a node."""
    good = all(run.ready for run in runs.values())
    names = " ".join(name for name, run in runs.items() if not run.ready)
    reason = "" if good else "ContainersNotReady"
    message = f"containers with unready status: [{names}]"
    begun = any("running" in run.state or run.last for run in runs.values())

    def is_ready(kind: str) -> Obj:
        return pod_condition(pod, kind, stamp, value=good, reason=reason, message=message)

    status: Obj = {
        "phase": "Running" if begun else "Pending",
        "qosClass": "BestEffort",
        "hostIP": "192.0.2.1",
        "startTime": dig(pod, "status", "startTime") or stamp,
        "conditions": [
            pod_condition(pod, "PodReadyToStartContainers", stamp, value=True),
            pod_condition(pod, "Initialized", stamp, value=True),
            is_ready("Ready"),
            is_ready("ContainersReady"),
            pod_condition(pod, "PodScheduled", stamp, value=True),
        ],
        "containerStatuses": containers,
    }
    if begun:
        number = hashlib.sha256(uid_of(pod).encode()).digest()
        status["podIP"] = f"10.{number[0] & 127}.{number[1]}.{number[2]}"
        status["podIPs"] = [{"ip": status["podIP"]}]
    return status
