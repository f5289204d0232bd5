"""Puts the application together: what is served at which path, behind the guard.

Called by ``process``. Nothing listens here, so that tests and the documentation can have the same
application without a socket.
"""

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.operations.chatting import Chats
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.server.api import openapi
from smartspec_rollback.server.api.dispatch import endpoints, refused
from smartspec_rollback.server.api.problems import of_error, problem, unforeseen
from smartspec_rollback.server.api.served import Served
from smartspec_rollback.server.api.table import ROUTES
from smartspec_rollback.server.auth import Guard, Limits, Listening, Login
from smartspec_rollback.server.auth.replies import reads_pages
from smartspec_rollback.server.console import Console
from smartspec_rollback.server.console.asking import refused as refused_page
from smartspec_rollback.server.console.live import Live
from smartspec_rollback.server.gates import Gates
from smartspec_rollback.server.streams import Streams
from smartspec_rollback.views.html.layout import Viewer


@dataclass(frozen=True)
class Application:
    """What answers requests, and the parts that are started and stopped with it."""

    asgi: ASGIApp
    streams: Streams
    live: Live
    gates: Gates


def assemble(
    opened: Opened,
    listening: Listening,
    chats: Chats,
    *,
    health: Callable[[], str],
    limits: Limits | None = None,
) -> Application:
    """Put the application of an opened ledger together.

    ``health`` says what is wrong with the process, nothing where it takes requests.
    """
    workspace = opened.workspace
    guard = Guard(
        lambda: workspace.configuration,
        workspace.store,
        workspace.clock,
        listening=listening,
        limits=limits,
        signed=[route.path for route in ROUTES if route.signed],
    )
    streams = Streams(opened.hub, lambda: workspace.store)
    gates = Gates(opened.operations)
    console = Console(opened.operations, guard, opened.hub)
    served = Served(
        operations=opened.operations,
        guard=guard,
        streams=streams,
        gates=gates,
        chats=chats,
        health=health,
        describe=functools.partial(described, listening.url),
    )

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        streams.open()
        console.live.open()
        yield
        console.live.close()
        streams.close()

    app = Starlette(
        routes=[*endpoints(ROUTES, served), *Login(guard).routes(), *console.routes()],
        lifespan=living,
        exception_handlers={
            HTTPException: _turned_away,
            SmartSpecError: _said,
            Exception: _unforeseen,
        },
    )
    app.router.redirect_slashes = False
    return Application(asgi=guard.protected(app), streams=streams, live=console.live, gates=gates)


@functools.cache
def described(url: str) -> bytes:
    """Write the OpenAPI document of a server that is reached at ``url``."""
    document = openapi.document(ROUTES, version=version("smartspec-rollback"), url=url)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _turned_away(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    found = problem("malformed", "the request cannot be read")
    if status == HTTPStatus.NOT_FOUND:
        found = problem("unknown", "nothing is served at this path")
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        found = problem("method", "nothing is done here by this method")
    return refused_page(found, Viewer()) if reads_pages(request.scope) else refused(found)


def _said(_: Request, error: Exception) -> Response:
    return refused(of_error(error) if isinstance(error, SmartSpecError) else unforeseen())


def _unforeseen(_: Request, __: Exception) -> Response:
    return refused(unforeseen())
