"""Whether enough instances of a release could be started, without asking what every node has left.

Called by ``inspecting``. A rolling update that ends an instance before it makes the next one needs
no more room than there is; for everything else only a quota tells that there is none. Pure.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, items, part
from smartspec_rollback.providers.platforms.kubernetes.reading import State
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept

Room = tuple[int | None, str]
"""How many instances could be started, None where that is not known; and why, for people."""

_PLACEMENT = (
    "affinity",
    "hostNetwork",
    "nodeName",
    "nodeSelector",
    "overhead",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "tolerations",
    "topologySpreadConstraints",
)
_COUNTED = ("pods", "count/pods")
_SUFFIXES: Mapping[str, Decimal] = {
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def startable(state: State, target: Kept, quotas: Sequence[Obj] | None) -> Room:
    """Tell how many instances of ``target`` could be started; ``quotas`` None: not readable."""
    kind, workload = state.kind, state.workload
    wanted = kind.wanted(workload)
    if quotas is None:
        return None, "the namespace's quotas may not be read"
    used = [each for each in state.known if each.in_use]
    ready = sum(each.pods.ready for each in used)
    if kind.unavailable(workload) < 1:
        if room_of(quotas) == 0 and len(used) == 1 and ready >= wanted:
            return 0, "a quota leaves no room for the one more that a rolling update starts with"
        return None, "whether the nodes have room for one more instance is not known"
    if exceeded(quotas) is not False:
        return None, "a quota is exceeded, or cannot be told not to be"
    if any(_needs(each.template) != _needs(target.template) for each in used):
        return None, "it needs other resources or places than what runs"
    if ready < wanted:
        return None, f"only {ready} of {wanted} instances are known to have a place"
    return wanted, "instances are exchanged in place"


def room_of(quotas: Sequence[Obj]) -> int | None:
    """Tell how many more pods the quotas allow; None where they don't limit that."""
    left = [hard - used for key, hard, used in _limits(quotas) if key in _COUNTED]
    known = [each for each in left if not each.is_nan()]
    return max(0, math.floor(min(known))) if known else None


def exceeded(quotas: Sequence[Obj]) -> bool | None:
    """Tell whether more is used than a quota allows, so that what ends is not made anew."""
    limits = list(_limits(quotas))
    if any(hard.is_nan() or used.is_nan() for _, hard, used in limits):
        return None
    return any(used > hard for _, hard, used in limits)


def _limits(quotas: Sequence[Obj]) -> list[tuple[str, Decimal, Decimal]]:
    return [
        (key, quantity(hard), quantity(part(quota, "status", "used").get(key)))
        for quota in quotas
        for key, hard in part(quota, "status", "hard").items()
    ]


def quantity(said: object) -> Decimal:
    """Read a quantity as the API writes them (``500m``, ``2Gi``, ``4``); NaN if it is none."""
    if not isinstance(said, str):
        return Decimal("NaN")
    suffix = next(
        (each for each in ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei") if said.endswith(each)), ""
    )
    if not suffix and said[-1:] in _SUFFIXES:
        suffix = said[-1:]
    try:
        number = Decimal(said.removesuffix(suffix))
    except InvalidOperation:
        return Decimal("NaN")
    return number * _SUFFIXES.get(suffix, Decimal(1))


def _needs(template: Obj) -> Any:
    """Tell what of a template decides where its pods fit, to compare it with another's."""
    spec = part(template, "spec")
    containers = [*items(spec, "initContainers"), *items(spec, "containers")]
    asked = [
        (
            each.get("resources") or {},
            each.get("restartPolicy"),
            sorted(str(port["hostPort"]) for port in items(each, "ports") if "hostPort" in port),
        )
        for each in containers
    ]
    claims = [each for each in items(spec, "volumes") if "persistentVolumeClaim" in each]
    return asked, claims, {key: spec[key] for key in _PLACEMENT if key in spec}
