"""Ends what stays open for long once whoever asked for it may not come in any more.

Used by the guard for answers that go on, such as live events. A session that was ended and a token
that was revoked must not go on being told what happens.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send

from smartspec_rollback.ports.clock import Clock

_EVERY = 20.0


class Staying:
    """Stands between an application and one request of it."""

    def __init__(
        self, receive: Receive, send: Send, *, still: Callable[[], Awaitable[bool]], clock: Clock
    ) -> None:
        """Ask ``still`` now and then whether the answer may go on."""
        self._receive = receive
        self._send = send
        self._still = still
        self._clock = clock
        self._asked_at = clock.monotonic()
        self._over = asyncio.Event()

    async def send(self, message: Message) -> None:
        """Pass a piece of the answer on, or end the answer and drop what would follow."""
        if self._over.is_set():
            return
        goes_on = message["type"] == "http.response.body" and message.get("more_body", False)
        if goes_on and self._clock.monotonic() - self._asked_at >= _EVERY:
            if not await self._still():
                self._over.set()
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            self._asked_at = self._clock.monotonic()
        await self._send(message)

    async def receive(self) -> Message:
        """Wait for what the client sends, or for the end of the answer."""
        over = asyncio.ensure_future(self._over.wait())
        news = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait((over, news), return_when=asyncio.FIRST_COMPLETED)
            return {"type": "http.disconnect"} if self._over.is_set() else await news
        finally:
            over.cancel()
            news.cancel()
