"""A real registry on this machine, and what people push to it. Used by the tests beside it."""

import hashlib
import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.images import Answered, ask, parse
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

    def kept(self, image: str, beside: str | None = None) -> Answered:
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


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@contextmanager
def a_registry(folder: Path) -> Iterator[Registry]:
    """Run a registry that keeps everything in a folder."""
    program = shutil.which("docker-registry")
    assert program is not None, "docker-registry is not installed (Debian package docker-registry)"
    port = free_port()
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
