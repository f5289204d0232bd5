"""Going back among workloads that stand side by side, pain by pain."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    TARGET,
    await_done,
    fence_for,
    send,
    service,
    template,
)
from tests.unit.providers.platforms.kubernetes.side_by_side import (
    BLUE,
    GREEN,
    Slots,
    good_and_bad,
    rule,
    selected,
    side_by_side,
    weighed,
)

from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    HTTP_ROUTES,
    SERVICES,
)
from smartspec_rollback.providers.platforms.kubernetes.slots.patches import EMPTIED
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.faults import Fault
from smartspec_rollback.testing.kubernetes.images import NeverReady


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[Slots]:
    """Supply v1.2.1 live in green behind a Service; v1.2.0 is in blue, scaled down."""
    with side_by_side(tmp_path) as made:
        good_and_bad(made)
        yield made


def planned(slots: Slots, version: str = "v1.2.0") -> tuple[Step, ...]:
    """Plan the way to a version."""
    platform = slots.shop.again()
    return platform.plan(platform.observe(TARGET), to=slots.release(version))


def step_by_step(slots: Slots, steps: tuple[Step, ...], first: int = 0) -> list[Progress]:
    """Carry steps out as the engine does."""
    said = []
    for number, step in enumerate(steps, first):
        platform = slots.shop.again()
        send(platform, step, fence_for(platform, f"rb-1.{number}.{step.id}"), slots.clock)
        said.append(await_done(platform, step, slots.clock))
    return said


def done(said: list[Progress]) -> bool:
    """Tell whether all is done."""
    return all(each.state is ProgressState.DONE for each in said)


# The whole way


def test_traffic_turns_and_the_other_slot_is_emptied(slots: Slots) -> None:
    """The plan's steps are done, and production is not what they say."""
    assert done(step_by_step(slots, planned(slots)))
    assert slots.selector == selected("blue")
    assert slots.deployment(BLUE)["spec"]["replicas"] == 3
    assert slots.deployment(GREEN)["spec"]["replicas"] == 0
    seen = slots.platform.observe(TARGET)
    assert seen.live is not None
    assert (seen.live.release.version, seen.live.deployment_id) == ("v1.2.0", "deploy-1")
    assert seen.operation is None


def test_each_step_is_one_patch_with_our_mark(slots: Slots) -> None:
    """After a crash nobody can tell what was sent, or what others wrote is overwritten."""
    slots.cluster.annotate(resources.SERVICE, NAMESPACE, NAME, {"example.org/mine": "kept"})
    before = slots.get(resources.SERVICE, NAME)
    steps = planned(slots)
    slots.cluster.requests.clear()
    assert done(step_by_step(slots, steps))
    sent = [each for each in slots.cluster.requests.all() if each.method == "PATCH"]
    assert len(sent) == len(steps)
    after = slots.get(resources.SERVICE, NAME)
    assert after["metadata"]["annotations"]["example.org/mine"] == "kept"
    assert after["spec"] == {**before["spec"], "selector": selected("blue")}
    assert MARK in after["metadata"]["annotations"]
    assert MARK in slots.deployment(BLUE)["metadata"]["annotations"]
    assert EMPTIED in slots.deployment(GREEN)["metadata"]["annotations"]


def test_there_and_back_again(slots: Slots) -> None:
    """The marks of the last rollback are taken for those of the next one."""
    assert done(step_by_step(slots, planned(slots)))
    back = planned(slots, "v1.2.1")
    assert all(slots.platform.settled(each).state is ProgressState.PENDING for each in back)
    assert done(step_by_step(slots, back, 10))
    assert slots.selector == selected("green")
    again = planned(slots)
    assert all(slots.platform.settled(each).state is ProgressState.PENDING for each in again)
    assert done(step_by_step(slots, again, 20))
    assert slots.selector == selected("blue")


def test_what_has_traffic_keeps_its_template(slots: Slots) -> None:
    """The live slot is rolled while users are served by it."""
    before = slots.deployment(GREEN)["spec"]["template"]
    step_by_step(slots, planned(slots))
    assert slots.deployment(GREEN)["spec"]["template"] == before


