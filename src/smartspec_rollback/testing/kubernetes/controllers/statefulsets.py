"""The StatefulSet controller: pods by number, one after another, from the highest down.

As https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/ says, the behaviour of
kubernetes#67250 included: a pod that never becomes ready blocks the set, and a corrected
template does not replace it until somebody deletes it.
"""

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
    clone,
    deleting,
    dig,
    labels_of,
    meta,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import CLAIM, POD, STATEFUL_SET
from smartspec_rollback.testing.kubernetes.store import Change, Key

_HASH = "controller-revision-hash"


def _number(pod: Obj) -> int:
    text = name_of(pod).rpartition("-")[2]
    return int(text) if text.isdigit() else -1


class StatefulSets:
    """Keeps StatefulSets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a StatefulSet when it or one of its pods changes."""
        return own_and_owner(change, STATEFUL_SET)

    def sync(self, namespace: str, name: str) -> float | None:
        """Take the next step, then tell the status."""
        store = self._world.store
        thing = store.get(STATEFUL_SET, namespace, name)
        if thing is None:
            return None
        update = revisions.current(self._world, thing)
        known = revisions.in_order(self._world, thing)
        named = dig(thing, "status", "currentRevision")
        current = next((r for r in known if name_of(r) == named), update)
        pods = store.owned(POD, thing)
        if not deleting(thing):
            self._step(thing, {_number(p): p for p in pods}, current, update)
        pods = store.owned(POD, thing)
        status = self._status(thing, pods, current, update)
        self._world.set_status(STATEFUL_SET, thing, status)
        live = {name_of(current), name_of(update), *(labels_of(p).get(_HASH, "") for p in pods)}
        revisions.prune(self._world, thing, live)
        return soonest(pods, self._min_ready(thing), self._world.clock)

    @staticmethod
    def _min_ready(thing: Obj) -> int:
        return int(thing["spec"].get("minReadySeconds") or 0)

    def _healthy(self, thing: Obj, pod: Obj) -> bool:
        return (
            dig(pod, "status", "phase") == "Running"
            and not deleting(pod)
            and available(pod, self._min_ready(thing), self._world.clock)
        )

    def _step(self, thing: Obj, pods: dict[int, Obj], current: Obj, update: Obj) -> None:
        wanted = thing["spec"]["replicas"]
        ordered = thing["spec"]["podManagementPolicy"] != "Parallel"
        for number in range(wanted):
            if self._keep(thing, pods.get(number), number, current, update) and ordered:
                return
        condemned = sorted((n for n in pods if n >= wanted), reverse=True)
        unhealthy = [n for n in sorted(pods) if not self._healthy(thing, pods[n])]
        for number in condemned:
            pod = pods[number]
            if deleting(pod):
                if ordered:
                    return
                continue
            if ordered and not self._healthy(thing, pod) and unhealthy[:1] != [number]:
                return
            self._delete(pod)
            if ordered:
                return
        if thing["spec"]["updateStrategy"]["type"] != "OnDelete":
            self._update(thing, pods, update)

    def _keep(self, thing: Obj, pod: Obj | None, number: int, current: Obj, update: Obj) -> bool:
        """See that a pod is there; tells whether an ordered set must wait for it."""
        if pod is None:
            self._create(thing, number, current, update)
            return True
        if finished(pod):
            if not deleting(pod):
                self._delete(pod)
            return True
        return not self._healthy(thing, pod)

    def _update(self, thing: Obj, pods: dict[int, Obj], update: Obj) -> None:
        """Replace the highest pod of another revision, unless a higher one isn't healthy."""
        partition = dig(thing, "spec", "updateStrategy", "rollingUpdate", "partition") or 0
        for number in range(thing["spec"]["replicas"] - 1, partition - 1, -1):
            pod = pods.get(number)
            if pod is None:
                return
            if labels_of(pod).get(_HASH) != name_of(update) and not deleting(pod):
                self._delete(pod)
                return
            if not self._healthy(thing, pod):
                return

    def _delete(self, pod: Obj) -> None:
        self._world.deleting.delete(POD, namespace_of(pod), name_of(pod), Removal())

    def _create(self, thing: Obj, number: int, current: Obj, update: Obj) -> None:
        strategy = thing["spec"]["updateStrategy"]
        partition = dig(strategy, "rollingUpdate", "partition") or 0
        older = strategy["type"] == "RollingUpdate" and number < partition
        revision = current if older else update
        name = f"{name_of(thing)}-{number}"
        extra = {
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(number),
            _HASH: name_of(revision),
        }
        pod = from_template(thing, revisions.template_of(revision), name, extra)
        pod["spec"]["hostname"] = name
        pod["spec"]["subdomain"] = thing["spec"].get("serviceName", "")
        self._claims(thing, pod, name)
        self._world.writing.create(POD, namespace_of(thing), pod, AS_CONTROLLER)

    def _claims(self, thing: Obj, pod: Obj, name: str) -> None:
        for template in thing["spec"].get("volumeClaimTemplates") or ():
            volume = name_of(template)
            claim_name = f"{volume}-{name}"
            others = [v for v in pod["spec"].get("volumes") or () if v.get("name") != volume]
            source = {"claimName": claim_name}
            pod["spec"]["volumes"] = [
                *others, {"name": volume, "persistentVolumeClaim": source},
            ]  # fmt: skip
            namespace = namespace_of(thing)
            if self._world.store.get(CLAIM, namespace, claim_name) is None:
                claim = clone(template)
                meta(claim)["name"] = claim_name
                meta(claim)["labels"] = {
                    **labels_of(template),
                    **(dig(thing, "spec", "selector", "matchLabels") or {}),
                }
                self._world.writing.create(CLAIM, namespace, claim, AS_CONTROLLER)

    def _status(self, thing: Obj, pods: list[Obj], current: Obj, update: Obj) -> Obj:
        def of(revision: Obj) -> int:
            name = name_of(revision)
            return sum(labels_of(p).get(_HASH) == name and not deleting(p) for p in pods)

        min_ready, clock = self._min_ready(thing), self._world.clock
        running = [p for p in pods if dig(p, "status", "phase") == "Running" and ready(p)]
        usable = sum(available(p, min_ready, clock) for p in running)
        updated, was = of(update), of(current)
        status: Obj = {
            "observedGeneration": thing["metadata"]["generation"],
            "replicas": len(pods),
            "availableReplicas": usable,
            "currentRevision": name_of(current),
            "updateRevision": name_of(update),
            "collisionCount": 0,
        }
        if (
            thing["spec"]["updateStrategy"]["type"] == "RollingUpdate"
            and updated == len(pods) == len(running)
            and updated == thing["spec"]["replicas"]
        ):
            status["currentRevision"], was = name_of(update), updated
        numbers = {
            "readyReplicas": len(running),
            "currentReplicas": was,
            "updatedReplicas": updated,
        }
        return {**status, **{key: value for key, value in numbers.items() if value}}
