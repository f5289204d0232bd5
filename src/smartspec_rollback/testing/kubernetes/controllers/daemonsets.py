"""The DaemonSet controller: one pod on every node that takes it, updated a few at a time.

As https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/ says; ``maxSurge`` is not
emulated.
"""

import math
from collections.abc import Iterable

from smartspec_rollback.testing.kubernetes.controllers import revisions
from smartspec_rollback.testing.kubernetes.controllers.pods import (
    available,
    finished,
    from_template,
    ready,
    soonest,
)
from smartspec_rollback.testing.kubernetes.controllers.world import (
    AS_CONTROLLER,
    World,
    own_and_owner,
)
from smartspec_rollback.testing.kubernetes.deleting import Removal
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    deleting,
    dig,
    labels_of,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import DAEMON_SET, NODE, POD
from smartspec_rollback.testing.kubernetes.store import Change, Key

_HASH = "controller-revision-hash"


class DaemonSets:
    """Keeps DaemonSets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a DaemonSet when it or one of its pods changes; at all when a node does."""
        if change.resource == NODE:
            return [(namespace_of(d), name_of(d)) for d in self._world.store.all(DAEMON_SET)]
        return own_and_owner(change, DAEMON_SET)

    def sync(self, namespace: str, name: str) -> float | None:
        """Place, update and count the pods."""
        store = self._world.store
        thing = store.get(DAEMON_SET, namespace, name)
        if thing is None:
            return None
        revision = revisions.current(self._world, thing)
        digest = labels_of(revision)[_HASH]
        nodes = [
            name_of(node)
            for node in store.all(NODE)
            if (dig(thing, "spec", "template", "spec", "nodeSelector") or {}).items()
            <= labels_of(node).items()
        ]
        if not deleting(thing):
            self._place(thing, nodes, digest)
            if thing["spec"]["updateStrategy"]["type"] == "RollingUpdate":
                self._update(thing, nodes, digest)
        pods = store.owned(POD, thing)
        self._world.set_status(DAEMON_SET, thing, self._status(thing, nodes, digest))
        live = {labels_of(p).get(_HASH, "") for p in pods} | {digest}
        names = {f"{name}-{each}" for each in live}
        revisions.prune(self._world, thing, names)
        return soonest(pods, thing["spec"].get("minReadySeconds") or 0, self._world.clock)

    def _by_node(self, thing: Obj) -> dict[str, list[Obj]]:
        found: dict[str, list[Obj]] = {}
        for pod in self._world.store.owned(POD, thing):
            found.setdefault(dig(pod, "spec", "nodeName") or "", []).append(pod)
        return found

    def _delete(self, pod: Obj) -> None:
        self._world.deleting.delete(POD, namespace_of(pod), name_of(pod), Removal())

    def _place(self, thing: Obj, nodes: list[str], digest: str) -> None:
        there = self._by_node(thing)
        for node, pods in there.items():
            for pod in pods:
                if not deleting(pod) and (node not in nodes or finished(pod)):
                    self._delete(pod)
        for node in nodes:
            if there.get(node):
                continue
            extra = {_HASH: digest, "pod-template-generation": str(thing["metadata"]["generation"])}
            pod = from_template(thing, thing["spec"]["template"], "", extra)
            pod["spec"]["nodeName"] = node
            self._world.writing.create(POD, namespace_of(thing), pod, AS_CONTROLLER)

    def _update(self, thing: Obj, nodes: list[str], digest: str) -> None:
        limit = dig(thing, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
        if isinstance(limit, str):
            limit = math.ceil(int(limit.rstrip("%")) * len(nodes) / 100)
        room = int(limit or 0)
        candidates = []
        for node in nodes:
            pods = self._by_node(thing).get(node, [])
            usable = [p for p in pods if self._available(thing, p) and not deleting(p)]
            old = [p for p in pods if labels_of(p).get(_HASH) != digest and not deleting(p)]
            if not usable:
                room -= 1
                # What is old and doesn't work costs nothing to replace.
                for pod in old:
                    self._delete(pod)
            else:
                candidates += old
        for pod in candidates[: max(0, room)]:
            self._delete(pod)

    def _available(self, thing: Obj, pod: Obj) -> bool:
        return available(pod, thing["spec"].get("minReadySeconds") or 0, self._world.clock)

    def _status(self, thing: Obj, nodes: list[str], digest: str) -> Obj:
        there = [
            pods[0]
            for node, each in sorted(self._by_node(thing).items())
            if node in nodes and (pods := [p for p in each if not deleting(p)])
        ]
        usable = sum(self._available(thing, p) for p in there)
        status: Obj = {
            "currentNumberScheduled": len(there),
            "numberMisscheduled": 0,
            "desiredNumberScheduled": len(nodes),
            "numberReady": sum(map(ready, there)),
            "observedGeneration": thing["metadata"]["generation"],
        }
        numbers = {
            "updatedNumberScheduled": sum(labels_of(p).get(_HASH) == digest for p in there),
            "numberAvailable": usable,
            "numberUnavailable": len(nodes) - usable,
        }
        return {**status, **{key: value for key, value in numbers.items() if value}}
