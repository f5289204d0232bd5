"""The kinds of workload that can be rolled back, one module each, behind the one Protocol ``Kind``.

``kind_of`` names the kind that the settings ask for.
"""

from collections.abc import Mapping

from smartspec_rollback.providers.platforms.kubernetes.workloads.daemon_set import DaemonSetKind
from smartspec_rollback.providers.platforms.kubernetes.workloads.deployment import DeploymentKind
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import Kind
from smartspec_rollback.providers.platforms.kubernetes.workloads.rollout import RolloutKind
from smartspec_rollback.providers.platforms.kubernetes.workloads.stateful_set import (
    StatefulSetKind,
)

KINDS: Mapping[str, Kind] = {
    "deployment": DeploymentKind(),
    "statefulset": StatefulSetKind(),
    "daemonset": DaemonSetKind(),
    "rollout": RolloutKind(),
}
"""By the word before the slash in the setting ``workload``."""


def kind_of(workload: str) -> Kind:
    """Give the kind that ``kind/name`` means; KeyError for one the settings would refuse."""
    return KINDS[workload.partition("/")[0]]
