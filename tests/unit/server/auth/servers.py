"""A guarded application for tests of the guard: real Starlette, a real ledger, a fake clock."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.testclient import TestClient

from smartspec_rollback.config.model import Configuration, PersonEntry, ServerConfiguration
from smartspec_rollback.errors import Unidentified
from smartspec_rollback.server.auth import Guard, Limits, Listening, Login
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.samples import NOON

PEOPLE = (
    PersonEntry(name="alice", accounts=("os:alice", "oidc:alice@example.org")),
    PersonEntry(name="bob", accounts=("os:bob",)),
)
HERE = Listening("127.0.0.1", 8080, "http://127.0.0.1:8080")
END_AT = 10
"""How many words of ``/stream``, five seconds apart, come before ``end`` is called."""
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass
class Guarded:
    """A server, what is behind it, and how to change both."""

    guard: Guard
    store: SqliteStore
    clock: FakeClock
    configuration: Configuration
    app: Starlette
    end: Callable[[], None] = lambda: None

    def client(self, *, address: str = "203.0.113.7", base: str = "") -> TestClient:
        """Come from ``address``, without any cookie yet."""
        return TestClient(
            self.guard.protected(self.app),
            base_url=base or self.guard.listening.url,
            client=(address, 50000),
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    def forget(self, name: str) -> None:
        """Take a person out of the configuration."""
        left = tuple(person for person in self.configuration.people if person.name != name)
        self.configuration = Configuration(
            path=self.configuration.path,
            targets=(),
            people=left,
            server=self.configuration.server,
        )


def guarded(
    folder: Path,
    *,
    server: ServerConfiguration | None = None,
    listening: Listening = HERE,
    limits: Limits | None = None,
    signed: tuple[str, ...] = (),
    logins: bool = True,
) -> Guarded:
    """Make a server whose every path says who asked, and with what."""
    store = SqliteStore.open(folder / "ledger.db")
    clock = FakeClock(NOON)
    held: list[Guarded] = []

    def configuration() -> Configuration:
        return held[0].configuration

    guard = Guard(configuration, store, clock, listening=listening, limits=limits, signed=signed)
    told = Configuration(
        path=folder / "smartspec.yaml",
        targets=(),
        people=PEOPLE,
        server=server or ServerConfiguration(),
    )
    app = Starlette()
    held.append(Guarded(guard, store, clock, told, app))
    login: list[BaseRoute] = Login(guard).routes() if logins else []
    app.routes[:] = [
        *login,
        Route("/echo", _echo, methods=METHODS),
        Route("/redirect", _redirect),
        Route("/stream", _stream(clock, held)),
        Route("/{path:path}", _who(guard), methods=METHODS),
    ]
    return held[0]


def _who(guard: Guard) -> Callable[[Request], Response]:
    def who(request: Request) -> Response:
        try:
            principal = guard.principal(request)
        except Unidentified:
            return PlainTextResponse("nobody")
        return JSONResponse(
            {
                "name": principal.person.name,
                "account": principal.person.account,
                "machine": principal.is_machine,
                "groups": list(principal.groups),
                "csrf": guard.csrf_token(request),
                "client": request.client.host if request.client else "",
                "url": str(request.url),
            }
        )

    return who


def _stream(clock: FakeClock, held: list[Guarded]) -> Callable[[Request], Response]:
    async def words() -> AsyncIterator[bytes]:
        for number in range(100):
            if number == END_AT:
                held[0].end()
            yield f"{number} ".encode()
            clock.advance(5)

    def stream(_: Request) -> Response:
        return StreamingResponse(words())

    return stream


async def _echo(request: Request) -> Response:
    return Response(await request.body())


def _redirect(request: Request) -> Response:
    return Response(status_code=302, headers={"location": request.query_params["to"]})
