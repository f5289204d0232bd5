"""Values that several tests of the platform ``local`` start from."""

from datetime import UTC, datetime

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Revision, Share, Snapshot, Workload
from smartspec_rollback.domain.target import Target
from smartspec_rollback.providers.platforms.local.records import Record, revision_of
from smartspec_rollback.providers.platforms.local.release_file import Readiness

TARGET = Target(service="shop", environment="production")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def release(version: str) -> Release:
    """Make a release."""
    return Release(version=version, artifact=f"/releases/{version}", artifact_digest=version)


def record(number: int, version: str, ports: tuple[int, ...]) -> Record:
    """Make a revision that runs."""
    made = release(version)
    return Record(
        id=revision_of(number, made),
        number=number,
        release=made,
        readiness=Readiness(),
        ports=ports,
        prewarmed=False,
        operation="operation",
        started=0.0,
    )


def snapshot(live: str | None, *workloads: Workload) -> Snapshot:
    """Make a Snapshot in which a version has all traffic."""
    revision = Revision(id=revision_of(1, release(live)), release=release(live)) if live else None
    return Snapshot(
        target=TARGET,
        at=NOW,
        uid="uid",
        live=revision,
        traffic=(Share(revision=revision.id, percent=100),) if revision else (),
        workloads=workloads,
        history=(revision,) if revision else (),
        operation=None,
        owners=(),
        template="t",
        configuration="c",
        resource_version="1",
    )


def workload(number: int, version: str, *, desired: int, ready: int) -> Workload:
    """Make the instances of a revision."""
    return Workload(
        revision=revision_of(number, release(version)),
        version=version,
        desired=desired,
        running=desired,
        ready=ready,
    )
