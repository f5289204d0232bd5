"""Headers that every response has, so that a browser lets nothing into our pages.

The outermost part of the guard. An inner part may set a stricter or, for one document of its own,
another policy; it never does without one.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartspec_rollback.errors import SmartSpecError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The content security policy: nothing inline, nothing from elsewhere, in nobody's frame."""

# With `no-referrer` browsers would send `Origin: null` with our own forms.
_ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cache-control": "no-store",
}
_HSTS = "max-age=31536000"


class Hardened:
    """Adds the headers to whatever ``app`` answers."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        """With ``secure``, browsers are told to come by TLS alone from now on."""
        self._app = app
        self._headers = _ALWAYS | ({"strict-transport-security": _HSTS} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if any(set(value) & set(b"\r\n\0") for _, value in headers.raw):
                    raise SmartSpecError("a response's header holds a line break")
            await send(message)

        await self._app(scope, receive, hardened)
