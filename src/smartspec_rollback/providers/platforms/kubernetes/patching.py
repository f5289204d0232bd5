"""What JSON Patches have in common: the tests that make them fail rather than harm, annotations.

Used by all that patches an object. Pure.
"""

from collections.abc import Mapping

from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    annotation,
    part,
    pointer,
    uid_of,
    version_of,
)


def unmoved(thing: Obj, *, exact: bool = True) -> Operations:
    """Let a patch fail unless the object is this one; ``exact``: in the state that was read."""
    same = {"op": "test", "path": "/metadata/uid", "value": uid_of(thing)}
    state = {"op": "test", "path": "/metadata/resourceVersion", "value": version_of(thing)}
    return (same, state) if exact else (same,)


def annotating(thing: Obj, said: Mapping[str, str | None]) -> Operations:
    """Write single annotations, whether or not there are others; None takes one away."""
    operations: list[Mapping[str, object]] = []
    for name, value in said.items():
        path = f"/metadata/annotations/{pointer(name)}"
        if value is not None:
            operations.append({"op": "add", "path": path, "value": value})
        elif annotation(thing, name):
            operations.append({"op": "remove", "path": path})
    if operations and "annotations" not in part(thing, "metadata"):
        return ({"op": "add", "path": "/metadata/annotations", "value": {}}, *operations)
    return tuple(operations)
