"""A Rollout with the strategy blueGreen: two Services, pointed by the hash of a ReplicaSet.

Called by ``rollouts``. As argo-rollouts' rollout/bluegreen.go, but for ``previewReplicaCount`` and
anti-affinity. Analyses never come to an end here: no metrics are asked.
"""

from datetime import timedelta

from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import replicas_of
from smartspec_rollback.testing.kubernetes.controllers.rollout_sums import (
    DEADLINE,
    HASH,
    available,
    blue_green_of,
    counted,
    hash_of,
    saturated,
    status_of,
)
from smartspec_rollback.testing.kubernetes.controllers.rollout_turn import Turn
from smartspec_rollback.testing.kubernetes.controllers.world import AS_CONTROLLER
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    annotations_of,
    dig,
    meta,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import SERVICE

MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"
PAUSE = "BlueGreenPause"
_DELAY = 30


def missing_service(turn: Turn) -> str | None:
    """Name a Service of the strategy that is not there."""
    said = blue_green_of(turn.rollout) or {}
    for key in ("activeService", "previewService"):
        name = said.get(key)
        if name and turn.world.store.get(SERVICE, namespace_of(turn.rollout), name) is None:
            return str(name)
    return None


def bring_on(turn: Turn) -> float | None:
    """Take one turn; gives the seconds after which to look again, if any."""
    _point(turn, "previewService", hash_of(turn.new))
    if not turn.changed:
        resize(turn)
        _pause(turn)
        _switch(turn)
    return _tell(turn)


def resize(turn: Turn) -> bool:
    """Have the wanted and the stable ReplicaSet at full size, and the others gone after a while."""
    if turn.paused:
        return False
    wanted, said = replicas_of(turn.rollout), blue_green_of(turn.rollout) or {}
    stable = turn.stable
    giving_up = turn.aborted and stable is not None and name_of(stable) != name_of(turn.new)
    if not giving_up:
        turn.note(turn.new, DEADLINE, None)
    if stable is not None:
        turn.note(stable, DEADLINE, None)
        turn.resized(stable, wanted)
    delay = said.get("abortScaleDownDelaySeconds", _DELAY)
    if giving_up and delay:
        _lingering(turn, turn.new, float(delay))
    elif not giving_up:
        turn.resized(turn.new, wanted)
    active = status_of(turn.rollout, "blueGreen") or {}
    used = {active.get("activeSelector"), active.get("previewSelector")}
    for each in list(turn.others):
        if replicas_of(each) and hash_of(each) not in used:
            _lingering(turn, each, float(said.get("scaleDownDelaySeconds", _DELAY)))
    return False


def _lingering(turn: Turn, each: Obj, delay: float) -> None:
    """Scale a ReplicaSet down once its deadline is over; the first time it gets one."""
    clock, until = turn.world.clock, annotations_of(each).get(DEADLINE)
    if until is None and delay:
        stamp = (clock.now() + timedelta(seconds=delay)).strftime("%Y-%m-%dT%H:%M:%SZ")
        turn.note(each, DEADLINE, stamp)
        turn.again.append(delay)
    elif until is not None and clock.since(until) < 0:
        turn.again.append(-clock.since(until))
    else:
        turn.resized(each, 0)


def _active(turn: Turn) -> str:
    said = blue_green_of(turn.rollout) or {}
    service = turn.world.store.get(SERVICE, namespace_of(turn.rollout), said["activeService"])
    return dig(service, "spec", "selector", HASH) or ""


def _point(turn: Turn, key: str, to: str) -> None:
    name = (blue_green_of(turn.rollout) or {}).get(key)
    service = turn.world.store.get(SERVICE, namespace_of(turn.rollout), name) if name else None
    if service is None or turn.paused or dig(service, "spec", "selector", HASH) == to:
        return

    def alter(thing: Obj) -> None:
        meta(thing).setdefault("annotations", {})[MANAGED] = name_of(turn.rollout)
        thing["spec"].setdefault("selector", {})[HASH] = to

    turn.world.writing.change(SERVICE, service, alter, AS_CONTROLLER)


