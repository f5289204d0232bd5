"""What the controller of Argo Rollouts works out: which ReplicaSet is meant, and how large each is.

Called by ``rollouts``. As https://argo-rollouts.readthedocs.io/en/stable/features/canary/ says; the
order of decisions is that of argo-rollouts' utils/replicaset. Pure.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import replicas_of
from smartspec_rollback.testing.kubernetes.controllers.made_sets import numbered
from smartspec_rollback.testing.kubernetes.defaults import fill_defaults
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    annotations_of,
    clone,
    dig,
    labels_of,
    meta,
    name_of,
    short_hash,
)
from smartspec_rollback.testing.kubernetes.resources import REPLICA_SET

HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
HISTORY = "rollout.argoproj.io/revision-history"
DESIRED = "rollout.argoproj.io/desired-replicas"
GENERATION = "rollout.argoproj.io/workload-generation"
EPHEMERAL = "rollout.argoproj.io/ephemeral-metadata"
DEADLINE = "scale-down-deadline"

NOT_COPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED}
)

_ALL = 100


def canary_of(rollout: Obj) -> Obj | None:
    """Give the canary strategy, if it is that."""
    found: Obj | None = dig(rollout, "spec", "strategy", "canary")
    return found


def blue_green_of(rollout: Obj) -> Obj | None:
    """Give the blue-green strategy, if it is that."""
    found: Obj | None = dig(rollout, "spec", "strategy", "blueGreen")
    return found


def steps_of(rollout: Obj) -> list[Obj]:
    """List the canary's steps."""
    return (canary_of(rollout) or {}).get("steps") or []


def steps_hash(rollout: Obj) -> str:
    """Tell one list of steps from another; a blue-green strategy has none."""
    return short_hash(steps_of(rollout)) if canary_of(rollout) is not None else ""


def status_of(rollout: Obj, key: str) -> Any:
    """Give a field of the status; None where it is not set."""
    return dig(rollout, "status", key)


def hash_of(replica_set: Obj | None) -> str:
    """Tell a ReplicaSet by the hash its controller gave it."""
    return labels_of(replica_set).get(HASH, "") if replica_set is not None else ""


def revision_of(thing: Obj) -> int:
    """Tell a Rollout's or ReplicaSet's revision; 0 where it has none."""
    return numbered(thing, REVISION)


def available(*sets: Obj | None) -> int:
    """Count the available pods of ReplicaSets."""
    return counted("availableReplicas", sets)


def counted(key: str, sets: Iterable[Obj | None]) -> int:
    """Sum up a count of the statuses of ReplicaSets."""
    return sum(dig(each, "status", key) or 0 for each in sets if each is not None)


def template_hash(rollout: Obj, template: Obj) -> str:
    """Hash a template as it is written: nothing fills in the defaults of a custom resource."""
    return short_hash([template, status_of(rollout, "collisionCount") or 0])


def find_new(rollout: Obj, template: Obj, sets: Sequence[Obj]) -> Obj | None:
    """Find the ReplicaSet of a template: by its hash, else by content with defaults filled in.

    A template that was put back from a ReplicaSet has another hash than the one that ReplicaSet
    was made of, since there the server had filled in what it left out.
    """
    ordered = sorted(sets, key=lambda r: (r["metadata"]["creationTimestamp"], name_of(r)))
    wanted = template_hash(rollout, template)
    for each in ordered:
        if hash_of(each) == wanted:
            return each
    full = _comparable(template)
    for each in ordered:
        if _comparable(without_ephemeral(each)["spec"]["template"]) == full:
            return each
    return None


def _comparable(template: Obj) -> Obj:
    made: Obj = {"metadata": {"labels": {"any": ""}}, "spec": {"template": clone(template)}}
    fill_defaults(REPLICA_SET, made)
    bare: Obj = made["spec"]["template"]
    (meta(bare).get("labels") or {}).pop(HASH, None)
    for key in ("labels", "annotations"):
        if not meta(bare).get(key):
            meta(bare).pop(key, None)
    bare["spec"].pop("serviceAccount", None)
    return bare


def without_ephemeral(replica_set: Obj) -> Obj:
    """Take off what labels and annotations a canary's or a stable's pods only have for now."""
    return with_ephemeral(replica_set, None)


def with_ephemeral(replica_set: Obj, said: Obj | None) -> Obj:
    """Put labels and annotations on a ReplicaSet's pods for as long as they play their part."""
    made: Obj = clone(replica_set)
    had = json.loads(annotations_of(made).get(EPHEMERAL, "{}"))
    inner = meta(made["spec"]["template"])
    for kind in ("labels", "annotations"):
        there = {k: v for k, v in (inner.get(kind) or {}).items() if k not in (had.get(kind) or {})}
        there.update((said or {}).get(kind) or {})
        if there or kind in inner:
            inner[kind] = there
    notes = meta(made).setdefault("annotations", {})
    notes.pop(EPHEMERAL, None)
    if said:
        notes[EPHEMERAL] = json.dumps(said, sort_keys=True)
    return made


def _share(value: Any, total: int, *, up: bool) -> int:
    if isinstance(value, str) and value.endswith("%"):
        exact = int(value[:-1]) * total / _ALL
        return math.ceil(exact) if up else math.floor(exact)
    return int(value or 0)


