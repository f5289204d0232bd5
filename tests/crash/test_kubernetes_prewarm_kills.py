"""A prewarmed rollback on a cluster, killed at each write of its journal, goes on elsewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.crash.kubernetes_shop import a_recorded_shop, run
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, Shop

from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.testing.kubernetes import resources

WRITES = 24
"""How often an undisturbed rollback writes; the first test says so when that changes."""

_FLIPS = 2


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which the bad version is live after the good one, as recorded."""
    with a_recorded_shop(tmp_path) as shop:
        yield shop


def _must_be_rolled_back(shop: Shop) -> None:
    workload: Any = shop.deployment
    image = workload["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")
    deployments = shop.cluster.all(resources.DEPLOYMENT, NAMESPACE)
    assert [each["metadata"]["name"] for each in deployments] == [NAME]  # no shadow is left
    service: Any = shop.cluster.get(resources.SERVICE, NAMESPACE, NAME)
    assert service["spec"]["selector"] == {"app": NAME}
    marks = msgspec.json.decode(service["metadata"]["annotations"][MARK], type=Marks)
    assert len(marks.sent) == _FLIPS
    assert len({each.value.partition(".")[0] for each in marks.sent}) == 1
    assert shop.cluster.all(resources.LEASE, NAMESPACE) == []


def _must_never_have_lost_what_serves(shop: Shop) -> None:
    """Insist that the Service was flipped there and back, and nothing removed in between."""
    flips = 0
    for call in shop.cluster.requests.all():
        if call.verb == "patch" and f"/services/{NAME}" in call.path:
            flips += 1
        if call.verb == "delete" and f"/deployments/{NAME}-smartspec" in call.path:
            assert flips != 1
    assert flips == _FLIPS


def test_undisturbed(shop: Shop, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    done = run(tmp_path, "--prewarm")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    _must_be_rolled_back(shop)
    _must_never_have_lost_what_serves(shop)


@pytest.mark.parametrize("number", range(1, WRITES + 1))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_a_write(shop: Shop, tmp_path: Path, side: str, number: int) -> None:
    """A process dies, and a shadow is left behind, or is removed while it serves production."""
    killed = run(tmp_path, "--prewarm", "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    again = run(tmp_path, "--prewarm")
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_rolled_back(shop)
    _must_never_have_lost_what_serves(shop)


@pytest.mark.parametrize("number", [11, 14])
def test_abandoned_while_the_shadow_serves(shop: Shop, tmp_path: Path, number: int) -> None:
    """The next rollback hears that there is nothing to do, and the shadow serves for ever."""
    run(tmp_path, "--prewarm", "--kill", f"after:{number}")
    given_up = run(tmp_path, "--prewarm", "--abandon")
    assert "abandoned" in given_up.stdout, given_up.stdout + given_up.stderr
    service: Any = shop.cluster.get(resources.SERVICE, NAMESPACE, NAME)
    assert service["spec"]["selector"] == {"app": f"{NAME}-smartspec"}
    again = run(tmp_path, "--prewarm")
    assert again.returncode == 0, again.stdout + again.stderr
    deployments = shop.cluster.all(resources.DEPLOYMENT, NAMESPACE)
    assert [each["metadata"]["name"] for each in deployments] == [NAME]
    service = shop.cluster.get(resources.SERVICE, NAMESPACE, NAME)
    assert service["spec"]["selector"] == {"app": NAME}
    assert set(shop.running.values()) == {"v1.2.0"}
