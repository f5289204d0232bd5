"""Instances that the cluster does not replace by itself: stuck ones, OnDelete, partitions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    TARGET,
    Shop,
    a_shop,
    await_done,
    carry_out,
    fence_for,
    send,
)

from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.client.connection import Connection
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Rule
from smartspec_rollback.testing.kubernetes.faults import Fault
from smartspec_rollback.testing.kubernetes.images import Crash, NeverReady, PullFails, Ready

BAD = "registry.example/checkout:v1.2.1"
PARTITION = "/spec/updateStrategy/rollingUpdate/partition"
SETS = ["statefulset", "daemonset"]
BROKEN = [Crash(after=0.5), NeverReady(), PullFails()]


@contextmanager
def _set(folder: Path, kind: str, bad: Any = None, **spec: Any) -> Iterator[Shop]:
    """Run a set on which v1.2.1 rolls out after v1.2.0; its image behaves as ``bad`` says."""
    with a_shop(folder, workload=f"{kind}/{NAME}") as shop:
        shop.spec = spec
        shop.deploy("v1.2.0", "deploy-1")
        if bad is not None:
            shop.cluster.images[BAD] = bad
        shop.deploy("v1.2.1", "deploy-2")
        yield shop


def _plan(shop: Shop) -> tuple[Step, ...]:
    return shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))


def _budget(shop: Shop, name: str = "few", **spec: Any) -> None:
    body = {
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": NAME}}, **spec},
    }
    shop.cluster.create(resources.DISRUPTION_BUDGET, NAMESPACE, body)
    shop.cluster.advance(1.0)


@pytest.mark.parametrize("bad", BROKEN)
def test_a_stuck_stateful_set_is_unstuck(bad: Any, tmp_path: Path) -> None:
    """A StatefulSet stays on its broken instance for ever, whatever its template says."""
    with _set(tmp_path, "statefulset", bad) as shop:
        assert shop.running["checkout-2"] == "v1.2.1"
        steps = carry_out(shop, "v1.2.0")
        assert [step.title for step in steps] == [
            "Put the template of `v1.2.0` back into `statefulset/checkout`.",
            "Delete the stuck instance `checkout-2` of `v1.2.1`, which the cluster waits for.",
            "Start `v1.2.0` instances.",
            "Switch production traffic from `v1.2.1` to `v1.2.0`.",
            "Scale down `v1.2.1` instances to 0.",
        ]
        assert set(shop.running.values()) == {"v1.2.0"}
        assert len(shop.running) == 3


def test_nothing_is_deleted_where_nothing_is_stuck(tmp_path: Path) -> None:
    """Instances that work, or that the cluster replaces by itself, are deleted needlessly."""
    for kind, bad, spec in (
        ("statefulset", None, {}),
        ("statefulset", NeverReady(), {"podManagementPolicy": "Parallel"}),
        ("daemonset", NeverReady(), {}),
    ):
        folder = tmp_path / f"{kind}-{bool(bad)}"
        folder.mkdir()
        with _set(folder, kind, bad, **spec) as shop:
            assert len(carry_out(shop, "v1.2.0")) == 3
            assert set(shop.running.values()) == {"v1.2.0"}


def test_one_that_came_to_work_meanwhile_is_spared(tmp_path: Path) -> None:
    """An instance that was slow when the plan was made is deleted though it works by now."""
    with _set(tmp_path, "statefulset", NeverReady()) as shop:
        restore, delete, *_ = _plan(shop)
        shop.cluster.images[BAD] = NeverReady()
        send(shop.platform, restore, fence_for(shop.platform, "rb-1.1.restore"), shop.clock)
        await_done(shop.platform, restore, shop.clock)
        pod = shop.cluster.get(resources.POD, NAMESPACE, "checkout-2")
        assert pod is not None
        for each in pod["status"]["conditions"]:
            each["status"] = "True"
        shop.cluster.faults.add(Fault(verb="delete", path="pods", code=500, times=None))
        shop.cluster.set_status(resources.POD, NAMESPACE, "checkout-2", pod["status"])
        send(shop.platform, delete, fence_for(shop.platform, "rb-1.2.delete"), shop.clock)
        assert shop.platform.settled(delete).state is ProgressState.DONE
        assert not shop.cluster.requests.all(verb="delete", path="pods")


def _partition(number: int) -> dict[str, Any]:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": number}}}


def test_a_partition_that_holds_bad_instances_back_is_lifted(tmp_path: Path) -> None:
    """A partition keeps instances of the failed release, and the rollback counts as done."""
    with _set(tmp_path, "statefulset") as shop:
        shop.change({"op": "replace", "path": PARTITION, "value": 2})
        shop.cluster.advance(5.0)
        steps = carry_out(shop, "v1.2.0")
        assert steps[0].title == (
            "Lift the partition of `statefulset/checkout`, which holds the instances below 2 "
            "back, towards `v1.2.0`."
        )
        assert "the next deployment would reach all of them" in steps[0].danger
        assert "partition of `statefulset/checkout` to 2 again" in steps[0].undo
        assert list(shop.running.values()) == ["v1.2.0"] * 3
        strategy = shop.deployment["spec"]["updateStrategy"]
        assert strategy["rollingUpdate"]["partition"] == 0


@pytest.mark.parametrize("bad", [None, *BROKEN])
def test_a_canary_goes_back_behind_its_partition(bad: Any, tmp_path: Path) -> None:
    """The partition of a canary is lifted though only the canary is bad, or it is never done."""
    with _set(tmp_path, "statefulset", bad, **_partition(2)) as shop:
        assert list(shop.running.values()) == ["v1.2.0", "v1.2.0", "v1.2.1"]
        seen = shop.platform.observe(TARGET)
        assert {each.version: each.desired for each in seen.workloads} == {
            "v1.2.1": 1,
            "v1.2.0": 2,
        }
        steps = carry_out(shop, "v1.2.0")
        kinds = [step.kind for step in steps]
        assert "resume-rollout" not in kinds
        assert ("delete-stuck-instances" in kinds) == (bad is not None)
        assert list(shop.running.values()) == ["v1.2.0"] * 3
        strategy = shop.deployment["spec"]["updateStrategy"]
        assert strategy["rollingUpdate"]["partition"] == 2


def test_a_canary_is_started_once_it_is_ready(tmp_path: Path) -> None:
    """Instances that always were the target's are counted for the canary, which is not back."""
    with _set(tmp_path, "statefulset", **_partition(2)) as shop:
        start = next(step for step in _plan(shop) if step.kind == "start-instances")
        shop.cluster.images["registry.example/checkout:v1.2.0"] = Ready(after=10.0)
        send(shop.platform, start, fence_for(shop.platform, "rb-1.1.start"), shop.clock)
        shop.cluster.advance(5.0)
        said = shop.platform.settled(start)
        assert said.state is ProgressState.PENDING
        assert said.detail.startswith("0 of 1 instances available")
        assert await_done(shop.platform, start, shop.clock).detail == "1 of 1 instances available"


