"""How much anybody may ask: requests in a time, failures in a time, and bytes at once.

Part of the guard. Kept in memory: a restart forgets it, which costs an attacker nothing less than
it costs us. The number of clients that are remembered is bounded.
"""

import asyncio
import math
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.server.auth.proxies import UNKNOWN, address
from smartspec_rollback.server.auth.replies import refusal

_REMEMBERED = 20_000
_BODY_WITHIN = 30.0


@dataclass(frozen=True)
class Rate:
    """So many a second in the long run, and ``burst`` at once."""

    a_second: float
    burst: int


@dataclass(frozen=True)
class Limits:
    """What the guard allows; ``body`` is in bytes.

    Addresses are generous, since a whole office may share one; ``failures`` are logins and tokens
    that were no good, ``logins`` are steps of logging in, good or bad. ``at_once`` is how many
    requests of one person or machine are open side by side, live pages among them.
    """

    body: int = 1024 * 1024
    form: int = 16 * 1024
    address: Rate = Rate(200.0, 4000)
    identified: Rate = Rate(50.0, 1000)
    at_once: int = 1000
    logins: Rate = Rate(2.0, 60)
    failures: Rate = Rate(1 / 6, 10)
    refusals_audited: Rate = Rate(1 / 60, 20)


class Buckets:
    """A token bucket for each key; not for several threads at once."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        """Start with every bucket full."""
        self._rate = rate
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one; 0, or the seconds until there is one again."""
        now = self._clock.monotonic()
        left, then = self._held.pop(key, (float(self._rate.burst), now))
        left = min(float(self._rate.burst), left + (now - then) * self._rate.a_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate.a_second
        self._held[key] = (left if wait else left - 1, now)
        if len(self._held) > _REMEMBERED:
            self._held.popitem(last=False)
        return wait


def client(scope: Scope) -> str:
    """Name who a request comes from: an address, or the network that one host of IPv6 has."""
    found = address((scope.get("client") or (UNKNOWN, 0))[0])
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return UNKNOWN if found is None else str(found)


def too_many(scope: Scope, wait: float) -> Response:
    """Turn somebody away who asks too much."""
    seconds = max(1, math.ceil(wait))
    detail = f"too many requests; try again in {seconds} s"
    headers = {"Retry-After": str(seconds)}
    return refusal(scope, HTTPStatus.TOO_MANY_REQUESTS, detail, headers=headers)


async def body_of(scope: Scope, receive: Receive, limit: int) -> bytes | Response:
    """Read a request's whole body, or say why not: larger than ``limit``, too slow, or gone."""
    headers = Headers(scope=scope)
    told = headers.get("content-length", "")
    if told and not (told.isascii() and told.isdecimal()):
        return refusal(scope, HTTPStatus.BAD_REQUEST, "Content-Length is no number")
    if not told and "transfer-encoding" not in headers:
        return b""
    large = refusal(
        scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {limit} bytes here"
    )
    if told and (len(told) > len(str(limit)) or int(told) > limit):
        return large
    content = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return refusal(scope, HTTPStatus.BAD_REQUEST, "the request broke off")
                content += message.get("body", b"")
                if len(content) > limit:
                    return large
                if not message.get("more_body", False):
                    return bytes(content)
    except TimeoutError:
        return refusal(scope, HTTPStatus.REQUEST_TIMEOUT, "the body took too long")


def replayed(content: bytes, receive: Receive) -> Receive:
    """Give a body that was read to whoever reads it next, and then what comes after it."""
    held = [content]

    async def again() -> Message:
        if held:
            return {"type": "http.request", "body": held.pop(), "more_body": False}
        return await receive()

    return again
