"""One process that serves a ledger: it listens, answers, drives rollbacks, and ends in order.

Called by ``cli.serving``. Told to stop it takes no more requests, ends the streams, lets what is
being carried out come to its end, and leaves what only waits to whoever serves next. One that is
killed leaves nothing that another could not take over.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from smartspec_rollback.errors import SmartSpecError, UsageError
from smartspec_rollback.operations.chatting import Chats
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.server.app import Application, assemble
from smartspec_rollback.server.auth import Limits, Listening, listening

_LOG = logging.getLogger(__name__)

_TICK = 0.1
_GRACE = 20
_HEADERS_WITHIN = 20.0
_IDLE = 30
_FAREWELL = 1.0
_BACKLOG = 2048
_MOST_CONNECTIONS = 8000


class Process:
    """A server from the moment it listens until it has ended."""

    def __init__(
        self, opened: Opened, host: str, port: int, *, limits: Limits | None = None
    ) -> None:
        """Listen; ConfigurationError where that would be unsafe, UsageError where it cannot be.

        ``limits`` are others than the guard's own.
        """
        self._opened = opened
        self._stopping = False
        # Asked twice: before anything is bound, and with the port that the system chose.
        self.listening = self._allowed(host, port)
        self._socket = _bound(host, port)
        self.listening = self._allowed(host, self._socket.getsockname()[1])
        workspace = opened.workspace
        self._chats = Chats(workspace, opened.operations, workspace.targets, url=self.listening.url)
        self._application: Application = assemble(
            opened, self.listening, self._chats, health=self._health, limits=limits
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server = uvicorn.Server(self._configured())
        self._thread = threading.Thread(target=self._answer, name="http", daemon=True)

    def run(self, *, started: Callable[[], None], stopped: Callable[[], bool]) -> None:
        """Serve until ``stopped``; ``started`` is called once requests are answered."""
        clock = self._opened.workspace.clock
        self._opened.start()
        self._application.gates.start()
        self._chats.start(self._opened.hub)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            clock.sleep(_TICK)
        if self._server.started:
            started()
        while not stopped() and self._thread.is_alive():
            clock.sleep(_TICK)
        fell = not stopped()
        self._stop()
        if fell:
            raise SmartSpecError("the server stopped answering", remedy="--verbose shows why")

    def _stop(self) -> None:
        self._stopping = True
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._application.live.close)
            self._loop.call_soon_threadsafe(self._application.streams.close)
        self._server.should_exit = True
        self._thread.join()
        self._application.gates.stop()
        self._chats.hush()
        self._opened.runner.stop()
        self._chats.stop()
        self._opened.stop()

    def _answer(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:  # noqa: BLE001 - said by whoever waits for this thread
            _LOG.exception("the server fell", extra={"action": "serve"})

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])

    def _health(self) -> str:
        if self._stopping:
            return "the server is stopping"
        self._opened.workspace.store.version_mark()
        return ""

    def _allowed(self, host: str, port: int) -> Listening:
        workspace = self._opened.workspace
        now = workspace.clock.now()
        return listening(
            workspace.configuration,
            host,
            port,
            has_token=lambda: any(
                token.counts(at=now) for token in workspace.store.tokens(limit=1000)
            ),
        )

    def _configured(self) -> uvicorn.Config:
        tls: tuple[Path, Path] | None = self.listening.tls
        return uvicorn.Config(
            self._application.asgi,
            http=_Impatient,
            ws="none",
            loop="asyncio",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the guard reads them, of those it trusts
            timeout_keep_alive=_IDLE,
            timeout_graceful_shutdown=_GRACE,
            limit_concurrency=_MOST_CONNECTIONS,
            backlog=_BACKLOG,
            ssl_certfile=None if tls is None else tls[0],
            ssl_keyfile=None if tls is None else tls[1],
        )


class _Impatient(H11Protocol):
    """Closes connections whose request does not arrive in time, or that outlast the server."""

    _unheard: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on where only a part of a head has come."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._heard()
        elif self._unheard is None and self.conn.trailing_data[0]:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._heard()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Let go of an idle connection; a client that does not end its TLS is not waited for."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(_FAREWELL, self.transport.abort)

    def _wait(self) -> None:
        self._unheard = self.loop.call_later(_HEADERS_WITHIN, self._give_up)

    def _heard(self) -> None:
        if self._unheard is not None:
            self._unheard.cancel()
            self._unheard = None

    def _give_up(self) -> None:
        self._unheard = None
        self.transport.close()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(
            f"it is not possible to listen on {host}:{port}: {error.strerror or error}",
            where="--host, --port",
            remedy="name an address of this machine and a port that nobody uses",
        ) from None
