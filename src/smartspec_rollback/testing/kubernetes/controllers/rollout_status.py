"""A Rollout's status: its conditions, and the phase they come to.

Called by ``rollouts`` once a turn is over. As argo-rollouts' utils/conditions and utils/rollout
say. Pure but for the clock it is given.
"""

from smartspec_rollback.testing.kubernetes.clock import ClusterClock
from smartspec_rollback.testing.kubernetes.controllers.deployment_status import (
    find,
    progressing,
    put,
)
from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import replicas_of
from smartspec_rollback.testing.kubernetes.controllers.rollout_sums import (
    blue_green_of,
    canary_of,
    current_step,
    steps_of,
)
from smartspec_rollback.testing.kubernetes.objects import Obj, dig, name_of

DEADLINE = 600


def fully_promoted(status: Obj) -> bool:
    """Tell whether what is wanted is what is stable."""
    return bool(status.get("stableRS")) and status["stableRS"] == status.get("currentPodHash")


def healthy(rollout: Obj, status: Obj) -> bool:
    """Tell whether everything wanted is there and has the traffic, and nothing else is.

    The generation is that of the status as it was: what was only just seen is not healthy yet.
    """
    wanted = replicas_of(rollout)
    if (blue_green := blue_green_of(rollout)) is not None:
        said = status.get("blueGreen") or {}
        done = said.get("activeSelector") == status.get("currentPodHash")
        if blue_green.get("previewService"):
            done = done and said.get("previewSelector") == status.get("currentPodHash")
    else:
        index, count = status.get("currentStepIndex"), len(steps_of(rollout))
        walked = not count or index is None or index == count
        done = walked and fully_promoted(status) and status.get("replicas", 0) == wanted
    observed = dig(rollout, "status", "observedGeneration")
    return (
        done
        and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == wanted
        and observed == str(rollout["metadata"]["generation"])
    )


def advanced(rollout: Obj, status: Obj) -> bool:
    """Tell whether it got any further since the status that stands."""
    old: Obj = rollout.get("status") or {}

    def moved(key: str) -> int:
        return int(status.get(key, 0)) - int(old.get(key, 0))

    if blue_green_of(rollout) is not None:
        keys = ("activeSelector", "previewSelector")
        was, now = old.get("blueGreen") or {}, status.get("blueGreen") or {}
        further = any(was.get(key) != now.get(key) for key in keys)
    else:
        indices = (old.get("currentStepIndex"), status.get("currentStepIndex"))
        further = (
            (None not in indices and indices[0] != indices[1])
            or old.get("stableRS") != status.get("stableRS")
            or old.get("currentStepHash") != status.get("currentStepHash")
        )
    return (
        further
        or moved("updatedReplicas") != 0
        or moved("replicas") - moved("updatedReplicas") < 0
        or moved("readyReplicas") > 0
        or moved("availableReplicas") > 0
    )


def judge(rollout: Obj, status: Obj, new: Obj, *, covered: bool, clock: ClusterClock) -> None:
    """Set the conditions, in place; ``covered``: as many pods as wanted are available."""
    became_unhealthy = _judge_health(rollout, status, clock)
    what = f'ReplicaSet "{name_of(new)}"'
    if status.get("abort"):
        said = progressing("False", "RolloutAborted", "Rollout aborted update")
        put(status, said, clock)
    elif healthy(rollout, status):
        text = f"{what} has successfully progressed."
        put(status, progressing("True", "NewReplicaSetAvailable", text), clock)
    elif advanced(rollout, status) or became_unhealthy:
        text = f"{what} is progressing."
        put(status, progressing("True", "ReplicaSetUpdated", text), clock, anew=True)
    elif _timed_out(rollout, status, clock):
        text = f"{what} has timed out progressing."
        put(status, progressing("False", "ProgressDeadlineExceeded", text), clock)
    text = "Rollout has minimum availability" if covered else "Rollout does not have it"
    put(status, _flagged("Available", "AvailableReason", text, value=covered), clock)
    said = _flagged(
        "Completed", "RolloutCompleted", "RolloutCompleted", value=fully_promoted(status)
    )
    put(status, said, clock)


