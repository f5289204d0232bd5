"""From a request's path and body to an answer: routing, access, media types.

``http`` calls it and knows nothing of Kubernetes; nothing here knows of sockets.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from smartspec_rollback.testing.kubernetes import discovery, openapi_v2, protobuf
from smartspec_rollback.testing.kubernetes.admission import Access
from smartspec_rollback.testing.kubernetes.controllers.world import World
from smartspec_rollback.testing.kubernetes.deleting import read_removal
from smartspec_rollback.testing.kubernetes.objects import Obj, condition, dig, name_of, namespace_of
from smartspec_rollback.testing.kubernetes.reading import ListQuery, Reading
from smartspec_rollback.testing.kubernetes.resources import (
    ACCESS_REVIEW,
    NAMESPACE,
    POD,
    Resource,
)
from smartspec_rollback.testing.kubernetes.scaling import patched_scale, replicas_of, scale_of
from smartspec_rollback.testing.kubernetes.statuses import (
    bad_request,
    failed,
    invalid,
    method_not_allowed,
    no_such_path,
    not_found,
    unsupported_media_type,
)
from smartspec_rollback.testing.kubernetes.watching import Watch, Watches, WatchQuery
from smartspec_rollback.testing.kubernetes.writing import Options

_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
_LISTING = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_SINGLE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_TRUE = ("true", "1")


@dataclass(frozen=True)
class Request:
    """An HTTP request, taken apart."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    media: str = ""
    body: bytes = b""
    user_agent: str = ""


@dataclass(frozen=True)
class Place:
    """What a request's path names."""

    resource: Resource
    verb: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True)
class Answer:
    """An HTTP code and JSON."""

    code: int
    body: Obj


Application = Callable[[Obj, str], int]
"""What runs in the pods: from a pod and a path to the HTTP code it answers."""