def limits(rollout: Obj) -> tuple[int, int]:
    """Give how many pods may be too many and too few; both are 25% where nothing is said."""
    canary, wanted = canary_of(rollout) or {}, replicas_of(rollout)
    surge = _share(canary.get("maxSurge", "25%"), wanted, up=True)
    fewer = _share(canary.get("maxUnavailable", "25%"), wanted, up=False)
    return surge, 1 if surge == 0 and fewer == 0 else min(fewer, wanted)


def current_step(rollout: Obj) -> tuple[Obj | None, int]:
    """Give the step the canary is at, None past the last; and its number."""
    steps, index = steps_of(rollout), int(status_of(rollout, "currentStepIndex") or 0)
    return (steps[index] if index < len(steps) else None), index


def weight(rollout: Obj) -> int:
    """Tell what share of the pods should be the canary's, in per cent."""
    current, stable = status_of(rollout, "currentPodHash"), status_of(rollout, "stableRS")
    if status_of(rollout, "promoteFull") or not stable or current == stable:
        return _ALL
    if status_of(rollout, "abort"):
        return 0
    step, index = current_step(rollout)
    if step is None:
        return _ALL
    said = [each["setWeight"] for each in steps_of(rollout)[: index + 1] if "setWeight" in each]
    return int(said[-1]) if said else 0


def approximated(wanted: int, share: int, surge: int) -> tuple[int, int]:
    """Split pods into canary and stable as near to a share as whole pods, and one surge, allow.

    A share that is neither none nor all leaves at least one pod to each side where it can.
    """
    if wanted == 0:
        return 0, 0
    exact = wanted * share / _ALL
    up, down = math.ceil(exact), math.floor(exact)
    none_allowed = share in (0, _ALL) or (wanted == 1 and surge == 0)
    options: list[tuple[int, int]] = []
    for total in (wanted, wanted + 1) if surge > 0 else (wanted,):
        tied = (total * share / _ALL) % 1 == 0.5  # of two as near, the larger
        if total > wanted or up < wanted or none_allowed:
            options.append((up, total))
        if not tied and (down != 0 or none_allowed):
            options.append((down, total))
    canary, total = min(options, key=lambda o: abs(o[0] * _ALL / o[1] - share), default=(0, wanted))
    return canary, total - canary


def sizes(rollout: Obj, new: Obj, stable: Obj | None, others: Sequence[Obj]) -> tuple[int, int]:
    """Tell how large the canary's and the stable ReplicaSet may be now, without traffic router.

    They grow as far as the surge allows, the stable one first; one of them shrinks only by what is
    available beyond the least, and only once no other ReplicaSet has pods.
    """
    wanted, (surge, fewer) = replicas_of(rollout), limits(rollout)
    apart = stable is not None and name_of(stable) != name_of(new)
    goal, goal_stable = approximated(wanted, weight(rollout), surge) if apart else (wanted, 0)
    size, size_stable = replicas_of(new), replicas_of(stable) if stable and apart else 0
    now, now_stable = size, size_stable
    room = wanted + surge - now - now_stable - sum(map(replicas_of, others))
    if now_stable < goal_stable and room > 0:
        size_stable = min(goal_stable, now_stable + room)
        room -= size_stable - now_stable
    if now < goal and room > 0:
        size = min(goal, now + room)
    if any(map(replicas_of, others)):
        return size, size_stable
    growing = goal >= now
    counts = (_counting(new, all_of_it=not growing), _counting(stable, all_of_it=growing))
    spare = (counts[0] + (counts[1] if apart else 0)) - (wanted - fewer)
    if spare <= 0:
        return size, size_stable
    if not growing and now > goal:
        size = max(goal, now - spare)
    elif growing and apart and now_stable > goal_stable:
        size_stable = max(goal_stable, now_stable - spare)
    return size, size_stable


def _counting(each: Obj | None, *, all_of_it: bool) -> int:
    """Count the pods that matter for shrinking: broken ones too, of the side that is to go."""
    if each is None:
        return 0
    size = replicas_of(each)
    return size if all_of_it or size < available(each) else available(each)


def at_goal(rollout: Obj, new: Obj, stable: Obj | None, others: Sequence[Obj]) -> bool:
    """Tell whether the pods are as the current step wants them."""
    size, size_stable = sizes(rollout, new, stable, others)
    apart = stable is not None and name_of(stable) != name_of(new)
    if replicas_of(new) != size or available(new) != size or available(*others):
        return False
    return not apart or (
        stable is not None
        and replicas_of(stable) == size_stable == (dig(stable, "status", "replicas") or 0)
    )


def within_window(rollout: Obj, new: Obj | None, stable: Obj | None, sets: Sequence[Obj]) -> bool:
    """Tell whether this goes back by few enough revisions for ``spec.rollbackWindow``."""
    window = dig(rollout, "spec", "rollbackWindow", "revisions") or 0
    if new is None or stable is None or not window:
        return False
    first, last = (each["metadata"]["creationTimestamp"] for each in (new, stable))
    between = [each for each in sets if first < each["metadata"]["creationTimestamp"] < last]
    return bool(first < last and len(between) < window)


def saturated(rollout: Obj, each: Obj | None) -> bool:
    """Tell whether a ReplicaSet carries the whole Rollout."""
    wanted = replicas_of(rollout)
    return (
        each is not None
        and annotations_of(each).get(DESIRED) == str(wanted)
        and replicas_of(each) == available(each) == wanted
    )
