"""A Deployment's status: counts, and the conditions Available, Progressing, ReplicaFailure.

Called by ``deployments``. Pure but for the clock it is given.
"""

from smartspec_rollback.testing.kubernetes.clock import ClusterClock
from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import (
    advanced,
    complete,
    limits,
    replicas_of,
)
from smartspec_rollback.testing.kubernetes.objects import Obj, clone, condition, dig, name_of


def find(status: Obj, kind: str) -> Obj | None:
    """Find a condition."""
    return condition({"status": status}, kind)


def drop(status: Obj, kind: str) -> None:
    """Take a condition off."""
    left = [each for each in status.get("conditions") or () if each["type"] != kind]
    status["conditions"] = left


def put(status: Obj, new: Obj, clock: ClusterClock, *, anew: bool = False) -> None:
    """Set a condition, unless it is there with status and reason; ``anew`` renews its time."""
    old = find(status, new["type"])
    same = old is not None and old["status"] == new["status"]
    if old is not None and same and old["reason"] == new["reason"] and not anew:
        return
    stamp = clock.stamp()
    since = old["lastTransitionTime"] if old is not None and same else stamp
    drop(status, new["type"])
    status["conditions"].append({**new, "lastUpdateTime": stamp, "lastTransitionTime": since})


def progressing(value: str, reason: str, message: str) -> Obj:
    """Spell the condition Progressing."""
    return {"type": "Progressing", "status": value, "reason": reason, "message": message}


def counts(deployment: Obj, new: Obj | None, every: list[Obj], clock: ClusterClock) -> Obj:
    """Count replicas over all ReplicaSets and judge availability."""

    def total(name: str, sets: list[Obj]) -> int:
        return sum(dig(each, "status", name) or 0 for each in sets)

    available = total("availableReplicas", every)
    numbers = {
        "replicas": total("replicas", every),
        "updatedReplicas": total("replicas", [new] if new is not None else []),
        "readyReplicas": total("readyReplicas", every),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(replicas_of, every)) - available),
        "collisionCount": dig(deployment, "status", "collisionCount") or 0,
    }
    status: Obj = {"observedGeneration": deployment["metadata"]["generation"]}
    status.update({key: value for key, value in numbers.items() if value})
    status["conditions"] = clone(dig(deployment, "status", "conditions") or [])
    _, fewer = limits(deployment)
    if available >= replicas_of(deployment) - fewer:
        said = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        said = (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    value, reason, message = said
    put(
        status,
        {"type": "Available", "status": value, "reason": reason, "message": message},
        clock,
    )
    return status


def judge_progress(deployment: Obj, status: Obj, new: Obj | None, clock: ClusterClock) -> None:
    """Set the condition Progressing during a rollout, in place."""
    old = deployment.get("status") or {}
    current = find(status, "Progressing")
    if dig(deployment, "spec", "progressDeadlineSeconds") is None:
        drop(status, "Progressing")
        return
    settled = (
        status.get("replicas", 0) == status.get("updatedReplicas", 0)
        and current is not None
        and current["reason"] == "NewReplicaSetAvailable"
    )
    if settled:
        return
    what = (
        f'ReplicaSet "{name_of(new)}"' if new is not None else f'Deployment "{name_of(deployment)}"'
    )
    if complete(deployment, status):
        text = f"{what} has successfully progressed."
        put(status, progressing("True", "NewReplicaSetAvailable", text), clock)
    elif advanced(old, status):
        text = f"{what} is progressing."
        put(status, progressing("True", "ReplicaSetUpdated", text), clock, anew=True)
    elif _timed_out(deployment, current, clock):
        text = f"{what} has timed out progressing."
        put(status, progressing("False", "ProgressDeadlineExceeded", text), clock)


def _timed_out(deployment: Obj, current: Obj | None, clock: ClusterClock) -> bool:
    if current is None or current["reason"] == "NewReplicaSetAvailable":
        return False
    if current["reason"] == "ProgressDeadlineExceeded":
        return True
    deadline = float(deployment["spec"]["progressDeadlineSeconds"])
    return clock.since(current["lastUpdateTime"]) > deadline


def look_again(deployment: Obj, status: Obj, clock: ClusterClock) -> float | None:
    """Tell when to judge progress again."""
    current = find(status, "Progressing")
    deadline = dig(deployment, "spec", "progressDeadlineSeconds")
    if current is None or deadline is None or complete(deployment, status):
        return None
    if current["reason"] == "ProgressDeadlineExceeded":
        return None
    return max(0.0, float(deadline) - clock.since(current["lastUpdateTime"])) + 1.0


def note_failures(status: Obj, new: Obj | None, every: list[Obj], clock: ClusterClock) -> None:
    """Carry a ReplicaSet's failure to create pods over, in place."""
    for each in [*([new] if new is not None else []), *every]:
        failure = condition(each, "ReplicaFailure")
        if failure is not None:
            keys = ("type", "status", "reason", "message")
            put(status, {key: failure[key] for key in keys}, clock)
            return
    drop(status, "ReplicaFailure")


def pause_or_resume(deployment: Obj, status: Obj, clock: ClusterClock) -> None:
    """Note in Progressing that a Deployment is paused or resumed, in place."""
    current = find(status, "Progressing")
    if dig(deployment, "spec", "progressDeadlineSeconds") is None:
        return
    reason = (current or {}).get("reason")
    if reason == "ProgressDeadlineExceeded":
        return
    if deployment["spec"].get("paused") and reason != "DeploymentPaused":
        put(status, progressing("Unknown", "DeploymentPaused", "Deployment is paused"), clock)
    elif not deployment["spec"].get("paused") and reason == "DeploymentPaused":
        put(status, progressing("Unknown", "DeploymentResumed", "Deployment is resumed"), clock)
