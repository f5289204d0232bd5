"""A shop on an emulated cluster as recorded, and processes that roll it back and may die.

Used by the tests of kills on a cluster.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tests.unit.providers.platforms.kubernetes.shop import TOKEN, Shop, a_shop

from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.engine_parts import FAILED_ID, HEALTHY_ID
from smartspec_rollback.testing.kubernetes.images import Ready
from smartspec_rollback.testing.samples import a_deployment, a_person, a_summary, a_verdict

_ROOT = Path(__file__).parents[2]


Deploy = Callable[[Shop, str, str], None]
"""Puts a version live, as a deployment of an id."""


@contextmanager
def a_recorded_shop(
    folder: Path,
    *,
    deploy: Deploy = Shop.deploy,
    token: str = TOKEN,
    workload: str = "deployment/checkout",
) -> Iterator[Shop]:
    """Run a cluster on which the bad version is live after the good one, as recorded."""
    with a_shop(folder, speed=20.0, token=token, workload=workload) as shop:
        shop.cluster.kubelet.otherwise = Ready(after=1.0)
        record(folder, shop, deploy=deploy)
        yield shop


def record(folder: Path, shop: Shop, *, deploy: Deploy) -> None:
    """Put the good and the bad version live, and into the ledger."""
    store = SqliteStore.open(folder / "smartspec.db")
    for version, deployment_id, outcome, ago in (
        ("v1.2.0", HEALTHY_ID, VerdictOutcome.PASS, 3600.0),
        ("v1.2.1", FAILED_ID, VerdictOutcome.FAIL, 60.0),
    ):
        deploy(shop, version, deployment_id)
        at = shop.clock.now() - timedelta(seconds=ago)
        release = shop.release(version)
        deployed = a_deployment(deployment_id, release=release, at=at)
        store.record_deployment(deployed, by=a_person("pipeline"))
        said = a_verdict(deployment_id, outcome, at=at, measured=a_summary(start=at))
        store.record_verdict(said)
    store.close()


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Roll back in a process of its own."""
    command = [sys.executable, "-m", "tests.crash.kubernetes_runner", str(folder), *more]
    return subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=60
    )
