"""Helm's record of what a rollback put live, with the real Helm against the emulated cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.providers.platforms.kubernetes import charts
from tests.unit.providers.platforms.kubernetes.controllers import by_flux, labelled
from tests.unit.providers.platforms.kubernetes.shop import (
    TARGET,
    Shop,
    a_shop,
    await_done,
    carry_out,
    fence_for,
    send,
)

from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.helm.records import Record, release_of
from smartspec_rollback.providers.platforms.kubernetes.objects import SECRETS
from smartspec_rollback.testing.kubernetes.admission import Rule


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Supply a cluster on which Helm put v1.2.1 live after v1.2.0; there is no program helm."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with a_shop(tmp_path, speed=20.0, token="") as shop:
        charts.deployed_by_helm(shop, tmp_path, "v1.1.0", "v1.2.0", "v1.2.1")
        yield shop


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Supply a program helm, and give its log."""
    monkeypatch.setenv("PATH", charts.path_with(charts.program(tmp_path)))
    return tmp_path / "helm.log"


def _planned(shop: Shop, version: str = "v1.2.0") -> tuple[Step, ...]:
    platform = shop.again()
    return platform.plan(platform.observe(TARGET), to=shop.release(version))


def _relabelled(shop: Shop, revision: int, label: str, value: str) -> None:
    """Change what Helm says of a revision, as others, or an operation that died, do."""
    change = [{"op": "replace", "path": f"/metadata/labels/{label}", "value": value}]
    name = f"sh.helm.release.v1.checkout.v{revision}"
    shop.api.patch(SECRETS, name, change, deadline=Deadline.after(shop.clock, 5.0))


def test_helm_records_what_is_live(shop: Shop, program: Path) -> None:
    """Helm takes the failed revision for live, and the next upgrade starts from that."""
    *_, last = _planned(shop)
    command = "helm rollback checkout 2 --namespace shop --wait=false --no-hooks"
    assert last.title == f"Ask Helm to record `v1.2.0` as live: `{command}`."
    carry_out(shop, "v1.2.0")
    assert charts.history(shop)[-2:] == [(3, "superseded"), (4, "deployed")]
    (asked,) = program.read_text().splitlines()
    assert asked.startswith("rollback checkout 2 --namespace shop --wait=false --no-hooks")
    assert f"--kubeconfig {shop.settings.kubeconfig}" in asked
    image = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")


def test_a_revision_further_back_is_found(shop: Shop, program: Path) -> None:
    """The revision before the failed one is recorded, although another one is live."""
    assert "helm rollback checkout 1 " in _planned(shop, "v1.1.0")[-1].title
    carry_out(shop, "v1.1.0")
    assert program.read_text().startswith("rollback checkout 1 ")


def test_without_helm_people_are_told(shop: Shop) -> None:
    """There is no helm here, and nobody learns that its record is wrong."""
    *_, last = _planned(shop)
    assert last.kind == "scale-down"
    assert "takes its revision 3 (deployed) for live; its revision 2 holds `v1.2.0`" in (
        last.afterwards
    )
    assert "`helm rollback checkout 2 --namespace shop --wait=false --no-hooks`" in last.afterwards


