"""Deploying a release on one host.

Called by ``platform`` for ``smartspec local deploy``. It may be run again after a crash at any
line of it; it goes on from what is there.
"""

from collections.abc import Callable

from smartspec_rollback.domain.names import checked_name, nearest
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Revision
from smartspec_rollback.domain.step import Progress, ProgressState
from smartspec_rollback.errors import ProviderError, UnknownName, UsageError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import looking, starting, steps, traffic
from smartspec_rollback.providers.platforms.local.files import locked
from smartspec_rollback.providers.platforms.local.records import Record
from smartspec_rollback.providers.platforms.local.site import Site

Told = Callable[[str], None]
"""Hears how far it is, for people."""

_POLL = 0.02


def deploy(
    site: Site, version: str, *, deployment_id: str, deadline: Deadline, told: Told
) -> Revision:
    """Put a release live; the caller holds the guard.

    A release that does not become ready is stopped again, and what is live stays live. The same
    id again returns its revision, after finishing what a crash left undone.
    """
    release = _named(site, version)
    looking.must_answer(site)
    operation = f"deploy.{deployment_id}"
    if not _is_live_by(site, deployment_id, version):
        _clear(site, operation, deadline, told)
        record = _started(site, release, operation, deadline, told)
        old = site.route.revision
        told(f"Switching production traffic to {version}")
        with locked(site.records.lock, deadline):
            traffic.switch(
                site,
                record,
                operation=operation,
                deployment_id=deployment_id,
                deadline=deadline,
            )
        _await(lambda: traffic.arrived(site, record.release), deadline, told)
        if old is not None:
            told("Letting the old instances finish their requests")
            steps.scale_down(site, old, operation=operation, deadline=deadline)
    _clear(site, operation, deadline, told)
    live = looking.snapshot(site, operation=None).live
    if live is None:
        raise ProviderError(f"{version} was deployed, but nothing is live", where=str(site.target))
    return live


def _named(site: Site, version: str) -> Release:
    """Find a version; UnknownName or UsageError, before anything is done."""
    checked_name("version", version)
    release = site.releases.find(version)
    if release is None:
        known = site.releases.versions()
        raise UnknownName(
            "version",
            version,
            nearest=nearest(version, known),
            remedy=f"releases are looked for in {site.releases.root}",
        )
    return release


def _is_live_by(site: Site, deployment_id: str, version: str) -> bool:
    """Tell whether just this deployment is live; UsageError if its id means something else."""
    route = site.route
    for record in site.records.all():
        live = record.id == route.revision
        known = (route.deployment_id if live else None) or record.deployment_id
        if known == deployment_id:
            if live and record.release.version == version:
                return True
            raise UsageError(
                f"the deployment id {deployment_id} was used for {record.release.version}",
                remedy="give every deployment an id of its own",
            )
    return False


def _clear(site: Site, operation: str, deadline: Deadline, told: Told) -> None:
    """Stop everything that has no traffic: leftovers of deployments that did not end.

    What had traffic may still be working on its last requests, and gets the time for them.
    """
    live = site.route.revision
    for record in site.records.wanted():
        if record.id == live or record.prewarmed:
            continue
        told(f"Stopping what is left of {record.release.version}")
        if record.deployed_at is not None:
            steps.scale_down(site, record.id, operation=operation, deadline=deadline)
        else:
            with locked(site.records.lock, deadline):
                starting.stop(site, record.id)
    with locked(site.records.lock, deadline):
        site.records.forget_old(live)


def _started(
    site: Site, release: Release, operation: str, deadline: Deadline, told: Told
) -> Record:
    """Start a release's instances and wait until they are ready; stop them if they are not."""
    count = site.settings.instances
    told(f"Starting {count} instance{'' if count == 1 else 's'} of {release.version}")
    with locked(site.records.lock, deadline):
        record = starting.start(
            site,
            release,
            operation=operation,
            instances=site.settings.instances,
            prewarmed=False,
            again=True,
        )
    soon = Deadline.after(site.clock, min(site.settings.ready_within, deadline.remaining))
    try:
        _await(lambda: looking.readiness(site, record), soon, told)
    except BaseException:
        with locked(site.records.lock, Deadline.after(site.clock, starting.LOCK_SECONDS)):
            starting.stop(site, record.id)
        raise
    return record


def _await(look: Callable[[], Progress], deadline: Deadline, told: Told) -> None:
    last = ""
    while (said := look()).state is not ProgressState.DONE:
        if said.state is not ProgressState.PENDING or deadline.expired:
            raise ProviderError(said.detail, remedy="the instances' logs say why")
        if said.detail != last:
            told(said.detail)
        last = said.detail
        deadline.pause(_POLL)
    told(said.detail)
