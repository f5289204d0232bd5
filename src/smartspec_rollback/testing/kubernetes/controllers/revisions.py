"""ControllerRevisions: the history of StatefulSets and DaemonSets.

Called by their controllers. ``data`` is a strategic merge patch that replaces the template, as
in k8s.io/kubernetes/pkg/controller/history.
"""

from smartspec_rollback.testing.kubernetes.controllers.world import AS_CONTROLLER, World
from smartspec_rollback.testing.kubernetes.deleting import Removal
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    clone,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    short_hash,
)
from smartspec_rollback.testing.kubernetes.resources import CONTROLLER_REVISION, STATEFUL_SET


def in_order(world: World, owner: Obj) -> list[Obj]:
    """Give a workload's revisions, oldest first."""
    found = world.store.owned(CONTROLLER_REVISION, owner)
    return sorted(
        found,
        key=lambda r: (r["revision"], r["metadata"]["creationTimestamp"], name_of(r)),
    )


def template_of(revision: Obj) -> Obj:
    """Give the pod template that a revision keeps."""
    template: Obj = clone(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return template


def current(world: World, owner: Obj) -> Obj:
    """Give the revision of a workload's template, made or renumbered if it must be."""
    data = {"spec": {"template": {**clone(owner["spec"]["template"]), "$patch": "replace"}}}
    known = in_order(world, owner)
    equal = [each for each in known if each["data"] == data]
    number = known[-1]["revision"] + 1 if known else 1
    if equal and equal[-1] is known[-1]:
        return equal[-1]
    if equal:

        def alter(thing: Obj) -> None:
            thing["revision"] = number

        return world.writing.change(CONTROLLER_REVISION, equal[-1], alter, AS_CONTROLLER)
    digest = short_hash(data)
    stateful = owner["kind"] == STATEFUL_SET.kind
    key = "controller.kubernetes.io/hash" if stateful else "controller-revision-hash"
    body: Obj = {
        "metadata": {
            "name": f"{name_of(owner)}-{digest}",
            "labels": {**labels_of(owner["spec"]["template"]), key: digest},
            "ownerReferences": [owner_reference(owner)],
        },
        "data": data,
        "revision": number,
    }
    return world.writing.create(CONTROLLER_REVISION, namespace_of(owner), body, AS_CONTROLLER)


def prune(world: World, owner: Obj, live: set[str]) -> None:
    """Delete the oldest revisions beyond the limit that nothing uses."""
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    dead = [each for each in in_order(world, owner) if name_of(each) not in live]
    for each in dead[: max(0, len(dead) - limit)]:
        world.deleting.delete(CONTROLLER_REVISION, namespace_of(each), name_of(each), Removal())
