"""The steps of a rollback by rolling update, listed as data.

Called by ``layouts``. The cluster walks by itself once the template is put back; the later steps
say how far it has come, and stop the plan where it does not arrive.
"""

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Revision, Snapshot
from smartspec_rollback.domain.step import Repeat, Step
from smartspec_rollback.domain.usual_steps import UsualSteps
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.errors import NotDone, ProviderError
from smartspec_rollback.providers.platforms.kubernetes.marks import standing_marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    name_of,
    number,
    part,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling import (
    patches,
    pod_steps,
    promoting,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.steps import around, unreached
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept, matching
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import Hindrance
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import template_digest

RESUME = "resume-rollout"
RESTORE = "restore-template"

AFTER = "after"
"""The parameter of a step that may not be the first: which kind of step it comes after."""

_SWITCH_SECONDS = 120.0
_RESUME_SECONDS = 60.0
_GRACE_SECONDS = 30


def listed(site: Site, seen: Snapshot, state: State, *, to: Release) -> tuple[Step, ...]:
    """List the steps to a release, having tried the first one on the server without effect.

    ProviderError where nothing is live, the cluster no longer remembers the release, or the
    server would not take its template, or not as it is.
    """
    if seen.live is None:
        raise ProviderError(f"nothing is live on {seen.target}", where=site.where)
    target = remembered(site, state, to)
    _tried(site, state, target)
    plain = _rolling(site, _leaving(state, seen.live), state, target, to)
    hindrance = state.kind.hindrance(state.workload, state.known, target)
    listed = _with_instances(site, state, target, plain, hindrance)
    beside = state.beside
    if beside is None:
        return listed
    if obstacle := unreached(beside, target):
        raise NotDone(obstacle[0], where=site.where, remedy=obstacle[1])
    if beside.slot is None or not (beside.shadow_serves or _stands_prewarmed(seen, target)):
        return listed
    return around(listed, site, state, beside, beside.slot)


def _with_instances(
    site: Site,
    state: State,
    target: Kept,
    plain: tuple[Step, Step, Step],
    hindrance: Hindrance | None,
) -> tuple[Step, ...]:
    """Put what must come before all instances can be the target's first.

    Where instances must be deleted, the template is put back by a step of its own: the one that
    waits for all of them would wait for ever.
    """
    start, switch, down = plain
    if state.course is not None:
        lifting = _resume(start, hindrance) if hindrance is not None else None
        back = lifting or _restore(start, _back_where(site, state, target))
        after = parameters(**{AFTER: back.kind})
        started = replace(start, parameters=(*start.parameters, *after))
        return (back, *promoting.listed(site, state, target, started), started, switch, down)
    about = pod_steps.listed(site, state, target, start, grace=_grace(state))
    if hindrance is not None:
        first: tuple[Step, ...] = (_resume(start, hindrance), *about)
    elif about:
        first = (_restore(start, f"into `{site.settings.workload}`"), *about)
    else:
        return plain
    after = parameters(**{AFTER: first[-1].kind})
    return (*first, replace(start, parameters=(*start.parameters, *after)), switch, down)


def _leaving(state: State, live: Revision) -> Revision:
    """Give the revision to leave: what is on its way, where that is not what is live."""
    course = state.course
    if course is None or course.incoming is None or course.incoming is course.live:
        return live
    return course.incoming.revision()


def _back_where(site: Site, state: State, target: Kept) -> str:
    """Say where the template goes back, and what that comes to by itself."""
    name, holder = site.settings.workload, state.holder
    where = f"into `{name}`"
    if holder.resource is not state.kind.resource:
        kind = holder.resource.kind.lower()
        where = f"into `{kind}/{name_of(holder.thing)}`, which `{name}` takes it from"
    course = state.course
    if course is None or course.live is None or course.live.digest != target.digest:
        return where
    if course.incoming is None or course.incoming is course.live:
        return where
    again = f"a retry cannot bring `{course.incoming.release.version}` in again"
    aborted = part(state.workload, "status").get("abort") is True
    also = ", the abort is over" if aborted else ""
    return f"{where}: it is still stable, so no step is walked{also}, and {again}"


def _stands_prewarmed(seen: Snapshot, target: Kept) -> bool:
    return any(each.prewarmed and each.revision == target.id for each in seen.workloads)


def remembered(site: Site, state: State, release: Release) -> Kept:
    """Find the revision of a release; NotDone where the cluster no longer has it."""
    found = matching(state.startable, release)
    if not found:
        raise NotDone(
            f"the cluster no longer remembers {release.version}",
            where=site.where,
            remedy="choose a version that `kubectl rollout history` still lists; record "
            "deployments, and the ledger keeps what brings them back",
        )
    return found[0]


def _tried(site: Site, state: State, target: Kept) -> None:
    """Let the server judge the patch without doing it; it is refused now rather than later."""
    tried = site.api.tried(
        state.holder.resource,
        name_of(state.holder.thing),
        patches.restoring(state, target, marks=None, exact=False),
    )
    if template_digest(part(tried, "spec", "template")) != target.digest:
        raise NotDone(
            f"the cluster would change the template of {target.release.version} on its way in",
            where=site.where,
            remedy="a mutating webhook does that; see `kubectl get mutatingwebhookconfigurations`",
        )


def _rolling(
    site: Site, live: Revision, state: State, target: Kept, to: Release
) -> tuple[Step, Step, Step]:
    old, new = live.release.version, to.version
    facts = parameters(
        previous=live.id,
        version=new,
        revision=target.id,
        template=target.digest,
        configuration_digest=to.configuration_digest,
        marked=standing_marks(state.holder.thing),
        promotes=promoting.planned(state, target),
    )
    back = f"put the template of `{live.id}` back, as `{state.kind.undone_by}` does"
    usual = UsualSteps(target=site.target, old=old, new=new, facts=facts)
    start = usual.start(
        expected=parameters(version=new, revision=target.id, available="all"),
        undo=f"Start `{old}` instances again: {back}.",
        timeout=site.settings.ready_within,
        # A rolling update sends users to each instance as soon as it is ready.
        moves_traffic=True,
    )
    switch = usual.switch(
        undo=f"Switch production traffic back to `{old}`: {back}.", timeout=_SWITCH_SECONDS
    )
    down = usual.scale_down(
        undo=f"Start `{old}` instances again: {back}.",
        timeout=site.settings.drain + _grace(state) + state.kind.lingers(state.workload),
    )
    return start, switch, down


def _resume(start: Step, hindrance: Hindrance) -> Step:
    """Lift a hindrance by the very patch that puts the template back: nothing else may roll."""
    version = start.parameter("version")
    lifted = parameters(lifted=hindrance.lifted)
    return Step(
        id=RESUME,
        kind=RESUME,
        title=f"{hindrance.title}, towards `{version}`.",
        target=start.target,
        parameters=(*start.parameters, *lifted),
        expected=parameters(version=version, hindered="no"),
        undo=f"{hindrance.undo}; then {start.undo}",
        repeat=Repeat.IDEMPOTENT,
        timeout=_RESUME_SECONDS,
        moves_traffic=True,
        danger=hindrance.danger,
    )


def _restore(start: Step, where: str) -> Step:
    """Put the template back without waiting for instances, which others must see to first."""
    version = start.parameter("version")
    return Step(
        id=RESTORE,
        kind=RESTORE,
        title=f"Put the template of `{version}` back {where}.",
        target=start.target,
        parameters=start.parameters,
        expected=parameters(version=version, template=start.parameter("template")),
        undo=start.undo,
        repeat=Repeat.IDEMPOTENT,
        timeout=_RESUME_SECONDS,
        moves_traffic=True,
    )


def _grace(state: State) -> float:
    """Tell how long pods in use may take to end."""
    return float(
        max(
            (
                number(
                    each.template, "spec", "terminationGracePeriodSeconds", default=_GRACE_SECONDS
                )
                for each in state.known
                if each.in_use
            ),
            default=_GRACE_SECONDS,
        )
    )
