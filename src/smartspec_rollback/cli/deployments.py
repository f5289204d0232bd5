"""Recording, showing and marking deployments. Called by ``deployment`` and ``local``."""

import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from smartspec_rollback.cli.diagnosis_database import counted
from smartspec_rollback.cli.output import Output
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.showing import show_verdict
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.names import checked_name, checked_text
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.errors import SmartSpecError, UsageError
from smartspec_rollback.views import json, tables
from smartspec_rollback.wiring import Workspace

_AHEAD = timedelta(minutes=1)
"""How much a pipeline's clock may be ahead of this one."""


class Said(Value):
    """What was typed about a deployment, before anybody looked at it."""

    deployment_id: str
    service: str
    environment: str
    version: str
    artifact: str | None
    commit: str | None
    at: str | None
    phase: str
    database: bool


def record(session: Session, said: Said) -> int:
    """Record a deployment; a release on hold is recorded too, since it happened, with a warning."""
    checked_name("deployment id", said.deployment_id)
    checked_name("service", said.service)
    checked_name("environment", said.environment)
    checked_name("version", said.version)
    artifact = said.version if said.artifact is None else checked_text("artifact", said.artifact)
    commit = None if said.commit is None else checked_name("commit", said.commit)
    workspace = session.workspace
    now = workspace.clock.now()
    at = now if said.at is None else _moment(said.at, now=now)
    target = workspace.configuration.target(said.service, said.environment).settings.target
    deployment = Deployment(
        id=said.deployment_id,
        target=target,
        release=_release(workspace, target, said, artifact),
        at=at,
        phase=Phase(said.phase),
        commit=commit,
        recorded_by=workspace.operator.name,
    )
    is_new = workspace.store.record_deployment(deployment, by=workspace.operator)
    warn_of_hold(session, target, deployment.release)
    if said.database:
        record_database(session, deployment)
    record_capture(session, deployment)
    entry = workspace.store.deployment(deployment.id)
    if session.output.as_json:
        session.output.document(json.deployments_document([entry] if entry else []))
    else:
        what = "Recorded" if is_new else "Already recorded"
        session.output.result(
            f"{what}: {deployment.id}, {said.version} on {target}, {said.phase}\n"
        )
    return 0


def record_database(session: Session, deployment: Deployment) -> None:
    """Record what the deployment's database is now, and say so.

    Where that fails it is told as a warning: the deployment happened, and is recorded.
    """
    try:
        done = session.workspace.record_database(deployment)
    except Exception as error:  # noqa: BLE001 - the deployment is recorded; whatever is wrong is told
        _warn_of_database(session, deployment, error)
        return
    if done is None:
        return
    if isinstance(done, str):
        session.output.progress(f"The database was not recorded again: {done}")
        return
    seen = done.recorded.snapshot
    counts = [counted(len(seen.catalog.relations), "table or view", "tables and views")]
    if deployment.phase is not Phase.AFTER_MIGRATIONS:
        counts.append(counted(len(seen.workload.statements), "statement"))
    if seen.migrations is not None:
        counts.append(counted(len(seen.migrations), "applied migration"))
    session.output.progress(f"Recorded its database: {', '.join(counts)}")
    for gap in (*done.missing, *seen.workload.gaps):
        session.output.note(f"warning: not known of the database: {gap}")


def record_capture(session: Session, deployment: Deployment) -> None:
    """Keep what the platform needs to bring the release back, and say so.

    Where that fails it is told as a warning: the deployment happened, and is recorded.
    """
    try:
        done = session.workspace.record_capture(deployment)
    except Exception as error:  # noqa: BLE001 - the deployment is recorded; whatever is wrong is told
        what, remedy = _said_of(error)
        _warn_of_capture(session, deployment, what, remedy)
        return
    if done is None:
        return
    if isinstance(done, str):
        _warn_of_capture(session, deployment, done, "record a deployment once it is live")
        return
    kept = "Kept" if done.is_new else "Kept already"
    session.output.progress(f"{kept}: what brings {done.capture.release.version} back")


def _warn_of_capture(session: Session, deployment: Deployment, what: str, remedy: str) -> None:
    session.output.note(
        f"warning: what brings {deployment.release.version} back was not kept with "
        f"{deployment.id}: {what}; a rollback to it rests on what the platform remembers"
    )
    session.output.note(f"  to do: {f'{remedy}; then ' if remedy else ''}record it again")


def _said_of(error: Exception) -> tuple[str, str]:
    if isinstance(error, SmartSpecError):
        return error.what, error.remedy
    return f"unexpected {type(error).__name__}: {error}", "please report it"


def _warn_of_database(session: Session, deployment: Deployment, error: Exception) -> None:
    what, remedy = _said_of(error)
    session.output.note(
        f"warning: the database was not recorded with {deployment.id}: {what}; until it is, "
        "whether the schema allows a rollback stays unknown"
    )
    again = f"record the phase {deployment.phase} again, before the schema changes"
    session.output.note(f"  to do: {f'{remedy}; then ' if remedy else ''}{again}")


def held(workspace: Workspace, target: Target, release: Release) -> Hold | None:
    """Return the hold on a release, or on its version where the release is known by no more."""
    if exact := workspace.store.hold_on(target, release):
        return exact
    named = [h for h in workspace.store.holds(target) if h.release.version == release.version]
    unsure = [h for h in named if None in (h.release.artifact_digest, release.artifact_digest)]
    return unsure[0] if unsure else None


def warn_of_hold(session: Session, target: Target, release: Release) -> None:
    """Say that what was just recorded must not be live."""
    if hold := held(session.workspace, target, release):
        session.output.note(
            f"warning: {release.version} is on hold on {target} ({hold.reason}); the gate fails it "
            f"until `smartspec hold release {hold.id}`"
        )


def show(output: Output, entries: Sequence[LedgerEntry]) -> None:
    """List deployments."""
    if output.as_json:
        output.document(json.deployments_document(entries))
    elif output.rich:
        from smartspec_rollback.views.terminal import render_deployments

        output.render(lambda console: render_deployments(entries, console))
    else:
        output.result(tables.deployments(entries))


def show_one(session: Session, deployment_id: str) -> int:
    """Show one deployment; one that only a platform knows is shown as that."""
    checked_name("deployment id", deployment_id)
    workspace = session.workspace
    entry = workspace.store.deployment(deployment_id)
    if entry is None:
        entry = LedgerEntry(deployment=workspace.locate(deployment_id))
        session.output.progress("Not recorded: only the platform knows it.")
    show(session.output, [entry])
    verdict = workspace.store.newest_verdict(deployment_id)
    if verdict is not None and not session.output.as_json:
        session.output.result("\n")
        show_verdict(session.output, verdict, exit_code=0)
    return 0


def mark(session: Session, deployment_id: str, health: str, reason: str | None) -> int:
    """Record what a person says of a deployment's health."""
    checked_name("deployment id", deployment_id)
    outcome = VerdictOutcome.PASS if health == "healthy" else VerdictOutcome.FAIL
    why = "no reason given" if reason is None else checked_text("reason", reason)
    verdict = session.workspace.mark(deployment_id, outcome, why)
    show_verdict(session.output, verdict, exit_code=0)
    return 0


def _release(workspace: Workspace, target: Target, said: Said, artifact: str) -> Release:
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
                learnt = workspace.enriched(target, release, live=True)
                return replace(learnt, artifact=release.artifact)
            return release
    found = Release(version=said.version, artifact=artifact)
    return workspace.enriched(target, found, live=is_live)


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
