"""DaemonSets: ControllerRevisions remember their revisions; one pod runs on every chosen node.

Nothing in a DaemonSet hints at which of them was good. The strategy OnDelete replaces nothing by
itself, so replacing the pods becomes a step.
"""

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    Obj,
    number,
    part,
    share,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads import controller_revisions
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import (
    Hindrance,
    OwnTemplate,
)


class DaemonSetKind(OwnTemplate):
    """A DaemonSet, rolled by its controller node by node."""

    resource = DAEMON_SETS
    kept_in = CONTROLLER_REVISIONS
    hash_label = controller_revisions.REVISION_LABEL

    def revisions(self, api: Api, workload: Obj, *, container: str | None) -> tuple[Kept, ...]:
        """Read its own ControllerRevisions, the one that was live last first."""
        return controller_revisions.revisions(
            api,
            workload,
            container=container,
            pod_hash=controller_revisions.hash_of,
            desired=self.wanted(workload),
        )

    def wanted(self, workload: Obj) -> int:
        """Tell on how many nodes it is to run."""
        return max(0, number(workload, "status", "desiredNumberScheduled"))

    def paused(self, workload: Obj) -> bool:
        """Tell that there is no pause."""
        return False

    def hindrance(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Hindrance | None:
        """Say that nothing has to be lifted."""
        return None

    def hindered(self, workload: Obj) -> bool:
        """Tell that nothing is to be lifted."""
        return False

    def replaces_by_itself(self, workload: Obj) -> bool:
        """Tell whether the strategy is RollingUpdate, which is the server's default."""
        return text(workload, "spec", "updateStrategy", "type") != "OnDelete"

    def waits_for_broken_pods(self, workload: Obj) -> bool:
        """Tell that it never does: broken pods are the first to go."""
        return False

    def unavailable(self, workload: Obj) -> int:
        """Tell how many nodes may be without; 0 where ``maxSurge`` makes the new ones first."""
        if not self.replaces_by_itself(workload):
            return 1
        said = part(workload, "spec", "updateStrategy", "rollingUpdate")
        return share(said.get("maxUnavailable", 1), self.wanted(workload), up=True)

    def progress_mark(self, workload: Obj) -> str:
        """Give nothing: there is no condition to be told from an older one."""
        return ""

    def started(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say on how many of the nodes the target is available."""
        if not self.observed(workload):
            return Progress.pending("the cluster has not seen the new template yet")
        if target is None:
            return Progress.pending("the cluster has not made the target's revision yet")
        count = self.wanted(workload)
        detail = f"{min(target.pods.available, count)} of {count} instances available"
        if target.pods.available < count:
            return Progress.pending(detail)
        return Progress.done(detail)

    def converged(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how far the whole rollout is, as ``kubectl rollout status`` does."""
        if not self.observed(workload):
            return Progress.pending("the cluster has not seen the new template yet")
        count = self.wanted(workload)
        if target is None or target.pods.running < count:
            updated = 0 if target is None else target.pods.running
            return Progress.pending(f"{updated} of {count} instances are of the target")
        available = number(workload, "status", "numberAvailable")
        if available < count or target.pods.available < count:
            fewer = min(available, target.pods.available)
            return Progress.pending(f"{fewer} of {count} instances of the target are available")
        return Progress.done(f"all {count} instances are of the target")
