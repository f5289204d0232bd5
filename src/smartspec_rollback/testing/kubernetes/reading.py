"""Get and list: selectors, pages, and which version a list shows.

Called by ``api``. Lists are consistent: all pages show the version of the first.
"""

import base64
import json
from dataclasses import dataclass

from smartspec_rollback.testing.kubernetes.objects import Obj, labels_of, name_of, namespace_of
from smartspec_rollback.testing.kubernetes.resources import Resource
from smartspec_rollback.testing.kubernetes.selectors import fields_match, labels_match
from smartspec_rollback.testing.kubernetes.statuses import ApiError, bad_request, expired
from smartspec_rollback.testing.kubernetes.store import Key, Store

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True)
class ListQuery:
    """What a list asks for."""

    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    version: str = ""
    match: str = ""


def _token(version: int, start: Key) -> str:
    said = {"v": "meta.k8s.io/v1", "rv": version, "start": list(start)}
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def _read_token(text: str) -> tuple[int, Key]:
    try:
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        version, (namespace, name) = int(said["rv"]), said["start"]
    except (ValueError, KeyError, TypeError):
        raise bad_request("continue key is not valid: illegal base64 data") from None
    return version, (str(namespace), str(name))


class _ContinueExpired(ApiError):
    """A page's version is forgotten; the answer brings a token for the rest, as it is now."""

    def __init__(self, start: Key) -> None:
        super().__init__(410, "Expired", _TOO_OLD)
        self._start = start

    def status(self) -> Obj:
        said = super().status()
        said["metadata"] = {"continue": _token(-1, self._start)}
        return said


class Reading:
    """Reads from the store as an API server would."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, resource: Resource, namespace: str, query: ListQuery) -> Obj:
        """Give a list, or one page of it."""
        with self._store.lock:
            version, start = self._where(query)
            things = (
                self._store.all(resource, namespace)
                if version == self._store.version
                else self._store.all_at(resource, namespace, version)
            )
        by_labels, by_fields = labels_match(query.labels), fields_match(query.fields, resource)
        found = [
            thing
            for thing in things
            if (namespace_of(thing), name_of(thing)) > start
            and by_labels(labels_of(thing))
            and by_fields(thing)
        ]
        return _page(resource, found, query, version)

    def _where(self, query: ListQuery) -> tuple[int, Key]:
        if query.token:
            if query.version not in ("", "0"):
                raise bad_request("specifying resource version is not allowed when using continue")
            version, start = _read_token(query.token)
            if version == -1:
                return self._store.version, start
            if version < self._store.oldest():
                raise _ContinueExpired(start)
            return version, start
        if not query.version.isdigit() and query.version:
            raise bad_request(
                f'invalid resource version "{query.version}": strconv.ParseUint: parsing '
                f'"{query.version}": invalid syntax'
            )
        asked = int(query.version or 0)
        if asked > self._store.version:
            message = f"Too large resource version: {asked}, current: {self._store.version}"
            details = {
                "causes": [
                    {
                        "reason": "ResourceVersionTooLarge",
                        "message": "Too large resource version",
                    }
                ]
            }
            raise ApiError(504, "Timeout", f"Timeout: {message}", details=details, retry=1)
        if query.match == "Exact":
            if asked < self._store.oldest():
                raise expired("The resourceVersion for the provided list is too old.")
            return asked, ("", "")
        return self._store.version, ("", "")


def _page(resource: Resource, found: list[Obj], query: ListQuery, version: int) -> Obj:
    metadata: Obj = {"resourceVersion": str(version)}
    page = found
    if query.limit and len(found) > query.limit:
        page = found[: query.limit]
        last = page[-1]
        metadata["continue"] = _token(version, (namespace_of(last), name_of(last)))
        if not query.labels and not query.fields:
            metadata["remainingItemCount"] = len(found) - query.limit
    if resource.strategic:
        # Items of built-in lists carry neither kind nor version: the list does.
        page = [{k: v for k, v in t.items() if k not in ("kind", "apiVersion")} for t in page]
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": page,
    }
