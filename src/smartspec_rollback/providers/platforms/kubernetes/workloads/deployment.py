"""Deployments: ReplicaSets remember their revisions.

Converged by the five conditions of ``kubectl rollout status``, in its order, but a failure that
was there before we asked is not taken for ours. Pure, but for reading the ReplicaSets.
"""

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    REPLICA_SETS,
    Obj,
    annotation,
    controlled_by,
    items,
    moment,
    name_of,
    number,
    part,
    selector,
    text,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import (
    Kept,
    Pods,
    release_of,
    told_id,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import (
    Hindrance,
    OwnTemplate,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import HASH_LABEL

REVISION = "deployment.kubernetes.io/revision"

_REUSED = "deployment.kubernetes.io/revision-history"
_QUARTER = "25%"
_EXCEEDED = "ProgressDeadlineExceeded"


class DeploymentKind(OwnTemplate):
    """A Deployment, rolled by its controller from ReplicaSet to ReplicaSet."""

    resource = DEPLOYMENTS
    kept_in = REPLICA_SETS
    hash_label = HASH_LABEL

    def revisions(self, api: Api, workload: Obj, *, container: str | None) -> tuple[Kept, ...]:
        """Read its own ReplicaSets, the one that was live last first."""
        found = api.list(REPLICA_SETS, labels=selector(part(workload, "spec", "selector")))
        return revisions_among(found, workload, container=container)

    def wanted(self, workload: Obj) -> int:
        """Tell how many pods are wanted; the server's default is 1."""
        return max(0, number(workload, "spec", "replicas", default=1))

    def observed(self, workload: Obj) -> bool:
        """Tell whether the controller has seen the newest specification."""
        return observed(workload)

    def paused(self, workload: Obj) -> bool:
        """Tell whether the rollout is paused."""
        return part(workload, "spec").get("paused") is True

    def hindrance(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Hindrance | None:
        """Lift a pause by the patch that puts the template back: nothing else may roll."""
        if not self.paused(workload):
            return None
        name = f"deployment/{name_of(workload)}"
        return Hindrance(
            title=f"Resume the paused rollout of `{name}`",
            undo=f"Pause it again: `kubectl rollout pause {name}`",
            lifted="the rollout goes on",
            danger=f"somebody paused {name}, and may have had a reason to",
            operations=({"op": "replace", "path": "/spec/paused", "value": False},),
        )

    def hindered(self, workload: Obj) -> bool:
        """Tell whether it is paused."""
        return self.paused(workload)

    def replaces_by_itself(self, workload: Obj) -> bool:
        """Tell that it always does."""
        return True

    def waits_for_broken_pods(self, workload: Obj) -> bool:
        """Tell that it never does: broken pods are the first to go."""
        return False

    def unavailable(self, workload: Obj) -> int:
        """Tell what ``maxUnavailable`` comes to, rounded down as the controller does."""
        count, strategy = self.wanted(workload), part(workload, "spec", "strategy")
        if text(strategy, "type") == "Recreate":
            return count
        said = part(strategy, "rollingUpdate")
        most = share(said.get("maxUnavailable", _QUARTER), count)
        surge = share(said.get("maxSurge", _QUARTER), count, up=True)
        return most if most or surge else min(1, count)

    def progress_mark(self, workload: Obj) -> str:
        """Identify the condition Progressing as it is now; empty without one."""
        found = _progressing(workload)
        if not found:
            return ""
        said = (text(found, each) for each in ("reason", "lastUpdateTime", "lastTransitionTime"))
        return " ".join(said)

    def started(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how many of the wanted pods of the target are available."""
        count = self.wanted(workload)
        if not observed(workload):
            return Progress.pending("the cluster has not seen the new template yet")
        if fault := self._failure(workload, before):
            return Progress.failed(fault)
        if target is None:
            return Progress.pending("the cluster has not made the target's ReplicaSet yet")
        detail = f"{min(target.pods.available, count)} of {count} instances available"
        if target.pods.desired < count or target.pods.available < count:
            return Progress.pending(detail)
        return Progress.done(detail)

    def converged(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how far the whole rollout is, as ``kubectl rollout status`` does."""
        if not observed(workload):
            return Progress.pending("the cluster has not seen the new template yet")
        if fault := self._failure(workload, before):
            return Progress.failed(fault)
        count, status = self.wanted(workload), part(workload, "status")
        updated = number(status, "updatedReplicas")
        if updated < count:
            return Progress.pending(f"{updated} of {count} instances are of the target")
        if number(status, "replicas") > updated:
            left = number(status, "replicas") - updated
            return Progress.pending(f"{left} instances of other versions still serve")
        if number(status, "availableReplicas") < updated:
            available = number(status, "availableReplicas")
            return Progress.pending(
                f"{available} of {updated} instances of the target are available"
            )
        return Progress.done(f"all {updated} instances are of the target")

    def _failure(self, workload: Obj, before: str) -> str | None:
        """Say why the rollout failed; None if it did not, or had done so ``before`` we asked."""
        found = _progressing(workload)
        exceeded = text(found, "status") == "False" and text(found, "reason") == _EXCEEDED
        if not exceeded or self.progress_mark(workload) == before:
            return None
        return "the cluster gave the rollout up: its progress deadline is exceeded"


def revisions_among(
    found: tuple[Obj, ...], workload: Obj, *, container: str | None
) -> tuple[Kept, ...]:
    """Pick a Deployment's own ReplicaSets, the one that was live last first."""
    own = [each for each in found if controlled_by(each, workload)]
    ordered = sorted(own, key=lambda each: (_turn(each), uid_of(each)), reverse=True)
    return tuple(kept_by(each, container=container) for each in ordered)


def kept_by(replica_set: Obj, *, container: str | None) -> Kept:
    """Read what a ReplicaSet keeps."""
    template = part(replica_set, "spec", "template")
    return Kept(
        id=name_of(replica_set),
        source=replica_set,
        template=template,
        release=release_of(template, container),
        pods=Pods(
            desired=number(replica_set, "spec", "replicas"),
            running=number(replica_set, "status", "replicas"),
            ready=number(replica_set, "status", "readyReplicas"),
            available=number(replica_set, "status", "availableReplicas"),
        ),
        turn=_turn(replica_set),
        created=text(replica_set, "metadata", "creationTimestamp"),
        made=moment(replica_set, "metadata", "creationTimestamp"),
        told=told_id(replica_set),
        reused=bool(annotation(replica_set, _REUSED)),
        pod_hash=text(replica_set, "metadata", "labels", HASH_LABEL),
    )


def observed(workload: Obj) -> bool:
    """Tell whether a workload's controller has seen the newest specification."""
    seen = number(workload, "status", "observedGeneration")
    return seen >= number(workload, "metadata", "generation")


def share(said: object, of: int, *, up: bool = False) -> int:
    """Read a number, or a percentage of ``of``; 0 where it is neither."""
    if isinstance(said, int):
        return max(0, said)
    percent = said.removesuffix("%") if isinstance(said, str) else ""
    if not (percent.isascii() and percent.isdigit()):
        return 0
    return -(-int(percent) * of // 100) if up else int(percent) * of // 100


def _turn(replica_set: Obj) -> int:
    """Tell when a ReplicaSet got its turn, relative to others; never who it is."""
    said = annotation(replica_set, REVISION)
    return int(said) if said.isascii() and said.isdigit() else 0


def _progressing(workload: Obj) -> Obj:
    for each in items(workload, "status", "conditions"):
        if text(each, "type") == "Progressing":
            return each
    return {}