def test_a_slot_used_since_gets_its_template_back(slots: Slots) -> None:
    """The good version ran in blue before another one, and counts as lost."""
    slots.deploy("blue", "v1.1.0")
    steps = planned(slots)
    assert done(step_by_step(slots, steps))
    image = slots.deployment(BLUE)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")
    assert slots.selector == selected("blue")


def test_a_version_that_only_the_live_slot_ran_is_refused(slots: Slots) -> None:
    """Production would be rolled under its users' feet, or traffic sent to another release."""
    slots.deploy("green", "v1.2.2", "deploy-3")
    known = slots.platform.versions(TARGET)
    assert "v1.2.1" not in known
    former = slots.release("v1.2.0")
    assert slots.platform.find(TARGET, "v1.2.1") is None
    gone = type(former)(version="v1.2.1", artifact="registry.example/checkout:v1.2.1")
    said = slots.platform.inspect(TARGET, gone)
    assert said.artifact_present is False
    assert "checkout-green" in said.detail
    with pytest.raises(NotDone, match="beside checkout-green"):
        slots.platform.plan(slots.platform.observe(TARGET), to=gone)


# Capacity


def test_the_target_is_as_big_as_the_live_slot_is_now(slots: Slots) -> None:
    """The load grew since the plan was made, and too few instances get all of it."""
    steps = planned(slots)
    slots.scale("green", 5)
    assert done(step_by_step(slots, steps[:1]))
    assert slots.deployment(BLUE)["spec"]["replicas"] == 5


def test_a_bigger_target_is_not_made_smaller(slots: Slots) -> None:
    """Starting a slot takes instances away."""
    slots.scale("blue", 7)
    assert done(step_by_step(slots, planned(slots)[:1]))
    assert slots.deployment(BLUE)["spec"]["replicas"] == 7


def test_nothing_turns_before_enough_is_ready(slots: Slots) -> None:
    """Users are sent to instances that do not work."""
    slots.cluster.images[f"registry.example/{NAME}:v1.2.0"] = NeverReady()
    start, switch, _ = planned(slots)
    platform = slots.platform
    send(platform, start, fence_for(platform, "rb-1.0"), slots.clock)
    slots.wait()
    assert platform.settled(start).state is ProgressState.PENDING
    with pytest.raises(NotDone, match="0 of 3 instances are ready"):
        send(platform, switch, fence_for(platform, "rb-1.1"), slots.clock)
    assert slots.selector == selected("green")
    assert platform.settled(switch).state is ProgressState.PENDING


def test_room_is_told_where_it_is_known(slots: Slots) -> None:
    """A slot scaled to nothing counts as startable, or one that runs at full size as unknown."""
    good = slots.release("v1.2.0")
    slots.scale("blue", 3)
    assert slots.shop.again().inspect(TARGET, good).startable == 3
    slots.scale("blue", 0)
    said = slots.shop.again().inspect(TARGET, good)
    assert (said.startable, said.wanted) == (None, 3)
    quota = {"metadata": {"name": "pods"}, "spec": {"hard": {"pods": "5"}}}
    slots.cluster.create(resources.QUOTA, NAMESPACE, quota)
    status = {"hard": {"pods": "5"}, "used": {"pods": "3"}}
    slots.cluster.set_status(resources.QUOTA, NAMESPACE, "pods", status)
    assert slots.shop.again().inspect(TARGET, good).startable == 2


def test_an_autoscaled_slot_that_is_too_small_is_refused_when_planning(slots: Slots) -> None:
    """An autoscaler's replicas are written, which it takes back at once."""
    slots.autoscale("blue")
    with pytest.raises(NotDone, match="autoscaler blue-hpa owns") as caught:
        planned(slots)
    assert "minReplicas" in caught.value.remedy
    slots.scale("blue", 3)
    start, *_ = planned(slots)
    slots.cluster.requests.clear()
    assert done(step_by_step(slots, (start,)))
    assert slots.deployment(BLUE)["spec"]["replicas"] == 3


