"""The ability to prewarm: making a shadow, looking how it gets on, removing it again.

Called by ``platform`` while people read the plan, and to tidy up afterwards. A shadow that
receives traffic is never removed. After a crash it is found by its name.
"""

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Snapshot, Workload
from smartspec_rollback.domain.step import Progress, ProgressState
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.platform import Prewarmed
from smartspec_rollback.providers.platforms.kubernetes.action import Awaited, Looked
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import (
    AlreadyThere,
    Forbidden,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    NETWORK_POLICIES,
    QUOTAS,
    SERVICES,
    Obj,
    items,
    name_of,
    part,
    text,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import Reader, Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling.capacity import room_of
from smartspec_rollback.providers.platforms.kubernetes.rolling.steps import remembered
from smartspec_rollback.providers.platforms.kubernetes.shadow import making
from smartspec_rollback.providers.platforms.kubernetes.shadow.beside import (
    Beside,
    beside,
    shadow_pods,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import (
    Shadow,
    Slot,
    rollback_of,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.relay import Relay
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import is_ready

_SECONDS = 60.0
_TRIES = 5
_PAUSE = 0.1
_HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)


def declined(site: Site, state: State, release: Release) -> str | None:
    """Say why a release cannot be prewarmed here; None where nothing speaks against it."""
    if state.course is not None:
        return (
            f"{site.settings.workload} is brought on by its own controller, which starts instances "
            "beside the old ones and moves the traffic itself"
        )
    if site.settings.traffic_service is None:
        return (
            f"no `traffic:` names the Service in front of {site.settings.workload}; what takes "
            "its work from a queue would take it while it is prewarmed"
        )
    found = state.beside
    if found is None:
        return f"a {state.kind.resource.kind} has no instances to spare beside its own"
    slot = found.slot
    if slot is None:
        return (
            f"{site.settings.traffic} and {site.settings.workload} select by no common label, so "
            "prewarmed instances could not be kept out of traffic"
        )
    if found.shadow_serves:
        return (
            f"{site.settings.traffic} still points at prewarmed instances of an earlier rollback, "
            "so others would receive traffic at once"
        )
    if state.kind.wanted(state.workload) == 0:
        return f"{site.settings.workload} is scaled to 0: no instance would ever be ready"
    target = remembered(site, state, release)
    if (single := making.single(target.template)) is not None:
        return single
    labels = making.labels_of(target, slot, state.workload)
    try:
        return _obstacle(site, state, labels, slot)
    except Forbidden as error:
        return f"what would speak against it cannot be read: {error.what}"


def _obstacle(site: Site, state: State, labels: Obj, slot: Slot) -> str | None:
    services = site.api.list(SERVICES)
    if found := making.obstacle(slot, labels, services, site.api.list(NETWORK_POLICIES)):
        return found
    wanted = state.kind.wanted(state.workload)
    room = room_of(site.api.list(QUOTAS))
    if room is not None and room < wanted:
        return f"the namespace's quota leaves room for {room} of {wanted} more instances"
    return None


def promised(seen: Snapshot, state: State, target: Kept) -> Snapshot:
    """Say what ``seen`` will be once the target is prewarmed."""
    count = state.kind.wanted(state.workload)
    shadow = Workload(
        revision=target.id,
        version=target.release.version,
        desired=count,
        running=count,
        ready=count,
        prewarmed=True,
    )
    return replace(seen, workloads=(*seen.workloads, shadow))


def prewarm(site: Site, reader: Reader, release: Release, *, operation: str) -> None:
    """Make the shadow, with as many instances as production has; idempotent."""
    deadline = Deadline.after(site.clock, _SECONDS)
    for tried in range(1, _TRIES + 1):
        state = reader.look(site)
        found, target = _usable(site, state), remembered(site, state, release)
        try:
            if _stands(site, state, target, operation=operation, deadline=deadline):
                return
            body = _body(state, found, target, operation)
            site.api.create(DEPLOYMENTS, body, deadline=deadline)
        except (AlreadyThere, FenceConflict):
            if tried == _TRIES:
                raise
            deadline.pause(_PAUSE)
        else:
            return


def _stands(site: Site, state: State, target: Kept, *, operation: str, deadline: Deadline) -> bool:
    """Find the shadow made already, and big enough; remove one of another release first."""
    found, count = _usable(site, state), state.kind.wanted(state.workload)
    shadow = found.shadow
    if shadow is None:
        return False
    if shadow.facts.template == target.digest:
        if shadow.desired < count:
            scaled(site, shadow, count, deadline)
        return True
    if found.shadow_serves or shadow.taken_by not in ("", rollback_of(operation)):
        raise NotDone(f"{shadow.name} is another rollback's, of another release", where=site.where)
    site.api.delete(DEPLOYMENTS, shadow.deployment, deadline=deadline)
    return False


def _body(state: State, found: Beside, target: Kept, operation: str) -> Obj:
    if found.slot is None:
        raise NotDone("there is nothing to tell prewarmed instances by")
    labels = making.labels_of(target, found.slot, state.workload)
    count = state.kind.wanted(state.workload)
    return making.made(state.workload, target, labels, replicas=count, operation=operation)


def scaled(site: Site, shadow: Shadow, count: int, deadline: Deadline) -> None:
    """Give a shadow more instances; FenceConflict where it moved meanwhile."""
    operations = (
        *unmoved(shadow.deployment),
        {"op": "replace", "path": "/spec/replicas", "value": count},
    )
    site.api.patch(DEPLOYMENTS, shadow.name, operations, deadline=deadline)


def prewarmed(site: Site, release: Release, relay: Relay) -> tuple[Prewarmed, Looked]:
    """Tell how far the shadow of a release is, and what to watch until it is further.

    Its instances are reached directly from inside the cluster, and by ``relay`` from elsewhere.
    """
    workload = site.workload()
    found = _read(site, workload)
    shadow = found.shadow if found is not None else None
    if found is None or shadow is None or not _runs(shadow, release):
        said = Progress.pending("not started yet")
        return Prewarmed(progress=said, addresses=()), Looked(said)
    pods = shadow_pods(site.api, workload)
    said = _progress(shadow, pods)
    awaited = Awaited(DEPLOYMENTS, shadow.name, version_of(shadow.deployment))
    addresses: tuple[str, ...] = ()
    if said.state is ProgressState.DONE:
        port = making.port_of(found.service, part(shadow.deployment, "spec", "template"))
        ready = [pod for pod in pods if is_ready(pod) and text(pod, "status", "podIP")]
        if port is not None and site.api.connection.inside:
            addresses = tuple(f"http://{text(pod, 'status', 'podIP')}:{port}" for pod in ready)
        elif port is not None:
            addresses = tuple(relay.address(name_of(pod), port) for pod in ready)
    return Prewarmed(progress=said, addresses=addresses), Looked(said, awaited)


def _runs(shadow: Shadow, release: Release) -> bool:
    return release.artifact_digest in (None, shadow.facts.template)


def _progress(shadow: Shadow, pods: tuple[Obj, ...]) -> Progress:
    for pod in pods:
        for status in items(pod, "status", "containerStatuses"):
            reason = text(status, "state", "waiting", "reason")
            if reason in _HOPELESS:
                what = f"its container {text(status, 'name')} is in {reason}"
                return Progress.failed(what)
    for condition in items(shadow.deployment, "status", "conditions"):
        if text(condition, "reason") == "ProgressDeadlineExceeded":
            return Progress.failed("its progress deadline is exceeded")
    detail = f"{min(shadow.available, shadow.desired)} of {shadow.desired} instances ready"
    done = shadow.desired > 0 and shadow.available >= shadow.desired
    return Progress(state=ProgressState.DONE if done else ProgressState.PENDING, detail=detail)


def discard(site: Site, release: Release, *, operation: str) -> None:
    """Remove the shadow of a release, unless it receives traffic; idempotent.

    One that another rollback sends traffic to, or is about to, is that one's to remove. Taking it
    moves its resource version, so a deletion that was decided before fails.
    """
    deadline = Deadline.after(site.clock, _SECONDS)
    for tried in range(1, _TRIES + 1):
        workload = site.api.get(site.kind.resource, site.settings.name)
        found = _read(site, workload) if workload is not None else None
        if found is None or found.shadow is None or found.shadow_serves:
            return
        taken = found.shadow.taken_by
        if not _runs(found.shadow, release) or taken not in ("", rollback_of(operation)):
            return
        try:
            site.api.delete(DEPLOYMENTS, found.shadow.deployment, deadline=deadline)
        except FenceConflict:
            if tried == _TRIES:
                raise
            deadline.pause(_PAUSE)
        else:
            return


def _read(site: Site, workload: Obj) -> Beside | None:
    service, kind = site.settings.traffic_service, site.kind.resource
    if service is None or kind is not DEPLOYMENTS:
        return None
    return beside(site.api, workload, service)


def _usable(site: Site, state: State) -> Beside:
    if state.beside is None:
        raise ProviderError(f"{site.settings.workload} cannot be prewarmed", where=site.where)
    return state.beside
