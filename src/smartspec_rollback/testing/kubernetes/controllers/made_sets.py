"""ReplicaSets as the controllers of Deployments and Rollouts make them, told apart by a hash. Pure.

Each has annotations and a label of its own; what they say is alike.
"""

from collections.abc import Set as AbstractSet

from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    annotations_of,
    clone,
    labels_of,
    meta,
    name_of,
    owner_reference,
)


def numbered(thing: Obj, revision: str) -> int:
    """Read the number in the annotation ``revision``; 0 where there is none."""
    text = annotations_of(thing).get(revision, "")
    return int(text) if text.isdigit() else 0


def copied(owner: Obj, but: AbstractSet[str]) -> dict[str, str]:
    """List the owner's annotations that its ReplicaSets get too."""
    return {key: value for key, value in annotations_of(owner).items() if key not in but}


def made_of(
    owner: Obj,
    *,
    template: Obj,
    selector: Obj,
    label: str,
    digest: str,
    replicas: int,
    notes: dict[str, str],
) -> Obj:
    """Make a ReplicaSet of a template; ``digest`` stands in its name and, as ``label``, on pods."""
    template, selector = clone(template), clone(selector)
    meta(template)["labels"] = {**labels_of(template), label: digest}
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), label: digest}
    spec: Obj = {"replicas": replicas, "selector": selector, "template": template}
    if owner["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = owner["spec"]["minReadySeconds"]
    return {
        "metadata": {
            "name": f"{name_of(owner)}-{digest}",
            "labels": labels_of(template),
            "annotations": notes,
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": spec,
    }
