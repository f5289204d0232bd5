"""A rollback on a cluster, killed at each write of its journal, goes on in another process."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, Shop, a_shop

from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.engine_parts import FAILED_ID, HEALTHY_ID
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.images import Ready
from smartspec_rollback.testing.samples import a_deployment, a_person, a_summary, a_verdict

ROOT = Path(__file__).parents[2]
WRITES = 18
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_STEPS = 3


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which the bad version is live after the good one, as recorded."""
    with a_shop(tmp_path, speed=20.0) as shop:
        shop.cluster.kubelet.otherwise = Ready(after=1.0)
        store = SqliteStore.open(tmp_path / "smartspec.db")
        for version, deployment_id, outcome, ago in (
            ("v1.2.0", HEALTHY_ID, VerdictOutcome.PASS, 3600.0),
            ("v1.2.1", FAILED_ID, VerdictOutcome.FAIL, 60.0),
        ):
            shop.deploy(version, deployment_id)
            at = shop.clock.now() - timedelta(seconds=ago)
            release = shop.release(version)
            deployed = a_deployment(deployment_id, release=release, at=at)
            store.record_deployment(deployed, by=a_person("pipeline"))
            said = a_verdict(deployment_id, outcome, at=at, measured=a_summary(start=at))
            store.record_verdict(said)
        store.close()
        yield shop


def _run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.crash.kubernetes_runner", str(folder), *more]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def _must_be_rolled_back(shop: Shop, generation: int) -> None:
    workload: Any = shop.deployment
    image = workload["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")
    assert workload["metadata"]["generation"] == generation + _STEPS  # each step had one effect
    marks = msgspec.json.decode(workload["metadata"]["annotations"][MARK], type=Marks)
    assert len({each.value.partition(".")[0] for each in marks.sent}) == 1
    assert shop.cluster.all(resources.LEASE, NAMESPACE) == []
    assert shop.platform.observe(shop.target).operation is None


def test_undisturbed(shop: Shop, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    generation = shop.deployment["metadata"]["generation"]
    done = _run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    _must_be_rolled_back(shop, generation)


@pytest.mark.parametrize("number", range(1, WRITES + 1))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_a_write(shop: Shop, tmp_path: Path, side: str, number: int) -> None:
    """A process dies, and production is left between two versions, changed twice, or locked."""
    generation = shop.deployment["metadata"]["generation"]
    killed = _run(tmp_path, "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    again = _run(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_rolled_back(shop, generation)
