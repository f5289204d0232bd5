"""A real registry, asked whether it has an image."""

import base64
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.integration.images.a_registry import Registry, free_port

from smartspec_rollback.providers.images import Answered, Credentials, Registries, ask, parse


def test_what_is_there_is_found_with_its_digest(registry: Registry) -> None:
    """An image that could be run counts as not checked, or as another one."""
    digest = registry.push("acme/shop", "v1", b"one")
    assert registry.kept("acme/shop:v1") == Answered(
        present=True, digest=digest, detail=f"{registry.host}/acme/shop is in the registry"
    )
    assert registry.kept(f"acme/shop@{digest}").present is True


def test_a_tag_that_moved_is_seen(registry: Registry) -> None:
    """A tag means another image today, and that one would be run."""
    before = registry.push("acme/moving", "v1", b"one")
    registry.push("acme/moving", "v1", b"two")
    assert registry.kept("acme/moving:v1").digest not in (None, before)


def test_gone_is_said_only_where_it_is_certain(registry: Registry) -> None:
    """An image that is gone is found out by production, or one we may not see blocks us."""
    digest = registry.push("acme/old", "v1", b"old")
    registry.push("acme/old", "v2", b"new")
    registry.delete("acme/old", digest)
    assert registry.kept("acme/old:v1", beside="acme/old:v2").present is False
    assert registry.kept("acme/old:v1").present is None
    assert registry.kept("acme/old:v1", beside="acme/other:v2").present is None


def test_a_registry_that_is_not_there_proves_nothing() -> None:
    """A registry that only the cluster reaches counts as having lost the image."""
    reference = parse(f"127.0.0.1:{free_port()}/acme/shop:v1")
    assert reference is not None
    said = ask(reference, None, beside=reference, seconds=5.0)
    assert said.present is None
    assert "cannot be asked" in said.detail


class _Guarded(BaseHTTPRequestHandler):
    """A registry that wants a token, which it gives for a name and password."""

    def do_HEAD(self) -> None:
        if self.headers.get("Authorization") == "Bearer good":
            self.send_response(200)
            self.send_header("Docker-Content-Digest", "sha256:" + "b" * 64)
        else:
            realm = f"http://{self.headers['Host']}/token"
            self.send_response(401)
            self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="r"')
        self.end_headers()

    def do_GET(self) -> None:
        told = base64.b64encode(b"robot:hunter2").decode()
        good = self.headers.get("Authorization") == f"Basic {told}"
        assert "scope=repository%3Aacme%2Fshop%3Apull" in self.path
        body = b'{"token": "good"}' if good else b"{}"
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def test_a_token_is_fetched_where_it_is_wanted() -> None:
    """Private registries, which most are, are never asked; or the password is shown."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Guarded)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        reference = parse(f"127.0.0.1:{server.server_port}/acme/shop:v1")
        assert reference is not None
        robot = Credentials("robot", "hunter2")
        assert "hunter2" not in repr(robot)
        assert ask(reference, robot, beside=None, seconds=5.0).digest == "sha256:" + "b" * 64
        stranger = ask(reference, Credentials("robot", "wrong"), beside=None, seconds=5.0)
        assert stranger.present is None
    finally:
        server.shutdown()
        server.server_close()


def test_what_one_may_see_another_is_not_told() -> None:
    """A release whose pull secret lost its rights counts as one that can be pulled."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Guarded)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        reference = parse(f"127.0.0.1:{server.server_port}/acme/shop:v1")
        assert reference is not None
        registries, robot = Registries(), Credentials("robot", "hunter2")
        assert registries.ask(reference, robot, beside=None, seconds=5.0).present is True
        stranger = registries.ask(reference, None, beside=None, seconds=5.0)
        assert stranger.present is None
    finally:
        server.shutdown()
        server.server_close()


class _Hostile(_Guarded):
    """What gives no token, but an answer that no parser gets to the end of."""

    def do_GET(self) -> None:
        body = b'{"token":' + b"[" * 60_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_a_token_that_cannot_be_read_is_none() -> None:
    """An answer ends the asking with a traceback, and the registry is said to be slow."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hostile)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        reference = parse(f"127.0.0.1:{server.server_port}/acme/shop:v1")
        assert reference is not None
        said = ask(reference, None, beside=None, seconds=5.0)
        assert said.present is None
        assert "does not let us ask" in said.detail
    finally:
        server.shutdown()
        server.server_close()