def _ready(turn: Turn) -> bool:
    wanted = replicas_of(turn.rollout)
    return replicas_of(turn.new) == available(turn.new) == wanted


def _fast(turn: Turn) -> bool:
    """Tell whether nothing is waited for: going back, promoted in full, or there already."""
    within_delay = turn.new["metadata"]["creationTimestamp"] < (
        turn.stable["metadata"]["creationTimestamp"] if turn.stable is not None else ""
    ) and bool(annotations_of(turn.new).get(DEADLINE))
    promoted = bool(status_of(turn.rollout, "promoteFull"))
    return turn.fast or within_delay or promoted or _active(turn) in ("", hash_of(turn.new))


def _analysed(turn: Turn) -> bool:
    return "prePromotionAnalysis" not in (blue_green_of(turn.rollout) or {})


def _pause(turn: Turn) -> None:
    """Begin or end the pause before the traffic is switched."""
    said = blue_green_of(turn.rollout) or {}
    if status_of(turn.rollout, "abort") or not _ready(turn) or turn.paused:
        return
    by_hand = said.get("autoPromotionEnabled") is False
    waits = by_hand or said.get("autoPromotionSeconds")
    if _fast(turn) or not waits:
        turn.remove.append(PAUSE)
        return
    if not _analysed(turn):
        return
    pause = turn.pause(PAUSE)
    if pause is None:
        if not status_of(turn.rollout, "controllerPause"):
            turn.add.append(PAUSE)
    elif not by_hand and turn.waited(pause, float(said["autoPromotionSeconds"])):
        turn.remove.append(PAUSE)


def _waited(turn: Turn) -> bool:
    """Tell whether the pause is over, or none was wanted."""
    said, pause = blue_green_of(turn.rollout) or {}, turn.pause(PAUSE)
    if turn.add:
        return False
    if said.get("autoPromotionEnabled") is False:
        return bool(status_of(turn.rollout, "controllerPause")) and pause is None
    seconds = said.get("autoPromotionSeconds")
    return not seconds or (pause is not None and turn.waited(pause, float(seconds)))


def _switch(turn: Turn) -> None:
    """Point the active Service, once the wanted ReplicaSet carries everything."""
    if turn.paused or not _ready(turn) or not saturated(turn.rollout, turn.new):
        return
    to = _active(turn)
    if _fast(turn) or (_waited(turn) and _analysed(turn)):
        to = hash_of(turn.new)
    if status_of(turn.rollout, "abort"):
        to = status_of(turn.rollout, "stableRS") or to
    if to:
        _point(turn, "activeService", to)


def _tell(turn: Turn) -> float | None:
    rollout, said = turn.rollout, blue_green_of(turn.rollout) or {}
    status, namespace = turn.base(), namespace_of(turn.rollout)
    if turn.changed:
        turn.restart(status)
    elif status_of(rollout, "promoteFull") or turn.in_window:
        turn.clear = turn.end_abort = True
    active = _active(turn)
    status["blueGreen"] = {"activeSelector": active} if active else {}
    if said.get("previewService"):
        preview = turn.world.store.get(SERVICE, namespace, said["previewService"])
        status["blueGreen"]["previewSelector"] = dig(preview, "spec", "selector", HASH) or ""
    if _complete(turn, active):
        turn.promote(status)
    serving = next((each for each in turn.every if hash_of(each) == active), None)
    if serving is not None:
        status["HPAReplicas"] = counted("replicas", [serving])
        status["availableReplicas"] = available(serving)
        status["readyReplicas"] = counted("readyReplicas", [serving])
    return turn.persist(status, covered=saturated(rollout, serving))


def _complete(turn: Turn, active: str) -> bool:
    """Tell whether what is wanted is to become the stable one."""
    if turn.stable is None or not active:
        return True
    if active != hash_of(turn.new):
        return False
    if status_of(turn.rollout, "promoteFull") or turn.fast:
        return True
    return not turn.aborted and "postPromotionAnalysis" not in (blue_green_of(turn.rollout) or {})
