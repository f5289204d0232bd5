"""The objects, one counter of versions for all of them, and the history that watches read.

Stands where etcd stands. It knows nothing of what objects mean: ``writing`` decides what may be
stored. Everything holds ``lock``.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    dig,
    labels_of,
    meta,
    name_of,
    namespace_of,
    uid_of,
)
from smartspec_rollback.testing.kubernetes.resources import Resource

Key = tuple[str, str]
"""Namespace (empty for cluster-wide objects) and name."""


@dataclass(frozen=True)
class Change:
    """One write: its version, what was done, the object after it (last state if deleted)."""

    version: int
    kind: str
    resource: Resource
    object: Obj
    before: Obj | None


class Store:
    """Keeps objects and tells what changed."""

    def __init__(self, *, history: int = 10_000) -> None:
        """Remember the last ``history`` changes."""
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 1
        self._limit = history
        self._first = 2  # the version of the oldest change remembered
        self._history: list[Change] = []
        self._objects: dict[Resource, dict[Key, Obj]] = {}
        self._dependents: dict[str, set[tuple[Resource, Key]]] = {}
        self._uids: set[str] = set()
        self._labelled: dict[tuple[Resource, str, str, str], set[Key]] = {}
        self._listeners: list[Callable[[Change], None]] = []

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """Call somebody, under the lock, after each change."""
        self._listeners.append(listener)

    def get(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        """Find an object; don't change it."""
        return self._objects.get(resource, {}).get((namespace, name))

    def all(self, resource: Resource, namespace: str = "") -> list[Obj]:
        """Give the objects of a kind, in the order of their keys; don't change them."""
        with self.lock:
            found = self._objects.get(resource, {})
            return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def labelled(self, resource: Resource, namespace: str, labels: dict[str, str]) -> list[Obj]:
        """Give the objects of a namespace that carry all these labels, in order."""
        sets = [self._labelled.get((resource, namespace, k, v), set()) for k, v in labels.items()]
        if not sets:
            return self.all(resource, namespace)
        found = self._objects.get(resource, {})
        return [found[key] for key in sorted(set.intersection(*sets))]

    def all_at(self, resource: Resource, namespace: str, version: int) -> list[Obj]:
        """Give the objects of a kind as they were at a version that is still remembered."""
        with self.lock:
            found = dict(self._objects.get(resource, {}))
            for change in reversed(self._history):
                if change.version <= version:
                    break
                if change.resource == resource:
                    key = (namespace_of(change.object), name_of(change.object))
                    if change.before is None:
                        found.pop(key, None)
                    else:
                        found[key] = change.before
            return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def put(self, resource: Resource, thing: Obj) -> Obj:
        """Store an object under a new version and give it back; the store owns it from here."""
        with self.lock:
            key = (namespace_of(thing), name_of(thing))
            before = self._objects.get(resource, {}).get(key)
            self.version += 1
            meta(thing)["resourceVersion"] = str(self.version)
            self._unindex(resource, before)
            self._objects.setdefault(resource, {})[key] = thing
            self._uids.add(uid_of(thing))
            for pair in self._label_keys(resource, thing):
                self._labelled.setdefault(pair, set()).add(key)
            for owner in dig(thing, "metadata", "ownerReferences") or ():
                self._dependents.setdefault(owner.get("uid", ""), set()).add((resource, key))
            self._tell(
                Change(self.version, "MODIFIED" if before else "ADDED", resource, thing, before)
            )
            return thing

    def remove(self, resource: Resource, thing: Obj) -> Obj:
        """Delete an object; its last state carries the version of the deletion."""
        with self.lock:
            key = (namespace_of(thing), name_of(thing))
            before = self._objects[resource].pop(key)
            self._unindex(resource, before)
            self._uids.discard(uid_of(before))
            self.version += 1
            last = {**thing, "metadata": {**thing["metadata"]}}
            meta(last)["resourceVersion"] = str(self.version)
            self._tell(Change(self.version, "DELETED", resource, last, before))
            return last

    def dependents(self, uid: str) -> Iterator[tuple[Resource, Obj]]:
        """Give the objects that name this uid as an owner, in order."""
        found = sorted(self._dependents.get(uid, ()), key=lambda d: (d[0].kind, d[1]))
        for resource, (namespace, name) in found:
            thing = self.get(resource, namespace, name)
            if thing is not None:
                yield resource, thing

    def owned(self, resource: Resource, owner: Obj) -> list[Obj]:
        """Give the objects of a kind whose controller is the owner, by its uid."""
        found = []
        for kind, thing in self.dependents(uid_of(owner)):
            refs = dig(thing, "metadata", "ownerReferences") or ()
            if kind == resource and any(
                r.get("controller") and r.get("uid") == uid_of(owner) for r in refs
            ):
                found.append(thing)
        return found

    def exists(self, uid: str) -> bool:
        """Tell whether an object with this uid is stored."""
        return uid in self._uids

    def oldest(self) -> int:
        """Tell the oldest version a watch may start from."""
        return self._first - 1

    def changes_after(self, version: int) -> list[Change] | None:
        """Give what happened after a version, or None if that is no longer remembered."""
        with self.lock:
            if version < self._first - 1:
                return None
            return self._history[version - self._first + 1 :]

    def compact(self) -> None:
        """Forget all history, as etcd does every five minutes."""
        with self.lock:
            self._history.clear()
            self._first = self.version + 1
            self.changed.notify_all()

    @staticmethod
    def _label_keys(resource: Resource, thing: Obj) -> list[tuple[Resource, str, str, str]]:
        namespace = namespace_of(thing)
        return [(resource, namespace, k, v) for k, v in labels_of(thing).items()]

    def _unindex(self, resource: Resource, before: Obj | None) -> None:
        if before is None:
            return
        key = (namespace_of(before), name_of(before))
        for pair in self._label_keys(resource, before):
            self._labelled.get(pair, set()).discard(key)
        for owner in dig(before, "metadata", "ownerReferences") or ():
            self._dependents.get(owner.get("uid", ""), set()).discard((resource, key))

    def _tell(self, change: Change) -> None:
        self._history.append(change)
        if len(self._history) > self._limit:
            extra = len(self._history) - self._limit
            del self._history[:extra]
            self._first += extra
        for listener in self._listeners:
            listener(change)
        self.changed.notify_all()
