"""A rollback on a cluster, killed at each write of its journal, goes on in another process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.crash.kubernetes_shop import a_recorded_shop, run
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, Shop

from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.testing.kubernetes import resources

ROOT = Path(__file__).parents[2]
WRITES = 18
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_STEPS = 3


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which the bad version is live after the good one, as recorded."""
    with a_recorded_shop(tmp_path) as shop:
        yield shop


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
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    _must_be_rolled_back(shop, generation)


@pytest.mark.parametrize("number", range(1, WRITES + 1))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_a_write(shop: Shop, tmp_path: Path, side: str, number: int) -> None:
    """A process dies, and production is left between two versions, changed twice, or locked."""
    generation = shop.deployment["metadata"]["generation"]
    killed = run(tmp_path, "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    again = run(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_rolled_back(shop, generation)
