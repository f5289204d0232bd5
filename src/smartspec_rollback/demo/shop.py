"""A small shop to deploy: the app of tests and of the demo. Standard library only.

Copied into release folders by ``demo.releases`` and run there by its own path, so it may not
import anything of this project. Steered by its environment alone:

``SHOP_DELAY_MS``      answer that much later ...
``SHOP_DELAY_SHARE``   ... to this share of the requests, 0 to 1
``SHOP_ERROR_SHARE``   answer 500 to this share of the requests
``SHOP_READY_AFTER_MS``  ``/healthz`` says 503 for so long after the start
``SHOP_BROKEN``        end at once with a failure, as a release does that cannot boot
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time

VERSION = os.environ.get("SMARTSPEC_VERSION", "unknown")
REVISION = os.environ.get("SMARTSPEC_REVISION", "unknown")
HEALTH = "/healthz"
FACTS = "/facts"
OK = 200


def _number(name: str) -> float:
    return float(os.environ.get(name, "0"))


class Shop:
    """Answers requests over kept-alive connections, and ends them in good order."""

    def __init__(self) -> None:
        """Read the environment."""
        self._delay = _number("SHOP_DELAY_MS") / 1000
        self._delay_share = _number("SHOP_DELAY_SHARE")
        self._error_share = _number("SHOP_ERROR_SHARE")
        self._ready_at = time.monotonic() + _number("SHOP_READY_AFTER_MS") / 1000
        self._stopping = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until told to stop; then let requests end."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        server = await asyncio.start_server(
            self._connection, os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
        )
        await self._stopping.wait()
        server.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=1)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while (path := await self._request(reader)) is not None:
                writer.write(await self._answer(path))
                await writer.drain()
        writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> str | None:
        """Read one request's path; None once there is no next one, or the shop is closing."""
        head = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
        closing = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((head, closing), return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if not head.done():
            head.cancel()
            return None
        lines = head.result().decode("latin-1").split("\r\n")
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                await reader.readexactly(int(value))
        words = lines[0].split()
        return words[1] if len(words) > 1 else "/"

    async def _answer(self, path: str) -> bytes:
        if path == HEALTH:
            ready = time.monotonic() >= self._ready_at
            return _response(OK if ready else 503, "ready" if ready else "not yet")
        if path == FACTS:
            return _response(OK, "\n".join(sorted(os.environ)))
        if random.random() < self._delay_share:  # noqa: S311 - made-up slowness, no secret
            await asyncio.sleep(self._delay)
        if random.random() < self._error_share:  # noqa: S311 - made-up errors, no secret
            return _response(500, "out of stock")
        return _response(OK, f"{VERSION}\n")


def _response(status: int, body: str) -> bytes:
    content = body.encode()
    return (
        f"HTTP/1.1 {status} {'OK' if status == OK else 'Sorry'}\r\n"
        f"content-type: text/plain\r\ncontent-length: {len(content)}\r\n"
        f"x-version: {VERSION}\r\nx-revision: {REVISION}\r\n\r\n"
    ).encode() + content


if __name__ == "__main__":
    if os.environ.get("SHOP_BROKEN"):
        sys.exit("this release is broken")
    asyncio.run(Shop().run())
