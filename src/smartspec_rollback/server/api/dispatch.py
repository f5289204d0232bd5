"""Answering requests by the table of routes: who, whether, what; then a thread does the work.

``app`` mounts what ``endpoints`` makes. Nothing that may wait for a disk, a platform or a person
runs in the event loop: handlers are plain functions, each call in a thread. Whatever a handler
raises becomes a problem document here, and nowhere else.
"""

import functools
import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Mounted
from starlette.types import Receive, Scope, Send

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.server.api import reading
from smartspec_rollback.server.api.problems import (
    Problem,
    Rejected,
    headers_of,
    of_error,
    unforeseen,
)
from smartspec_rollback.server.api.reading import Limits
from smartspec_rollback.server.api.route import EVENTS, JSON, PROBLEM, Call, Reply, Route, Stream
from smartspec_rollback.server.api.served import Served
from smartspec_rollback.server.streaming import EventStream
from smartspec_rollback.server.webhooks.reading import BODY_LIMIT
from smartspec_rollback.views.json import written

_LOG = logging.getLogger(__name__)

NOBODY = Principal(person=Person(name="nobody", account="nobody"), scopes=())
"""Who calls where nobody has to say: may do nothing."""

_QUICK, _SLOW = 32, 24


class Threads:
    """How many requests are worked on at once; slow ones never take the place of quick ones."""

    def __init__(self, quick: int = _QUICK, slow: int = _SLOW) -> None:
        """Allow so many of each."""
        self.quick = CapacityLimiter(quick)
        self.slow = CapacityLimiter(slow)


class Endpoint:
    """All methods of one path."""

    def __init__(
        self, routes: Mapping[str, Route], served: Served, threads: Threads, limits: Limits
    ) -> None:
        """Answer by ``routes``, the methods' own."""
        self._routes = routes
        self._served = served
        self._threads = threads
        self._limits = limits
        self._large = Limits(body=max(limits.body, BODY_LIMIT), seconds=limits.seconds)
        self._allow = ", ".join(
            sorted({*routes, "OPTIONS", *(["HEAD"] if "GET" in routes else [])})
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        request = Request(scope, receive)
        try:
            response = await self._answered(request)
        except Rejected as error:
            response = refused(error.problem, error.headers)
        except SmartSpecError as error:
            response = refused(of_error(error))
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets an answer that tells nothing
            _LOG.exception("unexpected", extra={"action": "request", "path": scope["path"]})
            response = refused(unforeseen())
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        method = request.method
        if method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": self._allow})
        route = self._routes.get("GET" if method == "HEAD" else method)
        if route is None:
            raise Rejected(
                "method", f"this path knows {self._allow}", headers={"Allow": self._allow}
            )
        who = NOBODY
        if route.action is not None:
            who = self._served.guard.principal(request)
            # Whoever may it nowhere learns nothing of what there is; the verb asks for the Target.
            allowed = functools.partial(self._served.operations.require, who, route.action, None)
            await to_thread.run_sync(allowed, limiter=self._threads.quick)
        reading.accepts(request, route.media)
        call = await self._read(route, who, request)
        limiter = self._threads.slow if route.slow else self._threads.quick
        work = functools.partial(route.handler, self._served, call)
        reply = await to_thread.run_sync(work, limiter=limiter)
        if isinstance(reply, Stream):
            if method == "HEAD":
                return Response(media_type=EVENTS)
            return self._streamed(reply, request)
        return _response(reply)

    async def _read(self, route: Route, who: Principal, request: Request) -> Call[object, object]:
        query = reading.queried(route.query, request)
        key = reading.key_of(request) if route.keyed else ""
        last_event = reading.last_event_of(request) if EVENTS in route.media else ""
        raw, body = b"", None
        if route.body is not None or route.takes:
            large = self._large if route.takes else self._limits
            raw = await reading.body_of(request, large)
        if route.takes:
            reading.is_one_of(request, (*route.takes, JSON))
        if route.body is not None:
            reading.is_json(request)
            body = reading.decoded(route.body, raw)
        return Call(
            who=who,
            names=request.path_params,
            query=query,
            body=body,
            key=key,
            last_event=last_event,
            raw=raw,
            headers=reading.lower_headers(request) if route.takes else {},
        )

    def _streamed(self, stream: Stream, request: Request) -> Response:
        """Begin a stream; whether its viewer may look is asked again and again."""
        served = self._served
        if served.streams.is_full:
            raise Rejected("stopping", "the server takes no more streams")

        async def still() -> bool:
            try:
                who = await served.guard.renewed(request)
                look = functools.partial(served.operations.report, who, stream.rollback_id)
                await to_thread.run_sync(look, limiter=self._threads.quick)
            except SmartSpecError:
                return False
            return True

        return EventStream(served.streams.follow(stream.rollback_id, stream.after, still=still))


def endpoints(
    routes: Iterable[Route], served: Served, *, limits: Limits | None = None
) -> list[Mounted]:
    """Make what Starlette mounts: one endpoint a path, with all its methods."""
    threads, bounds = Threads(), limits or Limits()
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    return [
        Mounted(path, Endpoint(methods, served, threads, bounds))
        for path, methods in by_path.items()
    ]


def refused(found: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem document."""
    return Response(
        written(found),
        found.status,
        headers={**headers_of(found), **(headers or {})},
        media_type=PROBLEM,
    )


def _response(reply: Reply) -> Response:
    match reply.document:
        case None:
            content = b""
        case bytes() as content:
            pass
        case str() as text:
            content = text.encode()
        case Value() as document:
            content = written(document)
        case other:
            content = msgspec.json.encode(other)
    media = None if reply.document is None else reply.media
    headers = dict(reply.headers)
    if media is not None and media.startswith("text/"):
        media = f"{media}; charset=utf-8"
    return Response(content, reply.status, headers=headers, media_type=media)
