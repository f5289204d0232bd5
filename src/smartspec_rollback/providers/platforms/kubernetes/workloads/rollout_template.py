"""What the ReplicaSets of an Argo Rollout remember: their templates, without what was put on them.

The controller marks pods with their hash, with labels and annotations that only canaries, or only
stable ones, have, and with a rule that keeps them off nodes of the other revision. None of it is
the release's own. Used by ``rollout``. Pure.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    annotation,
    items,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.replica_sets import (
    in_turn,
    kept_by,
)

HASH = "rollouts-pod-template-hash"
"""The label that tells the pods of ReplicaSets apart."""

REVISION = "rollout.argoproj.io/revision"

_REUSED = "rollout.argoproj.io/revision-history"
_EPHEMERAL = "rollout.argoproj.io/ephemeral-metadata"
_RULES = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def revisions_among(
    found: tuple[Obj, ...], workload: Obj, *, container: str | None, tells: bool
) -> tuple[Kept, ...]:
    """Pick a Rollout's own ReplicaSets, the one that was live last first.

    ``tells``: they carry the ids of deployments, which the controller copies from the Rollout.
    """
    return tuple(
        kept_by(
            each,
            template=own_template(each),
            container=container,
            revision=REVISION,
            label=HASH,
            reused=_reused(each),
            tells=tells,
        )
        for each in in_turn(found, workload, revision=REVISION)
    )


def own_template(replica_set: Obj) -> Obj:
    """Give a ReplicaSet's template as the release has it."""
    made = copy.deepcopy(dict(part(replica_set, "spec", "template")))
    put_on = _put_on(replica_set)
    metadata = made.get("metadata")
    if isinstance(metadata, dict):
        for kind in ("labels", "annotations"):
            held, more = metadata.get(kind), part(put_on, kind)
            if isinstance(held, dict):
                metadata[kind] = {k: v for k, v in held.items() if k not in more and k != HASH}
    spec = made.get("spec")
    if isinstance(spec, dict) and isinstance(spec.get("affinity"), dict):
        _without_rule(spec)
    return made


def _put_on(replica_set: Obj) -> Obj:
    try:
        said = json.loads(annotation(replica_set, _EPHEMERAL) or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, Mapping) else {}


def _without_rule(spec: dict[str, Any]) -> None:
    """Take off the rules that name a revision's hash, and what is empty then; in place."""
    affinity = spec["affinity"]
    apart = affinity.get("podAntiAffinity")
    if not isinstance(apart, dict):
        return
    for rule in _RULES:
        terms = apart.get(rule)
        if not isinstance(terms, list):
            continue
        apart[rule] = [each for each in terms if not _names_hash(each)]
        if not apart[rule]:
            del apart[rule]
    if not apart:
        del affinity["podAntiAffinity"]
    if not affinity:
        del spec["affinity"]


def _names_hash(term: object) -> bool:
    if not isinstance(term, Mapping):
        return False
    inner = part(term, "podAffinityTerm") or term
    rules = items(inner, "labelSelector", "matchExpressions")
    return any(text(each, "key") == HASH for each in rules)


def _reused(replica_set: Obj) -> bool:
    """Tell whether it had its turn more than once.

    The controller notes the number it has whenever any annotation changes: only others count.
    """
    now = annotation(replica_set, REVISION)
    before = annotation(replica_set, _REUSED)
    return any(each not in ("", now) for each in before.split(","))
