"""A production of the benchmarks' own: the shop on the real local platform, in a temporary folder.

What is done to it is done by the installed commands, each in a process of its own.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.domain.target import Target

TARGET = Target(service="checkout", environment="production")
GOOD, GOOD_ID = "v1.2.0", "deploy-good"

_CONFIGURATION = """\
services:
  checkout:
    production:
      platform: {{kind: local, releases: releases/, instances: 2, listen: "127.0.0.1:{port}"}}
      database: none
      objectives: [p99 latency <= 5s, error rate <= 1%]
      metrics: {{kind: probe, path: /cart, rate: 60}}
      verification:
        {{warm_up: 0s, bake: {bake}, deadline: 1m, probes: [{{path: /cart, status: 200}}]}}
      prewarm: true
      soak: 0s
      channel: {{kind: file, path: incident-channel.jsonl}}
"""


class Ran(NamedTuple):
    """A command that ended: how long it took, and its peak of memory."""

    seconds: float
    bytes: int


def script(name: str) -> str:
    """Name an installed command of this very installation, whatever PATH says."""
    return str(Path(sys.executable).with_name(name))


def measured(
    *command: str, folder: Path, environment: Mapping[str, str] | None = None, expect: int = 0
) -> Ran:
    """Run a command in ``folder`` to its end; SystemExit if it does not end as expected."""
    result = folder / "ran.json"
    ended = subprocess.run(
        [sys.executable, "-S", str(Path(__file__).with_name("peak.py")), str(result), *command],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != expect:
        raise SystemExit(f"{command} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return Ran(**json.loads(result.read_text()))


class Production:
    """One Target that runs on this machine."""

    def __init__(self, folder: Path, *, bake: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.config = folder / "smartspec.yaml"
        self.config.write_text(_CONFIGURATION.format(port=port, bake=bake))
        self.ledger = folder / ".smartspec" / "smartspec.db"

    def run(self, *words: str) -> None:
        """Run ``smartspec`` with these words."""
        measured(script("smartspec"), *words, folder=self.folder)

    def deploy(self, version: str, deployment_id: str) -> None:
        """Write a release and put it live."""
        write_release(self.folder / "releases", version)
        self.run("local", "deploy", "--version", version, "--id", deployment_id)


@contextmanager
def a_production(folder: Path, *, bake: str = "1s") -> Iterator[Production]:
    """Start a production on which a good release is live; stop all of it in the end.

    ``bake`` is how long a rollback watches its target before it is over.
    """
    folder.mkdir(parents=True)
    made = Production(folder, bake=bake)
    made.run("local", "up")
    try:
        made.deploy(GOOD, GOOD_ID)
        made.run("deployment", "mark", GOOD_ID, "healthy")
        yield made
    finally:
        made.run("local", "down")
