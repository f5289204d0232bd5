"""The controllers around Services: EndpointSlices, Endpoints, and disruption budgets."""

import math
from collections.abc import Iterable
from typing import Any

from smartspec_rollback.testing.kubernetes.controllers.pods import finished, ready
from smartspec_rollback.testing.kubernetes.controllers.world import AS_CONTROLLER, World
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    controller_of,
    deleting,
    dig,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    short_hash,
    uid_of,
)
from smartspec_rollback.testing.kubernetes.resources import (
    DISRUPTION_BUDGET,
    ENDPOINT_SLICE,
    ENDPOINTS,
    POD,
    SERVICE,
    Registry,
    Resource,
)
from smartspec_rollback.testing.kubernetes.selectors import selects
from smartspec_rollback.testing.kubernetes.store import Change, Key, Store


def _port(pod: Obj, target: Any) -> int | None:
    if isinstance(target, int):
        return target
    for container in dig(pod, "spec", "containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == target:
                return int(port["containerPort"])
    return None


class Endpoints:
    """Keeps the EndpointSlices and Endpoints of Services with a selector."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._selecting: dict[tuple[str, str, str], set[Key]] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a Service when it or one of its pods changes."""
        if change.resource == SERVICE:
            return [self._index(change)]
        if change.resource != POD:
            return ()
        namespace = namespace_of(change.object)
        states = [change.object, *([change.before] if change.before else [])]
        pairs = {(namespace, k, v) for each in states for k, v in labels_of(each).items()}
        return sorted(key for pair in pairs for key in self._selecting.get(pair, ()))

    def _index(self, change: Change) -> Key:
        """Keep the Services by one of the labels they select, for finding them by a pod's."""
        key = (namespace_of(change.object), name_of(change.object))
        for keys in self._selecting.values():
            keys.discard(key)
        selector = sorted((dig(change.object, "spec", "selector") or {}).items())
        if selector and change.kind != "DELETED":
            self._selecting.setdefault((key[0], *selector[0]), set()).add(key)
        return key

    def sync(self, namespace: str, name: str) -> float | None:
        """Write one slice a Service, and its Endpoints."""
        store = self._world.store
        service = store.get(SERVICE, namespace, name)
        if service is None:
            old = store.get(ENDPOINTS, namespace, name)
            if old is not None:
                store.remove(ENDPOINTS, old)
            return None
        selector = dig(service, "spec", "selector")
        if not selector:
            return None
        pods = [
            pod
            for pod in store.labelled(POD, namespace, selector)
            if dig(pod, "status", "podIP") and not finished(pod)
        ]
        self._write_slice(service, pods)
        self._write_endpoints(service, pods)
        return None

    def _ports(self, service: Obj, pods: list[Obj]) -> list[Obj]:
        found = []
        for port in dig(service, "spec", "ports") or ():
            number = port.get("targetPort", port["port"])
            if isinstance(number, str):
                number = next((n for p in pods if (n := _port(p, number)) is not None), None)
            said = {"name": port.get("name", ""), "port": number, "protocol": port["protocol"]}
            if number is not None:
                found.append(said)
        return found

    def _write_slice(self, service: Obj, pods: list[Obj]) -> None:
        unready_too = bool(dig(service, "spec", "publishNotReadyAddresses"))
        endpoints = [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {
                    "ready": (ready(pod) and not deleting(pod)) or unready_too,
                    "serving": ready(pod),
                    "terminating": deleting(pod),
                },
                "nodeName": dig(pod, "spec", "nodeName"),
                "targetRef": _reference(pod),
            }
            for pod in pods
        ]
        name = f"{name_of(service)}-{short_hash(uid_of(service), 5)}"
        body: Obj = {
            "metadata": {
                "name": name,
                "labels": {
                    **labels_of(service),
                    "kubernetes.io/service-name": name_of(service),
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                },
                "ownerReferences": [owner_reference(service)],
            },
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": self._ports(service, pods),
        }
        self._write(ENDPOINT_SLICE, service, name, body)

    def _write_endpoints(self, service: Obj, pods: list[Obj]) -> None:
        def addresses(*, good: bool) -> list[Obj]:
            return [
                {
                    "ip": pod["status"]["podIP"],
                    "nodeName": dig(pod, "spec", "nodeName"),
                    "targetRef": _reference(pod),
                }
                for pod in pods
                if not deleting(pod) and ready(pod) is good
            ]

        lists = {"addresses": addresses(good=True), "notReadyAddresses": addresses(good=False)}
        subset: Obj = {key: value for key, value in lists.items() if value}
        body: Obj = {"metadata": {"name": name_of(service), "labels": dict(labels_of(service))}}
        if subset:
            body["subsets"] = [{**subset, "ports": self._ports(service, pods)}]
        self._write(ENDPOINTS, service, name_of(service), body)

    def _write(self, resource: Resource, service: Obj, name: str, body: Obj) -> None:
        namespace = namespace_of(service)
        old = self._world.store.get(resource, namespace, name)
        if old is None:
            self._world.writing.create(resource, namespace, body, AS_CONTROLLER)
            return

        def alter(thing: Obj) -> None:
            for key in ("endpoints", "ports", "subsets"):
                if key in body:
                    thing[key] = body[key]
                else:
                    thing.pop(key, None)

        self._world.writing.change(resource, old, alter, AS_CONTROLLER)