def test_an_autoscaled_bad_slot_is_left_to_its_autoscaler(slots: Slots) -> None:
    """The plan says that it scales down what it must not, and then fights the autoscaler."""
    slots.autoscale("green")
    steps = planned(slots)
    assert steps[2].title == (
        "Leave the `v1.2.1` instances, which take no traffic any more, to the autoscaler "
        "`green-hpa`."
    )
    assert done(step_by_step(slots, steps))
    assert slots.deployment(GREEN)["spec"]["replicas"] == 3


def test_an_autoscaler_that_comes_meanwhile_is_respected(slots: Slots) -> None:
    """Replicas are written that somebody else owns by now."""
    start, switch, down = planned(slots)
    assert done(step_by_step(slots, (start, switch)))
    slots.autoscale("green")
    with pytest.raises(NotDone, match="autoscaler owns"):
        step_by_step(slots, (down,), 2)
    assert slots.deployment(GREEN)["spec"]["replicas"] == 3


def test_a_disruption_budget_does_not_hold_the_scale_down(slots: Slots) -> None:
    """The plan hangs at its last step: scaling down is no eviction."""
    budget = {"minAvailable": 3, "selector": {"matchLabels": selected("green")}}
    body = {"metadata": {"name": "green"}, "spec": budget}
    slots.cluster.create(resources.DISRUPTION_BUDGET, NAMESPACE, body)
    assert done(step_by_step(slots, planned(slots)))


def test_requests_in_flight_get_their_time(slots: Slots) -> None:
    """Instances are ended in the middle of their last requests."""
    start, switch, down = planned(slots)
    step_by_step(slots, (start, switch))
    turned_at = slots.clock.monotonic()
    fence = fence_for(slots.platform, "rb-1.2")
    send(slots.platform, down, fence, slots.clock)
    assert slots.clock.monotonic() - turned_at >= slots.shop.settings.drain - 1.0


# Others


def test_somebody_else_flips_meanwhile(slots: Slots) -> None:
    """Traffic is turned although somebody else has just decided about it."""
    start, switch, down = planned(slots)
    fence = fence_for(slots.platform, "rb-1")
    assert done(step_by_step(slots, (start,)))
    slots.flip("blue")
    for step in (switch, down):
        with pytest.raises(FenceConflict):
            send(slots.platform, step, fence, slots.clock)
    assert slots.deployment(GREEN)["spec"]["replicas"] == 3


def test_somebody_flips_back_after_us(slots: Slots) -> None:
    """The bad version has traffic again, and its instances are ended."""
    start, switch, down = planned(slots)
    step_by_step(slots, (start, switch))
    fence = fence_for(slots.platform, "rb-1.2")
    slots.flip("green")
    assert slots.platform.settled(switch).state is ProgressState.FAILED
    with pytest.raises(FenceConflict):
        send(slots.platform, down, fence, slots.clock)
    assert slots.deployment(GREEN)["spec"]["replicas"] == 3


def test_somebody_deploys_into_the_target_slot_meanwhile(slots: Slots) -> None:
    """Traffic is turned to a release that nobody approved."""
    steps = planned(slots)
    slots.deploy("blue", "v1.3.0")
    for step in steps[:2]:
        with pytest.raises((FenceConflict, NotDone)):
            send(slots.platform, step, fence_for(slots.platform, "rb-1"), slots.clock)
    assert slots.selector == selected("green")


def test_configuration_of_the_target_changed_meanwhile(slots: Slots) -> None:
    """The good version is started with a configuration that nobody looked at."""
    start, *_ = planned(slots)
    slots.shop.configure(colour="red")
    with pytest.raises(FenceConflict):
        send(slots.platform, start, fence_for(slots.platform, "rb-1"), slots.clock)


def test_a_rollout_in_any_slot_is_an_operation(slots: Slots) -> None:
    """A rollback begins in the middle of somebody's deployment to the other slot."""
    slots.scale("blue", 3)
    made = template("v1.4.0")
    made["metadata"]["labels"] = selected("blue")
    slots.cluster.images[f"registry.example/{NAME}:v1.4.0"] = NeverReady()
    slots.change(DEPLOYMENTS, BLUE, {"op": "replace", "path": "/spec/template", "value": made})
    slots.wait()
    said = slots.platform.observe(TARGET).operation
    assert said is not None
    assert said.holder == "the rollout of v1.4.0 in checkout-blue"


