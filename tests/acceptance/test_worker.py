"""A worker takes over what nobody drives any more, and leaves nothing worse than it was."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.acceptance.clusters import Shops
from tests.acceptance.commands import installed

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.kubernetes.cluster import Cluster


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[Shops]:
    """Supply a cluster whose services are asked about in a file."""
    with Cluster(speed=20.0) as cluster:
        shops = Shops(tmp_path, cluster)
        path = tmp_path / "smartspec.yaml"
        channel = "      soak: 0s\n      channel: {kind: file, path: messages}\n"
        path.write_text(path.read_text().replace("      soak: 0s\n", channel))
        yield shops


@contextmanager
def _started(shops: Shops, *words: str) -> Iterator["subprocess.Popen[str]"]:
    program = str(Path(sys.executable).with_name("smartspec"))
    process = subprocess.Popen(
        [program, *words],
        cwd=shops.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20.0)


def _await(true: Callable[[], bool], what: str) -> None:
    deadline = Deadline.after(SystemClock(), 40.0)
    while not true():
        assert not deadline.expired, what
        deadline.pause(0.1)


def _status(shops: Shops) -> str:
    done = installed("smartspec", "history", "--format", "json", folder=shops.folder)
    rollbacks = json.loads(done.out)["rollbacks"] if done.code == 0 else []
    return rollbacks[0]["status"] if rollbacks else ""


def _orphan(shops: Shops) -> str:
    """Begin a rollback and kill its process while it waits; the rollback's id comes back."""
    words = ("rollback", "--failed-deployment-id", "basket-v2", "--reason", "slow")
    with _started(shops, *words) as process:
        _await(lambda: _status(shops) == "awaiting-approval", "it is not asked about")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20.0)
    done = installed("smartspec", "history", "--format", "json", folder=shops.folder)
    rollback_id: str = json.loads(done.out)["rollbacks"][0]["id"]
    return rollback_id


def test_an_approval_counts_although_the_process_died(shops: Shops) -> None:
    """Somebody approves a rollback whose process is gone, and nothing ever happens."""
    rollback_id = _orphan(shops)
    with _started(shops, "worker") as worker:
        done = installed("smartspec", "approve", rollback_id, folder=shops.folder)
        assert done.code == 0, done.err
        _await(lambda: _status(shops) == "unstable", "it is not carried out")
        assert shops.images()["basket"].endswith(":v1")
        worker.terminate()
        assert worker.wait(20.0) == 0


def test_a_worker_that_stops_cancels_nothing(shops: Shops) -> None:
    """A worker is replaced, and the question that people are about to answer is gone."""
    rollback_id = _orphan(shops)
    with _started(shops, "worker") as worker:
        _await(lambda: _driven(shops, rollback_id), "it is not taken over")
        worker.terminate()
        assert worker.wait(20.0) == 0
    assert _status(shops) == "awaiting-approval"
    assert shops.images()["basket"].endswith(":v2")


def _driven(shops: Shops, rollback_id: str) -> bool:
    """Tell whether a living process drives a rollback: then it can be joined only by waiting."""
    from smartspec_rollback.store.sqlite import SqliteStore  # noqa: PLC0415 - of this check alone

    store = SqliteStore.open(shops.folder / ".smartspec" / "smartspec.db")
    try:
        return store.holder(rollback_id) is not None
    finally:
        store.close()


def test_nothing_to_do_is_soon_done(shops: Shops) -> None:
    """A worker in a scheduled job never ends."""
    assert installed("smartspec", "worker", "--once", folder=shops.folder).code == 0
