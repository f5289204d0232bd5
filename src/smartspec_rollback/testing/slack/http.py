"""The HTTP/1.1 server of the workspace on 127.0.0.1: Web API, response URLs, Socket Mode.

``workspace`` starts it. What calls mean is ``api``'s affair; here they are taken apart, answered,
and spoilt where a test says so.
"""

import contextlib
import json
import socket
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

from smartspec_rollback.testing.messenger_room import Trouble
from smartspec_rollback.testing.slack.api import call
from smartspec_rollback.testing.slack.responding import respond
from smartspec_rollback.testing.slack.sockets import Sockets
from smartspec_rollback.testing.slack.state import Obj, SlackError, State
from smartspec_rollback.testing.slack.websocket import WebSocket, accepted

RETRY_AFTER = 2
"""Seconds after which a busy Slack wants to be asked again."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_POST(self) -> None:
        """Answer a call of the Web API, or the use of a response URL."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        trouble = self.server.trouble
        self.server.calls.append(parts.path)
        if trouble is Trouble.DOWN:
            self._send(503, b"<html>down</html>", media="text/html")
            return
        if trouble is Trouble.BUSY:
            self._answer({"ok": False, "error": "ratelimited"}, status=429)
            return
        try:
            if parts.path.startswith("/response/"):
                answer = respond(self.server.state, parts.path, body)
            else:
                answer = self._call(parts.path.rpartition("/")[2], body)
        except SlackError as error:
            self._refuse(error)
            return
        except Exception:  # noqa: BLE001 - a bug of the stub; the workspace shows it at its end
            self.server.errors.append(traceback.format_exc())
            self._send(500, b"a bug of the stub", media="text/plain")
            return
        if trouble is Trouble.ANSWER_LOST:
            self._cut()
            return
        self._answer(answer)

    def do_GET(self) -> None:
        """Open a Socket Mode connection."""
        parts = urlsplit(self.path)
        ticket = parse_qs(parts.query).get("ticket", [""])[0]
        with self.server.state.lock:
            known = ticket in self.server.state.tickets
            self.server.state.tickets.discard(ticket)
        key = self.headers.get("Sec-WebSocket-Key")
        if not known or key is None or self.server.trouble is Trouble.DOWN:
            self._send(403, b"no", media="text/plain")
            return
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accepted(key))
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        self.server.sockets.serve(WebSocket(self.rfile, self.connection))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Stay silent."""

    def _call(self, method: str, body: bytes) -> Obj:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ").strip()
        media = (self.headers.get("Content-Type") or "").partition(";")[0].strip()
        given: dict[str, object]
        if media == "application/json":
            given = json.loads(body or b"{}")
        else:
            given = dict(parse_qsl(body.decode(), keep_blank_values=True))
        answer = call(self.server.state, method, token or str(given.get("token", "")), given)
        if "ticket" in answer:
            ticket = answer.pop("ticket")
            answer["url"] = f"ws://127.0.0.1:{self.server.server_port}/link/?ticket={ticket}"
        return answer

    def _refuse(self, error: SlackError) -> None:
        answer: Obj = {"ok": False, "error": error.name, **error.more}
        if error.messages:
            answer["response_metadata"] = {"messages": error.messages}
            self.server.refused.append(f"{error.name}: {'; '.join(error.messages)}")
        is_response = self.path.startswith("/response/")
        self._answer(answer, status=404 if is_response else 200)

    def _answer(self, answer: Obj, *, status: int = 200) -> None:
        self._send(status, json.dumps(answer).encode(), media="application/json")

    def _send(self, status: int, body: bytes, *, media: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{media}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", str(RETRY_AFTER))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class Server(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, state: State) -> None:
        """Serve this workspace; what calls it refused for their form stands in ``refused``."""
        self.state = state
        self.sockets = Sockets(state)
        self.trouble: Trouble | None = None
        self.calls: list[str] = []
        self.refused: list[str] = []
        self.errors: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end what is running."""
        self.sockets.close(politely=False)
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that go away."""