def test_argo_rollouts_service_is_left_alone(slots: Slots) -> None:
    """Two controllers move one Service."""
    note = {"argo-rollouts.argoproj.io/managed-by-rollouts": "checkout"}
    slots.cluster.annotate(resources.SERVICE, NAMESPACE, NAME, note)
    with pytest.raises(ProviderError, match="Argo Rollouts"):
        slots.shop.again().observe(TARGET)


def test_a_service_that_selects_nobody_has_nothing_live(slots: Slots) -> None:
    """A plan is made although nobody knows what is live."""
    slots.flip("purple")
    seen = slots.platform.observe(TARGET)
    assert seen.live is None
    with pytest.raises(ProviderError, match="nothing is live"):
        slots.platform.plan(seen, to=slots.release("v1.2.0"))


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize(
    "how", [{"code": 500}, {"drop": "after"}, {"drop": "before"}], ids=["500", "after", "before"]
)
def test_a_patch_that_fails_once_stops_nothing(slots: Slots, number: int, how: Any) -> None:
    """One bad moment of the API server, and traffic is half turned, or turned twice."""
    steps = planned(slots)
    slots.cluster.faults.add(Fault(skip=number * 3, **how))
    assert done(step_by_step(slots, steps))
    assert slots.selector == selected("blue")
    assert slots.deployment(GREEN)["spec"]["replicas"] == 0


def test_few_calls_before_the_question(slots: Slots) -> None:
    """Planning loads an API server that may be on fire already."""
    slots.cluster.requests.clear()
    platform = slots.shop.again()
    seen = platform.observe(TARGET)
    found = platform.find(TARGET, "v1.2.0")
    assert found is not None
    platform.inspect(TARGET, found)
    platform.plan(seen, to=found)
    assert len(slots.cluster.requests.all()) <= 12


# Routes


def test_weights_of_all_rules_move_together(tmp_path: Path) -> None:
    """Some paths stay with the bad version, or a filter is gone."""
    header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}
    rules = (
        rule(f"{BLUE}=10", f"{GREEN}=90", filters=[header]),
        rule(f"{GREEN}=1", f"{BLUE}=0"),
        rule("assets"),
    )
    with weighed(tmp_path, *rules) as slots:
        slots.cluster.create(resources.SERVICE, NAMESPACE, service("assets", app="assets"))
        slots.deploy("blue", "v1.2.0")
        slots.deploy("green", "v1.2.1")
        seen = slots.platform.observe(TARGET)
        assert seen.live is not None
        assert seen.live.release.version == "v1.2.1"
        assert sorted(each.percent for each in seen.traffic) == [5, 95]
        steps = planned(slots)
        slots.cluster.requests.clear()
        assert done(step_by_step(slots, steps))
        assert slots.weights == [[100, 0], [0, 1], [1]]
        route = slots.get(resources.HTTP_ROUTE, NAME)
        assert route["spec"]["rules"][0]["filters"] == [header]
        sent = [each for each in slots.cluster.requests.all() if each.method == "PATCH"]
        assert len(sent) == len(steps)


@pytest.mark.parametrize(
    ("weights", "instances", "needed"),
    [
        ((0, 1), (0, 3), 3),
        ((1, 1), (3, 3), 6),
        ((99, 1), (3, 1), 4),
        ((90, 10), (10, 10), 20),
        ((90, 10), (30, 1), 31),
        ((9, 1), (9, 1), 10),
        ((0, 1), (3, 0), 1),
    ],
)
def test_the_target_carries_what_both_carried(
    tmp_path: Path, weights: tuple[int, int], instances: tuple[int, int], needed: int
) -> None:
    """While traffic was shared, the target had a part of it; all of it is too much for it."""
    with weighed(tmp_path) as slots:
        for slot, version, count in zip(
            ("blue", "green"), ("v1.2.0", "v1.2.1"), instances, strict=True
        ):
            slots.deploy(slot, version, replicas=count)
        slots.weigh(*weights)
        seen = slots.platform.observe(TARGET)
        assert seen.live is not None
        assert seen.live.release.version == "v1.2.1"
        start, *others = planned(slots)
        assert start.parameter("load") == str(needed)
        assert done(step_by_step(slots, (start, *others)))
        assert slots.deployment(BLUE)["spec"]["replicas"] == max(needed, instances[0])
        assert slots.weights == [[sum(weights), 0]]