def test_a_stuck_instance_behind_a_partition_is_deleted_too(tmp_path: Path) -> None:
    """The partition is lifted, and the StatefulSet waits for its broken instance all the same."""
    with _set(tmp_path, "statefulset") as shop:
        shop.change({"op": "replace", "path": PARTITION, "value": 1})
        shop.cluster.images[BAD] = NeverReady()
        shop.delete_pod("checkout-0")
        shop.cluster.advance(40.0)
        steps = carry_out(shop, "v1.2.0")
        assert [step.kind for step in steps[:3]] == [
            "resume-rollout",
            "delete-stuck-instances",
            "start-instances",
        ]
        assert list(shop.running.values()) == ["v1.2.0"] * 3


@pytest.mark.parametrize("kind", SETS)
def test_on_delete_is_replaced_one_by_one(kind: str, tmp_path: Path) -> None:
    """With OnDelete nothing rolls back, or everything is down at once."""
    with _set(tmp_path, kind, updateStrategy={"type": "OnDelete"}) as shop:
        shop.replace_by_hand()
        assert set(shop.running.values()) == {"v1.2.1"}
        fewest: list[int] = []

        def count(_: Any) -> None:
            pods = shop.cluster.all(resources.POD, NAMESPACE)
            ready = sum(
                any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
                for pod in pods
                if "deletionTimestamp" not in pod["metadata"]
                for conditions in [pod.get("status", {}).get("conditions", [])]
            )
            fewest.append(ready)

        shop.cluster.hooks.append(count)
        steps = carry_out(shop, "v1.2.0")
        assert [step.title for step in steps[:3]] == [
            f"Put the template of `v1.2.0` back into `{kind}/checkout`.",
            (
                f"Replace the instances of `v1.2.1` one by one: `{kind}/checkout` replaces none by "
                "itself (OnDelete)."
            ),
            "Start `v1.2.0` instances.",
        ]
        assert list(shop.running.values()) == ["v1.2.0"] * 3
        assert min(fewest) == 2
        evicted = shop.cluster.requests.all(verb="create", path="eviction")
        assert [call.code for call in evicted] == [201] * 3


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("bad", BROKEN)
def test_on_delete_with_broken_instances(kind: str, bad: Any, tmp_path: Path) -> None:
    """One broken instance keeps all others from being replaced."""
    with _set(tmp_path, kind, bad, updateStrategy={"type": "OnDelete"}) as shop:
        for name in sorted(shop.running)[::2]:
            shop.delete_pod(name)
        shop.cluster.advance(40.0)
        assert "v1.2.1" in shop.running.values()
        carry_out(shop, "v1.2.0")
        assert list(shop.running.values()) == ["v1.2.0"] * 3


