"""The demo's folder: configuration and releases of a made-up shop, in a place of its own."""

import shutil
import socket
from pathlib import Path

from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.errors import UsageError

_MARK = ".smartspec-demo"

_CONFIGURATION = """\
# The demo's configuration; every key is explained by `smartspec init` and the reference.
services:
  checkout:
    production:
      platform: {{kind: local, releases: releases/, instances: 2, listen: "127.0.0.1:{port}"}}
      database: none
      objectives:
        - p99 latency <= 200ms
        - error rate <= 1%
      metrics: {{kind: probe, path: /cart, rate: 60}}
      verification:
        warm_up: 1s
        bake: 6s
        deadline: 1m
        probes: [{{path: /healthz, status: 200}}, {{path: /cart, status: 200}}]
      prewarm: true
      soak: 3s
      approval: {{expires: 10m}}
      channel: {{kind: file, path: incident-channel.jsonl}}
"""


def make_folder(folder: Path) -> str:
    """Make the demo's folder anew and return the URL of its front door.

    UsageError if the folder holds something that no demo made.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise UsageError(
            f"{folder} is not empty and was not made by this demo",
            remedy="name another one: smartspec demo --folder PATH",
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    port = _free_port()
    (folder / "smartspec.yaml").write_text(_CONFIGURATION.format(port=port))
    releases = folder / "releases"
    write_release(releases, "v1.2.0")
    write_release(releases, "v1.2.1", delay_ms=400, delay_share=0.1)
    return f"http://127.0.0.1:{port}"


def still_runs(folder: Path) -> bool:
    """Tell whether an earlier demo in this folder may have left something running."""
    return (folder / _MARK).exists() and (folder / ".smartspec" / "local").exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
