"""Running and deploying releases on this host. Called by ``local``.

What deploys is asked for as an ability, so a platform that deploys elsewhere says so in words.
"""

import shlex
from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

from smartspec_rollback.cli.deployments import remark
from smartspec_rollback.cli.documents import document
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.stop import Stage
from smartspec_rollback.cli.targets import meant, narrowed_to
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Revision, Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import AnotherRunning, Refused, SmartSpecError, UsageError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.platform import InspectsReleases
from smartspec_rollback.views import host
from smartspec_rollback.wiring import Workspace, short_id
from smartspec_rollback.wiring.recording import held, record_database

_SECONDS = 600.0
"""How long a deployment may take as a whole."""


@runtime_checkable
class Deploys(Protocol):
    """A platform that this command can deploy with."""

    def up(self, target: Target, /) -> None:
        """Start what should run."""
        ...

    def deploy(
        self,
        target: Target,
        version: str,
        /,
        *,
        deployment_id: str,
        deadline: Deadline,
        on_progress: Callable[[str], None],
    ) -> Revision:
        """Put a version live."""
        ...

    def down(self, target: Target, /) -> None:
        """Stop everything."""
        ...

    def is_down(self, target: Target, /) -> bool:
        """Tell whether it was stopped."""
        ...


class _NotRecorded(SmartSpecError):
    """Deployed, but not in the ledger."""

    exit_code = 4


def start(session: Session, service: str | None, environment: str | None) -> int:
    """Start what should run on this host."""
    for target in _targets(session.workspace, service, environment):
        _platform(session.workspace, target).up(target)
        session.output.progress(f"{target} is up")
    return show_status(session, service, environment)


def stop(session: Session, service: str | None, environment: str | None) -> int:
    """Stop what runs on this host."""
    targets = _targets(session.workspace, service, environment)
    for target in targets:
        _platform(session.workspace, target).down(target)
    if session.output.as_json:
        session.output.document(document("smartspec.local/1", stopped=[str(t) for t in targets]))
    else:
        session.output.result("".join(f"{target} is down\n" for target in targets))
    return 0


def deploy(
    session: Session,
    service: str | None,
    environment: str | None,
    version: str,
    deployment_id: str | None,
) -> int:
    """Put a release live, then record it; refused where it is on hold or a rollback runs."""
    checked_name("version", version)
    chosen = short_id("deploy") if deployment_id is None else deployment_id
    checked_name("deployment id", chosen)
    workspace = session.workspace
    target = meant(workspace, service, environment)
    platform = _platform(workspace, target)
    _refuse_conflicts(workspace, target, version, chosen)
    # Nothing polls for a wish to stop from here on; so none is promised, and it ends in order.
    session.stop.waiting_for = lambda: f"the deployment of {version}"
    session.stop.stage = Stage.FINISH
    revision = platform.deploy(
        target,
        version,
        deployment_id=chosen,
        deadline=Deadline.after(workspace.clock, _SECONDS),
        on_progress=session.output.progress,
    )
    deployment = _record(workspace, target, revision, chosen)
    remark(session.output, record_database(workspace, deployment, by=workspace.operator))
    if session.output.as_json:
        content = {"deployment_id": chosen, "target": target, "revision": revision}
        session.output.document(document("smartspec.local-deployment/1", **content))
    else:
        session.output.result(f"{version} is live on {target} ({chosen})\n")
    return 0


def show_status(session: Session, service: str | None, environment: str | None) -> int:
    """Show what is live and what runs on this host."""
    workspace, output = session.workspace, session.output
    seen: list[Snapshot | Target] = [
        target
        if _platform(workspace, target).is_down(target)
        else workspace.platform(target).observe(target)
        for target in _targets(workspace, service, environment)
    ]
    if output.as_json:
        running = [each for each in seen if isinstance(each, Snapshot)]
        down = [str(each) for each in seen if isinstance(each, Target)]
        output.document(document("smartspec.local/1", targets=running, down=down))
    elif output.rich:
        from smartspec_rollback.views.terminal import render_host

        for each in seen:
            output.render(partial(render_host, each))
    else:
        output.result("\n".join(host.markdown(each) for each in seen))
    return 0


def _targets(
    workspace: Workspace, service: str | None, environment: str | None
) -> tuple[Target, ...]:
    """Return the Targets meant that are served on this host; UsageError if there is none."""
    one = narrowed_to(workspace, service, environment) if service or environment else None
    if one is not None:
        _platform(workspace, one)
        return (one,)
    here = tuple(t for t in workspace.targets if isinstance(workspace.platform(t), Deploys))
    if not here:
        raise UsageError(
            "no Target of this configuration runs on this host",
            where=str(workspace.configuration.path),
            remedy="use `platform: {kind: local, ...}`",
        )
    return here


def _platform(workspace: Workspace, target: Target) -> Deploys:
    platform = workspace.platform(target)
    if not isinstance(platform, Deploys):
        raise UsageError(
            f"{target} is not deployed from here: its platform is {platform.name}",
            remedy="deploy it as you always do, then `smartspec deployment record`",
        )
    return platform


def _refuse_conflicts(
    workspace: Workspace, target: Target, version: str, deployment_id: str
) -> None:
    """Refuse what would put a bad release back, or meddle with a rollback."""
    workspace.break_glass.refuse_beside(target)
    if active := workspace.store.active(target):
        raise AnotherRunning(
            f"{active.id} is rolling {target} back to {active.to_version} ({active.status})",
            remedy=f"wait for it, or see `smartspec show {active.id} --report`",
            rollback_id=active.id,
        )
    platform = workspace.platform(target)
    found = platform.find(target, version) if isinstance(platform, InspectsReleases) else None
    release = found or Release(version=version, artifact=version)
    if hold := held(workspace.store, target, release):
        raise Refused(
            f"{version} is on hold on {target}: {hold.reason}",
            remedy=f"`smartspec hold release {hold.id}` if it was mended; otherwise deploy "
            "another version",
        )
    known = workspace.store.deployment(deployment_id)
    if known is not None and (
        known.deployment.target != target or known.deployment.release.version != version
    ):
        raise UsageError(
            f"deployment {deployment_id} is recorded as {known.deployment.release.version} on "
            f"{known.deployment.target}",
            where="--id",
            remedy="give every deployment an id of its own",
        )


def _record(
    workspace: Workspace, target: Target, revision: Revision, deployment_id: str
) -> Deployment:
    """Record what just went live; where that fails, say how to make up for it."""
    at = revision.deployed_at or workspace.clock.now()
    deployment = Deployment(
        id=deployment_id,
        target=target,
        release=revision.release,
        at=at,
        revision=revision.id,
        recorded_by=workspace.operator.name,
    )
    try:
        workspace.store.record_deployment(deployment, by=workspace.operator)
    except SmartSpecError as error:
        words = (
            *("smartspec", "deployment", "record", "--id", deployment_id),
            *("--service", target.service, "--environment", target.environment),
            *("--version", revision.release.version, "--at", f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"),
        )
        raise _NotRecorded(
            f"{revision.release.version} IS LIVE on {target}, but the ledger does not know: "
            f"{error.what}",
            where=error.where,
            remedy=f"mend the ledger, then run: {shlex.join(words)}",
        ) from error
    return deployment
