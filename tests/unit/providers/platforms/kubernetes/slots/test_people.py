"""What stands around slots: permissions, owners, prewarming, Events, other kinds of workload."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.unit.providers.platforms.kubernetes.controllers import KUSTOMIZATIONS
from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    TARGET,
    await_done,
    fence_for,
    send,
    template,
)
from tests.unit.providers.platforms.kubernetes.side_by_side import (
    BLUE,
    GREEN,
    Slots,
    good_and_bad,
    selected,
    side_by_side,
    weighed,
)

from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.objects import SERVICES, STATEFUL_SETS
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Rule


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[Slots]:
    """Supply v1.2.1 live in green behind a Service; v1.2.0 is in blue, scaled down."""
    with side_by_side(tmp_path) as made:
        good_and_bad(made)
        yield made


def roll_back(slots: Slots) -> None:
    """Go the whole way."""
    platform = slots.platform
    platform.guard(TARGET, holder="rb-1")
    for number, step in enumerate(
        platform.plan(platform.observe(TARGET), to=slots.release("v1.2.0"))
    ):
        send(platform, step, fence_for(platform, f"rb-1.{number + 1}.{step.id}"), slots.clock)
        assert await_done(platform, step, slots.clock).state is ProgressState.DONE, step.title
    platform.unguard(TARGET, holder="rb-1")


@pytest.mark.parametrize("front", ["service", "httproute"])
def test_the_printed_role_is_enough(tmp_path: Path, front: str) -> None:
    """An administrator applies the Role, and the rollback still fails for want of a verb."""
    with (side_by_side if front == "service" else weighed)(tmp_path) as slots:
        good_and_bad(slots)
        access, granted = slots.cluster.access, [Rule(resource="selfsubjectaccessreviews")]
        for _ in range(3):  # which workloads there are shows only once they may be listed
            access.allow_only(*granted)
            manifest = slots.shop.again().access(TARGET).manifest
            if not manifest:
                break
            granted += [
                Rule(verb=verb, resource=rule["resources"][0], name=name, namespace=NAMESPACE)
                for rule in yaml.safe_load(manifest)["rules"]
                for verb in rule["verbs"]
                for name in rule.get("resourceNames", [""])
            ]
        assert slots.shop.again().access(TARGET).missing == ()
        roll_back(slots)


def test_slots_are_not_prewarmed(slots: Slots) -> None:
    """A shadow is made beside workloads that stand side by side already."""
    said = slots.platform.declined(TARGET, slots.release("v1.2.0"))
    assert said is not None
    assert "of its own" in said


def test_steps_are_events_on_the_workloads(slots: Slots) -> None:
    """Nobody can see in the cluster what was done to it."""
    roll_back(slots)
    found = slots.cluster.all(resources.EVENT, NAMESPACE)
    told = {each["involvedObject"]["name"] for each in found if "smartspec" in str(each["source"])}
    assert {BLUE, GREEN} <= told


def test_owners_of_the_service_and_the_other_slot_count(slots: Slots) -> None:
    """Flux puts the selector back minutes later, and nobody was told."""
    labels = {
        "kustomize.toolkit.fluxcd.io/name": "apps",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    }
    assert not slots.platform.observe(TARGET).owners
    operation = {"op": "add", "path": "/metadata/labels", "value": labels}
    slots.change(SERVICES, NAME, operation)
    owners = slots.shop.again().observe(TARGET).owners
    assert owners is not None
    assert ["apps" in each.name for each in owners] == [True]


def test_what_would_turn_the_traffic_back_sleeps_first(slots: Slots) -> None:
    """The plan suspends Flux, and its next step finds production changed by that."""
    slots.cluster.register(KUSTOMIZATIONS)
    slots.cluster.create_namespace("flux-system")
    body = {"metadata": {"name": "apps"}, "spec": {"path": "./apps", "interval": "1m"}}
    slots.cluster.create(KUSTOMIZATIONS, "flux-system", body)
    labels = {
        "kustomize.toolkit.fluxcd.io/name": "apps",
        "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
    }
    slots.change(SERVICES, NAME, {"op": "add", "path": "/metadata/labels", "value": labels})
    slots.platform = slots.shop.again()
    roll_back(slots)
    made = slots.cluster.get(KUSTOMIZATIONS, "flux-system", "apps")
    assert made is not None
    assert made["spec"]["suspend"] is True
    assert slots.selector == selected("blue")


def test_stateful_sets_stand_side_by_side_too(tmp_path: Path) -> None:
    """Only Deployments can be turned to."""
    with side_by_side(tmp_path, workload=f"statefulset/{NAME}") as slots:
        for slot, version in (("blue", "v1.2.0"), ("green", "v1.2.1")):
            made = template(version)
            made["metadata"]["labels"] = selected(slot)
            spec = {
                "serviceName": NAME,
                "replicas": 2,
                "selector": {"matchLabels": selected(slot)},
                "template": made,
            }
            body = {"metadata": {"name": f"{NAME}-{slot}"}, "spec": spec}
            slots.cluster.create(resources.STATEFUL_SET, NAMESPACE, body)
        slots.wait()
        slots.flip("green")
        operation = {"op": "replace", "path": "/spec/replicas", "value": 0}
        slots.change(STATEFUL_SETS, BLUE, operation)
        slots.wait()
        roll_back(slots)
        assert slots.selector == selected("blue")
        assert slots.get(resources.STATEFUL_SET, GREEN)["spec"]["replicas"] == 0


def test_a_single_workload_is_rolled(tmp_path: Path) -> None:
    """Nobody stands beside it, and the plan turns traffic to nothing."""
    with side_by_side(tmp_path, workload=f"deployment/{BLUE}") as slots:
        slots.deploy("blue", "v1.2.0")
        slots.deploy("blue", "v1.2.1")
        steps = slots.platform.plan(slots.platform.observe(TARGET), to=slots.release("v1.2.0"))
        assert {step.kind for step in steps} == {"start-instances", "switch-traffic", "scale-down"}


def test_a_slot_that_comes_later_is_seen(tmp_path: Path) -> None:
    """The first slot stood alone when somebody looked, and the second is never found."""
    with side_by_side(tmp_path) as slots:
        slots.deploy("blue", "v1.2.0")
        with pytest.raises(ProviderError, match="no deployment/checkout"):
            slots.platform.observe(TARGET)
        slots.deploy("green", "v1.2.1")
        seen = slots.platform.observe(TARGET)
        assert seen.live is not None
        assert seen.live.release.version == "v1.2.0"
