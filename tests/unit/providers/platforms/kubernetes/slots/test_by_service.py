"""Which workloads are slots of a Service, and when nobody can tell."""

from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import service

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import SHADOW_OF
from smartspec_rollback.providers.platforms.kubernetes.slots.by_service import SLOT, chosen_by

TWO_KEYS = service("checkout", app="checkout", slot="blue")
ONE_KEY = service("checkout", app="checkout-blue")


def workload(name: str, image: str = "checkout:v1", **labels: str) -> dict[str, Any]:
    """Write a Deployment; a label ``args`` is the container's argument instead."""
    args = [labels.pop("args")] if "args" in labels else None
    container = {"name": "app", "image": f"registry.example/{image}", "args": args}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"metadata": {"name": name}, "spec": {"template": template}}


def noted(thing: dict[str, Any], said: str) -> dict[str, Any]:
    """Annotate a workload as a slot, or as none."""
    thing["metadata"]["annotations"] = {SLOT: said}
    return thing


BLUE = workload("checkout-blue", app="checkout", slot="blue")
GREEN = workload("checkout-green", app="checkout", slot="green")


def slots_of(front: dict[str, Any], *workloads: dict[str, Any]) -> list[str] | None:
    """Name the slots; None where there are none."""
    found = chosen_by(front, workloads, name="checkout", container=None)
    return None if found is None else sorted(each["metadata"]["name"] for each in found[1].values())


BOTH = ["checkout-blue", "checkout-green"]


@pytest.mark.parametrize(
    ("front", "workloads", "slots"),
    [
        (TWO_KEYS, [BLUE, GREEN], BOTH),
        (TWO_KEYS, [BLUE], None),
        (TWO_KEYS, [BLUE, workload("payments", app="payments", slot="green")], None),
        (TWO_KEYS, [BLUE, workload("orders-green", app="checkout", slot="green")], None),
        (TWO_KEYS, [BLUE, GREEN, workload("checkout-x", app="other", slot="grey")], BOTH),
        (
            TWO_KEYS,
            [BLUE, GREEN, workload("checkout-cache", "redis:7", app="checkout", slot="cache")],
            BOTH,
        ),
        (
            ONE_KEY,
            [
                workload("checkout-blue", app="checkout-blue"),
                workload("checkout-green", app="checkout-green"),
            ],
            BOTH,
        ),
        (
            ONE_KEY,
            [
                workload("checkout-blue", app="checkout-blue"),
                workload("checkout-worker", app="checkout-worker", args="work"),
            ],
            None,
        ),
        (
            service("checkout", app="checkout", component="web"),
            [
                workload("checkout-web", app="checkout", component="web"),
                workload("checkout-worker", app="checkout", component="worker"),
            ],
            None,
        ),
        (
            TWO_KEYS,
            [BLUE, noted(workload("checkout-g", app="checkout", slot="green"), "none")],
            None,
        ),
        (
            TWO_KEYS,
            [
                BLUE,
                noted(workload("checkout-g", app="checkout", slot="green", args="new"), "green"),
            ],
            ["checkout-blue", "checkout-g"],
        ),
    ],
    ids=[
        "two", "one", "other-app", "other-name", "labels-of-two-differ", "other-program",
        "one-key", "one-key-worker", "component", "said-to-be-none", "said-to-be-one",
    ],
)  # fmt: skip
def test_slots(
    front: dict[str, Any], workloads: list[dict[str, Any]], slots: list[str] | None
) -> None:
    """A worker, a cache or somebody else's workload gets production's traffic."""
    assert slots_of(front, *workloads) == slots


def test_prewarmed_instances_are_no_slot() -> None:
    """Our own shadow makes the workload one of several, and the plan another one."""
    shadow = workload("checkout-smartspec", app="checkout", slot="blue-smartspec")
    shadow["metadata"]["labels"] = {SHADOW_OF: "checkout-blue"}
    assert slots_of(TWO_KEYS, BLUE, shadow) is None


@pytest.mark.parametrize(
    ("front", "workloads", "named"),
    [
        (
            service("checkout", app="checkout"),
            [BLUE, GREEN],
            "checkout-blue, checkout-green apart: it sends traffic to several",
        ),
        (
            TWO_KEYS,
            [BLUE, GREEN, workload("checkout-green-2", app="checkout", slot="green")],
            "several have the same slot",
        ),
        (
            TWO_KEYS,
            [BLUE, workload("checkout-green", app="checkout", slot="green", args="work")],
            "in different ways",
        ),
        (
            TWO_KEYS,
            [
                workload("web", app="checkout", slot="blue"),
                GREEN,
                workload("checkout-grey", app="checkout", slot="grey"),
            ],
            "another one than those has the traffic",
        ),
    ],
    ids=["both-selected", "same-slot", "another-way", "another-one"],
)
def test_what_is_not_clear_is_refused(
    front: dict[str, Any], workloads: list[dict[str, Any]], named: str
) -> None:
    """A guess sends production's traffic to the wrong workload."""
    with pytest.raises(ProviderError, match=named) as caught:
        slots_of(front, *workloads)
    assert SLOT in caught.value.remedy
