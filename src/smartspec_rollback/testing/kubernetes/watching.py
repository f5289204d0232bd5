"""Watches: from a version on, with bookmarks, time limits, and 410 for a forgotten version.

``http`` streams what ``Watch.batches`` gives. Tests end watches by ``Watches``.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from smartspec_rollback.testing.kubernetes.objects import Obj, labels_of, namespace_of
from smartspec_rollback.testing.kubernetes.resources import Resource
from smartspec_rollback.testing.kubernetes.selectors import fields_match, labels_match
from smartspec_rollback.testing.kubernetes.statuses import bad_request, expired
from smartspec_rollback.testing.kubernetes.store import Change, Store

_LOOK_EVERY = 0.2  # real seconds between looks whether the client is still there


@dataclass(frozen=True)
class WatchQuery:
    """What a watch asks for."""

    labels: str = ""
    fields: str = ""
    version: str = ""
    bookmarks: bool = False
    timeout: float = 1800.0
    initial_events: bool = False


class Watches:
    """All running watches, to be ended by a test."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.bookmark_every = 60.0  # real seconds
        self.epoch = 0
        self.ended_by = ""

    def expire(self) -> None:
        """End every running watch with an ERROR event of code 410."""
        self._end("expired")

    def drop(self) -> None:
        """Cut every running watch's connection."""
        self._end("dropped")

    def close(self) -> None:
        """End every running watch properly."""
        self._end("closed")

    def _end(self, how: str) -> None:
        with self._store.changed:
            self.epoch += 1
            self.ended_by = how
            self._store.changed.notify_all()


class Dropped(Exception):
    """The connection is to be cut."""


class Watch:
    """One watch of one kind."""

    def __init__(
        self,
        store: Store,
        watches: Watches,
        resource: Resource,
        namespace: str,
        query: WatchQuery,
    ) -> None:
        self._store = store
        self._watches = watches
        self._resource = resource
        self._namespace = namespace
        self._query = query
        self._by_labels = labels_match(query.labels)
        self._by_fields = fields_match(query.fields, resource)
        self._epoch = watches.epoch
        if query.version and not query.version.isdigit():
            raise bad_request(f'invalid resource version "{query.version}"')

    def batches(self) -> Iterator[list[Obj]]:
        """Give events as they happen; an empty batch now and then, for looking at the client."""
        until = time.monotonic() + self._query.timeout
        bookmark = time.monotonic() + self._watches.bookmark_every
        with self._store.lock:
            position = int(self._query.version or 0)
            if position == 0 or self._query.initial_events:
                position = self._store.version
                first = self._initial(position)
            else:
                first = []
        yield first
        while True:
            changes, said = self._wait(position, min(until, bookmark))
            if changes is None:
                yield [said]
                return
            yield [event for change in changes if (event := self._event(change)) is not None]
            if changes:
                position = changes[-1].version
            now = time.monotonic()
            if self._query.bookmarks and now >= min(bookmark, until):
                bookmark = now + self._watches.bookmark_every
                yield [self._bookmark(position)]
            if now >= until or self._ended():
                return

    def _ended(self) -> bool:
        if self._epoch == self._watches.epoch:
            return False
        if self._watches.ended_by == "dropped":
            raise Dropped
        return True

    def _wait(self, position: int, until: float) -> tuple[list[Change] | None, Obj]:
        with self._store.changed:
            changes = self._store.changes_after(position)
            if changes is not None and not changes and self._epoch == self._watches.epoch:
                left = until - time.monotonic()
                self._store.changed.wait(max(0.0, min(left, _LOOK_EVERY)))
                changes = self._store.changes_after(position)
            gone = self._epoch != self._watches.epoch and self._watches.ended_by == "expired"
            if changes is None or gone:
                message = f"too old resource version: {position} ({self._store.version})"
                return None, {"type": "ERROR", "object": expired(message).status()}
            return changes, {}

    def _initial(self, version: int) -> list[Obj]:
        events = [
            {"type": "ADDED", "object": thing}
            for thing in self._store.all(self._resource, self._namespace)
            if self._shows(thing)
        ]
        if self._query.initial_events and self._query.bookmarks:
            marked = self._bookmark(version)
            marked["object"]["metadata"]["annotations"] = {"k8s.io/initial-events-end": "true"}
            events.append(marked)
        return events

    def _bookmark(self, version: int) -> Obj:
        return {
            "type": "BOOKMARK",
            "object": {
                "kind": self._resource.kind,
                "apiVersion": self._resource.api_version,
                "metadata": {"resourceVersion": str(version)},
            },
        }

    def _shows(self, thing: Obj) -> bool:
        return self._by_labels(labels_of(thing)) and self._by_fields(thing)

    def _event(self, change: Change) -> Obj | None:
        if change.resource != self._resource:
            return None
        if self._namespace and namespace_of(change.object) != self._namespace:
            return None
        before = change.before is not None and self._shows(change.before)
        if change.kind == "DELETED":
            return {"type": "DELETED", "object": change.object} if before else None
        after = self._shows(change.object)
        if before and after:
            return {"type": "MODIFIED", "object": change.object}
        if after:
            return {"type": "ADDED", "object": change.object}
        if before and change.before is not None:
            # What a watch no longer selects leaves it with its new version.
            last = {**change.before, "metadata": {**change.before["metadata"]}}
            last["metadata"]["resourceVersion"] = str(change.version)
            return {"type": "DELETED", "object": last}
        return None
