"""A rollback of an Argo Rollout, killed at each write of its journal, goes on elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.crash.kubernetes_shop import a_recorded_shop, run
from tests.unit.providers.platforms.kubernetes.rollouts import CANARY, WORKLOAD, promoted, wait
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, Shop

from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.testing.kubernetes import resources

WRITES = 22
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_RUN = ("--workload", WORKLOAD)
_MARKED = 4
"""The promotion leaves no mark."""


def _deploy(shop: Shop, version: str, deployment_id: str) -> None:
    """Put a version live, the second one past the canary's steps."""
    if version == "v1.2.0":
        shop.cluster.register(resources.ROLLOUT)
        shop.spec = {"strategy": CANARY}
        shop.begin(version, deployment_id)
        wait(shop, lambda: shop.deployment.get("status", {}).get("phase") == "Healthy")
    else:
        promoted(shop, version, deployment_id)
    shop.platform.observe(shop.target)  # what it read a moment ago is no more


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which the bad version is fully promoted, as recorded."""
    with a_recorded_shop(tmp_path, deploy=_deploy, workload=WORKLOAD) as shop:
        shop.cluster.requests.clear()
        yield shop


def _must_be_rolled_back(shop: Shop, generation: int) -> None:
    rollout: Any = shop.deployment
    assert set(shop.running.values()) == {"v1.2.0"}
    assert rollout["metadata"]["generation"] == generation + 1  # the template was replaced once
    assert rollout["status"]["phase"] == "Healthy"
    assert "promoteFull" not in rollout["status"]
    marks = msgspec.json.decode(rollout["metadata"]["annotations"][MARK], type=Marks)
    assert len(marks.sent) == _MARKED
    assert len({each.value.partition(".")[0] for each in marks.sent}) == 1
    sent = [
        each
        for each in shop.cluster.requests.all()
        if each.verb == "patch" and "/status?" in each.path and "dryRun" not in each.path
    ]
    # One that comes too late is refused by its tests, and made anew from what is there then.
    assert [each.code for each in sent].count(200) == 1, sent
    assert shop.cluster.all(resources.LEASE, NAMESPACE) == []


def test_undisturbed(shop: Shop, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    generation = shop.deployment["metadata"]["generation"]
    done = run(tmp_path, *_RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    _must_be_rolled_back(shop, generation)


@pytest.mark.parametrize("number", range(1, WRITES + 1))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_a_write(shop: Shop, tmp_path: Path, side: str, number: int) -> None:
    """A process dies, and production waits half-way through a canary, or is promoted twice."""
    generation = shop.deployment["metadata"]["generation"]
    killed = run(tmp_path, *_RUN, "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    again = run(tmp_path, *_RUN)
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_rolled_back(shop, generation)
