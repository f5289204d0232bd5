"""A whole rollback by the installed commands, on real parts, under all the load they can take."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smartspec_rollback.demo.load import Load
from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore

CLOCK = SystemClock()
TARGET = Target(service="checkout", environment="production")
GOOD, GOOD_ID = "v1.2.0", "deploy-12344"
BAD, BAD_ID = "v1.2.1", "deploy-12345"
CONNECTIONS = 16
AT_LEAST, BEFORE, AFTER = 20_000, 4_000, 4_000
PATIENCE = 240.0

CONFIGURATION = """\
services:
  checkout:
    production:
      platform: {{kind: local, releases: releases/, instances: 2, listen: "127.0.0.1:{port}"}}
      database: none
      objectives: [p99 latency <= 10s, error rate <= 1%]
      metrics: {{kind: probe, path: /cart, rate: 60}}
      verification: {{warm_up: 0s, bake: 1s, deadline: 2m, probes: [{{path: /cart, status: 200}}]}}
      prewarm: true
      soak: 0s
"""


class Shop:
    """A production with a failed deployment live, run by the commands a person would type."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self.folder = folder
        self.ledger = folder / ".smartspec" / "smartspec.db"
        self.url = f"http://127.0.0.1:{port}/cart"
        (folder / "smartspec.yaml").write_text(CONFIGURATION.format(port=port))

    def smartspec(self, *words: str) -> None:
        """Run a command that has to succeed."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("smartspec")), *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr

    def deploy(self, version: str, deployment_id: str, outcome: str) -> None:
        """Put a version live and say how it does."""
        write_release(self.folder / "releases", version)
        self.smartspec("local", "deploy", "--version", version, "--id", deployment_id)
        self.smartspec("deployment", "mark", deployment_id, outcome, "--reason", "seen by a person")

    @contextmanager
    def roll_back(self) -> "Iterator[subprocess.Popen[str]]":
        """Begin the rollback; nothing of it is left running."""
        running = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("smartspec_rollback")),
                *("--failed-deployment-id", BAD_ID, "--auto-approve"),
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a production, and leave nothing of it running."""
    made = Shop(tmp_path)
    made.smartspec("local", "up")
    try:
        made.deploy(GOOD, GOOD_ID, "healthy")
        made.deploy(BAD, BAD_ID, "failed")
        yield made
    finally:
        made.smartspec("local", "down")


def await_sent(load: Load, count: int, deadline: Deadline) -> None:
    """Wait until that many requests were sent."""
    while load.counted().sent < count and not deadline.expired:
        deadline.pause(0.1)


def await_switch(store: SqliteStore, running: "subprocess.Popen[str]", deadline: Deadline) -> float:
    """Watch the journal until it reports the switch done; return when that was seen."""
    while not deadline.expired and running.poll() is None:
        newest = store.rollbacks(TARGET, limit=1)
        for entry in store.journal(newest[0].id) if newest else ():
            if entry.kind is EntryKind.STEP_DONE and entry.step == "switch-traffic":
                return CLOCK.monotonic()
        deadline.pause(0.01)
    pytest.fail(f"the switch was never reported: {running.communicate(timeout=PATIENCE)[0]}")


def test_a_rollback_under_load_loses_no_request_and_sends_none_back(shop: Shop) -> None:
    """If this failed, a rollback would cost users requests, or report a switch that is not done."""
    deadline = Deadline.after(CLOCK, PATIENCE)
    load = Load(shop.url, connections=CONNECTIONS, rate=None)
    load.start()
    try:
        await_sent(load, BEFORE, deadline)
        with shop.roll_back() as running, SqliteStore.open(shop.ledger) as store:
            switched = await_switch(store, running, deadline)
            said, _ = running.communicate(timeout=PATIENCE)
            rolled_back = store.rollbacks(TARGET, limit=1)[0]
            verdict = store.newest_verdict(rolled_back.id)
            meanwhile = store.series(rolled_back.id)
        await_sent(load, max(AT_LEAST, load.counted().sent + AFTER), deadline)
    finally:
        counted = load.stop()
    assert running.returncode == 0, said
    assert rolled_back.status is Status.SUCCEEDED
    assert verdict is not None
    assert verdict.series
    assert verdict.measured is not None
    assert sum(p.requests for p in verdict.series.points) == verdict.measured.requests
    assert all(point.seconds >= 1 / 5 for each in meanwhile for point in each.points)
    assert counted.sent >= AT_LEAST
    assert counted.failed == 0
    assert counted.sent_to_after(BAD, switched) == 0
    assert set(counted.by_version) == {BAD, GOOD}
    assert min(counted.by_version.values()) >= BEFORE // 2
