"""A way to prewarmed instances from outside the cluster, for smoke tests.

Pods have addresses that only the cluster knows, so the API server passes requests on
(``pods/proxy``). Called by ``platform``. Listens on 127.0.0.1 while instances stand prewarmed; only
who knows the secret in its URLs gets through, and only to the pods that were named.
"""

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import PODS

_LARGEST = 1_000_000
_REFUSED, _TOO_LARGE, _NO_ANSWER = 404, 413, 502


class Relay:
    """One listener for the instances of one platform; several threads may use it."""

    def __init__(self, api: Api) -> None:
        """Take the API to pass requests on by; nothing listens before an address is asked for."""
        self._api = api
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def address(self, pod: str, port: int) -> str:
        """Give the URL by which a port of a pod can be reached from this machine."""
        with self._lock:
            if self._server is None:
                self._server = _Server(self._api)
                threading.Thread(
                    target=self._server.serve_forever, args=(0.05,), name="relay", daemon=True
                ).start()
            return self._server.opened(pod, port)

    def close(self) -> None:
        """Stop listening; idempotent."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._api = api
        self._secret = secrets.token_urlsafe(16)
        self._known: set[str] = set()

    def opened(self, pod: str, port: int) -> str:
        self._known.add(f"{pod}:{port}")
        return f"http://127.0.0.1:{self.server_port}/{self._secret}/{pod}:{port}"

    def upstream(self, path: str) -> str | None:
        """Find the API server's path for one of ours; None where it leads nowhere."""
        parts = urlsplit(path)
        _, secret, place, rest = (*parts.path.split("/", 3), "", "", "")[:4]
        known = secrets.compare_digest(secret.encode(), self._secret.encode())
        if not known or place not in self._known:
            return None
        if ".." in rest.split("/"):
            return None
        query = f"?{parts.query}" if parts.query else ""
        return f"{PODS.url(self._api.namespace, place)}/proxy/{rest}{query}"

    def passed(self, method: str, path: str, body: bytes, media: str) -> tuple[int, str, bytes]:
        return self._api.connection.passed(method, path, body=body, media=media)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def serve(self) -> None:
        """Pass one request on."""
        upstream = self.server.upstream(self.path)
        said = self.headers.get("Content-Length") or "0"
        length = int(said) if said.isascii() and said.isdigit() else _LARGEST + 1
        if upstream is None or length > _LARGEST:
            self.close_connection = True
            self._answer(_REFUSED if upstream is None else _TOO_LARGE, "text/plain", b"")
            return
        media = self.headers.get("Content-Type") or ""
        try:
            answer = self.server.passed(self.command, upstream, self.rfile.read(length), media)
        except ProviderError:
            self._answer(_NO_ANSWER, "text/plain", b"the cluster did not answer")
            return
        self._answer(*answer)

    do_GET = serve  # noqa: N815 - the names http.server asks for
    do_HEAD = serve  # noqa: N815 - the names http.server asks for
    do_POST = serve  # noqa: N815 - the names http.server asks for
    do_PUT = serve  # noqa: N815 - the names http.server asks for
    do_PATCH = serve  # noqa: N815 - the names http.server asks for
    do_DELETE = serve  # noqa: N815 - the names http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Stay silent: paths hold the secret."""

    def _answer(self, status: int, media: str, content: bytes) -> None:
        self.send_response(status)
        if media:
            self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
