"""What is asked of the API server: reading, patching, creating, deleting, with our own errors.

Called by every module that looks or acts. Reads are repeated while the server is busy; a write is
sent again only where the server said that it was not done: otherwise whoever called must look.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from smartspec_rollback.errors import NotDone, ProviderUnavailable
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.providers.platforms.kubernetes.client.connection import Answer, Connection
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import (
    Call,
    Gone,
    Outdated,
    refusal,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    ACCESS_REVIEWS,
    EVICTIONS,
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

_SEVERAL_BUDGETS = "more than one PodDisruptionBudget"
"""What the server says with 500 of what is no failure of its own, and does not pass."""

_PAGE = 250
_PATIENCE = 10.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_NO_SUCCESS, _NOT_FOUND, _BUSY, _FAULTY = 300, 404, 429, 500


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

    def _place(self, call: Call) -> str:
        return f"namespace {call.namespace or self.namespace}, context {self.connection.context}"

    @property
    def namespace(self) -> str:
        """The namespace everything is looked for in."""
        return self.connection.namespace

    def get(self, resource: Resource, name: str, *, namespace: str | None = None) -> Obj | None:
        """Read one object; None where there is none such, or no such kind."""
        try:
            return self._repeated(Call("get", resource, name, namespace=namespace))
        except Gone:
            return None

    def list(
        self, resource: Resource, *, labels: str = "", namespace: str | None = None
    ) -> tuple[Obj, ...]:
        """Read all objects that match a label selector, page by page, as of one moment."""
        first = {"limit": str(_PAGE), **({"labelSelector": labels} if labels else {})}
        found: list[Obj] = []
        query = first
        while True:
            try:
                page = self._repeated(Call("list", resource, query=query, namespace=namespace))
            except Outdated:
                if query is first:
                    raise
                found, query = [], first  # the pages' common moment is forgotten: begin anew
                continue
            found += items(page, "items")
            more = text(page, "metadata", "continue")
            if not more:
                return tuple(found)
            query = {**first, "continue": more}

    def moved(self, resource: Resource, name: str, *, since: str, seconds: float) -> bool:
        """Wait until an object is no longer in a resource version; False where it stays so long."""
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": since,
            "timeoutSeconds": str(max(1, round(seconds))),
        }
        self._count()
        url = resource.url(self.namespace)
        return self.connection.stream(url, query=query, seconds=seconds)

    def patch(
        self,
        resource: Resource,
        name: str,
        operations: Operations,
        *,
        deadline: Deadline,
        namespace: str | None = None,
    ) -> Obj:
        """Apply a JSON Patch; FenceConflict where one of its tests does not hold."""
        call = Call("patch", resource, name, {"fieldManager": MANAGER}, operations, namespace)
        return self._written(call, deadline)

    def tried(
        self,
        resource: Resource,
        name: str,
        operations: Operations,
        *,
        namespace: str | None = None,
    ) -> Obj:
        """Let the server judge a JSON Patch, and give what it would make; nothing is changed."""
        query = {"fieldManager": MANAGER, "dryRun": "All"}
        return self._repeated(Call("patch", resource, name, query, operations, namespace))

    def create(self, resource: Resource, thing: Obj, *, deadline: Deadline) -> Obj:
        """Create an object; AlreadyThere where its name is taken."""
        call = Call("create", resource, query={"fieldManager": MANAGER}, body=thing)
        return self._written(call, deadline)

    def note(self, resource: Resource, thing: Obj, *, seconds: float) -> None:
        """Create an object that nothing depends on: sent once, and not waited for long."""
        call = Call("create", resource, query={"fieldManager": MANAGER}, body=thing)
        answer = self._sent(call, seconds=seconds)
        if answer.status >= _NO_SUCCESS:
            raise refusal(call, answer, place=self._place(call))

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
            self._written(Call("delete", resource, text(held, "name"), body=body), deadline)
        except Gone:
            return False
        return True

    def evict(self, pod: Obj) -> bool:
        """Delete this very pod if disruption budgets let it go; False where one does not now.

        A pod that is gone already counts as let go; FenceConflict where it is another one. Sent
        once: a budget may hold a pod for long, and whoever waits looks anew meanwhile.
        """
        held = part(pod, "metadata")
        body = {
            "apiVersion": "policy/v1",
            "kind": EVICTIONS.kind,
            "metadata": {"name": held["name"], "namespace": self.namespace},
            "deleteOptions": {"preconditions": {"uid": held["uid"]}},
        }
        call = Call("create", EVICTIONS, text(held, "name"), body=body)
        answer = self._sent(call)
        if answer.status in (_NOT_FOUND, _BUSY):
            return answer.status == _NOT_FOUND
        if _SEVERAL_BUDGETS in text(answer.body, "message"):
            raise NotDone(
                "several PodDisruptionBudgets select one instance, so the cluster evicts it never",
                where=f"{call}, {self._place(call)}",
                remedy="leave one of them: see `kubectl get poddisruptionbudgets`",
            )
        if answer.status >= _NO_SUCCESS:
            raise refusal(call, answer, place=self._place(call))
        return True

    def allows(
        self, verb: str, resource: Resource, name: str | None, *, namespace: str | None = None
    ) -> bool:
        """Ask whether we may do something; asking is allowed to everybody."""
        plural, _, below = resource.plural.partition("/")
        attributes = {
            "namespace": namespace or self.namespace,
            "verb": verb,
            "group": resource.group,
            "resource": plural,
            **({"subresource": below} if below else {}),
            **({"name": name} if name else {}),
        }
        review = {
            "apiVersion": ACCESS_REVIEWS.api_version,
            "kind": ACCESS_REVIEWS.kind,
            "spec": {"resourceAttributes": attributes},
        }
        # Nothing is stored, so this may be repeated like a read.
        answer = self._repeated(Call("create", ACCESS_REVIEWS, body=review))
        return part(answer, "status").get("allowed") is True

    # Sending

    def _repeated(self, call: Call) -> Obj:
        """Send what changes nothing until the server answers, or patience is over."""
        deadline = Deadline.after(self._clock, _PATIENCE)
        for pause in _pauses():
            wait = pause
            try:
                answer = self._sent(call)
            except ProviderUnavailable:
                if deadline.remaining <= wait:
                    raise
            else:
                wait = max(pause, answer.retry_after or 0.0)
                if answer.status < _NO_SUCCESS:
                    return answer.body
                if not _try_again(answer) or deadline.remaining <= wait:
                    raise refusal(call, answer, place=self._place(call))
            deadline.pause(wait)
        raise AssertionError  # pauses never end

    def _written(self, call: Call, deadline: Deadline) -> Obj:
        for pause in _pauses():
            answer = self._sent(call)
            if answer.status < _NO_SUCCESS:
                return answer.body
            wait = max(pause, answer.retry_after or 0.0)
            # "Too many requests" is said before anything is done; other failures tell nothing.
            if answer.status != _BUSY or deadline.remaining <= wait:
                raise refusal(call, answer, place=self._place(call))
            deadline.pause(wait)
        raise AssertionError  # pauses never end

    def _sent(self, call: Call, *, seconds: float | None = None) -> Answer:
        self._count()
        own = call.namespace or self.namespace
        namespace = None if call.resource is ACCESS_REVIEWS else own
        answer = self.connection.send(
            call.method,
            call.resource.url(namespace, call.name),
            query=dict(call.query),
            body=call.body,
            media=call.media,
            seconds=seconds,
        )
        _LOG.debug(
            "the API server answered",
            extra={
                "action": "kubernetes.request",
                "verb": call.verb,
                "resource": call.resource.plural,
                "status": answer.status,
            },
        )
        return answer

    def _count(self) -> None:
        with self._lock:
            self.requests += 1


def _try_again(answer: Answer) -> bool:
    return answer.status == _BUSY or answer.status >= _FAULTY


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)
