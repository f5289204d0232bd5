"""What a request gets that is turned away: problem+json for programs, a small page for people.

Used by the parts of the guard. Whatever came with the request is never repeated unescaped.
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from smartspec_rollback.server.api.problems import TYPE
from smartspec_rollback.views.html import layout
from smartspec_rollback.views.markup import Node, tag

_KINDS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "malformed",
    HTTPStatus.UNAUTHORIZED: "unidentified",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.METHOD_NOT_ALLOWED: "method",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.TOO_MANY_REQUESTS: "too-many",
    HTTPStatus.SERVICE_UNAVAILABLE: "ledger",
}


def page(
    title: str, *body: Node, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a page as the console has them, for somebody who is not in yet."""
    content = layout.page(title, *body, viewer=layout.Viewer(), assets=layout.Assets())
    return HTMLResponse(content, status, headers=headers)


def refusal(
    scope: Scope, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Turn a request away: a page where a person's browser asked, else problem+json."""
    if reads_pages(scope):
        back = tag("a", "Back to the start", href="/")
        said = (tag("p", detail), tag("p", back))
        return page(status.phrase, said, status=status, headers=headers)
    kind = _KINDS.get(status)
    content = {
        "type": TYPE + kind if kind else "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
    }
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")


def reads_pages(scope: Scope) -> bool:
    """Tell whether a person's browser asks for a page."""
    if scope["path"].startswith("/v1"):
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")
