"""The console's style sheet, script and icon, served from memory and kept by browsers.

Each has an address that changes with its content; without that part it is checked each time.
"""

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smartspec_rollback.views.html.file import style
from smartspec_rollback.views.html.layout import Assets


class _Asset:
    """One file."""

    def __init__(self, name: str, media_type: str, content: str) -> None:
        self.path = f"/assets/{name}"
        self._media_type = media_type
        self._content = content.encode()
        self._digest = hashlib.sha256(self._content).hexdigest()[:20]

    @property
    def address(self) -> str:
        """Where this very content is."""
        return f"{self.path}?v={self._digest}"

    async def serve(self, request: Request) -> Response:
        """Answer with the file, or with its still being what the browser has."""
        tag = f'"{self._digest}"'
        kept = request.query_params.get("v") == self._digest
        headers = {
            "ETag": tag,
            "Cache-Control": "public, max-age=31536000, immutable" if kept else "no-cache",
        }
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(self._content, headers=headers, media_type=self._media_type)


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


_STYLE = _Asset("console.css", "text/css", style() + _own("console.css"))
_SCRIPT = _Asset("console.js", "text/javascript", _own("console.js"))
_ICON = _Asset("icon.svg", "image/svg+xml", _own("icon.svg"))

ASSETS = Assets(style=_STYLE.address, script=_SCRIPT.address, icon=_ICON.address)
"""Where pages find them."""


def routes() -> list[BaseRoute]:
    """Return the routes of the files."""
    return [Route(each.path, each.serve, methods=["GET"]) for each in (_STYLE, _SCRIPT, _ICON)]
