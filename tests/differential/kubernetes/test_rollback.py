"""What a rollback makes of a cluster is what ``kubectl rollout undo`` makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.differential.kubernetes.kubectl import Kubectl
from tests.unit.providers.platforms.kubernetes.shop import NAMESPACE, Shop, a_shop, carry_out

from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.testing.kubernetes import resources

_TIMES = ("conditions", "observedGeneration")


def _after(folder: Path, act: Callable[[Shop, Kubectl], object]) -> tuple[Any, ...]:
    """Give what a cluster is like after somebody went back from v1.2.1 to v1.2.0."""
    folder.mkdir()
    with a_shop(folder, speed=20.0, token="") as shop:
        shop.deploy("v1.2.0", "deploy-1")
        shop.deploy("v1.2.1", "deploy-2", command=["serve", "--fast"])
        (folder / "kubectl").mkdir()
        act(shop, Kubectl(shop.cluster, folder / "kubectl"))
        workload: Any = shop.deployment
        status = {key: each for key, each in workload["status"].items() if key not in _TIMES}
        notes = dict(workload["metadata"]["annotations"])
        notes.pop(MARK, None)
        sets = sorted(
            (each["metadata"]["name"], each["spec"]["replicas"])
            for each in shop.cluster.all(resources.REPLICA_SET, NAMESPACE)
        )
        return workload["spec"], status, notes, sets


def _undo(_: Shop, kubectl: Kubectl) -> None:
    kubectl("-n", NAMESPACE, "rollout", "undo", "deployment/checkout")
    kubectl("-n", NAMESPACE, "rollout", "status", "deployment/checkout")


def test_rolled_back_as_kubectl_does(tmp_path: Path) -> None:
    """A rollback leaves the cluster otherwise than everybody's own tool would have."""
    ours = _after(tmp_path / "ours", lambda shop, _: carry_out(shop, "v1.2.0"))
    assert ours == _after(tmp_path / "kubectl", _undo)


def test_kubectl_sees_it_as_a_rollout(tmp_path: Path) -> None:
    """After a rollback kubectl's own history and status are wrong, and people distrust both."""

    def act(shop: Shop, kubectl: Kubectl) -> None:
        carry_out(shop, "v1.2.0")
        said = kubectl("-n", NAMESPACE, "rollout", "status", "deployment/checkout")
        assert "successfully rolled out" in said
        listed = kubectl("-n", NAMESPACE, "rollout", "history", "deployment/checkout")
        assert [line.split()[0] for line in listed.splitlines()[2:] if line] == ["2", "3"]
        _undo(shop, kubectl)

    spec = _after(tmp_path / "there-and-back", act)[0]
    assert spec["template"]["spec"]["containers"][0]["image"].endswith(":v1.2.1")


def test_kubectl_shows_what_was_done(tmp_path: Path) -> None:
    """The Events of a rollback are none that kubectl shows, or are shown for something else."""

    def act(shop: Shop, kubectl: Kubectl) -> None:
        carry_out(shop, "v1.2.0")
        said = kubectl("-n", NAMESPACE, "describe", "deployment/checkout")
        shown = [line.split() for line in said.partition("Events:")[2].splitlines()]
        ours = [line[:2] for line in shown if "smartspec" in line]
        assert sorted(ours) == [["Normal", "RollbackStarted"], *[["Normal", "RollbackStep"]] * 2]
        listed = kubectl("-n", NAMESPACE, "events", "--for=deployment/checkout")
        assert "Switch production traffic from v1.2.1 to v1.2.0." in listed

    _after(tmp_path / "described", act)
