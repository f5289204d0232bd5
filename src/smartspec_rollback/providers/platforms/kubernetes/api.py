"""What is asked of the API server: reading, patching, creating, deleting, with our own errors.

Called by every module that looks or acts. Reads are repeated while the server is busy; a write is
sent again only where the server said that it was not done: otherwise whoever called must look.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.platforms.kubernetes.connection import Answer, Connection
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    ACCESS_REVIEWS,
    Obj,
    Resource,
    items,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.settings import KubernetesSettings

_LOG = logging.getLogger(__name__)

MANAGER = "smartspec"
"""The field manager of everything that is written."""

Operations = Sequence[Mapping[str, Any]]
"""A JSON Patch."""

_JSON_PATCH = "application/json-patch+json"
_PAGE = 250
_PATIENCE = 10.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_OK, _NO_SUCCESS, _NOT_FOUND, _EXPIRED, _BUSY, _FAULTY = 200, 300, 404, 410, 429, 500
_SHORTENED = 300


class Forbidden(NotDone):
    """The cluster does not allow it."""


class Gone(NotDone):
    """There is no such object."""


class AlreadyThere(NotDone):
    """There is one of this name already."""


@dataclass(frozen=True)
class _Write:
    """One kind of write, as the API and as HTTP names it."""

    verb: str
    method: str
    resource: Resource
    name: str | None


class Api:
    """The API of one cluster, in one namespace; safe to use from several threads."""

    def __init__(self, settings: KubernetesSettings, clock: Clock) -> None:
        """Take what to connect to; nothing is done before the first call."""
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self.requests = 0

    @cached_property
    def connection(self) -> Connection:
        """The connection, made when it is first needed."""
        return Connection(self._settings)

    @property
    def namespace(self) -> str:
        """The namespace everything is looked for in."""
        return self.connection.namespace

    def get(self, resource: Resource, name: str) -> Obj | None:
        """Read one object; None where there is none such."""
        answer = self._read("get", resource, name, {})
        return None if answer.status == _NOT_FOUND else answer.body

    def list(self, resource: Resource, *, labels: str = "") -> tuple[Obj, ...]:
        """Read all objects that match a label selector, page by page, as of one moment."""
        found: list[Obj] = []
        query = {"limit": str(_PAGE), **({"labelSelector": labels} if labels else {})}
        more = ""
        while True:
            asked = {**query, **({"continue": more} if more else {})}
            answer = self._read("list", resource, None, asked)
            if answer.status == _EXPIRED and more:
                found, more = [], ""  # the pages' common moment is forgotten: begin anew
                continue
            if answer.status != _OK:
                raise self._refusal("list", resource, None, answer)
            found += items(answer.body, "items")
            more = text(answer.body, "metadata", "continue")
            if not more:
                return tuple(found)

    def moved(self, resource: Resource, name: str, *, since: str, seconds: float) -> bool:
        """Wait until an object is no longer in a resource version; False where it stays so long."""
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": since,
            "timeoutSeconds": str(max(1, round(seconds))),
        }
        with self._lock:
            self.requests += 1
        url = resource.url(self.namespace)
        return self.connection.stream(url, query=query, seconds=seconds)

    def patch(
        self,
        resource: Resource,
        name: str,
        operations: Operations,
        *,
        deadline: Deadline,
        dry_run: bool = False,
    ) -> Obj:
        """Apply a JSON Patch; FenceConflict where one of its tests does not hold."""
        query = {"fieldManager": MANAGER, **({"dryRun": "All"} if dry_run else {})}
        call = _Write("patch", "PATCH", resource, name)
        return self._write(call, query, operations, deadline)

    def create(self, resource: Resource, thing: Obj, *, deadline: Deadline) -> Obj:
        """Create an object; AlreadyThere where its name is taken."""
        query = {"fieldManager": MANAGER}
        return self._write(_Write("create", "POST", resource, None), query, thing, deadline)

    def delete(self, resource: Resource, thing: Obj, *, deadline: Deadline) -> bool:
        """Delete this very object in this very state; False where it is gone already.

        FenceConflict where it is another one by now.
        """
        held = part(thing, "metadata")
        body = {
            "preconditions": {"uid": held["uid"], "resourceVersion": held["resourceVersion"]},
            "propagationPolicy": "Background",
        }
        try:
            call = _Write("delete", "DELETE", resource, text(held, "name"))
            self._write(call, {}, body, deadline)
        except Gone:
            return False
        return True

    def allows(self, verb: str, resource: Resource, name: str | None) -> bool:
        """Ask whether we may do something; asking is allowed to everybody."""
        attributes = {
            "namespace": self.namespace,
            "verb": verb,
            "group": resource.group,
            "resource": resource.plural,
            **({"name": name} if name else {}),
        }
        review = {
            "apiVersion": ACCESS_REVIEWS.api_version,
            "kind": ACCESS_REVIEWS.kind,
            "spec": {"resourceAttributes": attributes},
        }
        # Nothing is stored, so this write may be repeated like a read.
        answer = self._repeated("POST", ACCESS_REVIEWS.url(None), {}, review)
        if answer.status >= _NO_SUCCESS:
            raise self._refusal("create", ACCESS_REVIEWS, None, answer)
        return part(answer.body, "status").get("allowed") is True

    # Sending

    def _read(
        self, verb: str, resource: Resource, name: str | None, query: dict[str, str]
    ) -> Answer:
        answer = self._repeated("GET", resource.url(self.namespace, name), query, None)
        if answer.status in (_OK, _NOT_FOUND, _EXPIRED):
            return answer
        raise self._refusal(verb, resource, name, answer)

    def _repeated(self, method: str, url: str, query: dict[str, str], body: object) -> Answer:
        """Send what changes nothing until the server answers, or patience is over."""
        deadline = Deadline.after(self._clock, _PATIENCE)
        for pause in _pauses():
            try:
                answer = self._send(method, url, query, body)
            except ProviderUnavailable:
                if deadline.remaining <= pause:
                    raise
                deadline.pause(pause)
                continue
            wait = max(pause, answer.retry_after or 0.0)
            if not _try_again(answer) or deadline.remaining <= wait:
                return answer
            deadline.pause(wait)
        raise AssertionError  # pauses never end

    def _write(self, call: _Write, query: dict[str, str], body: object, deadline: Deadline) -> Obj:
        url = call.resource.url(self.namespace, call.name)
        media = _JSON_PATCH if call.method == "PATCH" else "application/json"
        for pause in _pauses():
            answer = self._send(call.method, url, query, body, media)
            if answer.status < _NO_SUCCESS:
                return answer.body
            wait = max(pause, answer.retry_after or 0.0)
            # "Too many requests" is said before anything is done; other failures tell nothing.
            if answer.status != _BUSY or deadline.remaining <= wait:
                raise self._refusal(call.verb, call.resource, call.name, answer)
            deadline.pause(wait)
        raise AssertionError  # pauses never end

    def _send(
        self,
        method: str,
        url: str,
        query: dict[str, str],
        body: object,
        media: str = "application/json",
    ) -> Answer:
        with self._lock:
            self.requests += 1
        answer = self.connection.send(method, url, query=query, body=body, media=media)
        _LOG.debug(
            "the API server answered",
            extra={"action": "kubernetes.request", "verb": method, "status": answer.status},
        )
        return answer

    # What went wrong

    def _refusal(
        self, verb: str, resource: Resource, name: str | None, answer: Answer
    ) -> ProviderError:
        where = f"{verb} {resource.plural}{f' {name}' if name else ''}, {self._place()}"
        said = text(answer.body, "message")[:_SHORTENED]
        match answer.status:
            case 401:
                return NotDone(
                    "the API server does not know who we are (401): "
                    "the credentials are wrong or have expired",
                    where=where,
                    remedy="log in again; `kubectl auth whoami` shows who you are",
                )
            case 403:
                return self._forbidden(verb, resource, where, said)
            case 404:
                return Gone(f"there is no such {resource.kind}", where=where)
            case 409 if text(answer.body, "reason") == "AlreadyExists":
                return AlreadyThere(f"the {resource.kind} is there already", where=where)
            case 409:
                return FenceConflict("somebody else changed it meanwhile", where=where)
            case 422 if not items(answer.body, "details", "causes"):
                # A failed test of a JSON Patch; the server tells no more.
                return FenceConflict("it is no longer what was looked at", where=where)
            case 429:
                return ProviderUnavailable("the API server is busy (429)", where=where)
            case status if status >= _FAULTY:
                return ProviderUnavailable(f"the API server fails ({status})", where=where)
            case status:
                return NotDone(f"the API server refuses ({status}): {said}", where=where)

    def _forbidden(self, verb: str, resource: Resource, where: str, said: str) -> Forbidden:
        if "admission webhook" in said or "quota" in said:
            return Forbidden(f"the cluster refuses: {said}", where=where)
        return Forbidden(
            f"not allowed (403): {verb} {resource.plural}",
            where=where,
            remedy=f"a Role in {self.namespace} needs the rule {{apiGroups: [{resource.group!r}], "
            f"resources: [{resource.plural}], verbs: [{verb}]}}; `smartspec doctor` prints all",
        )

    def _place(self) -> str:
        return f"namespace {self.namespace}, context {self.connection.context}"


def _try_again(answer: Answer) -> bool:
    return answer.status == _BUSY or answer.status >= _FAULTY


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)
