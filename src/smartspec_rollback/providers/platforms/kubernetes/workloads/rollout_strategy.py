"""What an Argo Rollout's strategy and status say: who has the traffic, and what a way back passes.

Used by ``rollout``. By https://argo-rollouts.readthedocs.io/en/stable/features/specification/ and
what the controller of argo-rollouts writes. Pure.
"""

from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, items, number, part, text
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import Course, Walk

_ALL = 100
_DELAY = 30
_ANALYSES = ("prePromotionAnalysis", "postPromotionAnalysis")


def course(workload: Obj, known: tuple[Kept, ...], *, observed: bool) -> Course:
    """Tell what the controller says is live, has traffic, and is on its way."""
    status = part(workload, "status")
    stable, current = (_hashed(known, text(status, key)) for key in ("stableRS", "currentPodHash"))
    active = _hashed(known, text(status, "blueGreen", "activeSelector"))
    blue_green = _is_blue_green(workload)
    live = active if blue_green else stable
    done = observed and current is not None and current is stable is live
    shares = _shares(workload, known, live)
    if done and not blue_green and not _routed(workload):
        done = [each for each in known if each.in_use] in ([], [live])
    return Course(live=live, shares=shares, incoming=current, under_way=not done)


def _shares(
    workload: Obj, known: tuple[Kept, ...], live: Kept | None
) -> tuple[tuple[Kept, int], ...]:
    """Tell who gets how much; without a traffic router pods in use share it by readiness."""
    if live is None:
        return ()
    if _is_blue_green(workload):
        return ((live, _ALL),)
    if not _routed(workload):
        return ((live, _ALL),) if [each for each in known if each.in_use] == [live] else ()
    weights = part(workload, "status", "canary", "weights")
    if not weights:
        status = part(workload, "status")
        promoted = text(status, "currentPodHash") == text(status, "stableRS")
        return ((live, _ALL),) if promoted else ()
    told = [
        (_hashed(known, text(weights, side, "podTemplateHash")), number(weights, side, "weight"))
        for side in ("stable", "canary")
    ]
    named = [(each, weight) for each, weight in told if each is not None and weight > 0]
    if sum(weight for _, weight in named) != _ALL:
        return ()
    merged = {each.id: each for each, _ in named}
    return tuple(
        (each, sum(weight for other, weight in named if other is each)) for each in merged.values()
    )


def walk(workload: Obj, known: tuple[Kept, ...], target: Kept) -> Walk | None:
    """Say what stands between a revision and the traffic; None where the controller skips it.

    It does so for what is stable, and for what is within ``spec.rollbackWindow``.
    """
    strategy, status = part(workload, "spec", "strategy"), part(workload, "status")
    stable = _hashed(known, text(status, "stableRS"))
    if stable is None or target.pod_hash == stable.pod_hash:
        return None
    if _in_window(workload, known, target, stable):
        return None
    if not _is_blue_green(workload):
        return _canary_walk(part(strategy, "canary"))
    said = part(strategy, "blueGreen")
    paused = said.get("autoPromotionEnabled") is False or number(said, "autoPromotionSeconds") > 0
    analysed = any(said.get(each) for each in _ANALYSES)
    if not paused and not analysed:
        return None
    return Walk("its blue-green pause" if paused else "its promotion", _skipped(analysed=analysed))


def _canary_walk(canary: Obj) -> Walk | None:
    steps = items(canary, "steps")
    if not steps:
        return None
    noun = "step" if len(steps) == 1 else "steps"
    analysed = bool(canary.get("analysis")) or any(
        each.get(key) for each in steps for key in ("analysis", "experiment")
    )
    return Walk(f"the canary's {len(steps)} {noun}", _skipped(analysed=analysed))


def _skipped(*, analysed: bool) -> str:
    return "its analysis is skipped" if analysed else ""


def _in_window(workload: Obj, known: tuple[Kept, ...], target: Kept, stable: Kept) -> bool:
    """Tell whether few enough revisions were made between a target and what is stable now."""
    window = number(workload, "spec", "rollbackWindow", "revisions")
    if window <= 0 or not target.created or not target.created < stable.created:
        return False
    return sum(target.created < each.created < stable.created for each in known) < window


def lingers(workload: Obj) -> float:
    """Tell how many seconds old pods stay after the traffic has left them."""
    strategy = part(workload, "spec", "strategy")
    if _is_blue_green(workload):
        return float(number(strategy, "blueGreen", "scaleDownDelaySeconds", default=_DELAY))
    if _routed(workload):
        return float(number(strategy, "canary", "scaleDownDelaySeconds", default=_DELAY))
    return 0.0


def _is_blue_green(workload: Obj) -> bool:
    return isinstance(part(workload, "spec", "strategy").get("blueGreen"), dict)


def _routed(workload: Obj) -> bool:
    return bool(part(workload, "spec", "strategy", "canary", "trafficRouting"))


def _hashed(known: tuple[Kept, ...], pod_hash: str) -> Kept | None:
    return next((each for each in known if pod_hash and each.pod_hash == pod_hash), None)
