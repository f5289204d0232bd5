"""Create, update, patch: what happens between a request and the store.

Defaults, webhooks, validation, versions, generations and owners of fields, in the API server's
order. Called by ``api`` for clients and by ``controllers`` for controllers. All under the
store's lock.
"""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smartspec_rollback.testing.kubernetes.admission import Admission, Attempt
from smartspec_rollback.testing.kubernetes.changes import (
    counts,
    held,
    keep_server_owned,
    only_status,
    same,
)
from smartspec_rollback.testing.kubernetes.clock import ClusterClock
from smartspec_rollback.testing.kubernetes.defaults import fill_defaults
from smartspec_rollback.testing.kubernetes.initial import initial_status, keep_status, prepare
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    clone,
    deleting,
    meta,
    name_of,
    namespace_of,
    short_hash,
    uid_of,
)
from smartspec_rollback.testing.kubernetes.patching.json_patch import apply_operations, merge
from smartspec_rollback.testing.kubernetes.patching.ownership import (
    Writer,
    apply,
    record_update,
)
from smartspec_rollback.testing.kubernetes.patching.shapes import shape_of
from smartspec_rollback.testing.kubernetes.patching.strategic import apply_strategic
from smartspec_rollback.testing.kubernetes.resources import NAMESPACE, Resource
from smartspec_rollback.testing.kubernetes.statuses import (
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_found,
)
from smartspec_rollback.testing.kubernetes.store import Store
from smartspec_rollback.testing.kubernetes.validation import check_types, validate


@dataclass(frozen=True)
class Options:
    """How a write is meant: by whom, as a trial, to which subresource."""

    manager: str = "unknown"
    dry_run: bool = False
    subresource: str = ""
    force: bool = False


