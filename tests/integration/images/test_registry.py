"""A real registry, asked whether it has an image."""

import base64
import hashlib
import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.images import Credentials, Kept, ask, parse
from smartspec_rollback.providers.system import SystemClock

_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIGURATION = """\
version: 0.1
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class Registry:
    """The registry on this machine, and what people push to it."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"

    def push(self, repository: str, tag: str, content: bytes) -> str:
        """Push an image of one layer; its digest comes back."""
        layer, config = self._blob(repository, content), self._blob(repository, b"{}")
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _TYPE,
                "config": {**config, "mediaType": "application/json"},
                "layers": [{**layer, "mediaType": "application/octet-stream"}],
            }
        ).encode()
        self._call("PUT", f"/v2/{repository}/manifests/{tag}", manifest, _TYPE)
        return f"sha256:{hashlib.sha256(manifest).hexdigest()}"

    def delete(self, repository: str, digest: str) -> None:
        """Delete an image."""
        self._call("DELETE", f"/v2/{repository}/manifests/{digest}")

    def answers(self) -> bool:
        """Tell whether it is up."""
        try:
            self._call("GET", "/v2/")
        except OSError:
            return False
        return True

    def kept(self, image: str, beside: str | None = None) -> Kept:
        """Ask it as a platform does."""
        reference = parse(f"{self.host}/{image}")
        assert reference is not None
        other = parse(f"{self.host}/{beside}") if beside else None
        return ask(reference, None, beside=other, seconds=10.0)

    def _blob(self, repository: str, content: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        place = self._call("POST", f"/v2/{repository}/blobs/uploads/")
        path = place.partition(self.host)[2] or place
        joint = "&" if "?" in path else "?"
        self._call("PUT", f"{path}{joint}digest={digest}", content, "application/octet-stream")
        return {"digest": digest, "size": len(content)}

    def _call(self, method: str, path: str, body: bytes = b"", media: str = "") -> str:
        connection = http.client.HTTPConnection(self.host, timeout=10.0)
        try:
            headers = {"Content-Type": media} if media else {}
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status < 300, f"{method} {path}: {answer.status}"
            return answer.headers.get("Location", "")
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Supply a running registry."""
    program = shutil.which("docker-registry")
    assert program is not None, "docker-registry is not installed (Debian package docker-registry)"
    folder, port = tmp_path_factory.mktemp("registry"), _free_port()
    (folder / "config.yml").write_text(_CONFIGURATION.format(folder=folder, port=port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        found, deadline = Registry(port), Deadline.after(SystemClock(), 20.0)
        while not found.answers():
            assert process.poll() is None, (folder / "log").read_text()
            assert not deadline.expired
            deadline.pause(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(10.0)


def test_what_is_there_is_found_with_its_digest(registry: Registry) -> None:
    """An image that could be run counts as not checked, or as another one."""
    digest = registry.push("acme/shop", "v1", b"one")
    assert registry.kept("acme/shop:v1") == Kept(
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
    reference = parse(f"127.0.0.1:{_free_port()}/acme/shop:v1")
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
