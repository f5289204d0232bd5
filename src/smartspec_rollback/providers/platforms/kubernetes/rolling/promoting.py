"""Promoting an Argo Rollout fully, so that going back does not walk the canary again.

The controller forgets a promotion when it sees another template, so it is told only once it brings
on the target. A write to the status carries no annotation, so the status itself tells that it was
sent. Listed by ``steps``, sent by ``acting``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.step import Progress, Repeat, Step
from smartspec_rollback.domain.values import parameter, parameters
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Action,
    Awaited,
    Looked,
    ProductionChanged,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    ROLLOUTS_STATUS,
    Obj,
    name_of,
    part,
    text,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling.fencing import (
    must_match,
    not_begun,
    our_marks,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept, with_template

PROMOTE = "promote-rollout"

PROMOTES = "promotes"
"""The parameter of steps that says whether their plan promotes; only where that may be needed."""

_NO, _YES = "no", "yes"
_SECONDS = 60.0


def planned(state: State, target: Kept) -> str | None:
    """Say whether a plan to a revision promotes it; None for kinds that are never promoted."""
    if state.course is None:
        return None
    return _NO if state.kind.walk(state.workload, state.known, target) is None else _YES


def listed(site: Site, state: State, target: Kept, start: Step) -> tuple[Step, ...]:
    """List the promotion, where it is needed, having tried it on the server without effect."""
    walk = state.kind.walk(state.workload, state.known, target)
    if walk is None:
        return ()
    name, tried = name_of(state.workload), _promoting(state.workload, exact=False)
    site.api.tried(ROLLOUTS_STATUS, name, tried)
    version = start.parameter("version")
    skips = f"; {walk.skips}" if walk.skips else ""
    step = Step(
        id=PROMOTE,
        kind=PROMOTE,
        title=f"Promote `{version}` fully, past {walk.past}{skips}.",
        target=start.target,
        parameters=start.parameters,
        expected=parameters(version=version, promoted="fully"),
        undo=f"A promotion only skips; {start.undo[:1].lower()}{start.undo[1:]}",
        repeat=Repeat.IDEMPOTENT,
        timeout=_SECONDS,
        moves_traffic=True,
    )
    return (step,)


def must_be_planned_for(site: Site, state: State, target: Kept, step: Step) -> None:
    """Raise ProductionChanged where going back takes a promotion by now that the plan lacks.

    That is so once the release that was on its way when the plan was made is fully promoted.
    """
    if parameter(step.parameters, PROMOTES, "") != _NO:
        return
    if state.kind.walk(state.workload, state.known, target) is not None:
        raise ProductionChanged(
            "what was on its way is fully promoted by now; nothing was done", where=site.where
        )


@dataclass(frozen=True)
class Promoting:
    """The step that promotes."""

    def send(self, sending: Sending, /) -> None:
        """Tell the controller, unless it was told or has done so already."""
        site, step = sending.site, sending.step
        state = sending.reader.look(site)
        target = with_template(state.known, step.parameter("template"))
        begun = our_marks(state.holder.thing, step) is not None
        if begun and _told(state.workload, target):
            return
        must_match(site, state, sending.fence, begun=begun)
        if not begun:
            raise NotDone("the template was not put back; nothing was done", where=site.where)
        if not _is_current(state.workload, target):
            raise FenceConflict("the controller has not seen the template yet", where=site.where)
        site.api.patch(
            ROLLOUTS_STATUS,
            name_of(state.workload),
            _promoting(state.workload, exact=True),
            deadline=sending.deadline,
        )

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe whether the controller was told, or has promoted it."""
        workload = site.workload()
        held = site.kind.holder(site.api, workload).thing
        if (not_begun_yet := not_begun(held, step)) is not None:
            return Looked(not_begun_yet)
        known = site.kind.revisions(site.api, workload, container=site.settings.container)
        if _told(workload, with_template(known, step.parameter("template"))):
            detail = "the controller promotes it fully, or has done so"
            return Looked(Progress.done(detail))
        said = Progress.pending("not sent yet")
        return Looked(said, Awaited(site.kind.resource, name_of(workload), version_of(workload)))


ACTIONS: Mapping[str, Action] = {PROMOTE: Promoting()}
"""By the kind of step."""


def _promoting(workload: Obj, *, exact: bool) -> Operations:
    promote = {"op": "add", "path": "/status/promoteFull", "value": True}
    return (*unmoved(workload, exact=exact), promote)


def _is_current(workload: Obj, target: Kept | None) -> bool:
    current = text(workload, "status", "currentPodHash")
    return target is not None and current == target.pod_hash != ""


def _told(workload: Obj, target: Kept | None) -> bool:
    """Tell whether the controller knows, or no longer needs to."""
    if target is None or not _is_current(workload, target):
        return False
    status = part(workload, "status")
    return text(status, "stableRS") == target.pod_hash or status.get("promoteFull") is True
