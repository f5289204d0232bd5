"""Looking at a Target: what runs, what is ready, where traffic goes. Changes nothing.

Called by ``platform`` (observe), and by every verb before and after it acts.
"""

from pathlib import Path

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Operation, Revision, Share, Snapshot, Workload
from smartspec_rollback.domain.step import Progress
from smartspec_rollback.domain.values import digest
from smartspec_rollback.errors import ProviderUnavailable
from smartspec_rollback.providers.platforms.local.probing import ready_ports
from smartspec_rollback.providers.platforms.local.processes import none_alive
from smartspec_rollback.providers.platforms.local.proxy_config import Route
from smartspec_rollback.providers.platforms.local.records import Record, runs
from smartspec_rollback.providers.platforms.local.site import Site
from smartspec_rollback.providers.platforms.local.supervision import Program, program_name

_ALL = 100
_NEVER_STARTED = "never started"


def snapshot(site: Site, *, operation: Operation | None) -> Snapshot:
    """Look at everything; ProviderUnavailable where the Target was started and is down now."""
    if site.records.identity(site.target) is None:
        return _snapshot(site, Route(generation=0), (), operation=operation)
    site.proxy.check()
    programs = site.supervisor.programs()
    records = site.records.all()
    route = site.route
    seen = tuple(
        _workload(site, record, programs, live=record.id == route.revision)
        for record in records
        if record.wanted
    )
    return replace(_snapshot(site, route, records, operation=operation), workloads=seen)


def is_down(site: Site) -> bool:
    """Tell whether a Target that was started once is wholly down, as ``down`` leaves it."""
    identity = site.records.identity(site.target)
    if identity is None:
        return False
    try:
        Path(identity.runtime).lstat()
    except FileNotFoundError:
        return none_alive(site.records.processes)
    except OSError:
        return False
    return False


def fingerprint(site: Site) -> str:
    """Tell the Snapshot's fingerprint without asking any instance."""
    return _snapshot(site, site.route, site.records.all(), operation=None).fingerprint


def _snapshot(
    site: Site, route: Route, records: tuple[Record, ...], *, operation: Operation | None
) -> Snapshot:
    identity = site.records.identity(site.target)
    live = next((record for record in records if record.id == route.revision), None)
    return Snapshot(
        target=site.target,
        at=site.clock.now(),
        uid=identity.uid if identity else _NEVER_STARTED,
        live=_revision(live, route) if live else None,
        traffic=(Share(revision=live.id, percent=_ALL),) if live else (),
        workloads=(),
        history=_history(records, route),
        operation=operation,
        owners=(),
        template=digest((live.release.identity, len(live.ports)) if live else None),
        configuration=digest(
            site.releases.configuration_now(live.release.version) if live else None
        ),
        resource_version=str(route.generation),
        front_door=site.front.url,
    )


def _history(records: tuple[Record, ...], route: Route) -> tuple[Revision, ...]:
    """List what had traffic, what has it now first, then the one that got it last."""
    live = [_revision(record, route) for record in records if record.id == route.revision]
    past = [
        (record.generation, _revision(record, route))
        for record in records
        if record.deployed_at is not None and record.id != route.revision
    ]
    newest = sorted(past, key=lambda one: one[0], reverse=True)
    return (*live, *(revision for _, revision in newest))


def _revision(record: Record, route: Route) -> Revision:
    """Describe a revision; of the live one the route file knows best."""
    deployed_at, deployment_id = record.deployed_at, record.deployment_id
    if record.id == route.revision:
        deployed_at = route.deployed_at or deployed_at
        deployment_id = route.deployment_id or deployment_id
    return Revision(
        id=record.id,
        release=record.release,
        deployed_at=deployed_at,
        deployment_id=deployment_id,
    )


def _workload(site: Site, record: Record, programs: tuple[Program, ...], *, live: bool) -> Workload:
    up = _up(record, programs)
    return Workload(
        revision=record.id,
        version=record.release.version,
        desired=len(record.ports),
        running=len(up),
        ready=len(ready_ports(up, record.readiness, clock=site.clock)),
        prewarmed=record.prewarmed and not live and record.deployed_at is None,
    )


def _up(record: Record, programs: tuple[Program, ...]) -> tuple[int, ...]:
    """List the ports of a revision's instances that run; whether they are ready is another matter.

    Somebody else's process on such a port is not taken for ours while ours is not running.
    """
    running = {program.name for program in programs if program.group == record.id and program.runs}
    return tuple(
        port
        for number, port in enumerate(record.ports, start=1)
        if program_name(record.id, number) in running
    )


def readiness(site: Site, record: Record) -> Progress:
    """Say how many instances of a revision are ready, or that they cannot become so."""
    programs = site.supervisor.programs()
    up = _up(record, programs)
    ready = len(ready_ports(up, record.readiness, clock=site.clock))
    wanted, version = len(record.ports), record.release.version
    detail = f"{ready} of {wanted} instances of {version} ready"
    if ready == wanted:
        return Progress.done(detail)
    failing = [p.name for p in programs if p.group == record.id and p.fails]
    if failing:
        log = site.records.logs / f"{failing[0]}.log"
        return Progress.failed(f"{detail}; {len(failing)} ended right after their start, see {log}")
    waited = site.clock.monotonic() - record.started
    if record.deployed_at is None and waited > site.settings.ready_within:
        return Progress.failed(f"{detail} after {waited:.0f}s")
    return Progress.pending(detail)


def running_of(site: Site, release: Release) -> Record | None:
    """Find the newest revision of a release whose instances should run."""
    return next((r for r in site.records.wanted() if runs(r.id, release)), None)


def live_is(route: Route, release: Release) -> bool:
    """Tell whether traffic goes to a release."""
    return route.revision is not None and runs(route.revision, release)


def must_answer(site: Site) -> None:
    """Insist that supervisor and proxy are up; ProviderUnavailable otherwise."""
    site.proxy.check()
    if not site.supervisor.answers:
        raise ProviderUnavailable(
            "supervisor is down", where=str(site.target), remedy="run `smartspec local up`"
        )
