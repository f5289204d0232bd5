"""The JSON Patches that a rollback sends, with the tests that make them fail rather than harm.

Used by ``steps`` and ``actions``. Pure. Only the template, what hinders it, and single annotations
of ours are written: never replicas, which an autoscaler may own, nor anybody else's annotation.
"""

from collections.abc import Mapping
from typing import Any

from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    annotation,
    part,
    pointer,
    uid_of,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import State
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import (
    DEPLOYMENT_ID,
    Kept,
    told_id,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import restorable

_Operation = Mapping[str, Any]


def restoring(state: State, target: Kept, *, marks: Marks | None, exact: bool) -> Operations:
    """Put a revision's template back and lift what hinders it.

    ``exact``: only if nothing moved at all. The id of the deployment goes back with it: the
    controller copies it to the revision.
    """
    workload = state.holder.thing
    hindrance = state.kind.hindrance(state.workload, state.known, target)
    return (
        *_unmoved(workload, exact=exact),
        {"op": "replace", "path": "/spec/template", "value": restorable(target.template)},
        *(hindrance.operations if hindrance else ()),
        *_annotations(workload),
        *_deployment_id(workload, told_id(target.source)),
        *(_marking(marks) if marks is not None else ()),
    )


def marking(state: State, marks: Marks) -> Operations:
    """Write only that a step was sent."""
    workload = state.holder.thing
    return (*_unmoved(workload, exact=True), *_annotations(workload), *_marking(marks))


def _unmoved(workload: Obj, *, exact: bool) -> Operations:
    same = {"op": "test", "path": "/metadata/uid", "value": uid_of(workload)}
    state = {"op": "test", "path": "/metadata/resourceVersion", "value": version_of(workload)}
    return (same, state) if exact else (same,)


def _annotations(workload: Obj) -> Operations:
    """See that there is a map to add to."""
    if "annotations" in part(workload, "metadata"):
        return ()
    return ({"op": "add", "path": "/metadata/annotations", "value": {}},)


def _marking(marks: Marks) -> Operations:
    return ({"op": "add", "path": _pointer(MARK), "value": marks.spelled()},)


def _deployment_id(workload: Obj, said: str | None) -> Operations:
    if said is not None:
        return ({"op": "add", "path": _pointer(DEPLOYMENT_ID), "value": said},)
    if annotation(workload, DEPLOYMENT_ID):
        return ({"op": "remove", "path": _pointer(DEPLOYMENT_ID)},)
    return ()


def _pointer(name: str) -> str:
    return f"/metadata/annotations/{pointer(name)}"
