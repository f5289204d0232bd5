"""Every call of a whole rollback fails once, in every way there is: it ends right each time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, Shop, a_shop
from tests.unit.providers.platforms.kubernetes.whole import Whole

from smartspec_rollback.testing.engine_parts import FAILED_ID, HEALTHY_ID
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.faults import Call, Fault
from smartspec_rollback.testing.kubernetes.images import NeverReady

KINDS: dict[str, dict[str, Any]] = {
    "deployment": {},
    "statefulset": {},
    "daemonset": {"updateStrategy": {"type": "OnDelete"}},
}
APART = 16
"""How many calls are between two that fail."""

FAULTS: dict[str, dict[str, Any]] = {
    "500": {"code": 500},
    "429": {"code": 429, "retry_after": 1},
    "drop-before": {"drop": "before"},
    "drop-after": {"drop": "after"},
    "delay": {"delay": 0.01},
}


@contextmanager
def _failed(folder: Path, kind: str) -> Iterator[Whole]:
    """Run a cluster on which v1.2.1 failed: stuck on a StatefulSet, live on the others."""
    folder.mkdir()
    with a_shop(folder, workload=f"{kind}/{NAME}") as shop:
        shop.spec = KINDS[kind]
        shop.deploy("v1.2.0", HEALTHY_ID)
        if kind == "statefulset":
            shop.cluster.images["registry.example/checkout:v1.2.1"] = NeverReady()
        shop.deploy("v1.2.1", FAILED_ID)
        if kind == "daemonset":
            shop.replace_by_hand()
        whole = Whole(shop, folder)
        shop.cluster.requests.clear()
        yield whole


def _must_be_back(shop: Shop) -> None:
    assert list(shop.running.values()) == ["v1.2.0"] * 3
    assert shop.cluster.all(resources.LEASE, NAMESPACE) == []
    assert shop.platform.observe(shop.target).operation is None


def _undisturbed(folder: Path, kind: str) -> tuple[tuple[Call, ...], int]:
    """Give the calls of a rollback that nothing disturbs, and the generation it ends with."""
    with _failed(folder / "undisturbed", kind) as whole:
        assert whole.roll_back().exit_code == 0
        calls = whole.shop.cluster.requests.all()
        _must_be_back(whole.shop)
        return calls, whole.shop.deployment["metadata"]["generation"]


def _fails_at(folder: Path, kind: str, numbers: Iterable[int], how: str) -> int:
    """Roll back while some calls fail; gives the generation it ends with."""
    first, *_ = numbers = tuple(numbers)
    with _failed(folder / f"{how}-{first}", kind) as whole:
        faults = [Fault(skip=number, **FAULTS[how]) for number in numbers]
        for fault in faults:
            whole.shop.cluster.faults.add(fault)
        report = whole.roll_back()
        assert report.exit_code == 0, report.rollback.status_detail
        assert faults[0].met > first
        _must_be_back(whole.shop)
        generation: int = whole.shop.deployment["metadata"]["generation"]
        return generation


@pytest.mark.parametrize("how", ["500", "drop-before", "drop-after"])
def test_each_call_fails_once(how: str, tmp_path: Path) -> None:
    """One bad moment of the API server leaves production half-way, or does a step twice.

    Every so many calls one fails. A call that is sent again moves the later ones by one, so the
    runs together reach each call.
    """
    calls, generation = _undisturbed(tmp_path, "deployment")
    for start in range(APART):
        numbers = range(start, len(calls) + APART, APART)
        end = _fails_at(tmp_path, "deployment", numbers, how)
        assert end == generation, f"{how} at {start}: {calls[start].method} {calls[start].path}"


@pytest.mark.parametrize("how", ["500", "drop-after"])
@pytest.mark.parametrize("kind", ["statefulset", "daemonset"])
def test_each_write_fails_once(kind: str, how: str, tmp_path: Path) -> None:
    """An instance is deleted or evicted twice, or never, because an answer was lost."""
    calls, generation = _undisturbed(tmp_path, kind)
    writes = [number for number, call in enumerate(calls) if call.method != "GET"]
    assert len(writes) >= 8
    for number in writes:
        end = _fails_at(tmp_path, kind, [number], how)
        assert end == generation, f"{how} at {calls[number].method} {calls[number].path}"


@pytest.mark.parametrize("how", ["delay", "429"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_all_calls_are_slow(kind: str, how: str, tmp_path: Path) -> None:
    """A server that is busy, or slow to answer, is taken for one that fails."""
    with _failed(tmp_path / "shop", kind) as whole:
        for number in range(0, 200, 1 if how == "delay" else 2):
            whole.shop.cluster.faults.add(Fault(skip=number, **FAULTS[how]))
        assert whole.roll_back().exit_code == 0
        _must_be_back(whole.shop)


@pytest.mark.parametrize("kind", list(KINDS))
def test_at_most_twelve_calls_before_the_question(kind: str, tmp_path: Path) -> None:
    """Planning loads an API server that may be on fire already."""
    with _failed(tmp_path / "shop", kind) as whole:
        whole.roll_back()
        assert len(whole.asked_after) == 1
        assert whole.asked_after[0] <= 12
