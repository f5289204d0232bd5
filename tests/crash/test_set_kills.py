"""A rollback that deletes or replaces single instances, killed in the middle, goes on elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.crash.kubernetes_shop import a_recorded_shop, run
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, Shop

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.images import NeverReady

WRITES = 22
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_EXECUTING = range(8, 16)
"""The writes around the steps that are these workloads' own."""


def _stuck(shop: Shop, version: str, deployment_id: str) -> None:
    """Roll a version out; the bad one never becomes ready, and the StatefulSet waits for it."""
    if version != "v1.2.1":
        shop.deploy(version, deployment_id)
        return
    shop.cluster.images["registry.example/checkout:v1.2.1"] = NeverReady()
    shop.begin(version, deployment_id)
    _until(shop, lambda: shop.running.get("checkout-2") == "v1.2.1")


def _by_hand(shop: Shop, version: str, deployment_id: str) -> None:
    """Put a version live and replace each instance, as people do with OnDelete."""
    shop.spec = {"updateStrategy": {"type": "OnDelete"}}
    shop.begin(version, deployment_id)
    _until(shop, lambda: len(shop.running) == 3)
    for name, runs in shop.running.items():
        if runs != version:
            shop.delete_pod(name)
    _until(shop, lambda: list(shop.running.values()) == [version] * 3)


def _until(shop: Shop, holds: Any) -> None:
    deadline = Deadline.after(shop.clock, 30.0)
    while not holds():
        assert not deadline.expired, "it never came true"
        deadline.pause(0.02)
    shop.platform.observe(shop.target)  # what was found before is remembered for a moment


CASES = {"statefulset": _stuck, "daemonset": _by_hand}


@contextmanager
def _shop(folder: Path, kind: str) -> Iterator[Shop]:
    workload = f"{kind}/{NAME}"
    with a_recorded_shop(folder, deploy=CASES[kind], workload=workload) as shop:
        yield shop


def _must_be_rolled_back(shop: Shop) -> None:
    assert list(shop.running.values()) == ["v1.2.0"] * 3
    assert shop.cluster.all(resources.LEASE, NAMESPACE) == []
    assert shop.platform.observe(shop.target).operation is None
    evicted = [c.code for c in shop.cluster.requests.all(verb="create", path="eviction")]
    deleted = [c.code for c in shop.cluster.requests.all(verb="delete", path=f"pods/{NAME}")]
    if shop.resource is resources.DAEMON_SET:
        assert evicted == [201] * 3  # none went twice
    else:
        assert deleted == [200]


@pytest.mark.parametrize("kind", list(CASES))
def test_undisturbed(kind: str, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    with _shop(tmp_path, kind) as shop:
        done = run(tmp_path, "--workload", f"{kind}/{NAME}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.split()[0] == str(WRITES)
        _must_be_rolled_back(shop)


@pytest.mark.parametrize("number", _EXECUTING)
@pytest.mark.parametrize("kind", list(CASES))
def test_killed_at_a_write(kind: str, number: int, tmp_path: Path) -> None:
    """A process dies, and an instance goes twice, or none goes any more."""
    with _shop(tmp_path, kind) as shop:
        side = ("before", "after")[number % 2]
        options = ("--workload", f"{kind}/{NAME}")
        killed = run(tmp_path, *options, "--kill", f"{side}:{number}")
        assert killed.returncode < 0, killed.stdout + killed.stderr
        again = run(tmp_path, *options)
        assert again.returncode == 0, again.stdout + again.stderr
        _must_be_rolled_back(shop)