@pytest.mark.parametrize("kind", SETS)
def test_on_delete_waits_for_a_disruption_budget(kind: str, tmp_path: Path) -> None:
    """A rollback goes over somebody's disruption budget, or says only that it took too long."""
    with _set(tmp_path, kind, updateStrategy={"type": "OnDelete"}) as shop:
        shop.replace_by_hand()
        _budget(shop, minAvailable=3)
        restore, replace, *_ = _plan(shop)
        send(shop.platform, restore, fence_for(shop.platform, "rb-1.1.restore"), shop.clock)
        await_done(shop.platform, restore, shop.clock)
        fence = fence_for(shop.platform, "rb-1.2.replace")
        shop.platform.apply(replace, fence=fence, deadline=Deadline.after(shop.clock, 20.0))
        said = shop.platform.settled(replace)
        assert said.state is ProgressState.PENDING
        assert "0 of 3 instances are of the target" in said.detail
        assert "PodDisruptionBudget" in said.detail
        assert set(shop.running.values()) == {"v1.2.1"}
        shop.cluster.change(
            resources.DISRUPTION_BUDGET,
            NAMESPACE,
            "few",
            lambda budget: budget["spec"].update(minAvailable=2),
        )
        send(shop.platform, replace, fence, shop.clock)
        assert await_done(shop.platform, replace, shop.clock).state is ProgressState.DONE
        assert list(shop.running.values()) == ["v1.2.0"] * 3


def test_two_budgets_are_told(tmp_path: Path) -> None:
    """The server's odd refusal of an eviction is waited out, as if the server would recover."""
    with _set(tmp_path, "daemonset", updateStrategy={"type": "OnDelete"}) as shop:
        shop.replace_by_hand()
        _budget(shop, minAvailable=1)
        _budget(shop, "more", minAvailable=1)
        restore, replace, *_ = _plan(shop)
        send(shop.platform, restore, fence_for(shop.platform, "rb-1.1.restore"), shop.clock)
        await_done(shop.platform, restore, shop.clock)
        with pytest.raises(NotDone, match="several PodDisruptionBudgets"):
            send(shop.platform, replace, fence_for(shop.platform, "rb-1.2.replace"), shop.clock)


def test_a_target_that_does_not_start_costs_one_instance(tmp_path: Path) -> None:
    """The good release does not start any more, and all instances are gone before it shows."""
    with _set(tmp_path, "daemonset", updateStrategy={"type": "OnDelete"}) as shop:
        shop.replace_by_hand()
        shop.cluster.images["registry.example/checkout:v1.2.0"] = PullFails()
        restore, replace, *_ = _plan(shop)
        send(shop.platform, restore, fence_for(shop.platform, "rb-1.1.restore"), shop.clock)
        await_done(shop.platform, restore, shop.clock)
        fence = fence_for(shop.platform, "rb-1.2.replace")
        shop.platform.apply(replace, fence=fence, deadline=Deadline.after(shop.clock, 60.0))
        assert sorted(shop.running.values()) == ["v1.2.0", "v1.2.1", "v1.2.1"]
        assert "is not ready yet" in shop.platform.settled(replace).detail


