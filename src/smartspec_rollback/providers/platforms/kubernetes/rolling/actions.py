"""The steps of a rolling rollback, sent and looked at.

The template goes back by the first step that is sent, with what hinders it lifted in the same
patch; each later one only notes that it is its turn, and says how far the cluster has come.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.step import SWITCH, Progress, ProgressState, Step
from smartspec_rollback.domain.usual_steps import SCALE_DOWN, START
from smartspec_rollback.domain.values import parameter
from smartspec_rollback.errors import NotDone
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Action,
    Awaited,
    Looked,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.captures.steps import must_be_back
from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks, marks_of
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    PODS,
    Obj,
    name_of,
    part,
    selector,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling import patches
from smartspec_rollback.providers.platforms.kubernetes.rolling.fencing import (
    must_match,
    not_ours,
    our_marks,
)
from smartspec_rollback.providers.platforms.kubernetes.rolling.promoting import (
    must_be_planned_for,
)
from smartspec_rollback.providers.platforms.kubernetes.rolling.steps import (
    AFTER,
    RESTORE,
    RESUME,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import SHADOW_OF
from smartspec_rollback.providers.platforms.kubernetes.shadow.steps import BEHIND
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept, with_template
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import emptied

_SHORTENED = 4


@dataclass(frozen=True)
class Rolling:
    """One of the steps that one rollout goes through."""

    kind: str

    def send(self, sending: Sending, /) -> None:
        """Patch the workload, or only its annotation where the rollback has begun."""
        state = sending.reader.look(sending.site)
        operations = self._operations(sending, state)
        if operations is not None:
            resource, name = state.holder.resource, name_of(state.holder.thing)
            sending.site.api.patch(resource, name, operations, deadline=sending.deadline)

    def _operations(self, sending: Sending, state: State) -> Operations | None:
        """Say what to send; None where it was sent by this very operation."""
        site, step, fence = sending.site, sending.step, sending.fence
        marks = our_marks(state.holder.thing, step)
        if marks is not None and marks.operation(step.kind) == fence.operation:
            return None
        must_match(site, state, fence, begun=marks is not None)
        if marks is not None and step.kind != RESUME:
            _must_follow(step, marks, state)
            return patches.marking(state, marks.adding(step.kind, fence.operation))
        if step.kind not in (RESUME, RESTORE, START, BEHIND) or _comes_after(step):
            version = step.parameter("version")
            raise NotDone(f"{version} was not started; nothing was done", where=site.where)
        target = target_of(site, step, state)
        must_be_planned_for(site, state, target, step)
        must_be_back(site, state, target, step)
        fresh = Marks(
            to=step.parameter("template"), before=state.kind.progress_mark(state.workload)
        )
        marked = fresh.adding(step.kind, fence.operation)
        return patches.restoring(state, target, marks=marked, exact=True)

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe how far the rollout has come."""
        workload = site.workload()
        progress = _progress(site, workload, step)
        if progress.state is not ProgressState.PENDING or step.kind == SCALE_DOWN:
            return Looked(progress)
        resource = site.kind.resource
        return Looked(progress, Awaited(resource, site.settings.name, version_of(workload)))


ACTIONS: Mapping[str, Action] = {
    kind: Rolling(kind) for kind in (RESUME, RESTORE, START, BEHIND, SWITCH, SCALE_DOWN)
}
"""By the kind of step."""


def target_of(site: Site, step: Step, state: State) -> Kept:
    """Find the revision the plan names; NotDone where it was cleared away since."""
    digest = step.parameter("template")
    for each in state.startable:
        if each.digest == digest:
            return each
    raise NotDone(f"the cluster no longer remembers {step.parameter('version')}", where=site.where)


def _must_follow(step: Step, marks: Marks, state: State) -> None:
    """Refuse a step that comes before what it rests on; the cluster itself orders the rest."""
    if step.kind == SWITCH and not marks.operation(START):
        raise NotDone("the target was not started; nothing was done")
    before = _comes_after(step)
    if before and not marks.operation(before):
        raise NotDone(f"the step {before} comes first; nothing was done")
    if step.kind != SCALE_DOWN:
        return
    target = with_template(state.known, step.parameter("template"))
    said = state.kind.converged(state.workload, target, before=marks.before)
    if said.state is not ProgressState.DONE:
        raise NotDone(f"not everything is served by the target yet: {said.detail}")


def _comes_after(step: Step) -> str:
    """Name the kind of step that a plan puts before this one; empty where it may be the first."""
    return parameter(step.parameters, AFTER, "")


def _progress(site: Site, workload: Obj, step: Step) -> Progress:
    held = site.kind.holder(site.api, workload).thing
    if (not_sent := not_ours(held, step)) is not None:
        return not_sent
    marks = marks_of(held)
    before = marks.before if marks is not None else ""
    known = site.kind.revisions(site.api, workload, container=site.settings.container)
    target = with_template(known, step.parameter("template"))
    if step.kind in (RESUME, RESTORE):
        return _put_back(site, workload, step, target)
    if step.kind == START:
        return _told(site.kind.started(workload, target, before=before), known)
    if step.kind in (BEHIND, SWITCH):
        return _told(site.kind.converged(workload, target, before=before), known)
    return _gone(site, workload, known, target)


def _told(progress: Progress, known: tuple[Kept, ...]) -> Progress:
    """Add the pods of each version to what is pending."""
    if progress.state is not ProgressState.PENDING:
        return progress
    used = [each for each in known if each.in_use]
    shown = ", ".join(
        f"{each.release.version} {each.pods.ready} of {each.pods.running} ready"
        for each in used[:_SHORTENED]
    )
    return Progress(
        state=progress.state, detail=f"{progress.detail} ({shown})" if shown else progress.detail
    )


def _put_back(site: Site, workload: Obj, step: Step, target: Kept | None) -> Progress:
    if step.kind == RESUME and site.kind.hindered(workload):
        return Progress.failed("somebody put the hindrance back")
    if not site.kind.took_up(workload, target):
        return Progress.pending("the cluster has not seen it yet")
    detail = parameter(step.parameters, "lifted", "the template is in place")
    return Progress.done(detail)


def _gone(site: Site, workload: Obj, known: tuple[Kept, ...], target: Kept | None) -> Progress:
    """Count what is left of other revisions, those being ended included."""
    if target is None or not target.pod_hash:
        return Progress.unknown("the target's revision is not there")
    label = site.kind.hash_label
    # A Rollout that takes its template from elsewhere may take its selector from there, too.
    hashes = ",".join(each.pod_hash for each in known)
    labels = selector(part(workload, "spec", "selector")) or f"{label} in ({hashes})"
    old = (labels, label, f"{label}!={target.pod_hash}", f"!{SHADOW_OF}")
    query = ",".join(filter(None, old))
    return emptied(site.api.list(PODS, labels=query), workload, known, label=label)
