"""The arithmetic of Deployments: surge, templates, revisions, proportions. Pure.

As in k8s.io/kubernetes/pkg/controller/deployment/util.
"""

import math
from collections.abc import Iterable
from typing import Any

from smartspec_rollback.testing.kubernetes.controllers.made_sets import numbered
from smartspec_rollback.testing.kubernetes.objects import Obj, annotations_of, clone, dig

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"

NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MOST,
        "deprecated.deployment.rollback.to",
    }
)  # fmt: skip


def replicas_of(thing: Obj) -> int:
    """Tell how many pods are wanted."""
    return int(dig(thing, "spec", "replicas") or 0)


def revision_of(thing: Obj) -> int:
    """Tell a Deployment's or ReplicaSet's revision; 0 where it has none."""
    return numbered(thing, REVISION)


def _share(value: Any, total: int, *, up: bool) -> int:
    if isinstance(value, str) and value.endswith("%"):
        exact = int(value[:-1]) * total / 100
        return math.ceil(exact) if up else math.floor(exact)
    return int(value or 0)


def limits(deployment: Obj) -> tuple[int, int]:
    """Give how many pods may be too many and too few: surge rounds up, unavailable down."""
    rolling = dig(deployment, "spec", "strategy", "rollingUpdate")
    if dig(deployment, "spec", "strategy", "type") != "RollingUpdate" or rolling is None:
        return 0, 0
    wanted = replicas_of(deployment)
    surge = _share(rolling.get("maxSurge"), wanted, up=True)
    fewer = _share(rolling.get("maxUnavailable"), wanted, up=False)
    if surge == 0 and fewer == 0:
        fewer = 1
    return surge, min(fewer, wanted)


def bare_template(template: Obj) -> Obj:
    """Give a pod template without the label that its ReplicaSet added."""
    bare: Obj = clone(template)
    labels = dig(bare, "metadata", "labels") or {}
    labels.pop(HASH, None)
    return bare


def split(deployment: Obj, sets: Iterable[Obj]) -> tuple[Obj | None, list[Obj]]:
    """Find the ReplicaSet of the current template, the oldest if there are more; and the rest."""
    ordered = sorted(
        sets, key=lambda r: (r["metadata"]["creationTimestamp"], r["metadata"]["name"])
    )
    wanted = bare_template(deployment["spec"]["template"])
    new = next((r for r in ordered if bare_template(r["spec"]["template"]) == wanted), None)
    return new, [r for r in ordered if r is not new]


def size_of_new(deployment: Obj, every: list[Obj], new: int) -> int:
    """Tell how large the new ReplicaSet may be now, given its size."""
    wanted = replicas_of(deployment)
    if dig(deployment, "spec", "strategy", "type") != "RollingUpdate":
        return wanted
    surge, _ = limits(deployment)
    total = sum(replicas_of(each) for each in every)
    if total >= wanted + surge:
        return new
    return new + min(wanted + surge - total, wanted - new)


def saturated(deployment: Obj, new: Obj | None) -> bool:
    """Tell whether the new ReplicaSet carries the whole Deployment."""
    if new is None:
        return False
    wanted = replicas_of(deployment)
    return (
        replicas_of(new) == wanted
        and annotations_of(new).get(DESIRED) == str(wanted)
        and (dig(new, "status", "availableReplicas") or 0) == wanted
    )


def proportions(deployment: Obj, active: list[Obj]) -> dict[str, int]:
    """Spread a change of size over the active ReplicaSets, by their shares."""
    wanted = replicas_of(deployment)
    surge, _ = limits(deployment)
    allowed = wanted + surge if wanted > 0 else 0
    left = allowed - sum(replicas_of(each) for each in active)
    growing = left > 0
    # The largest first; of equal ones the newest when growing, the oldest when shrinking.
    ordered = sorted(active, key=lambda r: r["metadata"]["creationTimestamp"], reverse=growing)
    ordered.sort(key=replicas_of, reverse=True)
    sizes: dict[str, int] = {}
    for each in ordered:
        size = replicas_of(each)
        share = _fraction(deployment, each, wanted + surge) if left else 0
        share = min(share, left) if growing else max(share, left)
        sizes[each["metadata"]["name"]] = size + share
        left -= share
    if ordered and left:
        largest = ordered[0]["metadata"]["name"]
        sizes[largest] = max(0, sizes[largest] + left)
    return sizes


def _fraction(deployment: Obj, each: Obj, most: int) -> int:
    size = replicas_of(each)
    if replicas_of(deployment) == 0:
        return -size
    annotated = annotations_of(each).get(MOST, "")
    before = (
        int(annotated)
        if annotated.isdigit()
        else int(dig(deployment, "status", "replicas") or most)
    )
    return math.floor(size * most / (before or most) + 0.5) - size


def complete(deployment: Obj, status: Obj) -> bool:
    """Tell whether a rollout is done, by a status."""
    wanted = replicas_of(deployment)
    counts = [status.get(n, 0) for n in ("updatedReplicas", "replicas", "availableReplicas")]
    observed = int(status.get("observedGeneration", 0))
    return counts == [wanted] * 3 and observed >= int(deployment["metadata"]["generation"])


def advanced(old: Obj, new: Obj) -> bool:
    """Tell whether a rollout made progress between two statuses."""

    def count(status: Obj, name: str) -> int:
        return int(status.get(name, 0))

    return (
        count(new, "updatedReplicas") > count(old, "updatedReplicas")
        or count(new, "replicas") - count(new, "updatedReplicas")
        < count(old, "replicas") - count(old, "updatedReplicas")
        or count(new, "readyReplicas") > count(old, "readyReplicas")
        or count(new, "availableReplicas") > count(old, "availableReplicas")
    )
