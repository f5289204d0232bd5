"""A small shop to deploy: the app of tests and of the demo. Without a database, no library needed.

Copied into release folders by ``demo.releases`` and run there by its own path, so it may not
import anything of this project. Steered by its environment alone:

``SHOP_DELAY_MS``      answer that much later ...
``SHOP_DELAY_SHARE``   ... to this share of the requests, 0 to 1
``SHOP_ERROR_SHARE``   answer 500 to this share of the requests
``SHOP_READY_AFTER_MS``  ``/healthz`` says 503 for so long after the start
``SHOP_BROKEN``        end at once with a failure, as a release does that cannot boot
``SHOP_DATABASE_URL``  read carts and place orders in this database, by the statements in the files
                       ``statements/*.sql`` beside this one, and by no others
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

VERSION = os.environ.get("SMARTSPEC_VERSION", "unknown")
REVISION = os.environ.get("SMARTSPEC_REVISION", "unknown")
HEALTH = "/healthz"
FACTS = "/facts"
OK, ERROR, NOT_YET = 200, 500, 503
CARTS = 200
CHANNELS = ("web", "web", "app")
ORDERS = 20
"""One visit in so many ends with an order."""

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_WITHIN = 5


def _number(name: str) -> float:
    return float(os.environ.get(name, "0"))


class Records:
    """The shop's database, by one connection, which is opened anew where it broke."""

    def __init__(self, url: str, folder: Path) -> None:
        """Read the statements; connects only when asked something."""
        import psycopg  # noqa: PLC0415 - a shop without a database does without it

        self._library = psycopg
        self._url = url
        self._statements: dict[str, str] = {}
        for file in sorted(folder.glob("*.sql")):
            _, *parts = _NAME.split(file.read_text())
            named = zip(parts[::2], parts[1::2], strict=True)
            self._statements |= {name: text.strip().rstrip(";") for name, text in named}
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._turn = asyncio.Lock()

    @classmethod
    def configured(cls) -> "Records | None":
        """Read the environment; None for a shop without a database."""
        url = os.environ.get("SHOP_DATABASE_URL")
        return cls(url, Path(__file__).with_name("statements")) if url else None

    async def reachable(self) -> bool:
        """Tell whether the database can be asked."""
        async with self._turn:
            try:
                await self._connected()
            except OSError:
                return False
            return True

    async def visit(self, cart_id: int, *, orders: bool) -> str:
        """Show a cart, and place an order for it where the customer does; OSError if it fails."""
        try:
            items = await self._ask("cart", {"cart_id": cart_id})
        except OSError:  # only reading is done again: an order must not be placed twice
            items = await self._ask("cart", {"cart_id": cart_id})
        total = sum(price * quantity for _, price, quantity in items)
        if orders:
            # Each version's statement takes of these what it knows of.
            channel = random.choice(CHANNELS)  # noqa: S311 - made-up customers, no secret
            told = {"cart_id": cart_id, "total_cents": total, "gift_note": None, "channel": channel}
            ((order_id,),) = await self._ask("place_order", told)
            await self._ask("order", {"order_id": order_id})
        return f"{len(items)} items, {total / 100:.2f}"

    async def close(self) -> None:
        """Hang up; idempotent."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _ask(self, name: str, told: Mapping[str, object]) -> list[tuple[Any, ...]]:
        async with self._turn:
            connection = await self._connected()
            try:
                answer = await connection.execute(self._statements[name].encode(), told)
                return await answer.fetchall()
            except self._library.Error as error:
                raise OSError(str(error)) from None

    async def _connected(self) -> "psycopg.AsyncConnection[tuple[Any, ...]]":
        if self._connection is None or self._connection.closed:
            try:
                self._connection = await self._library.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=_WITHIN
                )
            except self._library.Error as error:
                raise OSError(str(error)) from None
        return self._connection


class Shop:
    """Answers requests over kept-alive connections, and ends them in good order."""

    def __init__(self) -> None:
        """Read the environment."""
        self._records = Records.configured()
        self._prewarmed = bool(os.environ.get("SMARTSPEC_PREWARM"))
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
        if self._records is not None:
            await self._records.close()

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
            if ready and self._records is not None:
                ready = await self._records.reachable()
            return _response(OK if ready else NOT_YET, "ready" if ready else "not yet")
        if path == FACTS:
            return _response(OK, "\n".join(sorted(os.environ)))
        if random.random() < self._delay_share:  # noqa: S311 - made-up slowness, no secret
            await asyncio.sleep(self._delay)
        if random.random() < self._error_share:  # noqa: S311 - made-up errors, no secret
            return _response(ERROR, "out of stock")
        if self._records is None:
            return _response(OK, f"{VERSION}\n")
        return await self._visit(self._records)

    async def _visit(self, records: Records) -> bytes:
        """Serve a made-up customer; one who only tries whether the shop works orders nothing."""
        cart_id = random.randint(1, CARTS)  # noqa: S311 - made-up customers, no secret
        orders = not self._prewarmed and random.randrange(ORDERS) == 0  # noqa: S311 - as above
        try:
            told = await records.visit(cart_id, orders=orders)
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            return _response(ERROR, "the database does not answer")
        return _response(OK, f"{VERSION}: {told}\n")


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
