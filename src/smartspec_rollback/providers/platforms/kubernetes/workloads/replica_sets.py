"""ReplicaSets: what Deployments and Rollouts remember of their releases, and what is alike of both.

Each holds a whole template, and tells by itself how many pods it has. The controllers write alike
about them, each under annotations and a label of its own. Used by both kinds. Pure.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    REPLICA_SETS,
    Obj,
    annotation,
    controlled_by,
    moment,
    name_of,
    number,
    part,
    share,
    text,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import (
    Kept,
    Pods,
    release_of,
    told_id,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import Hindrance

_QUARTER = "25%"


class ByReplicaSets:
    """What is alike for kinds that are rolled from ReplicaSet to ReplicaSet."""

    kept_in = REPLICA_SETS

    def wanted(self, workload: Obj) -> int:
        """Tell how many pods are wanted; where nothing is said, it is 1."""
        return max(0, number(workload, "spec", "replicas", default=1))

    def paused(self, workload: Obj) -> bool:
        """Tell whether somebody paused it; a canary's own pauses are its steps."""
        return part(workload, "spec").get("paused") is True

    def hindered(self, workload: Obj) -> bool:
        """Tell whether it is paused."""
        return self.paused(workload)

    def replaces_by_itself(self, workload: Obj) -> bool:
        """Tell that it always does."""
        return True

    def waits_for_broken_pods(self, workload: Obj) -> bool:
        """Tell that it never does: broken pods are the first to go."""
        return False


def in_turn(found: Iterable[Obj], workload: Obj, *, revision: str) -> tuple[Obj, ...]:
    """Pick a workload's own ReplicaSets, the one that was live last first.

    ``revision`` is the annotation with its number.
    """
    own = [each for each in found if controlled_by(each, workload)]
    own.sort(key=lambda each: (_turn(each, revision), uid_of(each)), reverse=True)
    return tuple(own)


def kept_by(
    replica_set: Obj,
    *,
    template: Obj,
    container: str | None,
    revision: str,
    label: str,
    reused: bool,
    tells: bool = True,
) -> Kept:
    """Read what a ReplicaSet keeps.

    ``template`` is its own without what its controller put on it, ``revision`` the annotation with
    its number, ``label`` the one of its pods. ``tells``: it carries the id of a deployment.
    """
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
        turn=_turn(replica_set, revision),
        created=text(replica_set, "metadata", "creationTimestamp"),
        made=moment(replica_set, "metadata", "creationTimestamp"),
        told=told_id(replica_set) if tells else None,
        reused=reused,
        pod_hash=text(replica_set, "metadata", "labels", label),
    )


def available(target: Kept, count: int, *, waiting: str = "") -> Progress:
    """Say how many of the wanted pods are available; ``waiting`` is added while it goes on."""
    detail = f"{min(target.pods.available, count)} of {count} instances available"
    if target.pods.desired < count or target.pods.available < count:
        return Progress.pending(f"{detail}{waiting}")
    return Progress.done(detail)


def resuming(name: str, *, title: str, pause: str) -> Hindrance:
    """Lift a pause by the patch that puts the template back; ``pause`` is the command for it."""
    return Hindrance(
        title=title,
        undo=f"Pause it again: `{pause}`",
        lifted="the rollout goes on",
        danger=f"somebody paused {name}, and may have had a reason to",
        operations=({"op": "replace", "path": "/spec/paused", "value": False},),
    )


def ended_first(said: Obj, count: int) -> int:
    """Tell what ``maxUnavailable`` comes to, rounded down; one where no other could be made."""
    most = share(said.get("maxUnavailable", _QUARTER), count)
    surge = share(said.get("maxSurge", _QUARTER), count, up=True)
    return most if most or surge else min(1, count)


def _turn(replica_set: Obj, revision: str) -> int:
    """Tell when a ReplicaSet got its turn, relative to others; never who it is."""
    said = annotation(replica_set, revision)
    return int(said) if said.isascii() and said.isdigit() else 0
