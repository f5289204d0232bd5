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
    items,
    name_of,
    number,
    part,
    selector,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import (
    Hindrance,
    OwnTemplate,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.replica_sets import (
    ByReplicaSets,
    available,
    ended_first,
    in_turn,
    kept_by,
    resuming,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import HASH_LABEL

REVISION = "deployment.kubernetes.io/revision"

_REUSED = "deployment.kubernetes.io/revision-history"
_EXCEEDED = "ProgressDeadlineExceeded"


class DeploymentKind(ByReplicaSets, OwnTemplate):
    """A Deployment, rolled by its controller from ReplicaSet to ReplicaSet."""

    resource = DEPLOYMENTS
    hash_label = HASH_LABEL

    def revisions(self, api: Api, workload: Obj, *, container: str | None) -> tuple[Kept, ...]:
        """Read its own ReplicaSets, the one that was live last first."""
        found = api.list(REPLICA_SETS, labels=selector(part(workload, "spec", "selector")))
        return revisions_among(found, workload, container=container)

    def hindrance(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Hindrance | None:
        """Lift a pause by the patch that puts the template back: nothing else may roll."""
        if not self.paused(workload):
            return None
        name = f"deployment/{name_of(workload)}"
        return resuming(
            name,
            title=f"Resume the paused rollout of `{name}`",
            pause=f"kubectl rollout pause {name}",
        )

    def unavailable(self, workload: Obj) -> int:
        """Tell what ``maxUnavailable`` comes to, rounded down as the controller does."""
        count, strategy = self.wanted(workload), part(workload, "spec", "strategy")
        if text(strategy, "type") == "Recreate":
            return count
        return ended_first(part(strategy, "rollingUpdate"), count)

    def progress_mark(self, workload: Obj) -> str:
        """Identify the condition Progressing as it is now; empty without one."""
        found = _progressing(workload)
        if not found:
            return ""
        said = (text(found, each) for each in ("reason", "lastUpdateTime", "lastTransitionTime"))
        return " ".join(said)

    def started(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how many of the wanted pods of the target are available."""
        if not self.observed(workload):
            return Progress.pending("the cluster has not seen the new template yet")
        if fault := self._failure(workload, before):
            return Progress.failed(fault)
        if target is None:
            return Progress.pending("the cluster has not made the target's ReplicaSet yet")
        return available(target, self.wanted(workload))

    def converged(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how far the whole rollout is, as ``kubectl rollout status`` does."""
        if not self.observed(workload):
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
            fewer = number(status, "availableReplicas")
            return Progress.pending(f"{fewer} of {updated} instances of the target are available")
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
    return tuple(
        kept_by(
            each,
            template=part(each, "spec", "template"),
            container=container,
            revision=REVISION,
            label=HASH_LABEL,
            reused=bool(annotation(each, _REUSED)),
        )
        for each in in_turn(found, workload, revision=REVISION)
    )


def _progressing(workload: Obj) -> Obj:
    for each in items(workload, "status", "conditions"):
        if text(each, "type") == "Progressing":
            return each
    return {}
