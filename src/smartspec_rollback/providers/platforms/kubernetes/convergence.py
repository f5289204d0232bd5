"""Convergence: how far the cluster has come with what was asked of it.

The five conditions of ``kubectl rollout status``, in its order, but a failure that was there
before we asked is not taken for ours. Used by ``steps`` and ``reading``. Pure.
"""

from smartspec_rollback.domain.step import Progress, ProgressState
from smartspec_rollback.providers.platforms.kubernetes.history import Kept
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, items, number, part, text

_EXCEEDED = "ProgressDeadlineExceeded"


def observed(deployment: Obj) -> bool:
    """Tell whether the controller has seen the newest specification."""
    seen = number(deployment, "status", "observedGeneration")
    return seen >= number(deployment, "metadata", "generation")


def wanted(deployment: Obj) -> int:
    """Tell how many pods are wanted; the server's default is 1."""
    return max(0, number(deployment, "spec", "replicas", default=1))


def paused(deployment: Obj) -> bool:
    """Tell whether the rollout is paused."""
    return part(deployment, "spec").get("paused") is True


def progress_mark(deployment: Obj) -> str:
    """Identify the condition Progressing as it is now, to know it again; empty without one."""
    found = _progressing(deployment)
    if not found:
        return ""
    said = (text(found, each) for each in ("reason", "lastUpdateTime", "lastTransitionTime"))
    return " ".join(said)


def _progressing(deployment: Obj) -> Obj:
    for each in items(deployment, "status", "conditions"):
        if text(each, "type") == "Progressing":
            return each
    return {}


def failure(deployment: Obj, *, before: str) -> str | None:
    """Say why the rollout failed; None if it did not, or had done so ``before`` we asked."""
    found = _progressing(deployment)
    exceeded = text(found, "status") == "False" and text(found, "reason") == _EXCEEDED
    if not exceeded or progress_mark(deployment) == before:
        return None
    return "the cluster gave the rollout up: its progress deadline is exceeded"


def started(deployment: Obj, target: Kept | None, *, before: str) -> Progress:
    """Say how many of the wanted pods of the target are available."""
    count = wanted(deployment)
    if not observed(deployment):
        return _pending("the cluster has not seen the new template yet")
    if fault := failure(deployment, before=before):
        return Progress(state=ProgressState.FAILED, detail=fault)
    if target is None:
        return _pending("the cluster has not made the target's ReplicaSet yet")
    detail = f"{min(target.available, count)} of {count} instances available"
    if target.desired < count or target.available < count:
        return _pending(detail)
    return Progress(state=ProgressState.DONE, detail=detail)


def converged(deployment: Obj, *, before: str) -> Progress:
    """Say how far the whole rollout is, as ``kubectl rollout status`` does."""
    if not observed(deployment):
        return _pending("the cluster has not seen the new template yet")
    if fault := failure(deployment, before=before):
        return Progress(state=ProgressState.FAILED, detail=fault)
    count, status = wanted(deployment), part(deployment, "status")
    updated = number(status, "updatedReplicas")
    if updated < count:
        return _pending(f"{updated} of {count} instances are of the target")
    if number(status, "replicas") > updated:
        left = number(status, "replicas") - updated
        return _pending(f"{left} instances of other versions still serve")
    if number(status, "availableReplicas") < updated:
        available = number(status, "availableReplicas")
        return _pending(f"{available} of {updated} instances of the target are available")
    return Progress(state=ProgressState.DONE, detail=f"all {updated} instances are of the target")


def rolling(deployment: Obj, known: tuple[Kept, ...], live: Kept | None, *, template: str) -> bool:
    """Tell whether one release takes another one's place, or is about to.

    Crashing pods, and fewer or more of them than wanted, are no rollout.
    """
    others = any(each.in_use for each in known if each is not live)
    return live is None or others or live.digest != template or not observed(deployment)


def _pending(detail: str) -> Progress:
    return Progress(state=ProgressState.PENDING, detail=detail)
