"""The steps of a rollback: listed as data, applied behind a fence, observed.

Called by ``platform``. Listing is a pure function of the Snapshot. Applying compares the fence
with what is there and acts under one lock, so nobody gets in between. An operation whose effect is
there already does nothing; one that was interrupted is finished.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Snapshot, Workload
from smartspec_rollback.domain.step import SWITCH, Progress, Step
from smartspec_rollback.domain.usual_steps import SCALE_DOWN, START, UsualSteps
from smartspec_rollback.domain.values import Parameter, parameter, parameters
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import looking, starting, traffic
from smartspec_rollback.providers.platforms.local.files import locked
from smartspec_rollback.providers.platforms.local.records import Drain, Record, runs, short
from smartspec_rollback.providers.platforms.local.running import conform
from smartspec_rollback.providers.platforms.local.settings import LocalSettings
from smartspec_rollback.providers.platforms.local.site import Site

_SWITCH_SECONDS = 30.0
_STOP_SECONDS = 30.0


def listed(seen: Snapshot, settings: LocalSettings, *, to: Release) -> tuple[Step, ...]:
    """List the steps from what was seen to a release; ProviderError where nothing is live."""
    if seen.live is None:
        raise ProviderError(
            f"nothing is live on {seen.target}", remedy="deploy a release: `smartspec local deploy`"
        )
    old, new, count = seen.live.release.version, to.version, wanted(seen, settings)
    facts = (*parameters(previous=seen.live.id, instances=count), *_told(to))
    usual = UsualSteps(target=seen.target, old=old, new=new, facts=facts)
    start = usual.start(
        expected=parameters(version=new, ready=count),
        undo=f"Scale down `{new}` instances to 0; they have no traffic yet.",
        timeout=settings.ready_within,
    )
    switch = usual.switch(
        undo=f"Switch production traffic back to `{old}`, whose instances still run.",
        timeout=_SWITCH_SECONDS,
    )
    down = usual.scale_down(
        undo=f"Start `{old}` instances again; its release stays on disk.",
        timeout=settings.drain + _STOP_SECONDS,
    )
    ready = any(runs(w.revision, to) and w.ready >= count for w in seen.workloads)
    return (switch, down) if ready else (start, switch, down)


def promised(seen: Snapshot, settings: LocalSettings, release: Release) -> Snapshot:
    """Say what a Snapshot will be once a release is prewarmed."""
    count = wanted(seen, settings)
    ready = Workload(
        revision=f"r0-{short(release)}",
        version=release.version,
        desired=count,
        running=count,
        ready=count,
        prewarmed=True,
    )
    others = tuple(w for w in seen.workloads if not runs(w.revision, release))
    return replace(seen, workloads=(*others, ready))


def wanted(seen: Snapshot, settings: LocalSettings) -> int:
    """Tell how many instances a release needs: as many as the live one has."""
    live = seen.live.id if seen.live else None
    return next((w.desired for w in seen.workloads if w.revision == live), settings.instances)


def _told(release: Release) -> tuple[Parameter, ...]:
    return parameters(
        version=release.version,
        artifact=release.artifact,
        artifact_digest=release.artifact_digest,
        configuration_digest=release.configuration_digest,
    )


def _release(step: Step) -> Release:
    """Read back the release that a step leads to."""
    return Release(
        version=step.parameter("version"),
        artifact=step.parameter("artifact"),
        artifact_digest=parameter(step.parameters, "artifact_digest", "") or None,
        configuration_digest=parameter(step.parameters, "configuration_digest", "") or None,
    )


def applied(site: Site, step: Step, *, fence: Fence, deadline: Deadline) -> None:
    """Do a step unless it was done by the same operation; FenceConflict if production changed."""
    act = _ACTIONS.get(step.kind)
    if act is None:
        raise NotDone(f"the platform local has no step of the kind {step.kind!r}")
    looking.must_answer(site)
    act(site, step, fence, deadline)


def _must_match(site: Site, fence: Fence) -> None:
    if looking.fingerprint(site) != fence.fingerprint:
        raise FenceConflict("production changed; nothing was done", where=str(site.target))


def _start(site: Site, step: Step, fence: Fence, deadline: Deadline) -> None:
    release = _release(step)
    with locked(site.records.lock, deadline):
        running = looking.running_of(site, release)
        if running is not None and running.operation == fence.operation:
            conform(site)
            return
        _must_match(site, fence)
        starting.start(
            site,
            release,
            operation=fence.operation,
            instances=int(step.parameter("instances")),
            prewarmed=False,
            again=False,
        )


def _switch(site: Site, step: Step, fence: Fence, deadline: Deadline) -> None:
    release = _release(step)
    with locked(site.records.lock, deadline):
        route = site.route
        if route.operation == fence.operation and looking.live_is(route, release):
            return
        _must_match(site, fence)
        record = looking.running_of(site, release)
        if record is None:
            raise NotDone(f"{release.version} does not run; traffic was not moved")
        # What was prewarmed a while ago reads its folder later too, at the latest when it restarts.
        starting.same_on_disk(site, release)
        traffic.switch(
            site, record, operation=fence.operation, deployment_id=None, deadline=deadline
        )


def _scale_down(site: Site, step: Step, fence: Fence, deadline: Deadline) -> None:
    revision = step.parameter("previous")

    def check() -> None:
        record = site.record(revision)
        begun = record.drain if record else None
        if begun is None or begun.operation != fence.operation:
            _must_match(site, fence)

    scale_down(site, revision, operation=fence.operation, deadline=deadline, check=check)


def scale_down(
    site: Site,
    revision: str,
    *,
    operation: str,
    deadline: Deadline,
    check: Callable[[], None] | None = None,
) -> None:
    """Let a revision's requests end, then stop its instances; takes the lock itself.

    ``check`` is made under the lock, before anything is done. Since when it drains is written
    down, so that whoever comes after a crash goes on from there.
    """
    with locked(site.records.lock, deadline):
        if check is not None:
            check()
        traffic.must_be_idle(site, revision)
        traffic.remember_live(site)
        record = _draining(site, revision, operation)
    if record is not None and record.wanted and not traffic.drained(site, record, deadline):
        return
    with locked(site.records.lock, deadline):
        if site.record(revision) != record:
            raise FenceConflict(f"somebody else took {revision} back; nothing was stopped")
        starting.stop(site, revision)


def _draining(site: Site, revision: str, operation: str) -> Record | None:
    """Mark a revision as draining, once per operation."""
    record = site.record(revision)
    if record is None or (record.drain is not None and record.drain.operation == operation):
        return record
    marked = replace(record, drain=Drain(operation=operation, since=site.clock.monotonic()))
    site.records.save(marked)
    return marked


def settled(site: Site, step: Step) -> Progress:
    """Observe how far a step has come, whoever sent it; changes nothing."""
    release = _release(step)
    if step.kind == SWITCH:
        return traffic.arrived(site, release)
    if step.kind == SCALE_DOWN:
        return traffic.gone(site, step.parameter("previous"))
    if step.kind != START:
        what = f"the platform local has no step of the kind {step.kind!r}"
        return Progress.unknown(what)
    record = looking.running_of(site, release)
    if record is None:
        return Progress.pending("not started")
    return looking.readiness(site, record)


_ACTIONS: Mapping[str, Callable[[Site, Step, Fence, Deadline], None]] = {
    START: _start,
    SWITCH: _switch,
    SCALE_DOWN: _scale_down,
}