@pytest.mark.parametrize("kind", SETS)
def test_somebody_else_stops_the_replacing(kind: str, tmp_path: Path) -> None:
    """Instances go on being replaced, by what somebody else deployed meanwhile."""
    with _set(tmp_path, kind, updateStrategy={"type": "OnDelete"}) as shop:
        shop.replace_by_hand()
        restore, replace, *_ = _plan(shop)
        send(shop.platform, restore, fence_for(shop.platform, "rb-1.1.restore"), shop.clock)
        await_done(shop.platform, restore, shop.clock)
        fence = fence_for(shop.platform, "rb-1.2.replace")
        shop.cluster.clock.at(5.0, lambda: _interfere(shop))
        _budget(shop, minAvailable=3)
        with pytest.raises(FenceConflict):
            send(shop.platform, replace, fence, shop.clock)
        assert set(shop.running.values()) == {"v1.2.1"}
        assert shop.platform.settled(replace).state is ProgressState.FAILED


def _interfere(shop: Shop) -> None:
    def alter(thing: Any) -> None:
        thing["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/x:v9"

    shop.cluster.change(shop.resource, NAMESPACE, NAME, alter)


def test_eviction_that_is_not_allowed_is_told_before_anything_goes(tmp_path: Path) -> None:
    """A missing permission leaves nobody knowing whether instances were replaced."""
    with _set(tmp_path, "daemonset", updateStrategy={"type": "OnDelete"}) as shop:
        shop.replace_by_hand()
        restore, replace, *_ = _plan(shop)
        send(shop.platform, restore, fence_for(shop.platform, "rb-1.1.restore"), shop.clock)
        await_done(shop.platform, restore, shop.clock)
        fence = fence_for(shop.platform, "rb-1.2.replace")
        shop.cluster.access.deny(Rule(resource="pods/eviction"))
        assert any("pods/eviction" in each for each in shop.platform.access(TARGET).missing)
        with pytest.raises(NotDone, match="pods/eviction"):
            send(shop.platform, replace, fence, shop.clock)
        shop.cluster.access.clear()
        skip = len(shop.cluster.requests.all(path="eviction"))
        assert skip == 1
        shop.cluster.faults.add(Fault(path="eviction", skip=1, code=403, times=None))
        with pytest.raises(ProviderError, match="may be replaced by now") as caught:
            send(shop.platform, replace, fence, shop.clock)
        assert not isinstance(caught.value, NotDone)


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("write", [1, 2, 3, 4])
@pytest.mark.parametrize("side", ["before", "after"])
def test_replacing_goes_on_after_a_death(
    side: str, write: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process dies between two instances, and the rest stays, or one goes twice."""
    with _set(tmp_path, kind, updateStrategy={"type": "OnDelete"}) as shop:
        shop.replace_by_hand()
        restore, replace, *rest = _plan(shop)
        send(shop.platform, restore, fence_for(shop.platform, "rb-1.1.restore"), shop.clock)
        await_done(shop.platform, restore, shop.clock)
        fence = fence_for(shop.platform, "rb-1.2.replace")
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "send", _dying(Connection.send, write, side))
            with pytest.raises(_Death):
                send(shop.again(), replace, fence, shop.clock)
        shop.cluster.advance(1.0)
        over = (side, write) == ("after", 4)
        said = shop.again().settled(replace).state
        assert said is (ProgressState.DONE if over else ProgressState.PENDING)
        send(shop.again(), replace, fence, shop.clock)
        for number, step in enumerate((replace, *rest), start=2):
            send(shop.again(), step, fence_for(shop.again(), f"rb-1.{number}"), shop.clock)
            assert await_done(shop.again(), step, shop.clock).state is ProgressState.DONE
        assert list(shop.running.values()) == ["v1.2.0"] * 3
        evicted = shop.cluster.requests.all(verb="create", path="eviction")
        assert [call.code for call in evicted] == [201] * 3


class _Death(BaseException):
    """The process is no more."""


def _dying(send_as_ever: Any, write: int, side: str) -> Any:
    """Make a connection whose process dies before or after it sends its n-th write."""
    writes: list[str] = []

    def dying(self: Connection, method: str, url: str, **more: Any) -> Any:
        if method != "GET":
            writes.append(url)
        if method == "GET" or len(writes) != write:
            return send_as_ever(self, method, url, **more)
        if side == "after":
            send_as_ever(self, method, url, **more)
        raise _Death

    return dying
