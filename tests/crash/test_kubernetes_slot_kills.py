"""Traffic that is turned among workloads side by side, killed at each write of the journal."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.crash.kubernetes_shop import record, run
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE
from tests.unit.providers.platforms.kubernetes.side_by_side import (
    BLUE,
    GREEN,
    Slots,
    good_and_bad,
    selected,
    side_by_side,
    weighed,
)

from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.providers.platforms.kubernetes.slots.patches import EMPTIED
from smartspec_rollback.testing.engine_parts import FAILED_ID, HEALTHY_ID
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.images import Ready

WRITES = 18
"""How often an undisturbed rollback writes; the first test says so when that changes."""

FRONTS = ("service", "httproute")


def _cluster(kind: str, folder: Path) -> AbstractContextManager[Slots]:
    return (side_by_side if kind == "service" else weighed)(folder, speed=20.0)


@pytest.fixture(params=FRONTS)
def slots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Slots]:
    """Supply a cluster on which the bad version has the traffic, as recorded."""
    with _cluster(request.param, tmp_path) as slots:
        slots.cluster.kubelet.otherwise = Ready(after=1.0)
        good_and_bad(slots, ids=(HEALTHY_ID, FAILED_ID))
        record(tmp_path, slots.shop, deploy=lambda *_: None)
        yield slots


def _generations(slots: Slots) -> tuple[int, int]:
    """Count the writes to both workloads."""
    blue, green = (slots.deployment(each)["metadata"]["generation"] for each in (BLUE, GREEN))
    return blue, green


def _roll_back(slots: Slots, folder: Path, *more: str) -> Any:
    return run(folder, "--traffic", str(slots.shop.settings.traffic), *more)


def _must_be_rolled_back(slots: Slots, before: tuple[int, int]) -> None:
    if slots.shop.settings.traffic == f"service/{NAME}":
        assert slots.selector == selected("blue")
        front = slots.get(resources.SERVICE, NAME)
    else:
        assert slots.weights == [[1, 0]]
        front = slots.get(resources.HTTP_ROUTE, NAME)
        assert front["metadata"]["generation"] == 3  # made, turned by people, turned by us
    assert slots.deployment(BLUE)["spec"]["replicas"] == 3
    assert slots.deployment(GREEN)["spec"]["replicas"] == 0
    assert _generations(slots) == (before[0] + 1, before[1] + 1)  # each step had one effect
    blue, green = slots.deployment(BLUE), slots.deployment(GREEN)
    noted = ((blue, MARK), (front, MARK), (green, EMPTIED))
    marks = [msgspec.json.decode(t["metadata"]["annotations"][n], type=Marks) for t, n in noted]
    operations = {each.sent[0].value.partition(".")[0] for each in marks}
    assert len(operations) == 1
    assert slots.cluster.all(resources.LEASE, NAMESPACE) == []
    assert slots.platform.observe(slots.shop.target).operation is None


def test_undisturbed(slots: Slots, tmp_path: Path) -> None:
    """The moments to die at are not those that there are."""
    before = _generations(slots)
    done = _roll_back(slots, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[0] == str(WRITES)
    _must_be_rolled_back(slots, before)


@pytest.mark.parametrize(
    # Both sides of every write are tried on the plain and the prewarmed way.
    ("side", "number"),
    [(("after", "before")[number % 2], number) for number in range(1, WRITES + 1)],
)
def test_killed_at_a_write(slots: Slots, tmp_path: Path, side: str, number: int) -> None:
    """A process dies, and traffic goes to nobody, is turned twice, or the bad slot stays."""
    before = _generations(slots)
    killed = _roll_back(slots, tmp_path, "--kill", f"{side}:{number}")
    assert killed.returncode < 0, killed.stdout + killed.stderr
    again = _roll_back(slots, tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    _must_be_rolled_back(slots, before)
