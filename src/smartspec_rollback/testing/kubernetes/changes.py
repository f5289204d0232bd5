"""What a change of an object means: for its generation, its status, its end. Pure.

Used by ``writing``.
"""

from smartspec_rollback.testing.kubernetes.objects import Obj, clone, dig, meta
from smartspec_rollback.testing.kubernetes.resources import Resource

_SERVER_OWNED = (
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
    "name", "namespace", "generateName", "selfLink",
)  # fmt: skip


def keep_server_owned(new: Obj, old: Obj) -> None:
    """Undo, in place, what a write says about metadata that only the server sets."""
    metadata = meta(new)
    for key in _SERVER_OWNED:
        if key in old["metadata"]:
            metadata[key] = old["metadata"][key]
        else:
            metadata.pop(key, None)
    if not metadata.get("managedFields") and "managedFields" not in metadata:
        metadata["managedFields"] = clone(old["metadata"].get("managedFields") or [])
    for key in [k for k, v in metadata.items() if v is None]:
        del metadata[key]


def only_status(resource: Resource, new: Obj, old: Obj) -> Obj:
    """Take status and annotations from the new object, all else from the old one.

    Of a custom resource not even the annotations: its metadata stays as it is
    (k8s.io/apiextensions-apiserver/pkg/registry/customresource/status_strategy.go).
    """
    kept: Obj = {**old, "metadata": {**old["metadata"]}}
    if "status" in new:
        kept["status"] = new["status"]
    else:
        kept.pop("status", None)
    taken = ("annotations", "finalizers", "managedFields")
    for key in taken if resource.strategic else ("managedFields",):
        if key in meta(new):
            meta(kept)[key] = meta(new)[key]
        else:
            meta(kept).pop(key, None)
    return kept


def counts(resource: Resource, old: Obj, new: Obj) -> bool:
    """Tell whether a change raises the generation."""
    if not resource.counted:
        return False
    outside = ("metadata", "status")
    if {k: v for k, v in new.items() if k not in outside} != {
        k: v for k, v in old.items() if k not in outside
    }:
        return True
    return resource.counted == "spec and annotations" and (
        dig(new, "metadata", "annotations") or {}
    ) != (dig(old, "metadata", "annotations") or {})


def _untimed(thing: Obj) -> Obj:
    owners = [{**o, "time": ""} for o in dig(thing, "metadata", "managedFields") or ()]
    return {**thing, "metadata": {**thing["metadata"], "managedFields": owners}}


def same(old: Obj, new: Obj) -> bool:
    """Tell whether there is nothing to write."""
    return _untimed(old) == _untimed(new)


def held(thing: Obj) -> bool:
    """Tell whether something keeps an object that is being deleted."""
    if thing["kind"] == "Namespace":
        return bool(dig(thing, "spec", "finalizers"))
    waiting = thing["kind"] == "Pod" and thing["metadata"].get("deletionGracePeriodSeconds")
    return bool(thing["metadata"].get("finalizers")) or bool(waiting)
