"""A Rollout with the strategy canary and no traffic router: pods stand for shares of the traffic.

Called by ``rollouts``. As argo-rollouts' rollout/canary.go. Analyses and experiments never come to
an end here: no metrics are asked.
"""

from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import replicas_of
from smartspec_rollback.testing.kubernetes.controllers.rollout_sums import (
    REVISION,
    at_goal,
    available,
    current_step,
    limits,
    sizes,
    status_of,
    steps_of,
)
from smartspec_rollback.testing.kubernetes.controllers.rollout_turn import Turn
from smartspec_rollback.testing.kubernetes.objects import Obj, annotations_of, dig, name_of

STEP = "CanaryPauseStep"


def bring_on(turn: Turn) -> float | None:
    """Take one turn; gives the seconds after which to look again, if any."""
    if not turn.changed:
        scaled = resize(turn)
        if not scaled:
            _pause(turn)
    return _tell(turn)


def resize(turn: Turn) -> bool:
    """Grow and shrink the ReplicaSets one after the other, the stable one first."""
    if turn.paused:
        return False
    rollout = turn.rollout
    _, size_stable = sizes(rollout, turn.new, turn.stable, turn.others)
    stable = turn.stable
    if (
        stable is not None
        and name_of(stable) != name_of(turn.new)
        and turn.resized(stable, size_stable)
    ):
        return True
    size, _ = sizes(rollout, turn.new, turn.stable, turn.others)
    return turn.resized(turn.new, size) or _shrink_others(turn)


def _shrink_others(turn: Turn) -> bool:
    """Scale what is neither wanted nor stable down: broken pods first, then what is to spare."""
    _, fewer = limits(turn.rollout)
    old = [each for each in turn.others if replicas_of(each) > 0]
    scaled = False
    for each in old:
        if replicas_of(each) != available(each):
            scaled = turn.resized(each, available(each)) or scaled
    spare = available(*turn.every) - (replicas_of(turn.rollout) - fewer)
    old = [each for each in turn.others if replicas_of(each) > 0]
    old.sort(key=lambda r: int(annotations_of(r).get(REVISION, "0")), reverse=True)
    for each in old:
        cut = min(spare, replicas_of(each))
        if cut > 0:
            scaled = turn.resized(each, replicas_of(each) - cut) or scaled
            spare -= cut
    return scaled


def _pause(turn: Turn) -> None:
    """Begin the pause of a step, once; a promotion in full stops nowhere."""
    step, _ = current_step(turn.rollout)
    if step is None or "pause" not in step or turn.paused:
        return
    if status_of(turn.rollout, "promoteFull") or turn.aborted:
        return
    if turn.pause(STEP) is None and not status_of(turn.rollout, "controllerPause"):
        turn.add.append(STEP)


def _through(turn: Turn, step: Obj) -> bool:
    """Tell whether a step is done."""
    if turn.paused:
        return False
    if "pause" in step:
        pause, seconds = turn.pause(STEP), (step["pause"] or {}).get("duration")
        if pause is None:
            # Somebody took the pause away: the controller paused, and no pause is left.
            return bool(status_of(turn.rollout, "controllerPause"))
        return seconds is not None and turn.waited(pause, _seconds(seconds))
    return "setWeight" in step and at_goal(turn.rollout, turn.new, turn.stable, turn.others)


def _seconds(said: str | int) -> float:
    """Read a duration: a number of seconds, or one with the unit s, m or h."""
    units = {"s": 1, "m": 60, "h": 3600}
    text = str(said)
    return float(text[:-1]) * units[text[-1]] if text[-1:] in units else float(text)


def _complete(turn: Turn) -> bool:
    """Tell whether what is wanted is to become the stable one."""
    rollout = turn.rollout
    if turn.stable is None:
        return True
    if turn.aborted or available(turn.new) < replicas_of(rollout):
        return False
    if status_of(rollout, "promoteFull") or turn.fast:
        return True
    return current_step(turn.rollout)[0] is None


def _tell(turn: Turn) -> float | None:
    rollout, count = turn.rollout, len(steps_of(turn.rollout))
    status = turn.base()
    covered = available(*turn.every) >= replicas_of(rollout)
    if turn.changed:
        fast = turn.fast and (
            not turn.in_window
            or dig(turn.new, "spec", "replicas") > 0
            or status_of(rollout, "stableRS") == status["currentPodHash"]
        )
        turn.restart(status)
        if count and fast:
            status["currentStepIndex"] = count
        return turn.persist(status, covered=covered)
    if status_of(rollout, "promoteFull") or turn.in_window:
        turn.clear = turn.end_abort = True
        if count:
            status["currentStepIndex"] = count
    if _complete(turn):
        turn.promote(status)
    elif turn.aborted:
        if count:
            back = status.get("stableRS") == status["currentPodHash"]
            status["currentStepIndex"] = count if back else 0
    else:
        step, index = current_step(turn.rollout)
        if step is not None and not turn.end_abort and _through(turn, step):
            status["currentStepIndex"] = index + 1
            turn.remove.append(STEP)
    return turn.persist(status, covered=covered)
