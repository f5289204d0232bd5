"""The HTTP/1.1 server: one thread a connection, kept alive, watches in chunks.

``cluster`` starts it on 127.0.0.1. It applies faults, checks the token and notes each call; what
requests mean is ``api``'s affair.
"""

import contextlib
import json
import select
import socket
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from smartspec_rollback.testing.kubernetes.api import Answer, Api, Request
from smartspec_rollback.testing.kubernetes.faults import Call, Fault, Faults, Requests
from smartspec_rollback.testing.kubernetes.objects import Obj
from smartspec_rollback.testing.kubernetes.openapi_v2 import MEDIA_TYPE
from smartspec_rollback.testing.kubernetes.statuses import ApiError, unauthorized
from smartspec_rollback.testing.kubernetes.watching import Dropped, Watch


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"
    _note: Callable[[int, int], None]

    def serve(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            media=(self.headers.get("Content-Type") or "").partition(";")[0].strip(),
            body=body,
            user_agent=self.headers.get("User-Agent") or "",
        )
        place = self.server.api.place(request)
        verb = place.verb if place is not None else self.command.lower()
        fault = self.server.faults.take(verb, self.path, request.user_agent)
        # Noted before the answer goes out, so that who has the answer finds the call.
        self._note = lambda code, sent: self.server.requests.note(
            Call(verb, self.command, self.path, request.user_agent, len(body), sent, code)
        )
        self._serve(request, fault)

    do_GET = serve  # noqa: N815 - the names http.server asks for
    do_POST = serve  # noqa: N815 - the names http.server asks for
    do_PUT = serve  # noqa: N815 - the names http.server asks for
    do_PATCH = serve  # noqa: N815 - the names http.server asks for
    do_DELETE = serve  # noqa: N815 - the names http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Stay silent."""

    def _serve(self, request: Request, fault: Fault | None) -> None:
        if fault is not None and fault.delay:
            self.server.stopping.wait(fault.delay)
        if fault is not None and fault.drop == "before":
            self._note(0, 0)
            self._cut()
            return
        error = fault.error() if fault is not None else None
        if error is not None:
            self._send(Answer(error.code, error.status()), retry=error.retry)
            return
        try:
            self._check_token()
            answer = self.server.api.answer(request)
        except ApiError as raised:
            self._send(Answer(raised.code, raised.status()), retry=raised.retry)
            return
        except Exception:  # noqa: BLE001 - a bug of the emulator; the cluster shows it at its end
            self.server.errors.append(traceback.format_exc())
            bug = ApiError(500, "InternalError", "Internal error occurred: a bug of the emulator")
            self._send(Answer(bug.code, bug.status()))
            return
        if fault is not None and fault.drop == "after":
            self._note(0, 0)
            self._cut()
            return
        if isinstance(answer, bytes):
            self._send_bytes(200, MEDIA_TYPE, answer)
            return
        if isinstance(answer, Answer):
            self._send(answer)
            return
        self._note(200, 0)
        self._stream(answer)

    def _check_token(self) -> None:
        token = self.server.token
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            raise unauthorized()

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, answer: Answer, *, retry: int = 0) -> None:
        data = json.dumps(answer.body, separators=(",", ":")).encode()
        self._send_bytes(answer.code, "application/json", data, retry=retry)

    def _send_bytes(self, code: int, media: str, data: bytes, *, retry: int = 0) -> None:
        self._note(code, len(data))
        self.send_response(code)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        if retry:
            self.send_header("Retry-After", str(retry))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def _stream(self, watch: Watch) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for batch in watch.batches():
                if self.server.stopping.is_set() or (not batch and self._left()):
                    self.close_connection = True
                    return
                self._chunk(batch)
            self.wfile.write(b"0\r\n\r\n")
        except Dropped:
            self._cut()
        except OSError:
            self.close_connection = True

    def _chunk(self, batch: list[Obj]) -> None:
        if not batch:
            return
        data = b"".join(json.dumps(e, separators=(",", ":")).encode() + b"\n" for e in batch)
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


class Server(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(
        self, api: Api, faults: Faults, requests: Requests, token: str, errors: list[str]
    ) -> None:
        """Serve ``api``; with a token, only to who brings it. Bugs go to ``errors``."""
        self.errors = errors
        self.api = api
        self.faults = faults
        self.requests = requests
        self.token = token
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end what is running."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that go away; a bug of ours shows as a cut connection."""
