"""By which names the server may be called, and from which origins its own pages come.

Part of the guard. A foreign name that leads to our address (DNS rebinding) would make a stranger's
page one of ours; browsers send that name as Host. Addresses and ``localhost`` cannot be rebound.
"""

from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from smartspec_rollback.server.auth.proxies import PROBED, address
from smartspec_rollback.server.auth.replies import refusal

_FORBIDDEN = frozenset("\\\0\r\n")


class Hosts:
    """Lets requests through that call the server by a name of its own."""

    def __init__(self, app: ASGIApp, *, names: Collection[str]) -> None:
        """Answer to ``names`` (lower case), and to addresses."""
        self._app = app
        self._names = frozenset(names) | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _tricky(scope["path"]):
            why = refusal(
                scope, HTTPStatus.BAD_REQUEST, "no address of this server looks like that"
            )
            await why(scope, receive, send)
            return
        if scope["path"] not in PROBED and not self._ours(scope):
            detail = "this server does not answer to that name; server.url says how it is called"
            why = refusal(scope, HTTPStatus.MISDIRECTED_REQUEST, detail)
            await why(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _ours(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        name = hostname(hosts[0].decode("latin-1"))
        return name is not None and (name in self._names or address(name) is not None)


def hostname(authority: str) -> str | None:
    """Read the name in ``name:port``, in lower case; None where it is not of that form."""
    if "@" in authority or "/" in authority or "?" in authority or "#" in authority:
        return None
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port
    except ValueError:
        return None
    return (parts.hostname or "").lower().rstrip(".") or None


def own_origins(scope: Scope, url: str, *, secure: bool) -> frozenset[str]:
    """Say which origins our own pages have, as the browser of this request sees them.

    A server that is reached by TLS has no page without it, but where somebody comes by a tunnel
    that ends on their own machine.
    """
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    authority = host.decode("latin-1").lower()
    parts = urlsplit(url)
    ours = {f"{parts.scheme}://{parts.netloc}".lower()}
    name = hostname(authority) or ""
    here = address(name)
    if not secure or name == "localhost" or (here is not None and here.is_loopback):
        ours.add(f"{scope['scheme']}://{authority}")
    if secure:
        ours.add(f"https://{authority}")
    return frozenset(ours)


def _tricky(path: str) -> bool:
    """Tell whether a path means one thing to us and might mean another to somebody else."""
    if "//" in path or _FORBIDDEN & set(path) or not path.startswith("/"):
        return True
    return any(part in (".", "..") for part in path.split("/"))
