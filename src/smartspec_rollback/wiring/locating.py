"""Finding several deployments at once. Called by ``workspace``."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.engine.locate import located
from smartspec_rollback.errors import SmartSpecError

if TYPE_CHECKING:
    from smartspec_rollback.wiring.workspace import Workspace

_SIDE_BY_SIDE = 16


def locate_all(workspace: "Workspace", deployment_ids: Sequence[str]) -> tuple[Deployment, ...]:
    """Find several deployments; platforms are asked side by side for what nobody recorded."""

    def look(target: Target) -> Snapshot | None:
        try:
            return workspace.platform(target).observe(target)
        except SmartSpecError as error:
            workspace.surroundings.warn(f"{target} could not be asked: {error.what}")
            return None

    def histories() -> tuple[Snapshot, ...]:
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return tuple(seen for seen in pool.map(look, workspace.targets) if seen is not None)

    return located(deployment_ids, store=workspace.store, histories=histories)