class Api:
    """Answers requests. ``application`` answers what is sent to pods through the proxy."""

    def __init__(self, world: World, access: Access, watches: Watches) -> None:
        self.application: Application = lambda _pod, _path: 200
        self._store = world.store
        self._registry = world.registry
        self._writing = world.writing
        self._deleting = world.deleting
        self._access = access
        self._reading = Reading(world.store)
        self._watches = watches

    def place(self, request: Request) -> Place | None:
        """Find what a path names, or None where it is no object or collection."""
        parts = [part for part in request.path.split("/") if part]
        if len(parts) > 2 and parts[0] == "api":
            group, version, rest = "", parts[1], parts[2:]
        elif len(parts) > 3 and parts[0] == "apis":
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return None
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
            namespace, rest = rest[1], rest[2:]
        resource = self._registry.at(group, version, rest[0])
        if resource is None:
            return None
        name, subresource = (*rest[1:], "", "")[:2]
        verb = (_SINGLE if name else _LISTING).get(request.method, "")
        if subresource == "eviction" and request.method == "POST":
            verb = "create"
        if verb == "list" and request.query.get("watch") in _TRUE:
            verb = "watch"
        return Place(resource, verb, namespace, name, subresource)

    def answer(self, request: Request) -> Answer | Watch | bytes:
        """Do what a request asks; ApiError where it can't be done."""
        place = self.place(request)
        if place is None:
            if request.path == "/openapi/v2":
                return openapi_v2.document(self._registry)
            said = discovery.about(self._registry, request.path.strip("/").split("/"))
            if said is None:
                raise no_such_path()
            return Answer(200, said)
        resource = place.resource
        if not place.verb or (not place.subresource and place.verb not in resource.verbs):
            raise method_not_allowed()
        if resource == ACCESS_REVIEW:
            return Answer(201, self._access.review(_decode(request)))
        if place.subresource and place.subresource not in resource.subresources:
            raise no_such_path()
        self._access.check(place.verb, resource, place.subresource, place.namespace, place.name)
        if place.subresource == "proxy":
            return self._proxied(request, place)
        return self._do(request, place)

    def _proxied(self, request: Request, place: Place) -> Answer:
        """Ask what runs in a pod, as far as it is scripted."""
        name = place.name.partition(":")[0]
        pod = self._store.get(POD, place.namespace, name)
        if pod is None:
            raise not_found(POD, name)
        ready = condition(pod, "Ready")
        if ready is None or ready["status"] != "True":
            raise failed(503)
        path = "/" + request.path.partition(f"/{place.name}/proxy")[2].lstrip("/")
        return Answer(self.application(pod, path), {"path": path, "pod": name})

    def _do(self, request: Request, place: Place) -> Answer | Watch:
        match place.verb:
            case "watch":
                return self._watch(request, place)
            case "list":
                return self._list(request, place)
            case "get":
                found = self._writing.existing(place.resource, place.namespace, place.name)
                return Answer(200, scale_of(found) if place.subresource == "scale" else found)
            case "create":
                return self._create(request, place)
            case "update":
                return self._update(request, place)
            case "patch":
                return self._patch(request, place)
            case "delete":
                how = read_removal(_decode(request), request.query)
                gone = self._deleting.delete(place.resource, place.namespace, place.name, how)
                return Answer(200, gone)
            case _:
                return self._delete_all(request, place)

    def _watch(self, request: Request, place: Place) -> Watch:
        asked = request.query
        query = WatchQuery(
            labels=asked.get("labelSelector", ""),
            fields=asked.get("fieldSelector", ""),
            version=asked.get("resourceVersion", ""),
            bookmarks=asked.get("allowWatchBookmarks") in _TRUE,
            timeout=float(asked.get("timeoutSeconds") or 1800),
            initial_events=asked.get("sendInitialEvents") in _TRUE,
        )
        return Watch(self._store, self._watches, place.resource, place.namespace, query)

    def _list(self, request: Request, place: Place) -> Answer:
        asked = request.query
        query = ListQuery(
            labels=asked.get("labelSelector", ""),
            fields=asked.get("fieldSelector", ""),
            limit=int(asked.get("limit") or 0),
            token=asked.get("continue", ""),
            version=asked.get("resourceVersion", ""),
            match=asked.get("resourceVersionMatch", ""),
        )
        return Answer(200, self._reading.list(place.resource, place.namespace, query))

    def _create(self, request: Request, place: Place) -> Answer:
        body = _decode(request)
        if place.subresource == "eviction":
            how = read_removal(body.get("deleteOptions") or {}, request.query)
            return Answer(201, self._deleting.evict(place.namespace, place.name, how))
        made = self._writing.create(place.resource, place.namespace, body, _options(request, place))
        return Answer(201, made)

    def _update(self, request: Request, place: Place) -> Answer:
        body, how = _decode(request), _options(request, place)
        where = (place.resource, place.namespace, place.name)
        if place.subresource == "scale":
            old = self._writing.existing(*where)
            return Answer(200, self._scale(old, body, place, how))
        if place.resource == NAMESPACE and not name_of(body):
            raise bad_request("name is required")
        return Answer(200, self._writing.update(*where, body, how))

    def _scale(self, old: Obj, scale: Obj, place: Place, how: Options) -> Obj:
        wanted = replicas_of(scale, place.resource, name_of(old))
        version = dig(scale, "metadata", "resourceVersion")

        def alter(thing: Obj) -> None:
            thing["spec"]["replicas"] = wanted
            if version:
                thing["metadata"]["resourceVersion"] = version

        return scale_of(self._writing.change(place.resource, old, alter, how))

    def _patch(self, request: Request, place: Place) -> Answer:
        kind = _PATCHES.get(request.media)
        if kind is None or (kind == "strategic" and not place.resource.strategic):
            raise unsupported_media_type([m for m, k in _PATCHES.items() if k != "strategic"])
        body, how = _decode(request), _options(request, place)
        where = (place.resource, place.namespace, place.name)
        if place.subresource == "scale":
            with self._store.lock:
                old = self._writing.existing(*where)
                return Answer(200, self._scale(old, patched_scale(old, kind, body), place, how))
        if kind != "apply":
            return Answer(200, self._writing.patch(*where, (kind, body), how))
        if not request.query.get("fieldManager"):
            why = "Required value: is required for apply patch"
            raise invalid(
                Resource("meta.k8s.io", "v1", "PatchOptions", "patchoptions"),
                "",
                [("fieldManager", "FieldValueRequired", why)],
            )
        thing, new = self._writing.apply(*where, body, how)
        return Answer(201 if new else 200, thing)

    def _delete_all(self, request: Request, place: Place) -> Answer:
        listed = self._list(request, place).body
        how = read_removal(_decode(request), request.query)
        for each in listed["items"]:
            self._deleting.delete(place.resource, namespace_of(each), name_of(each), how)
        return Answer(200, listed)


def _decode(request: Request) -> Any:
    if not request.body:
        return {}
    if request.media == protobuf.MEDIA_TYPE:
        return protobuf.decode(request.body)
    try:
        return json.loads(request.body)
    except ValueError:
        pass
    if "yaml" not in request.media:
        raise bad_request("the body of the request could not be decoded as JSON")
    try:
        return yaml.safe_load(request.body)
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from None


def _options(request: Request, place: Place) -> Options:
    dry = request.query.get("dryRun", "")
    if dry not in ("", "All"):
        raise bad_request(f'dryRun: Unsupported value: ["{dry}"]: supported values: "All"')
    sender = request.user_agent.partition("/")[0] or "unknown"
    return Options(
        manager=request.query.get("fieldManager") or sender,
        dry_run=dry == "All",
        subresource=place.subresource,
        force=request.query.get("force") in _TRUE,
    )
