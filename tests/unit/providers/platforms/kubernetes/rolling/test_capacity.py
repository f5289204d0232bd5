"""Whether there is room for the target: said only where it is known."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, TARGET, Shop, a_shop

from smartspec_rollback.domain.snapshot import Inspection
from smartspec_rollback.providers.platforms.kubernetes.rolling.capacity import (
    exceeded,
    quantity,
    room_of,
)
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Rule
from smartspec_rollback.testing.kubernetes.images import NeverReady

_UNAVAILABLE = "/spec/strategy/rollingUpdate/maxUnavailable"


def _quota(shop: Shop, *, hard: dict[str, str], used: dict[str, str]) -> None:
    body = {
        "metadata": {"name": "few"},
        "spec": {"hard": hard},
        "status": {"hard": hard, "used": used},
    }
    shop.cluster.create(resources.QUOTA, NAMESPACE, body)


def _inspect(shop: Shop) -> Inspection:
    platform = shop.again()
    return platform.inspect(TARGET, shop.release("v1.2.0"))


@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
def test_instances_exchanged_in_place_need_no_room(kind: str, tmp_path: Path) -> None:
    """Nobody is told that there is room, where each instance takes the place of one that went."""
    with a_shop(tmp_path, workload=f"{kind}/{NAME}") as shop:
        shop.deploy("v1.2.0")
        shop.deploy("v1.2.1")
        said = _inspect(shop)
        assert (said.startable, said.wanted) == (3, 3)
        assert "in place" in said.detail


def test_one_more_at_first_is_unknown_room(shop: Shop) -> None:
    """Room on the nodes, which nobody looked at, is promised."""
    said = _inspect(shop)
    assert said.startable is None
    assert "one more instance" in said.detail
    shop.change({"op": "replace", "path": _UNAVAILABLE, "value": 1})
    assert _inspect(shop).startable == 3


def test_a_quota_without_room_is_found_when_planning(shop: Shop) -> None:
    """The rollback waits for an instance that the quota does not allow, in the incident."""
    _quota(shop, hard={"pods": "3"}, used={"pods": "3"})
    said = _inspect(shop)
    assert said.startable == 0
    assert "quota" in said.detail
    shop.change({"op": "replace", "path": _UNAVAILABLE, "value": 1})
    assert _inspect(shop).startable == 3


def test_a_full_quota_blocks_no_rollback_of_a_stuck_rollout(shop: Shop) -> None:
    """The room that the stuck instance holds, and gives back, counts as missing."""
    shop.cluster.images["registry.example/checkout:v1.3.0"] = NeverReady()
    shop.deploy("v1.3.0")
    _quota(shop, hard={"pods": "4"}, used={"pods": "4"})
    assert _inspect(shop).startable is None


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("exceeded", "quota is exceeded"),
        ("forbidden", "may not be read"),
        ("resources", "other resources"),
        ("broken", "2 of 3"),
    ],
)
def test_what_is_not_known_is_not_promised(shop: Shop, what: str, said: str) -> None:
    """Room is promised though a quota, another size, or instances without a place speak against."""
    shop.change({"op": "replace", "path": _UNAVAILABLE, "value": 1})
    match what:
        case "exceeded":
            _quota(shop, hard={"requests.cpu": "1"}, used={"requests.cpu": "1500m"})
        case "forbidden":
            shop.cluster.access.deny(Rule(resource="resourcequotas"))
        case "resources":
            shop.deploy("v1.2.2", resources={"requests": {"cpu": "10m"}})
        case _:
            shop.cluster.images["registry.example/checkout:v1.2.1"] = NeverReady()
            shop.delete_pod(min(shop.running))
            shop.cluster.advance(10.0)
    found = _inspect(shop)
    assert found.startable is None
    assert said in found.detail


@pytest.mark.parametrize(
    ("said", "meant"),
    [("4", "4"), ("500m", "0.5"), ("2k", "2000"), ("2Gi", str(2 * 1024**3)), ("1.5", "1.5")],
)
def test_quantities(said: str, meant: str) -> None:
    """A quota is read as another number than the cluster reads."""
    assert quantity(said) == Decimal(meant)


@pytest.mark.parametrize("said", [None, "", "much", 4, "Gi"])
def test_what_is_no_quantity_says_nothing(said: object) -> None:
    """A quota that cannot be read counts as one that is kept, or hinders planning at all."""
    assert quantity(said).is_nan()
    quota: dict[str, Any] = {"status": {"hard": {"pods": said}, "used": {"pods": "3"}}}
    assert exceeded([quota]) is None
    assert room_of([quota]) is None
