"""A server that says what a test wants, over real sockets; and what it heard."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.remote.place import Place

SECRET = "smartspec_token_that_nobody_may_see"


@dataclass(frozen=True)
class Heard:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Says:
    """One answer; without a status the connection is dropped instead."""

    status: int | None = 200
    content: Any = field(default_factory=dict)
    media: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


DROPPED = Says(status=None)


def problem(status: int, kind: str, detail: str = "no", **more: Any) -> Says:
    """Make a problem document of a kind."""
    content = {"type": f"urn:smartspec:problem:{kind}", "title": "t", "status": status}
    return Says(status, {**content, "detail": detail, **more}, "application/problem+json")


class Stub:
    """Answers each request by ``answers``, a function of what was heard."""

    def __init__(self, answers: Callable[[Heard], Says]) -> None:
        self.answers = answers
        self.heard: list[Heard] = []

    def of(self, method: str) -> list[Heard]:
        """List what was heard of one method."""
        return [each for each in self.heard if each.method == method]

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        length = int(handler.headers.get("content-length", 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        heard = Heard(handler.command, handler.path, headers, handler.rfile.read(length))
        self.heard.append(heard)
        says = self.answers(heard)
        if says.status is None:
            handler.connection.close()
            return
        content = says.content
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        handler.send_response(says.status)
        handler.send_header("Content-Type", says.media)
        for name, value in says.headers:
            handler.send_header(name, value)
        if says.media != "text/event-stream":
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@contextmanager
def listening(stub: Stub, *, tls: tuple[Path, Path] | None = None) -> Iterator[Place]:
    """Let a stub listen, by TLS where it has a certificate and key; it is gone afterwards."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stub.handle(self)

        def do_POST(self) -> None:
            stub.handle(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield replace(at(server.server_address[1]), secure=tls is not None)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at(port: int) -> Place:
    """Name a server of this machine."""
    return Place(host="127.0.0.1", port=port, secure=False, prefix="", token=Sensitive(SECRET))
