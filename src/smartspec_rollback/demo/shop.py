"""A shop's checkout service, small enough to be read whole; it is the artifact of each release.

Copied into every release folder and run there, so it imports nothing but the standard library.
How a release behaves stands in its release.yaml: ``SLOW_SHARE`` of the requests take
``SLOW_SECONDS``, ``BROKEN=1`` makes it exit at start, ``READY_AFTER`` delays readiness,
``FAIL_SHARE`` of the requests are answered 500.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time

VERSION = os.environ.get("SMARTSPEC_VERSION", "unknown")
SLOW_SHARE = float(os.environ.get("SLOW_SHARE", "0"))
SLOW_SECONDS = float(os.environ.get("SLOW_SECONDS", "0.4"))
FAIL_SHARE = float(os.environ.get("FAIL_SHARE", "0"))
READY_AFTER = float(os.environ.get("READY_AFTER", "0"))
STARTED = time.monotonic()


class Checkout:
    """Answers GET requests on keep-alive connections, one at a time per connection."""

    def __init__(self) -> None:
        self.slow = 0.0
        self.bad = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until the connection ends."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode("latin-1")
                status, body = await self.answer(path)
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                    f"X-Version: {VERSION}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode(),
                )
                await writer.drain()
        writer.close()

    async def answer(self, path: str) -> tuple[str, str]:
        """Take the time this release takes, evenly spread over the requests, and answer."""
        if path == "/healthz":
            ready = time.monotonic() - STARTED >= READY_AFTER
            return (
                "200 OK" if ready else "503 Service Unavailable"
            ), f'{{"ready": {int(ready)}}}\n'
        self.slow += SLOW_SHARE
        if self.slow >= 1:
            self.slow -= 1
            await asyncio.sleep(SLOW_SECONDS)
        self.bad += FAIL_SHARE
        if self.bad >= 1:
            self.bad -= 1
            return "500 Internal Server Error", '{"error": "out of order"}\n'
        return "200 OK", f'{{"version": "{VERSION}", "total": "49.90"}}\n'


async def main() -> None:
    """Serve on the address the platform gives until asked to stop."""
    if os.environ.get("BROKEN") == "1":
        sys.exit("this release cannot start")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    host, port = os.environ["HOST"], int(os.environ["PORT"])
    server = await asyncio.start_server(Checkout().serve, host, port, backlog=1024)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
