"""A real Alertmanager that posts to a function. Used by the tests beside it."""

import json
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock

PROGRAM = "prometheus-alertmanager"
_CONFIGURATION = """\
route:
  receiver: smartspec
  group_by: [severity]
  group_wait: 50ms
  group_interval: 200ms
  repeat_interval: 200ms
receivers:
  - name: smartspec
    webhook_configs:
      - url: {url}
        send_resolved: true
        http_config: {{authorization: {{credentials: {token}}}}}
"""


@dataclass
class Alertmanager:
    """A running Alertmanager, and how its messages were taken."""

    url: str
    messages: int = 0
    refused: list[str] = field(default_factory=list)

    def fire(self, *alerts: dict[str, Any]) -> None:
        """Raise alerts."""
        self._post([{k: a[k] for k in ("labels", "annotations", "startsAt")} for a in alerts])

    def resolve(self, *alerts: dict[str, Any]) -> None:
        """End alerts."""
        now = datetime.now(UTC).isoformat()
        self._post([{**{k: a[k] for k in ("labels", "startsAt")}, "endsAt": now} for a in alerts])

    def _post(self, alerts: list[dict[str, Any]]) -> None:
        request = urllib.request.Request(  # noqa: S310 - a server of this test
            f"{self.url}/api/v2/alerts",
            data=json.dumps(alerts).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
            pass


@contextmanager
def alertmanager(folder: Path, take: Callable[[bytes], object]) -> Iterator[Alertmanager]:
    """Run one whose messages ``take`` gets; what it raises is answered with 503."""
    running = Alertmanager("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = 200
            try:
                take(self.rfile.read(int(self.headers["Content-Length"])))
            except SmartSpecError as error:
                running.refused.append(str(error))
                status = 503
            running.messages += 1
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            with posting_to(
                folder, f"http://127.0.0.1:{server.server_port}/", token="none"
            ) as running.url:
                yield running
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def posting_to(folder: Path, url: str, *, token: str) -> Iterator[str]:
    """Run one that posts there with a token; where it takes alerts itself comes back."""
    program = shutil.which(PROGRAM)
    assert program is not None, f"{PROGRAM} is not installed (Debian package {PROGRAM})"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    configuration = folder / "alertmanager.yml"
    configuration.write_text(_CONFIGURATION.format(url=url, token=token))
    process = subprocess.Popen(
        [
            program,
            f"--config.file={configuration}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _ready(f"http://{address}", process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def _ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = Deadline.after(SystemClock(), 30.0)
    while True:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):  # noqa: S310 - of this test
                return
        except OSError:
            assert process.poll() is None, "Alertmanager ended"
            assert not deadline.expired, "Alertmanager does not get ready"
            deadline.pause(0.05)
