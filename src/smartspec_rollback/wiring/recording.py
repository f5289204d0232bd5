"""Recording a deployment: what was said of it, and what can be learnt about it right then.

Called by ``cli`` and ``operations``. The deployment itself is recorded first; what cannot be kept
beside it (its database, what brings its release back) is told, and undoes nothing.
"""

import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.names import checked_name, checked_text
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import SmartSpecError, UsageError
from smartspec_rollback.ports.store import Store
from smartspec_rollback.views.units import counted

if TYPE_CHECKING:
    from smartspec_rollback.engine.capture import CaptureRecorded
    from smartspec_rollback.engine.record import SchemaRecorded
    from smartspec_rollback.wiring.workspace import Workspace

_AHEAD = timedelta(minutes=1)
"""How much a pipeline's clock may be ahead of this one."""


class Said(Value):
    """What somebody said about a deployment, before anybody looked at it."""

    deployment_id: str
    service: str
    environment: str
    version: str
    artifact: str | None = None
    commit: str | None = None
    at: str | None = None
    phase: str = "live"
    database: bool = True


class Remark(Value):
    """Something to tell whoever recorded; a warning says what is missing, and what to do."""

    text: str
    is_warning: bool = False


class Recorded(Value):
    """A recorded deployment: whether it is new, as the ledger has it, and what to tell."""

    deployment: Deployment
    is_new: bool
    entry: LedgerEntry | None
    remarks: tuple[Remark, ...]


def record(workspace: "Workspace", said: Said, *, by: Person) -> Recorded:
    """Record a deployment; a release on hold is recorded too, since it happened, with a warning."""
    deployment = _described(workspace, said, by=by)
    is_new = workspace.store.record_deployment(deployment, by=by)
    remarks = tuple(_beside(workspace, deployment, by=by, database=said.database))
    return Recorded(
        deployment=deployment,
        is_new=is_new,
        entry=workspace.store.deployment(deployment.id),
        remarks=remarks,
    )


def held(store: Store, target: Target, release: Release) -> Hold | None:
    """Return the hold on a release, or on its version where the release is known by no more."""
    if exact := store.hold_on(target, release):
        return exact
    named = [h for h in store.holds(target) if h.release.version == release.version]
    unsure = [h for h in named if None in (h.release.artifact_digest, release.artifact_digest)]
    return unsure[0] if unsure else None


def _described(workspace: "Workspace", said: Said, *, by: Person) -> Deployment:
    """Check every text, and say what was deployed; errors name what is wrong."""
    checked_name("deployment id", said.deployment_id)
    checked_name("service", said.service)
    checked_name("environment", said.environment)
    checked_name("version", said.version)
    artifact = said.version if said.artifact is None else checked_text("artifact", said.artifact)
    commit = None if said.commit is None else checked_name("commit", said.commit)
    now = workspace.clock.now()
    at = now if said.at is None else _moment(said.at, now=now)
    target = workspace.configuration.target(said.service, said.environment).settings.target
    return Deployment(
        id=said.deployment_id,
        target=target,
        release=_release(workspace, target, said, artifact),
        at=at,
        phase=Phase(said.phase),
        commit=commit,
        recorded_by=by.name,
    )


def _beside(
    workspace: "Workspace", deployment: Deployment, *, by: Person, database: bool
) -> Iterator[Remark]:
    release, target = deployment.release, deployment.target
    if hold := held(workspace.store, target, release):
        yield _warning(
            f"{release.version} is on hold on {target} ({hold.reason}); the gate fails it "
            f"until `smartspec hold release {hold.id}`"
        )
    if database:
        yield from record_database(workspace, deployment, by=by)
    yield from _capture(workspace, deployment, by=by)


def record_database(
    workspace: "Workspace", deployment: Deployment, *, by: Person
) -> Iterator[Remark]:
    """Keep what a deployment's database is now, and tell of it; the deployment is recorded."""
    try:
        done = _record_database(workspace, deployment, by=by)
    except Exception as error:  # noqa: BLE001 - the deployment is recorded; whatever is wrong is told
        what, remedy = _said_of(error)
        again = f"record the phase {deployment.phase} again, before the schema changes"
        yield _warning(
            f"the database was not recorded with {deployment.id}: {what}; until it is, "
            "whether the schema allows a rollback stays unknown",
            remedy=f"{remedy}; then {again}" if remedy else again,
        )
        return
    if done is None:
        return
    if isinstance(done, str):
        yield Remark(text=f"The database was not recorded again: {done}")
        return
    seen = done.recorded.snapshot
    counts = [counted(len(seen.catalog.relations), "table or view", "tables and views")]
    if deployment.phase is not Phase.AFTER_MIGRATIONS:
        counts.append(counted(len(seen.workload.statements), "statement"))
    if seen.migrations is not None:
        counts.append(counted(len(seen.migrations), "applied migration"))
    yield Remark(text=f"Recorded its database: {', '.join(counts)}")
    for gap in (*done.missing, *seen.workload.gaps):
        yield _warning(f"not known of the database: {gap}")