def test_a_rule_without_the_target_is_refused_when_planning(tmp_path: Path) -> None:
    """What that rule matches fails once the bad version is scaled down."""
    rules = (rule(f"{BLUE}=0", f"{GREEN}=1"), rule(GREEN))
    with weighed(tmp_path, *rules) as slots:
        slots.deploy("blue", "v1.2.0")
        slots.deploy("green", "v1.2.1")
        with pytest.raises(NotDone, match=r"2 \(checkout-green\)") as caught:
            planned(slots)
        assert "weight: 0" in caught.value.remedy


def test_no_gateway_means_unknown(tmp_path: Path) -> None:
    """Nobody has taken the weights over, and traffic is said to have turned."""
    with weighed(tmp_path) as slots:
        good_and_bad(slots)
        start, switch, down = planned(slots)
        assert done(step_by_step(slots, (start,)))
        slots.cluster.gateways.clear()
        slots.cluster.set_status(resources.HTTP_ROUTE, NAMESPACE, NAME, {})
        send(slots.platform, switch, fence_for(slots.platform, "rb-1.1"), slots.clock)
        slots.wait()
        said = slots.platform.settled(switch)
        assert said.state is ProgressState.UNKNOWN
        assert "gateway" in said.detail
        with pytest.raises(NotDone, match="not all traffic"):
            send(slots.platform, down, fence_for(slots.platform, "rb-1.2"), slots.clock)


def test_a_gateway_that_lags_is_waited_for(tmp_path: Path) -> None:
    """The route says the new weights, and the gateway still goes by the old ones."""
    with weighed(tmp_path) as slots:
        good_and_bad(slots)
        start, switch, _ = planned(slots)
        assert done(step_by_step(slots, (start,)))
        slots.cluster.gateways.clear()
        send(slots.platform, switch, fence_for(slots.platform, "rb-1.1"), slots.clock)
        slots.wait()
        said = slots.platform.settled(switch)
        assert (said.state, said.detail) == (
            ProgressState.PENDING,
            "the gateway edge has not seen the weights yet",
        )


def test_a_service_behind_the_route_must_stand_for_one_workload(tmp_path: Path) -> None:
    """Traffic goes to a Service whose pods are of two releases."""
    with weighed(tmp_path) as slots:
        good_and_bad(slots)
        operation = {"op": "remove", "path": "/spec/selector/slot"}
        slots.change(SERVICES, BLUE, operation)
        with pytest.raises(ProviderError, match="checkout-blue, checkout-green"):
            slots.platform.observe(TARGET)


def test_what_is_no_slot_keeps_no_share_in_silence(tmp_path: Path) -> None:
    """A third backend keeps half of the requests, and all traffic is said to be turned."""
    with weighed(tmp_path) as slots:
        good_and_bad(slots)
        more = {"name": "experiment", "port": 80, "weight": 1}
        path = "/spec/rules/0/backendRefs/-"
        slots.change(HTTP_ROUTES, NAME, {"op": "add", "path": path, "value": more})
        platform = slots.shop.again()
        seen, good = platform.observe(TARGET), slots.release("v1.2.0")
        with pytest.raises(NotDone, match="sends requests to experiment, too"):
            platform.plan(seen, to=good)
        path = "/spec/rules/0/backendRefs/2/weight"
        slots.change(HTTP_ROUTES, NAME, {"op": "add", "path": path, "value": 0})
        platform = slots.shop.again()
        assert platform.plan(platform.observe(TARGET), to=good)


def test_a_slot_scaled_to_nothing_says_nothing_of_the_load(tmp_path: Path) -> None:
    """It has a share by weight and no instance: one instance is then said to carry everything."""
    with weighed(tmp_path) as slots:
        good_and_bad(slots)
        slots.weigh(1, 1)
        platform = slots.shop.again()
        start = platform.plan(platform.observe(TARGET), to=slots.release("v1.2.0"))[0]
        assert start.parameter("load") == "3"
