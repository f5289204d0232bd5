"""Sending steps behind their fence, and looking how far they have come.

Called by ``platform``. Before each write everything is read and compared with the fence, and the
patch holds only for the very state that was read. Our annotation goes out in the same patch: a
process that died after sending finds it, and one that died before finds none.
"""

from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes import looking, patches
from smartspec_rollback.providers.platforms.kubernetes.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.convergence import (
    converged,
    observed,
    paused,
    progress_mark,
    started,
)
from smartspec_rollback.providers.platforms.kubernetes.history import Kept
from smartspec_rollback.providers.platforms.kubernetes.marks import (
    Marks,
    marks_of,
    standing_marks,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    Obj,
    controlled_by,
    items,
    part,
    text,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Reader, Site, State, selector
from smartspec_rollback.providers.platforms.kubernetes.steps import (
    RESUME,
    SCALE_DOWN,
    START,
    SWITCH,
)
from smartspec_rollback.providers.platforms.kubernetes.template import HASH_LABEL, template_digest

_KINDS = (RESUME, START, SWITCH, SCALE_DOWN)
_TRIES = 8
_PAUSE = 0.05
_OVER = ("Succeeded", "Failed")


def applied(site: Site, reader: Reader, step: Step, *, fence: Fence, deadline: Deadline) -> None:
    """Send a step unless this operation sent it already; FenceConflict if production changed.

    The resource version moves all the time while pods crash, so a patch that came too late is
    made anew from what is there then, as long as the fence still holds.
    """
    if step.kind not in _KINDS:
        raise NotDone(f"the platform kubernetes has no step of the kind {step.kind!r}")
    for tried in range(1, _TRIES + 1):
        state = reader.look(site)
        operations = _operations(site, step, state, fence)
        if operations is None:
            return
        try:
            site.api.patch(DEPLOYMENTS, site.settings.name, operations, deadline=deadline)
        except FenceConflict:
            if tried == _TRIES or deadline.expired:
                raise
            deadline.pause(_PAUSE * tried)
        else:
            return


def _operations(site: Site, step: Step, state: State, fence: Fence) -> Operations | None:
    """Say what to send; None where it was sent by this very operation."""
    marks = _ours(state.deployment, step)
    if marks is not None and marks.operation(step.kind) == fence.operation:
        return None
    _must_match(site, state, fence, begun=marks is not None)
    if marks is not None and step.kind in (START, SWITCH, SCALE_DOWN):
        _must_follow(step, marks, state)
        return patches.marking(state, marks.adding(step.kind, fence.operation))
    if step.kind not in (RESUME, START):
        version = step.parameter("version")
        raise NotDone(f"{version} was not started; nothing was done", where=site.where)
    template = step.parameter("template")
    fresh = Marks(to=template, before=progress_mark(state.deployment))
    return patches.restoring(
        state,
        _target(site, step, state),
        marks=fresh.adding(step.kind, fence.operation),
        exact=True,
    )


def _ours(workload: Obj, step: Step) -> Marks | None:
    """Read the marks of the rollback that a step belongs to; None where it was not begun.

    Marks that stood there when the plan was made belong to an earlier one, or to another process
    that carries out the same plan: then it is the template that shows it.
    """
    marks = marks_of(workload)
    if marks is None or marks.to != step.parameter("template"):
        return None
    if standing_marks(workload) == step.parameter("marked"):
        return None
    if template_digest(part(workload, "spec", "template")) != marks.to:
        return None
    return marks


def _must_match(site: Site, state: State, fence: Fence, *, begun: bool) -> None:
    seen = looking.snapshot(site.target, state, at=site.clock.now(), operation=None)
    allowed = {seen.fingerprint}
    if begun:
        allowed |= looking.rolling_fingerprints(seen, state)
    if fence.fingerprint not in allowed:
        raise FenceConflict("production changed; nothing was done", where=site.where)


def _must_follow(step: Step, marks: Marks, state: State) -> None:
    """Refuse a step that comes before what it rests on; the cluster itself orders the rest."""
    if step.kind == SWITCH and not marks.operation(START):
        raise NotDone("the target was not started; nothing was done")
    if step.kind != SCALE_DOWN:
        return
    said = converged(state.deployment, before=marks.before)
    if said.state is not ProgressState.DONE:
        raise NotDone(f"not everything is served by the target yet: {said.detail}")


def _target(site: Site, step: Step, state: State) -> Kept:
    """Find the revision the plan names; NotDone where it was cleared away since."""
    digest = step.parameter("template")
    for each in state.known:
        if each.digest == digest:
            return each
    raise NotDone(f"the cluster no longer remembers {step.parameter('version')}", where=site.where)


def settled(site: Site, step: Step) -> tuple[Progress, str | None]:
    """Observe how far a step has come, whoever sent it; changes nothing.

    With it goes what to wait for: the resource version that was looked at; empty where not the
    workload but its pods will move, None where the step is not pending.
    """
    workload = site.deployment()
    progress = _progress(site, workload, step)
    if progress.state is not ProgressState.PENDING:
        return progress, None
    return progress, "" if step.kind == SCALE_DOWN else version_of(workload)


def _progress(site: Site, workload: Obj, step: Step) -> Progress:
    marks = marks_of(workload)
    template = step.parameter("template")
    sent_since = marks is not None and standing_marks(workload) != step.parameter("marked")
    if marks is None or not sent_since or marks.to != template or not marks.operation(step.kind):
        return Progress(state=ProgressState.PENDING, detail="not sent yet")
    if template_digest(part(workload, "spec", "template")) != template:
        return Progress(
            state=ProgressState.FAILED, detail="somebody else replaced the template meanwhile"
        )
    match step.kind:
        case "resume-rollout":
            return _resumed(workload)
        case "start-instances":
            return started(workload, _running(site, workload, step), before=marks.before)
        case "switch-traffic":
            return converged(workload, before=marks.before)
        case "scale-down":
            return _gone(site, workload, step)
        case other:
            what = f"the platform kubernetes has no step of the kind {other!r}"
            return Progress(state=ProgressState.UNKNOWN, detail=what)


def _resumed(workload: Obj) -> Progress:
    if paused(workload):
        return Progress(state=ProgressState.FAILED, detail="somebody paused it again")
    if not observed(workload):
        return Progress(state=ProgressState.PENDING, detail="the cluster has not seen it yet")
    return Progress(state=ProgressState.DONE, detail="the rollout goes on")


def _running(site: Site, workload: Obj, step: Step) -> Kept | None:
    """Read the target's ReplicaSet; None while there is none of this Deployment's."""
    found = site.api.get(REPLICA_SETS, step.parameter("revision"))
    if found is None or not controlled_by(found, workload):
        return None
    kept = Kept.of(found, container=site.settings.container)
    return kept if kept.digest == step.parameter("template") else None


def _gone(site: Site, workload: Obj, step: Step) -> Progress:
    """Count what is left of other revisions, those being ended included."""
    target = _running(site, workload, step)
    if target is None:
        return Progress(state=ProgressState.UNKNOWN, detail="the target's ReplicaSet is not there")
    ours = text(target.replica_set, "metadata", "labels", HASH_LABEL)
    labels = selector(part(workload, "spec", "selector"))
    query = ",".join(filter(None, (labels, HASH_LABEL, f"{HASH_LABEL}!={ours}")))
    left = [each for each in site.api.list(PODS, labels=query) if _counts(each, site)]
    if left:
        ending = sum("deletionTimestamp" in part(each, "metadata") for each in left)
        detail = f"{len(left)} old instances left, {ending} of them ending"
        return Progress(state=ProgressState.PENDING, detail=detail)
    return Progress(state=ProgressState.DONE, detail="no old instance is left")


def _counts(pod: Obj, site: Site) -> bool:
    """Tell whether a pod is one of the workload's, and not over."""
    owned = any(
        text(each, "kind") == REPLICA_SETS.kind
        and text(each, "name").startswith(f"{site.settings.name}-")
        for each in items(pod, "metadata", "ownerReferences")
    )
    return owned and text(pod, "status", "phase") not in _OVER