def _record_database(
    workspace: "Workspace", deployment: Deployment, *, by: Person
) -> "SchemaRecorded | str | None":
    """Record what a deployment's database is now; None without one, or why it is needless."""
    configured = workspace.configured(deployment.target).database
    if configured is None:
        return None
    from smartspec_rollback import databases

    how = databases.recording(configured, store=workspace.store, clock=workspace.clock)
    return databases.record(how, deployment, by=by)


def _capture(workspace: "Workspace", deployment: Deployment, *, by: Person) -> Iterator[Remark]:
    try:
        done = _record_capture(workspace, deployment, by=by)
    except Exception as error:  # noqa: BLE001 - the deployment is recorded; whatever is wrong is told
        what, remedy = _said_of(error)
        yield _not_kept(deployment, what, remedy)
        return
    if done is None:
        return
    if isinstance(done, str):
        yield _not_kept(deployment, done, "record a deployment once it is live")
        return
    kept = "Kept" if done.is_new else "Kept already"
    yield Remark(text=f"{kept}: what brings {done.capture.release.version} back")


def _record_capture(
    workspace: "Workspace", deployment: Deployment, *, by: Person
) -> "CaptureRecorded | str | None":
    """Keep what brings a deployment's release back; None without that, or why it is not it."""
    from smartspec_rollback.engine.capture import record_capture

    platform = workspace.platform(deployment.target)
    return record_capture(platform, workspace.store, deployment, by=by)


def _not_kept(deployment: Deployment, what: str, remedy: str) -> Remark:
    return _warning(
        f"what brings {deployment.release.version} back was not kept with {deployment.id}: "
        f"{what}; a rollback to it rests on what the platform remembers",
        remedy=f"{remedy}; then record it again" if remedy else "record it again",
    )


def _warning(text: str, *, remedy: str = "") -> Remark:
    to_do = f"\n  to do: {remedy}" if remedy else ""
    return Remark(text=f"warning: {text}{to_do}", is_warning=True)


def _said_of(error: Exception) -> tuple[str, str]:
    if isinstance(error, SmartSpecError):
        return error.what, error.remedy
    return f"unexpected {type(error).__name__}: {error}", "please report it"


def _release(workspace: "Workspace", target: Target, said: Said, artifact: str) -> Release:
    """Describe the release: as recorded in an earlier phase, else with what the platform knows.

    Once it is live the platform may know digests that it could not know before.
    """
    is_live = said.phase == Phase.LIVE
    known = workspace.store.deployment(said.deployment_id)
    if known is not None:
        deployment = known.deployment
        release = deployment.release
        if release.version == said.version and artifact in (said.version, release.artifact):
            if is_live and deployment.phase is not Phase.LIVE:
                learnt = _enriched(workspace, target, release, live=True)
                return replace(learnt, artifact=release.artifact)
            return release
    found = Release(version=said.version, artifact=artifact)
    return _enriched(workspace, target, found, live=is_live)


def _enriched(workspace: "Workspace", target: Target, release: Release, *, live: bool) -> Release:
    """Add the digests the platform knows of a release, of the ``live`` one if it is that."""
    from smartspec_rollback.engine.locate import enriched

    return enriched(release, target, platform=workspace.platform(target), live=live)


def _moment(text: str, *, now: datetime) -> datetime:
    shown = repr(text[:80])
    try:
        at = datetime.fromisoformat(text) if set(text) <= set(string.printable) else None
    except ValueError:
        at = None
    if at is None:
        raise UsageError(
            f"{shown} is no time", where="--at", remedy=f"write it like {now:%Y-%m-%dT%H:%M:%SZ}"
        )
    if at.tzinfo is None:
        raise UsageError(
            f"{shown} has no time zone", where="--at", remedy="add Z for UTC, or an offset: +02:00"
        )
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{shown} is no time", where="--at") from None
    if at > now + _AHEAD:
        raise UsageError(
            f"{shown} is in the future; it is {now:%Y-%m-%dT%H:%M:%SZ}",
            where="--at",
            remedy="check the time zone and the clocks",
        )
    return at
