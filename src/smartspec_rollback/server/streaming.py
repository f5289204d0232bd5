"""Sends a stream to one viewer, and lets go of one that takes nothing.

Used by the API and the ``console`` for live updates.
"""

import asyncio
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_TAKES_WITHIN = 20.0
"""A viewer that takes nothing for so long is let go; its browser comes again by itself."""


class EventStream(Response):
    """An answer of server-sent events that ends with its events, its viewer, or their patience."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        """Send what ``events`` yield."""
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until there is nothing more to send, or nobody to send it to."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        try:
            async for content in self._events:
                async with asyncio.timeout(_TAKES_WITHIN):
                    await send({"type": "http.response.body", "body": content, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError):
            return  # they are gone, or take nothing
        finally:
            await self._events.aclose()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