class Writing:
    """Writes to the store as an API server would."""

    def __init__(self, store: Store, clock: ClusterClock, admission: Admission) -> None:
        self._store = store
        self._clock = clock
        self._admission = admission
        self._numbers = itertools.count(1)

    def existing(self, resource: Resource, namespace: str, name: str) -> Obj:
        """Give an object; ApiError 404 where there is none."""
        found = self._store.get(resource, namespace, name)
        if found is None:
            raise not_found(resource, name)
        return found

    def create(self, resource: Resource, namespace: str, body: Obj, how: Options) -> Obj:
        """Store a new object."""
        with self._store.lock:
            thing = self._identified(resource, namespace, body)
            metadata = meta(thing)
            if self._store.get(resource, namespace, name_of(thing)) is not None:
                raise already_exists(resource, name_of(thing))
            if metadata.pop("resourceVersion", "") not in ("", "0"):
                raise bad_request("resourceVersion should not be set on objects to be created")
            self._check_namespace(resource, thing)
            metadata["uid"] = str(uuid.uuid5(uuid.NAMESPACE_OID, str(next(self._numbers))))
            metadata["creationTimestamp"] = self._clock.stamp()
            for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
                metadata.pop(key, None)
            if resource.counted:
                metadata["generation"] = 1
            check_types(resource, thing)
            initial_status(resource, thing)
            prepare(resource, thing, next(self._numbers))
            self._admit("CREATE", resource, thing, None, how)
            self._admission.check_quota(resource, thing)
            if "managedFields" not in metadata:
                self._own(resource, None, thing, how)
            return thing if how.dry_run else self._store.put(resource, thing)

    def update(self, resource: Resource, namespace: str, name: str, body: Obj, how: Options) -> Obj:
        """Replace an object; ApiError 409 where it is not the one the body was made from."""
        with self._store.lock:
            old = self.existing(resource, namespace, name)
            self._check_kind(resource, body)
            return self._change(resource, old, clone(body), how)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: tuple[str, Any],
        how: Options,
    ) -> Obj:
        """Change an object by a patch: "json", "merge" or "strategic", and what it says."""
        with self._store.lock:
            old = self.existing(resource, namespace, name)
            kind, said = patch
            match kind:
                case "json":
                    new = apply_operations(old, said)
                case "merge":
                    new = merge(old, said)
                case _:
                    new = apply_strategic(clone(old), said, shape_of(resource))
            if not isinstance(new, dict):
                raise bad_request("the patch does not leave an object")
            return self._change(resource, old, clone(new), how)

    def apply(
        self, resource: Resource, namespace: str, name: str, body: Obj, how: Options
    ) -> tuple[Obj, bool]:
        """Apply a configuration on the server; tells also whether the object is new."""
        with self._store.lock:
            self._check_kind(resource, body)
            old = self._store.get(resource, namespace, name)
            writer = Writer(how.manager, resource.api_version, how.subresource)
            wanted = clone(body)
            meta(wanted).setdefault("name", name)
            if meta(wanted).get("managedFields"):
                raise bad_request("metadata.managedFields must be nil")
            version = meta(wanted).get("resourceVersion")
            if old is not None and version not in (None, "", old["metadata"]["resourceVersion"]):
                raise conflict(resource, name)
            merged = apply(
                old, wanted, shape_of(resource), writer, self._clock.stamp(), force=how.force
            )
            if old is None:
                if uid_of(body):
                    why = (
                        f"uid mismatch: the provided object specified uid {uid_of(body)}, and no "
                        "existing object was found"
                    )
                    raise conflict(resource, name, why)
                return self.create(resource, namespace, merged, how), True
            return self._change(resource, old, merged, how, applied=True), False

    def change(
        self,
        resource: Resource,
        thing: Obj,
        alter: Callable[[Obj], None],
        how: Options,
    ) -> Obj:
        """Change an object as controllers do: read it anew, alter the copy, write it."""
        with self._store.lock:
            old = self.existing(resource, namespace_of(thing), name_of(thing))
            new = clone(old)
            alter(new)
            if new == old:
                return old
            return self._change(resource, old, new, how)

    def _change(
        self, resource: Resource, old: Obj, new: Obj, how: Options, *, applied: bool = False
    ) -> Obj:
        name = name_of(old)
        if name_of(new) not in ("", name):
            raise bad_request(
                f"the name of the object ({name_of(new)}) does not match the name on the URL "
                f"({name})"
            )
        self._check_preconditions(resource, old, new)
        keep_server_owned(new, old)
        metadata = meta(new)
        check_types(resource, new)
        if how.subresource == "status":
            new = only_status(resource, new, old)
        elif "status" in resource.subresources:
            keep_status(new, old)
        self._admit("UPDATE", resource, new, old, how)
        if deleting(old) and set(metadata.get("finalizers") or ()) - set(
            old["metadata"].get("finalizers") or ()
        ):
            why = "Forbidden: no new finalizers can be added if the object is being deleted"
            raise invalid(resource, name, [("metadata.finalizers", "FieldValueForbidden", why)])
        if how.subresource != "status" and counts(resource, old, new):
            meta(new)["generation"] = old["metadata"].get("generation", 0) + 1
        if not applied:
            self._own(resource, old, new, how)
        return self._stored(resource, old, new, how)

    def _stored(self, resource: Resource, old: Obj, new: Obj, how: Options) -> Obj:
        meta(new)["resourceVersion"] = old["metadata"]["resourceVersion"]
        if same(old, new) or how.dry_run:
            return new if how.dry_run else old
        if deleting(new) and not held(new):
            return self._store.remove(resource, new)
        return self._store.put(resource, new)

    def _identified(self, resource: Resource, namespace: str, body: Obj) -> Obj:
        self._check_kind(resource, body)
        thing: Obj = clone(body)
        thing.setdefault("apiVersion", resource.api_version)
        thing.setdefault("kind", resource.kind)
        metadata = meta(thing)
        if not metadata.get("name") and metadata.get("generateName"):
            suffix = short_hash([metadata["generateName"], next(self._numbers)], 5)
            metadata["name"] = metadata["generateName"] + suffix
        if not resource.namespaced:
            metadata.pop("namespace", None)
        elif metadata.setdefault("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
        for key in [k for k, v in metadata.items() if v is None]:
            del metadata[key]
        return thing

    def _check_kind(self, resource: Resource, body: Any) -> None:
        if not isinstance(body, dict):
            raise bad_request("the body of the request is not an object")
        kind, version = body.get("kind", resource.kind), body.get("apiVersion")
        if kind != resource.kind or version not in (None, resource.api_version):
            raise bad_request(
                f'{kind} in version "{version}" cannot be handled as a {resource.kind}: the API '
                f"version in the data ({version}) does not match the expected API version "
                f"({resource.api_version})"
            )

    def _check_namespace(self, resource: Resource, thing: Obj) -> None:
        if not resource.namespaced:
            return
        space = self.existing(NAMESPACE, "", namespace_of(thing))
        if deleting(space):
            why = (
                f"unable to create new content in namespace {name_of(space)} because it is being "
                "terminated"
            )
            raise forbidden(resource, name_of(thing), why)

    def _check_preconditions(self, resource: Resource, old: Obj, new: Obj) -> None:
        name = name_of(old)
        if uid_of(new) not in ("", uid_of(old)):
            raise conflict(
                resource,
                name,
                f"Precondition failed: UID in precondition: {uid_of(new)}, UID in object meta: "
                f"{uid_of(old)}",
            )
        version = meta(new).get("resourceVersion")
        if version not in (None, "", old["metadata"]["resourceVersion"]):
            raise conflict(resource, name)

    def _admit(
        self, operation: str, resource: Resource, thing: Obj, old: Obj | None, how: Options
    ) -> None:
        if how.subresource == "status":
            return  # webhooks are for objects, as their rules usually say
        fill_defaults(resource, thing)
        attempt = Attempt(operation, resource, how.subresource, thing, old)
        self._admission.run(attempt)
        fill_defaults(resource, thing)
        if how.subresource != "binding":
            validate(resource, thing, old)

    def _own(self, resource: Resource, old: Obj | None, new: Obj, how: Options) -> None:
        writer = Writer(how.manager, resource.api_version, how.subresource)
        record_update(old, new, shape_of(resource), writer, self._clock.stamp())