def _judge_health(rollout: Obj, status: Obj, clock: ClusterClock) -> bool:
    """Set the condition Healthy; tells whether it was true until now."""
    paused = status.get("pauseConditions") or rollout["spec"].get("paused")
    well, was = not paused and healthy(rollout, status), find(status, "Healthy")
    if well or was is not None:
        text = f"Rollout is{'' if well else ' not'} healthy"
        put(status, _flagged("Healthy", "RolloutHealthy", text, value=well), clock)
    return not well and was is not None and bool(was["status"] == "True")


def _flagged(kind: str, reason: str, message: str, *, value: bool) -> Obj:
    return {"type": kind, "status": str(value), "reason": reason, "message": message}


def note_pause(rollout: Obj, status: Obj, clock: ClusterClock) -> None:
    """Note in Progressing and Paused that it waits, goes on, or is tried again; in place."""
    progress, paused = find(status, "Progressing"), find(status, "Paused")
    reason = (progress or {}).get("reason")
    waits = bool(status.get("pauseConditions") or rollout["spec"].get("paused"))
    aborted = reason == "RolloutAborted"
    if waits != (reason == "RolloutPaused") and not aborted and not fully_promoted(status):
        how = "RolloutPaused" if waits else "RolloutResumed"
        put(status, progressing("Unknown", how, f"Rollout is {how[7:].lower()}"), clock)
    if aborted and not status.get("abort"):
        put(status, progressing("Unknown", "RolloutRetry", "Rollout is tried again"), clock)
    if waits != ((paused or {}).get("status") == "True") and not aborted:
        said = _flagged("Paused", "RolloutPaused", "Rollout is paused", value=waits)
        put(status, said, clock)


def _waits_for_long(rollout: Obj, status: Obj) -> bool:
    """Tell whether it is at something that has all the time it takes."""
    step, _ = current_step(rollout)
    slow = step is not None and any(key in step for key in ("experiment", "analysis", "pause"))
    return slow or (find(status, "Paused") or {}).get("status") == "True"


def _timed_out(rollout: Obj, status: Obj, clock: ClusterClock) -> bool:
    current = find(status, "Progressing")
    if current is None or _waits_for_long(rollout, status):
        return False
    if current["reason"] in ("RolloutAborted", "RolloutPaused"):
        return False
    if current["reason"] == "ProgressDeadlineExceeded":
        return True
    return clock.since(current["lastUpdateTime"]) > deadline_of(rollout)


def deadline_of(rollout: Obj) -> float:
    """Tell how many seconds without progress it is given."""
    return float(dig(rollout, "spec", "progressDeadlineSeconds") or DEADLINE)


def phase(rollout: Obj, status: Obj) -> tuple[str, str]:
    """Say in a word, and a sentence, how it is."""
    for each in status.get("conditions") or ():
        if each["type"] == "InvalidSpec":
            return "Degraded", f"InvalidSpec: {each['message']}"
        if each["reason"] in ("RolloutAborted", "ProgressDeadlineExceeded"):
            return "Degraded", f"{each['reason']}: {each['message']}"
    if rollout["spec"].get("paused"):
        return "Paused", "manually paused"
    for each in status.get("pauseConditions") or ():
        return "Paused", str(each["reason"])
    waits_for = _waits_for(rollout, status)
    return ("Progressing", waits_for) if waits_for else ("Healthy", "")


def _waits_for(rollout: Obj, status: Obj) -> str:
    """Say what it waits for; nothing once it is healthy."""
    updated, current = status.get("updatedReplicas", 0), status.get("currentPodHash")
    active = dig(status, "blueGreen", "activeSelector")
    switched = blue_green_of(rollout) is None or (active and active == current)
    leftover = canary_of(rollout) is not None and status.get("replicas", 0) > updated
    waits = (
        (updated < replicas_of(rollout), "more replicas need to be updated"),
        (
            status.get("availableReplicas", 0) < updated,
            "updated replicas are still becoming available",
        ),
        (not switched, "active service cutover pending"),
        (leftover, "old replicas are pending termination"),
        (not fully_promoted(status), "waiting for all steps to complete"),
    )
    return next((said for waiting, said in waits if waiting), "")
