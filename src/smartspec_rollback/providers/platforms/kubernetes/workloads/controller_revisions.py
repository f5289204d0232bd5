"""ControllerRevisions: what StatefulSets and DaemonSets remember of their releases.

Each holds a patch that puts the template back whole; how many pods a revision has, only the pods
tell. Used by both kinds. Pure, but for reading the two lists.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONTROLLER_REVISIONS,
    PODS,
    Obj,
    controlled_by,
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
    current,
    release_of,
    told_id,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import (
    is_ending,
    is_over,
    is_ready,
)

REVISION_LABEL = "controller-revision-hash"
"""The label that tells the pods of revisions apart."""

_PATCH = "$patch"


def revisions(
    api: Api,
    workload: Obj,
    *,
    container: str | None,
    pod_hash: Callable[[Obj], str],
    desired: int,
) -> tuple[Kept, ...]:
    """Read a workload's own ControllerRevisions, the one that was live last first.

    ``pod_hash`` tells which label the pods of a revision carry, ``desired`` how many pods the
    template is to have in the end.
    """
    labels = selector(part(workload, "spec", "selector"))
    found = api.list(CONTROLLER_REVISIONS, labels=labels)
    pods = pods_of(api, workload)
    own = [each for each in found if controlled_by(each, workload)]
    own.sort(key=lambda each: (number(each, "revision"), uid_of(each)), reverse=True)
    kept = [_kept(each, pods, container, pod_hash(each)) for each in own]
    known = tuple(replace(each, reused=_reused(each, kept)) for each in kept)
    newest = current(part(workload, "spec", "template"), known)
    if newest is None or newest.pods.running == 0:
        return known
    wanting = replace(newest, pods=replace(newest.pods, desired=desired))
    return tuple(wanting if each is newest else each for each in known)


def pods_of(api: Api, workload: Obj) -> tuple[Obj, ...]:
    """Read a workload's own pods that are not over, those being ended included."""
    found = api.list(PODS, labels=selector(part(workload, "spec", "selector")))
    return tuple(each for each in found if controlled_by(each, workload) and not is_over(each))


def hash_of(pod: Obj) -> str:
    """Tell which revision a pod is of."""
    return text(pod, "metadata", "labels", REVISION_LABEL)


def _kept(revision: Obj, pods: tuple[Obj, ...], container: str | None, pod_hash: str) -> Kept:
    template = {k: v for k, v in part(revision, "data", "spec", "template").items() if k != _PATCH}
    own = [each for each in pods if hash_of(each) == pod_hash and not is_ending(each)]
    ready = [each for each in own if is_ready(each)]
    return Kept(
        id=name_of(revision),
        source=revision,
        template=template,
        release=release_of(template, container),
        pods=Pods(
            desired=len(own),
            running=len(own),
            ready=len(ready),
            available=len(ready),
            names=tuple(sorted(map(name_of, own))),
            broken=tuple(sorted(name_of(each) for each in own if each not in ready)),
        ),
        turn=number(revision, "revision"),
        created=text(revision, "metadata", "creationTimestamp"),
        made=moment(revision, "metadata", "creationTimestamp"),
        told=told_id(revision),
        reused=False,
        pod_hash=pod_hash,
    )


def _reused(one: Kept, known: Iterable[Kept]) -> bool:
    """Tell whether it was live more than once: its number is newer than that of a younger one."""
    return any(each.turn < one.turn and each.created > one.created for each in known)
