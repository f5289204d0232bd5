"""What a request gets that is turned away: problem+json for programs, a small page for people.

Used by the parts of the guard. Whatever came with the request is never repeated unescaped.
"""

import html
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from smartspec_rollback.server.api.problems import TYPE

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
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="/assets/console.css">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def page(
    title: str, body: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a page; ``title`` is escaped here, ``body`` is HTML of ours."""
    content = _PAGE.format(title=html.escape(title), body=body)
    return Response(content, status, headers=headers, media_type="text/html; charset=utf-8")


def refusal(
    scope: Scope, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Turn a request away: a page where a person's browser asked, else problem+json."""
    if reads_pages(scope):
        body = f'<p>{html.escape(detail)}</p>\n<p><a href="/">Back to the start</a></p>'
        return page(status.phrase, body, status=status, headers=headers)
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