def _reference(pod: Obj) -> Obj:
    return {
        "kind": "Pod",
        "name": name_of(pod),
        "namespace": namespace_of(pod),
        "uid": uid_of(pod),
    }


class DisruptionBudgets:
    """Keeps the status of PodDisruptionBudgets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a budget when it or one of its pods changes."""
        if change.resource == DISRUPTION_BUDGET:
            return [(namespace_of(change.object), name_of(change.object))]
        if change.resource != POD:
            return ()
        return [
            (namespace_of(each), name_of(each))
            for each in self._world.store.all(DISRUPTION_BUDGET, namespace_of(change.object))
            if selects(dig(each, "spec", "selector"), labels_of(change.object))
        ]

    def sync(self, namespace: str, name: str) -> float | None:
        """Count how many pods may go."""
        store = self._world.store
        budget = store.get(DISRUPTION_BUDGET, namespace, name)
        if budget is None:
            return None
        selector = dig(budget, "spec", "selector")
        pods = [p for p in store.all(POD, namespace) if selects(selector, labels_of(p))]
        healthy = sum(ready(p) and not deleting(p) for p in pods)
        least, most = dig(budget, "spec", "minAvailable"), dig(budget, "spec", "maxUnavailable")
        expected: int | None = len(pods)
        if not isinstance(least, int):
            expected = _expected(store, self._world.registry, pods)
        if expected is None:
            desired, allowed, expected = 0, 0, 0  # "SyncFailed": whose pods these are has no scale
        else:
            total = expected
            desired = (
                _share(least, total)
                if least is not None
                else max(0, total - _share(1 if most is None else most, total))
            )
            allowed = max(0, healthy - desired) if total else 0
        status = {
            "observedGeneration": budget["metadata"]["generation"],
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
        }
        self._world.set_status(DISRUPTION_BUDGET, budget, status)
        return None


def _share(value: Any, total: int) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(int(value[:-1]) * total / 100)
    return int(value)


def _expected(store: Store, registry: Registry, pods: list[Obj]) -> int | None:
    """Sum up what the pods' controllers want; None where one has no scale, as a DaemonSet."""
    owners: dict[str, int] = {}
    for pod in pods:
        reference = controller_of(pod)
        kind = registry.named(reference["apiVersion"], reference["kind"]) if reference else None
        owner = (
            store.get(kind, namespace_of(pod), reference["name"]) if kind and reference else None
        )
        if owner is None:
            owners[uid_of(pod)] = 1
        elif kind is None or "scale" not in kind.subresources:
            return None
        else:
            owners[uid_of(owner)] = int(dig(owner, "spec", "replicas") or 0)
    return sum(owners.values())
