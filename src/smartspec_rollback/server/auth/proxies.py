"""Who a request really comes from, and by which name, where proxies stand before the server.

Part of the guard. Only proxies that the configuration names are believed; what anybody else says
about itself is taken out of the request, so that nothing behind believes it either.
"""

from collections.abc import Sequence
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from smartspec_rollback.server.auth.replies import refusal

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

PROBED = frozenset({"/healthz", "/readyz"})
"""What whoever keeps the process running asks for, by its address and past any proxy."""

UNKNOWN = "unknown"
"""A client without an address of its own."""

_ABOUT_CLIENTS = frozenset({b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip"})


class Proxies:
    """Puts the client's own address, scheme and Host into the request."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network], only: bool) -> None:
        """Believe the ``trusted``; with ``only``, nobody may come by a way of their own."""
        self._app = app
        self._trusted = tuple(trusted)
        self._only = only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = address((scope.get("client") or (UNKNOWN, 0))[0])
        if self._believes(peer):
            scope = self._told(scope, peer)
        elif self._only and not (peer and peer.is_loopback) and scope["path"] not in PROBED:
            detail = "this server is reached by its proxy only"
            await refusal(scope, HTTPStatus.FORBIDDEN, detail)(scope, receive, send)
            return
        else:
            scope = {**scope, "client": (str(peer or UNKNOWN), 0)}
        scope["headers"] = [
            (name, value)
            for name, value in scope["headers"]
            if name not in _ABOUT_CLIENTS and not name.startswith(b"x-forwarded-")
        ]
        await self._app(scope, receive, send)

    def _believes(self, peer: Address | None) -> bool:
        return peer is not None and any(
            peer.version == network.version and peer in network for network in self._trusted
        )

    def _told(self, scope: Scope, peer: Address | None) -> Scope:
        """Read what the nearest proxies said; each appends, so the last words count."""
        client = peer
        for hop in reversed(_listed(scope, b"x-forwarded-for")):
            found = address(hop)
            if found is None:
                break
            client = found
            if not self._believes(found):
                break
        told = {**scope, "client": (str(client or UNKNOWN), 0)}
        scheme = _listed(scope, b"x-forwarded-proto")[-1:]
        if scheme in (["http"], ["https"]):
            told["scheme"] = scheme[0]
        if host := _listed(scope, b"x-forwarded-host")[-1:]:
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            told["headers"] = [(b"host", host[0].encode("latin-1")), *others]
        return told


def address(text: str) -> Address | None:
    """Read an address, with or without a port; one of IPv4 in IPv6's clothes is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def _listed(scope: Scope, header: bytes) -> list[str]:
    """Take a header apart that may come several times, and list several values each time."""
    joined = b",".join(value for name, value in scope["headers"] if name == header)
    return [each.strip() for each in joined.decode("latin-1").split(",") if each.strip()]
