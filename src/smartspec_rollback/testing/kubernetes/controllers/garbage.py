"""The garbage collector and the end of namespaces: what goes when its owner goes.

As https://kubernetes.io/docs/concepts/architecture/garbage-collection/ says.
"""

from collections.abc import Callable, Iterable

from smartspec_rollback.testing.kubernetes.controllers.world import AS_CONTROLLER, World
from smartspec_rollback.testing.kubernetes.deleting import Removal
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    deleting,
    dig,
    meta,
    name_of,
    namespace_of,
    uid_of,
)
from smartspec_rollback.testing.kubernetes.resources import NAMESPACE, Resource
from smartspec_rollback.testing.kubernetes.store import Change, Key


class Garbage:
    """Collects; its keys are a kind and a uid, spelled as namespace and name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: dict[str, tuple[Resource, Key]] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at the dependents of what is gone, and at what waits for its dependents."""
        thing = change.object
        if change.kind == "DELETED":
            self._waiting.pop(uid_of(thing), None)
            owners = dig(thing, "metadata", "ownerReferences") or ()
            return [("gone", uid_of(thing)), *(("waits", o.get("uid", "")) for o in owners)]
        if deleting(thing) and {"orphan", "foregroundDeletion"} & set(
            dig(thing, "metadata", "finalizers") or ()
        ):
            self._waiting[uid_of(thing)] = (change.resource, (namespace_of(thing), name_of(thing)))
            return [("waits", uid_of(thing))]
        if change.kind == "ADDED" and dig(thing, "metadata", "ownerReferences"):
            return [("gone", o.get("uid", "")) for o in thing["metadata"]["ownerReferences"]]
        return ()

    def sync(self, namespace: str, name: str) -> float | None:
        """Collect after one uid."""
        if namespace == "gone":
            self._collect(name)
        elif name in self._waiting:
            resource, key = self._waiting[name]
            owner = self._world.store.get(resource, *key)
            if owner is not None and uid_of(owner) == name:
                self._release(resource, owner)
        return None

    def _collect(self, uid: str) -> None:
        store = self._world.store
        if store.exists(uid):
            return
        for resource, thing in store.dependents(uid):
            owners = dig(thing, "metadata", "ownerReferences") or ()
            if not any(store.exists(each.get("uid", "")) for each in owners):
                self._delete(resource, thing, Removal())

    def _delete(self, resource: Resource, thing: Obj, how: Removal) -> None:
        if not deleting(thing):
            self._world.deleting.delete(resource, namespace_of(thing), name_of(thing), how)

    def _release(self, resource: Resource, owner: Obj) -> None:
        finalizers = owner["metadata"]["finalizers"]
        dependents = list(self._world.store.dependents(uid_of(owner)))
        if "orphan" in finalizers:
            for kind, thing in dependents:
                self._world.writing.change(
                    kind, thing, _without_owner(uid_of(owner)), AS_CONTROLLER
                )
            self._finish(resource, owner, "orphan")
            return
        blocking = False
        for kind, thing in dependents:
            self._delete(kind, thing, Removal(policy="Foreground"))
            for each in dig(thing, "metadata", "ownerReferences") or ():
                still = self._world.store.get(kind, namespace_of(thing), name_of(thing))
                mine = each.get("uid") == uid_of(owner) and each.get("blockOwnerDeletion")
                blocking |= bool(mine) and still is not None
        if not blocking:
            self._finish(resource, owner, "foregroundDeletion")

    def _finish(self, resource: Resource, owner: Obj, finalizer: str) -> None:
        def alter(thing: Obj) -> None:
            left = [each for each in thing["metadata"]["finalizers"] if each != finalizer]
            meta(thing)["finalizers"] = left

        current = self._world.store.get(resource, namespace_of(owner), name_of(owner))
        if current is not None:
            self._world.writing.change(resource, owner, alter, AS_CONTROLLER)


def _without_owner(uid: str) -> Callable[[Obj], None]:
    def alter(thing: Obj) -> None:
        left = [o for o in thing["metadata"]["ownerReferences"] if o.get("uid") != uid]
        meta(thing)["ownerReferences"] = left

    return alter


class Namespaces:
    """Empties namespaces that are being deleted."""

    def __init__(self, world: World) -> None:
        self._world = world

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a namespace when it changes, or when something in it goes."""
        if change.resource == NAMESPACE:
            return [("", name_of(change.object))]
        if change.kind == "DELETED" and namespace_of(change.object):
            return [("", namespace_of(change.object))]
        return ()

    def sync(self, namespace: str, name: str) -> float | None:
        """Delete what is in it, then itself."""
        store = self._world.store
        space = store.get(NAMESPACE, namespace, name)
        if space is None or not deleting(space):
            return None
        left = False
        for resource in self._world.registry:
            if resource.namespaced:
                for thing in store.all(resource, name):
                    if not deleting(thing):
                        self._world.deleting.delete(resource, name, name_of(thing), Removal())
                left |= bool(store.all(resource, name))
        if not left:
            store.remove(NAMESPACE, space)
        return None
