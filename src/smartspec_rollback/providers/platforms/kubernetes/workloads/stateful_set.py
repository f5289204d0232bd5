"""StatefulSets: ControllerRevisions remember their revisions; pods are replaced from the last down.

Three things keep one from going back by its template alone: a partition, which holds the pods
below it back; the strategy OnDelete, which replaces nothing; and a broken pod, which the controller
waits for (kubernetes#67250). Each becomes a step.
"""

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONTROLLER_REVISIONS,
    STATEFUL_SETS,
    Obj,
    name_of,
    number,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads import controller_revisions
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import (
    Hindrance,
    OwnTemplate,
)

_PARTITION = "/spec/updateStrategy/rollingUpdate/partition"


class StatefulSetKind(OwnTemplate):
    """A StatefulSet, rolled by its controller pod by pod."""

    resource = STATEFUL_SETS
    kept_in = CONTROLLER_REVISIONS
    hash_label = controller_revisions.REVISION_LABEL

    def revisions(self, api: Api, workload: Obj, *, container: str | None) -> tuple[Kept, ...]:
        """Read its own ControllerRevisions, the one that was live last first."""
        return controller_revisions.revisions(
            api,
            workload,
            container=container,
            pod_hash=name_of,
            desired=self._rolled(workload),
        )

    def wanted(self, workload: Obj) -> int:
        """Tell how many pods are wanted; the server's default is 1."""
        return max(0, number(workload, "spec", "replicas", default=1))

    def paused(self, workload: Obj) -> bool:
        """Tell that there is no pause."""
        return False

    def hindrance(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Hindrance | None:
        """Lift a partition that would hold pods of another release than the target back."""
        partition = _partition(workload)
        others = (name for each in known if each is not target for name in each.pods.names)
        if not self.replaces_by_itself(workload) or not any(
            _ordinal(name) < _first_rolled(workload) for name in others
        ):
            return None
        name = f"statefulset/{name_of(workload)}"
        return Hindrance(
            title=f"Lift the partition of `{name}`, which holds the instances below "
            f"{_first_rolled(workload)} back",
            undo=f"Set the partition of `{name}` to {partition} again",
            lifted="the partition is lifted",
            danger=f"a partition of {partition} holds instances of {name} back, and the next "
            "deployment would reach all of them unless it is set again",
            operations=({"op": "replace", "path": _PARTITION, "value": 0},),
        )

    def hindered(self, workload: Obj) -> bool:
        """Tell whether there is a partition."""
        return _partition(workload) > 0

    def replaces_by_itself(self, workload: Obj) -> bool:
        """Tell whether the strategy is RollingUpdate, which is the server's default."""
        return text(workload, "spec", "updateStrategy", "type") != "OnDelete"

    def waits_for_broken_pods(self, workload: Obj) -> bool:
        """Tell whether pods are made in order, each once the one before is ready."""
        return text(workload, "spec", "podManagementPolicy") != "Parallel"

    def unavailable(self, workload: Obj) -> int:
        """Tell that each instance is ended before it is made anew."""
        return 1

    def progress_mark(self, workload: Obj) -> str:
        """Give nothing: there is no condition to be told from an older one."""
        return ""

    def started(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how many of the wanted pods of the target are available."""
        if not self.observed(workload):
            return Progress.pending("the cluster has not seen the new template yet")
        if target is None:
            return Progress.pending("the cluster has not made the target's revision yet")
        return self._all_of(_beyond(workload, target), self._rolled(workload))

    def converged(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how far the whole rollout is: every pod counts that no partition holds back."""
        if not self.observed(workload):
            return Progress.pending("the cluster has not seen the new template yet")
        count = self._rolled(workload)
        available = 0 if target is None else _beyond(workload, target)
        if available < count:
            return Progress.pending(f"{available} of {count} instances of the target are available")
        wanted, status = self.wanted(workload), part(workload, "status")
        ready = number(status, "availableReplicas", default=number(status, "readyReplicas"))
        if ready < wanted:
            return Progress.pending(f"{ready} of {wanted} instances are available")
        return Progress.done(f"all {count} instances are of the target")

    def _rolled(self, workload: Obj) -> int:
        return max(0, self.wanted(workload) - _partition(workload))

    def _all_of(self, available: int, count: int) -> Progress:
        detail = f"{min(available, count)} of {count} instances available"
        if available < count:
            return Progress.pending(detail)
        return Progress.done(detail)


def _partition(workload: Obj) -> int:
    return max(0, number(workload, "spec", "updateStrategy", "rollingUpdate", "partition"))


def _first_rolled(workload: Obj) -> int:
    """Tell the lowest number of an instance that no partition holds back."""
    return number(workload, "spec", "ordinals", "start") + _partition(workload)


def _beyond(workload: Obj, target: Kept) -> int:
    """Count the target's instances that are ready, of those that no partition holds back."""
    first = _first_rolled(workload)
    ready = (name for name in target.pods.names if name not in target.pods.broken)
    return sum(_ordinal(name) >= first for name in ready)


def _ordinal(pod: str) -> int:
    """Tell the number a pod's name ends with; it comes from the controller."""
    said = pod.rpartition("-")[2]
    return int(said) if said.isascii() and said.isdigit() else 0
