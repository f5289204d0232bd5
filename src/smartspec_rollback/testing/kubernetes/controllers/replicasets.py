"""The ReplicaSet controller: as many pods as wanted, and a status that says so."""

from collections.abc import Iterable

from smartspec_rollback.testing.kubernetes.controllers.pods import (
    active,
    available,
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
    condition,
    deleting,
    dig,
    labels_of,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import POD, REPLICA_SET
from smartspec_rollback.testing.kubernetes.statuses import ApiError
from smartspec_rollback.testing.kubernetes.store import Change, Key

_RETRY = 1.0
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def _worth(pod: Obj) -> tuple[bool, int, bool, str, str]:
    """Order pods for deletion: least useful first, as the real controller does."""
    since = (condition(pod, "Ready") or {}).get("lastTransitionTime", "")
    return (
        bool(dig(pod, "spec", "nodeName")),
        _PHASES.get(dig(pod, "status", "phase") or "", 0),
        ready(pod),
        # Ready for a shorter time goes first.
        "".join(chr(0x10FFFF - ord(c)) for c in since) if ready(pod) else "",
        "".join(chr(0x10FFFF - ord(c)) for c in pod["metadata"]["creationTimestamp"]),
    )


class ReplicaSets:
    """Keeps ReplicaSets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a ReplicaSet when it or one of its pods changes."""
        return own_and_owner(change, REPLICA_SET)

    def sync(self, namespace: str, name: str) -> float | None:
        """Create or delete pods, then count them."""
        world = self._world
        thing = world.store.get(REPLICA_SET, namespace, name)
        if thing is None:
            return None
        pods = [p for p in world.store.owned(POD, thing) if active(p)]
        failure = None if deleting(thing) else self._scale(thing, pods)
        thing = world.store.get(REPLICA_SET, namespace, name)
        if thing is None:
            return None
        # As in the real controller, the status counts the pods seen before scaling.
        world.set_status(REPLICA_SET, thing, self._status(thing, pods, failure))
        if failure is not None:
            return _RETRY
        return soonest(pods, dig(thing, "spec", "minReadySeconds") or 0, world.clock)

    def _scale(self, thing: Obj, pods: list[Obj]) -> str | None:
        missing = (dig(thing, "spec", "replicas") or 0) - len(pods)
        for pod in sorted(pods, key=_worth)[: max(0, -missing)]:
            self._world.deleting.delete(POD, namespace_of(pod), name_of(pod), Removal())
        for _ in range(max(0, missing)):
            pod = from_template(thing, thing["spec"]["template"], "", {})
            try:
                self._world.writing.create(POD, namespace_of(thing), pod, AS_CONTROLLER)
            except ApiError as error:
                return error.message
        return None

    def _status(self, thing: Obj, pods: list[Obj], failure: str | None) -> Obj:
        wanted = labels_of(thing["spec"]["template"]).items()
        min_ready = dig(thing, "spec", "minReadySeconds") or 0
        clock = self._world.clock
        counts = {
            "fullyLabeledReplicas": sum(wanted <= labels_of(p).items() for p in pods),
            "readyReplicas": sum(ready(p) for p in pods),
            "availableReplicas": sum(available(p, min_ready, clock) for p in pods),
        }
        status: Obj = {"replicas": len(pods), **{k: v for k, v in counts.items() if v}}
        status["observedGeneration"] = thing["metadata"]["generation"]
        if failure is not None:
            old = condition(thing, "ReplicaFailure")
            since = old["lastTransitionTime"] if old else clock.stamp()
            status["conditions"] = [
                {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "lastTransitionTime": since,
                    "reason": "FailedCreate",
                    "message": failure,
                }
            ]
        return status
