"""Capture: keep what the platform needs to bring the very release back that was just deployed.

Called with ``deployment record``, right after the deployment was recorded. Reads the platform and
changes nothing there; what fails raises a SmartSpecError, which never undoes the deployment.
"""

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.release import Release, same_release
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.platform import CapturesReleases, Platform
from smartspec_rollback.ports.store import Store


class CaptureRecorded(Value):
    """What came of capturing; ``is_new``: the ledger did not have the very same already."""

    capture: Capture
    is_new: bool


def record_capture(
    platform: Platform, store: Store, deployment: Deployment, *, by: Person
) -> CaptureRecorded | str | None:
    """Capture a deployment that is live now, or say why what is live is not it.

    None where there is nothing to capture yet, or the platform cannot. ProviderError or another
    SmartSpecError where the platform cannot be looked at.
    """
    if deployment.phase is not Phase.LIVE or not isinstance(platform, CapturesReleases):
        return None
    newest = store.deployments(deployment.target, limit=1)
    if newest and newest[0].deployment.id != deployment.id:
        return f"{newest[0].deployment.id} is newer than {deployment.id}"
    capture = platform.capture(deployment.target, deployment_id=deployment.id)
    if doubt := _another(capture.release, deployment.release):
        return doubt
    return CaptureRecorded(capture=capture, is_new=store.record_capture(capture, by=by))


def _another(live: Release, recorded: Release) -> str | None:
    """Say that what is live is not what was recorded; None where nothing speaks against it."""
    if live.version != recorded.version:
        return f"{live.version} is live, not {recorded.version}"
    if same_release(live, recorded) is False:
        return (
            f"the {live.version} that is live is not the one that was recorded: its artifact or "
            "configuration differs"
        )
    return None
