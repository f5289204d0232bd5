"""Starting and stopping the instances of a release, without touching traffic.

Called by ``steps`` and ``verbs`` for deployments and rollbacks, and by ``platform`` for prewarms.
Every change is made under the Target's lock. What receives traffic is never stopped.
"""

from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local.addresses import free_ports
from smartspec_rollback.providers.platforms.local.files import locked, read_value
from smartspec_rollback.providers.platforms.local.looking import live_is, readiness, running_of
from smartspec_rollback.providers.platforms.local.records import Record, revision_of
from smartspec_rollback.providers.platforms.local.running import (
    conform,
    release_file_of,
    write_launches,
)
from smartspec_rollback.providers.platforms.local.site import Site

LOCK_SECONDS = 30.0


def start(
    site: Site, release: Release, *, operation: str, instances: int, prewarmed: bool, again: bool
) -> Record:
    """Start a release's instances; the caller holds the lock.

    One that runs already is left as it is, unless it is to be started ``again``; one that failed to
    become ready is replaced. NotDone where it cannot be started, ProviderError where nobody knows
    how far it came.
    """
    running = None if again else running_of(site, release)
    if running is not None and _failed(site, running):
        stop(site, running.id)
        running = None
    if running is None:
        running = _allocated(site, release, operation, instances, prewarmed=prewarmed)
    elif running.drain is not None:
        running = replace(running, drain=None)
        site.records.save(running)
    conform(site)
    return running


def _failed(site: Site, record: Record) -> bool:
    """Tell whether a revision without traffic could not become ready."""
    idle = record.deployed_at is None and site.route.revision != record.id
    return idle and readiness(site, record).state is ProgressState.FAILED


def _allocated(
    site: Site, release: Release, operation: str, instances: int, *, prewarmed: bool
) -> Record:
    """Write a new revision down, with ports of its own."""
    folder, present = same_on_disk(site, release)
    told = release_file_of(folder)
    number = site.records.next_number()
    with locked(site.state / "ports.lock", Deadline.after(site.clock, LOCK_SECONDS)):
        record = Record(
            id=revision_of(number, release),
            number=number,
            release=present,
            readiness=told.readiness,
            ports=_ports(site, instances),
            prewarmed=prewarmed,
            operation=operation,
            started=site.clock.monotonic(),
        )
        write_launches(site, record, folder, told)
        site.records.save(record)
    return record


def same_on_disk(site: Site, release: Release) -> tuple[Path, Release]:
    """Find a release's folder; NotDone if its content is not what was meant."""
    folder = site.releases.folder(release.version)
    present = site.releases.find(release.version)
    if folder is None or present is None:
        raise NotDone(
            f"there is no release {release.version}",
            where=str(site.releases.root),
            remedy="`smartspec local status` and the folder of releases show what there is",
        )
    for what, meant, found in (
        ("artifact", release.artifact_digest, present.artifact_digest),
        ("configuration", release.configuration_digest, present.configuration_digest),
    ):
        if meant is not None and meant != found:
            raise NotDone(
                f"the {what} of {release.version} on disk is not the one that was meant",
                where=str(folder),
                remedy="restore the release's folder, or plan again",
            )
    return folder, present


def taken_ports(site: Site) -> frozenset[int]:
    """List the ports given to revisions of every Target in the same state folder."""
    records = [read_value(path, Record) for path in site.state.glob("*/revisions/r*.json")]
    return frozenset(
        port for record in records if record is not None and record.wanted for port in record.ports
    )


def _ports(site: Site, instances: int) -> tuple[int, ...]:
    found = free_ports(site.settings.ports, near=site.records.root, taken=taken_ports(site))
    ports = tuple(islice(found, instances))
    if len(ports) < instances:
        raise NotDone(
            f"only {len(ports)} ports are free in {site.settings.ports}, {instances} are needed",
            where="platform.ports",
            remedy="widen the range, or stop what uses it",
        )
    return ports


def stop(site: Site, revision: str) -> None:
    """Stop a revision's instances; the caller holds the lock. Never what receives traffic."""
    record = site.records.record(revision)
    if site.route.revision == revision:
        raise FenceConflict(f"{revision} receives traffic; nothing was stopped")
    if record is not None and record.wanted:
        if record.deployed_at is None:
            site.records.forget(record)
        else:
            site.records.save(replace(record, wanted=False))
    conform(site)


def prewarm(site: Site, release: Release, *, operation: str, instances: int) -> None:
    """Start a release beside the live one, without traffic; nothing if it runs already."""
    with locked(site.records.lock, Deadline.after(site.clock, LOCK_SECONDS)):
        start(site, release, operation=operation, instances=instances, prewarmed=True, again=False)


def discard(site: Site, release: Release) -> None:
    """Stop a prewarmed release again, unless it has taken traffic."""
    with locked(site.records.lock, Deadline.after(site.clock, LOCK_SECONDS)):
        if live_is(site.route, release):
            return
        for record in prewarmed(site):
            if record.id == revision_of(record.number, release):
                stop(site, record.id)


def prewarmed(site: Site) -> tuple[Record, ...]:
    """List the revisions that run prewarmed and never had traffic."""
    live = site.route.revision
    return tuple(
        record
        for record in site.records.wanted()
        if record.prewarmed and record.deployed_at is None and record.id != live
    )
