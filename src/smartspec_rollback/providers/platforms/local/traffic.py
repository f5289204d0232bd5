"""Moving traffic, and knowing when all of it has moved.

Called by ``steps`` and ``verbs``. Moving is the atomic replacement of one file. It is settled
once the proxy has taken that file over, every worker of it answers so, and the instances are ready.
"""

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.step import Progress, ProgressState
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import probing, proxy_config
from smartspec_rollback.providers.platforms.local.files import write_private
from smartspec_rollback.providers.platforms.local.looking import live_is, readiness
from smartspec_rollback.providers.platforms.local.proxy_config import Route
from smartspec_rollback.providers.platforms.local.records import Record
from smartspec_rollback.providers.platforms.local.site import Site

_PROBE_SECONDS = 2.0
_BATCH = 256
_POLL = 0.005
_CLUSTER_SECONDS = 2.0
_DRAIN_POLL = 0.06


def switch(
    site: Site, record: Record, *, operation: str, deployment_id: str | None, deadline: Deadline
) -> None:
    """Send all traffic to a revision; the caller holds the lock. NotDone unless it is ready."""
    said = readiness(site, record)
    if said.state is not ProgressState.DONE:
        raise NotDone(f"{said.detail}; traffic was not moved")
    _await_cluster(site, record, deadline)
    old = site.route
    remember_live(site)
    if record.drain is not None:
        site.records.save(replace(record, drain=None))
    route = Route(
        generation=old.generation + 1,
        revision=record.id,
        operation=operation,
        deployed_at=site.clock.now(),
        deployment_id=deployment_id or record.deployment_id,
    )
    write_route(site, route)


def write_route(site: Site, route: Route) -> None:
    """Replace the route file: the one moment at which traffic moves."""
    content = proxy_config.routes(route, token=site.identity.token)
    write_private(site.records.routes, content)


def remember_live(site: Site) -> None:
    """Copy what the route file knows of the live revision to its record, before that is replaced.

    A revision that had traffic is no prewarm any more, even once it has lost it again.
    """
    route = site.route
    live = site.record(route.revision)
    if live is None:
        return
    known = replace(
        live,
        deployed_at=route.deployed_at,
        deployment_id=route.deployment_id,
        generation=route.generation,
        prewarmed=False,
    )
    if known != live:
        site.records.save(known)


def _await_cluster(site: Site, record: Record, deadline: Deadline) -> None:
    """Wait the few milliseconds that the proxy needs to take over a new cluster."""
    patience = Deadline.after(site.clock, min(_CLUSTER_SECONDS, deadline.remaining))
    while not site.proxy.knows(record.id):
        if patience.expired:
            raise NotDone(f"the proxy does not know {record.id} yet; traffic was not moved")
        patience.pause(_POLL)


def arrived(site: Site, release: Release) -> Progress:
    """Say whether all traffic goes to a release, and will, whatever connection it comes by."""
    route = site.route
    if not live_is(route, release):
        return Progress.pending(f"traffic does not go to {release.version} yet")
    if site.proxy.route_version() != str(route.generation):
        return Progress.pending("the proxy has not taken the new route over yet")
    if not all_workers_serve(site, route):
        return Progress.pending("not every worker of the proxy serves the new route yet")
    record = site.record(route.revision)
    if record is None:
        return Progress.unknown(f"no record of {route.revision}")
    said = readiness(site, record)
    if said.state is not ProgressState.DONE:
        return Progress.pending(said.detail)
    return Progress.done(f"100% of traffic goes to {release.version}; {said.detail}")


def all_workers_serve(site: Site, route: Route) -> bool:
    """Ask over enough new connections that no worker of the proxy is missed."""
    left = probing.CONNECTIONS_PER_WORKER * site.proxy.workers()
    deadline = Deadline.after(site.clock, _PROBE_SECONDS)
    while left > 0:
        count = min(left, _BATCH)
        said = probing.answers(
            site.front.reachable, token=site.identity.token, count=count, deadline=deadline
        )
        if said != {route.answer}:
            return False
        left -= count
    return True


def must_be_idle(site: Site, revision: str) -> None:
    """Insist that a revision gets no new requests; FenceConflict otherwise."""
    route = site.route
    if route.revision == revision:
        raise FenceConflict(f"{revision} still receives traffic; nothing was done")
    if site.proxy.route_version() != str(route.generation) or not all_workers_serve(site, route):
        raise NotDone("the proxy has not taken the new route over yet; nothing was done")


def drained(site: Site, record: Record, deadline: Deadline) -> bool:
    """Wait until a revision's requests have ended, or its drain time is over.

    Two looks in a row must find none: between two tries a request is nowhere for up to 20 ms.
    False when ``deadline`` came first.
    """
    quiet = 0
    while not _drain_over(site, record):
        quiet = quiet + 1 if site.proxy.active_requests(record.id) == 0 else 0
        if quiet > 1:
            return True
        if deadline.expired:
            return False
        deadline.pause(_DRAIN_POLL)
    return True


def _drain_over(site: Site, record: Record) -> bool:
    if record.drain is None:
        return False
    return site.clock.monotonic() - record.drain.since >= site.settings.drain


def gone(site: Site, revision: str) -> Progress:
    """Say whether nothing of a revision runs any more."""
    running = sum(program.group == revision for program in site.supervisor.programs())
    record = site.record(revision)
    if running == 0 and (record is None or not record.wanted):
        return Progress.done("0 instances run")
    still = "1 instance runs" if running == 1 else f"{running} instances run"
    if record is not None and record.drain is not None:
        active = site.proxy.active_requests(revision)
        requests = "1 request is" if active == 1 else f"{active} requests are"
        return Progress.pending(f"{still}; {requests} still active")
    return Progress.pending(still)
