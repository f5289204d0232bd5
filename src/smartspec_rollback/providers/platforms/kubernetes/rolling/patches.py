"""The JSON Patches that put a template back, with the tests that make them fail rather than harm.

Used by all that marks or rolls a workload. Pure. Only the template, what hinders it, and single
annotations of ours are written: never replicas, which an autoscaler may own, nor anybody else's
annotation.
"""

from collections.abc import Mapping

from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import State
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import (
    DEPLOYMENT_ID,
    Kept,
    told_id,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import restorable


def restoring(state: State, target: Kept, *, marks: Marks | None, exact: bool) -> Operations:
    """Put a revision's template back and lift what hinders it.

    ``exact``: only if nothing moved at all. The id of the deployment goes back with it: the
    controller copies it to the revision.
    """
    workload = state.holder.thing
    hindrance = state.kind.hindrance(state.workload, state.known, target)
    return (
        *unmoved(workload, exact=exact),
        {"op": "replace", "path": "/spec/template", "value": restorable(target.template)},
        *(hindrance.operations if hindrance else ()),
        *annotating(workload, {DEPLOYMENT_ID: told_id(target.source), **_marked(marks)}),
    )


def marking(state: State, marks: Marks) -> Operations:
    """Write only that a step was sent."""
    workload = state.holder.thing
    return (*unmoved(workload), *annotating(workload, _marked(marks)))


def _marked(marks: Marks | None) -> Mapping[str, str]:
    return {} if marks is None else {MARK: marks.spelled()}
