"""Small web servers on this machine, good and hostile, for tests of what speaks HTTP.

Used by the tests of providers. They listen on 127.0.0.1 on a free port and end with their
``with`` block.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Page:
    """What a path is answered with, after ``delay`` seconds."""

    status: int = 200
    body: bytes = b"ok"
    delay: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class WebService:
    """A running server: its URL, what it answers (changeable), what it received.

    A path's pages are answered in turn, the last one again and again; unknown paths get 404.
    """

    url: str
    pages: dict[str, list[Page]]
    received: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Received) -> Page:
        """Remember a request and choose its page."""
        with self.lock:
            self.received.append(request)
            pages = self.pages.get(request.path, [Page(status=404, body=b"no such page")])
            return pages.pop(0) if len(pages) > 1 else pages[0]


@contextmanager
def web_service(pages: Mapping[str, Page | list[Page]]) -> Iterator[WebService]:
    """Run a server that answers these paths."""
    stopping = threading.Event()
    service = WebService(
        url="", pages={p: [v] if isinstance(v, Page) else list(v) for p, v in pages.items()}
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            page = service.answer(
                Received(self.command, self.path, dict(self.headers), self.rfile.read(length))
            )
            stopping.wait(page.delay)
            self.send_response(page.status)
            for name, value in {"Content-Length": str(len(page.body)), **page.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.body)

        do_GET = answer  # noqa: N815 - the names http.server asks for
        do_POST = answer  # noqa: N815 - the names http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """Stay silent: clients of tests go away in the middle of things."""

    with Server(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield service
        finally:
            stopping.set()
            server.shutdown()
            thread.join()


@contextmanager
def raw_server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Run a server that does to every connection what ``talk`` does; yields its URL.

    The event is set when the test is over.
    """
    stopping = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not stopping.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

    def converse(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection, stopping)

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            stopping.set()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
            thread.join()


@contextmanager
def nobody() -> Iterator[str]:
    """Reserve a port on which nobody listens; yields its URL."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"