def test_a_helm_that_fails_stops_no_rollback(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conflict of Helm leaves production switched, and never verified."""
    failing = charts.program(tmp_path, before="sys.exit(1)")
    monkeypatch.setenv("PATH", charts.path_with(failing))
    *_, last = carry_out(shop, "v1.2.0")
    said = shop.again().settled(last)
    assert said.detail == (
        "Helm did not record it: its newest is revision 3 (deployed); production does not "
        "depend on it"
    )
    assert (tmp_path / "helm.log").read_text().count("\n") == 1


def test_a_revision_of_somebody_else_is_left_alone(shop: Shop, program: Path) -> None:
    """Somebody upgraded meanwhile, and our record goes over his."""
    steps = _planned(shop)
    platform = shop.again()
    for number, step in enumerate(steps):
        if step is steps[-1]:
            _relabelled(shop, 3, "version", "9")
        send(platform, step, fence_for(platform, f"rb-1.{number}.{step.id}"), shop.clock)
        said = await_done(platform, step, shop.clock)
    assert "its newest is revision 9" in said.detail
    assert not program.exists()


def test_dying_after_helm_was_asked(shop: Shop, program: Path) -> None:
    """A process died when Helm had done its part, and the next one asks Helm once more."""
    *steps, last = _planned(shop)
    platform = shop.again()
    for number, step in enumerate(steps):
        send(platform, step, fence_for(platform, f"rb-1.{number}.{step.id}"), shop.clock)
        await_done(platform, step, shop.clock)
    fence = fence_for(platform, "rb-1.9.record")
    assert shop.again().settled(last).state is ProgressState.PENDING
    charts.rolled_back(shop, 2)
    assert shop.again().settled(last).state is ProgressState.DONE
    send(shop.again(), last, fence, shop.clock)
    assert not program.exists()
    assert charts.history(shop)[-1] == (4, "deployed")


def test_replicas_of_an_autoscaler_stay(shop: Shop, program: Path) -> None:
    """Helm scales the service down to what the chart says, in the middle of an incident."""
    steps = _planned(shop)
    scaled = [{"op": "replace", "path": "/spec/replicas", "value": 5}]
    platform = shop.again()
    for number, step in enumerate(steps):
        if step is steps[-1]:
            shop.change(*scaled)
        send(platform, step, fence_for(platform, f"rb-1.{number}.{step.id}"), shop.clock)
        said = await_done(platform, step, shop.clock)
    assert "Helm did not record it" in said.detail
    assert not program.exists()
    assert shop.deployment["spec"]["replicas"] == 5
    *_, last = _planned(shop, "v1.1.0")
    assert "another number of replicas" in last.afterwards


def test_a_release_that_is_stuck_is_told(shop: Shop, program: Path) -> None:
    """A helm that still runs, or died, is run into; nobody knows why it refuses everything."""
    _relabelled(shop, 3, "status", "pending-upgrade")
    owners = shop.again().observe(TARGET).owners
    assert owners is not None
    (owner,) = owners
    assert owner.suspended is True
    assert owner.doubt.startswith("Revision 3 of Helm release shop/checkout is pending-upgrade")
    assert "`helm rollback checkout 2 --namespace shop`" in owner.remedy
    assert "`sh.helm.release.v1.checkout.v3`" in owner.remedy
    *_, last = _planned(shop)
    assert last.kind == "scale-down"
    assert "once nobody runs helm on it" in last.afterwards
    assert not program.exists()


def test_a_record_nobody_may_read(shop: Shop) -> None:
    """Whoever may not list Secrets cannot roll back, or is told nothing."""
    shop.cluster.access.deny(Rule(verb="list", resource="secrets"))
    *_, last = _planned(shop)
    assert "see `helm history checkout --namespace shop`" in last.afterwards


def test_a_version_helm_does_not_have(shop: Shop) -> None:
    """Another version's revision is recorded for one that Helm never had."""
    shop.deploy("v1.3.0")
    shop.deploy("v1.4.0")
    *_, last = _planned(shop, "v1.3.0")
    assert "none of its revisions holds `v1.3.0`" in last.afterwards


def test_where_flux_runs_helm_flux_keeps_the_record(shop: Shop, program: Path) -> None:
    """Our helm and Flux's record against each other."""
    labelled(shop, by_flux("helm", "checkout", "shop"))
    assert _planned(shop)[-1].kind == "scale-down"
    assert not program.exists()


def test_no_value_of_a_release_is_kept(shop: Shop, program: Path) -> None:
    """A password among a release's values gets into the ledger."""
    assert not program.exists()
    kept = msgspec.json.encode((_planned(shop), shop.again().observe(TARGET)))
    assert b"hunter2" not in kept


@pytest.mark.parametrize("name", ["--kubeconfig=/x", "a b", "Checkout", "", "x/../y"])
def test_what_is_no_name_is_no_release(name: str) -> None:
    """A word of somebody's annotation becomes an option of a command."""
    metadata: dict[str, Any] = {
        "namespace": "shop",
        "annotations": {"meta.helm.sh/release-name": name},
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
    }
    assert release_of({"metadata": metadata}) is None


@pytest.mark.parametrize("payload", ["", "!", "aGVsbG8=", "YUdWc2JHOD0="])
def test_a_payload_that_is_none_is_empty(payload: str) -> None:
    """A damaged record of Helm stops a rollback."""
    record = Record({"metadata": {"labels": {}}, "data": {"release": payload}})
    assert record.manifest == ""
    assert record.template({"metadata": {"name": "checkout"}}) == {}
