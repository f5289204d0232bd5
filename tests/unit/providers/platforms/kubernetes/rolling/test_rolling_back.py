"""What a rollback does on a cluster, pain by pain."""

import json

import msgspec
import pytest
from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    SECRET,
    TARGET,
    TOKEN,
    Shop,
    await_done,
    carry_out,
    fence_for,
    send,
)

from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Attempt
from smartspec_rollback.testing.kubernetes.faults import Fault
from smartspec_rollback.testing.kubernetes.images import Crash, NeverReady, PullFails, Ready

IMAGE = "registry.example/checkout:{}"


def _image(shop: Shop) -> str:
    image: str = shop.deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def test_only_what_must_change_changes(shop: Shop) -> None:
    """The rollback takes away what others wrote: annotations, replicas, the strategy."""
    shop.cluster.annotate(resources.DEPLOYMENT, NAMESPACE, NAME, {"team": "shop"})
    before = shop.deployment
    carry_out(shop, "v1.2.0")
    after = shop.deployment
    assert _image(shop) == IMAGE.format("v1.2.0")
    assert after["metadata"]["annotations"]["team"] == "shop"
    for part in ("template",):
        before["spec"].pop(part), after["spec"].pop(part)
    assert before["spec"] == after["spec"]


def test_an_autoscaler_keeps_its_replicas(shop: Shop) -> None:
    """The rollback fights the autoscaler: it writes the number of replicas of planning time."""
    platform = shop.platform
    steps = platform.plan(platform.observe(TARGET), to=shop.release("v1.2.0"))
    fence = fence_for(platform, "rb-1.1.start")
    shop.change({"op": "replace", "path": "/spec/replicas", "value": 5})
    shop.cluster.advance(10.0)
    send(platform, steps[0], fence, shop.clock)
    assert await_done(platform, steps[0], shop.clock).detail == "5 of 5 instances available"
    assert shop.deployment["spec"]["replicas"] == 5


def test_history_names_deployments_once(shop: Shop) -> None:
    """A deployment's id is taken for another one's, and the wrong release counts as failed."""
    shop.deploy("v1.2.2")  # without an id of its own: the annotation of deploy-2 stays
    seen = shop.platform.observe(TARGET)
    ids = [(each.release.version, each.deployment_id) for each in seen.history]
    assert ids == [("v1.2.2", None), ("v1.2.1", "deploy-2"), ("v1.2.0", "deploy-1")]


def test_rolled_back_release_keeps_its_own_id(shop: Shop) -> None:
    """After the rollback the good release carries the failed deployment's id."""
    carry_out(shop, "v1.2.0")
    seen = shop.platform.observe(TARGET)
    ids = [(each.release.version, each.deployment_id) for each in seen.history]
    assert ids == [("v1.2.0", "deploy-1"), ("v1.2.1", "deploy-2")]
    assert seen.history[0].deployed_at is None  # its ReplicaSet is older than this turn


def test_there_and_back_and_there_again(shop: Shop) -> None:
    """What an earlier rollback left on the workload is taken for the next one's doing."""
    carry_out(shop, "v1.2.0")
    shop.deploy("v1.2.3")
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    states = [shop.platform.settled(step).state for step in steps]
    assert states == [ProgressState.PENDING] * 3
    carry_out(shop, "v1.2.0")
    assert _image(shop) == IMAGE.format("v1.2.0")


@pytest.mark.parametrize("behaviour", [Crash(after=0.5), NeverReady(), PullFails()])
def test_undoes_a_rollout_that_is_stuck(
    shop: Shop, behaviour: Crash | NeverReady | PullFails
) -> None:
    """The commonest bad release, one that never becomes ready, cannot be rolled back."""
    shop.cluster.images[IMAGE.format("v1.3.0")] = behaviour
    shop.deploy("v1.3.0", "deploy-3")
    seen = shop.platform.observe(TARGET)
    assert seen.operation is not None
    assert seen.operation.id == "deploy-3"
    assert seen.traffic == ()  # two revisions have pods: nobody knows the shares
    carry_out(shop, "v1.2.1")
    assert _image(shop) == IMAGE.format("v1.2.1")
    assert shop.platform.observe(TARGET).operation is None


def test_crashing_pods_make_no_plan_stale(shop: Shop) -> None:
    """While the bad release crashes, its resource version moves and every plan is refused."""
    shop.cluster.images[IMAGE.format("v1.3.0")] = Ready()
    shop.deploy("v1.3.0")
    before = shop.platform.observe(TARGET)
    shop.cluster.images[IMAGE.format("v1.3.0")] = Crash(after=1.0)
    for pod in shop.cluster.all(resources.POD, NAMESPACE):
        shop.cluster.set_status(resources.POD, NAMESPACE, pod["metadata"]["name"], {})
    shop.cluster.advance(30.0)
    after = shop.platform.observe(TARGET)
    assert after.resource_version != before.resource_version
    assert after.fingerprint == before.fingerprint


def test_a_rollout_that_goes_on_makes_no_plan_stale(shop: Shop) -> None:
    """A rollback asked for while the bad release rolls out is refused when it has rolled out."""
    shop.cluster.images[IMAGE.format("v1.3.0")] = Ready(after=4.0)
    shop.begin("v1.3.0", "deploy-3")
    shop.cluster.advance(3.0)
    before = shop.platform.observe(TARGET)
    assert before.operation is not None
    assert before.traffic == ()
    shop.cluster.advance(2.0)
    assert shop.platform.observe(TARGET).fingerprint == before.fingerprint
    shop.cluster.advance(60.0)
    after = shop.platform.observe(TARGET)
    assert after.operation is None
    assert after.fingerprint == before.fingerprint


@pytest.mark.parametrize("what", ["template", "pause", "configuration"])
def test_somebody_else_in_a_rollout_makes_a_plan_stale(shop: Shop, what: str) -> None:
    """What somebody changes while the bad release rolls out is taken for its own rollout."""
    shop.cluster.images[IMAGE.format("v1.3.0")] = NeverReady()
    shop.deploy("v1.3.0", "deploy-3")
    before = shop.platform.observe(TARGET)
    match what:
        case "template":
            shop.begin("v1.2.1", "deploy-2")
        case "pause":
            shop.change({"op": "add", "path": "/spec/paused", "value": True})
        case _:
            shop.configure(colour="red")
    shop.cluster.advance(3.0)
    assert shop.platform.observe(TARGET).fingerprint != before.fingerprint


def test_a_rollout_nobody_gave_an_id_tells_what_it_brings(shop: Shop) -> None:
    """A stuck rollout whose pipeline told no id blocks the rollback of its own deployment."""
    shop.cluster.images[IMAGE.format("v1.3.0")] = NeverReady()
    shop.deploy("v1.3.0")
    operation = shop.platform.observe(TARGET).operation
    assert operation is not None
    assert operation.brings == shop.release("v1.3.0")
    shop.deploy("v1.3.1", "deploy-4")
    again = shop.platform.observe(TARGET).operation
    assert again is None or again.brings is None


def test_scaling_is_no_rollout(shop: Shop) -> None:
    """An autoscaler that cannot get its pods blocks every rollback as "somebody else"."""
    shop.cluster.create(
        resources.QUOTA,
        NAMESPACE,
        {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "4"}}},
    )
    shop.change({"op": "replace", "path": "/spec/replicas", "value": 9})
    shop.cluster.advance(10.0)
    assert shop.deployment["status"]["updatedReplicas"] < 9
    assert shop.platform.observe(TARGET).operation is None


def test_a_patch_that_came_too_late_is_made_anew(shop: Shop) -> None:
    """Somebody's annotation between reading and writing stops the rollback, or is overwritten."""
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    fence = fence_for(shop.platform, "rb-1.1.start")
    late: list[int] = []

    def touch(attempt: Attempt) -> None:
        mine = MARK in attempt.object["metadata"].get("annotations", {})
        if mine and attempt.resource is resources.DEPLOYMENT and not late:
            late.append(1)
            raise_conflict(attempt)

    def raise_conflict(attempt: Attempt) -> None:
        from smartspec_rollback.testing.kubernetes.statuses import conflict  # noqa: PLC0415

        raise conflict(attempt.resource, NAME)

    shop.cluster.hooks.append(touch)
    send(shop.platform, steps[0], fence, shop.clock)
    assert late
    assert await_done(shop.platform, steps[0], shop.clock).state is ProgressState.DONE


def test_an_old_failure_is_not_ours(shop: Shop) -> None:
    """The failed rollout's exceeded deadline is read as a failure of the rollback itself."""
    shop.cluster.images[IMAGE.format("v1.3.0")] = NeverReady()
    shop.change({"op": "replace", "path": "/spec/progressDeadlineSeconds", "value": 20})
    shop.deploy("v1.3.0")
    shop.cluster.advance(30.0)
    conditions = {c["type"]: c for c in shop.deployment["status"]["conditions"]}
    assert conditions["Progressing"]["reason"] == "ProgressDeadlineExceeded"
    carry_out(shop, "v1.2.1")


def test_a_target_that_never_starts_fails_the_step(shop: Shop) -> None:
    """A rollback to what cannot start waits for ever, or counts as done."""
    shop.change({"op": "replace", "path": "/spec/progressDeadlineSeconds", "value": 20})
    shop.cluster.images[IMAGE.format("v1.2.0")] = PullFails()
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    send(shop.platform, steps[0], fence_for(shop.platform, "rb-1.1.start"), shop.clock)
    said = await_done(shop.platform, steps[0], shop.clock)
    assert said.state is ProgressState.FAILED
    assert "progress deadline" in said.detail


def test_somebody_else_during_the_rollout_is_noticed(shop: Shop) -> None:
    """Another deployment in the middle of the rollback counts as the rollback's own success."""
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    send(shop.platform, steps[0], fence_for(shop.platform, "rb-1.1.start"), shop.clock)
    fence = fence_for(shop.platform, "rb-1.2.switch")
    shop.deploy("v1.3.0")
    assert shop.platform.settled(steps[0]).state is ProgressState.FAILED
    with pytest.raises(FenceConflict):
        send(shop.platform, steps[1], fence, shop.clock)


def test_paused_is_resumed_by_a_step_of_its_own(shop: Shop) -> None:
    """A paused Deployment never rolls back, or the bad template rolls out when it is resumed."""
    shop.change({"op": "add", "path": "/spec/paused", "value": True})
    shop.begin("v1.3.0")
    shop.cluster.advance(5.0)
    seen = shop.platform.observe(TARGET)
    assert seen.live is not None
    assert seen.live.release.version == "v1.2.1"  # what runs, not what the template says
    steps = carry_out(shop, "v1.2.0")
    assert steps[0].title == "Resume the paused rollout of `deployment/checkout`, towards `v1.2.0`."
    assert steps[0].moves_traffic
    assert not shop.deployment["spec"]["paused"]
    images = {
        each["spec"]["template"]["spec"]["containers"][0]["image"]
        for each in shop.cluster.all(resources.REPLICA_SET, NAMESPACE)
    }
    assert IMAGE.format("v1.3.0") not in images


def test_a_release_nobody_remembers_is_refused_when_planning(shop: Shop) -> None:
    """A pruned revision is found out only while production is being changed."""
    gone = shop.release("v1.2.0")
    shop.change({"op": "replace", "path": "/spec/revisionHistoryLimit", "value": 0})
    shop.cluster.advance(5.0)
    with pytest.raises(NotDone, match="no longer remembers"):
        shop.platform.plan(shop.platform.observe(TARGET), to=gone)
    assert shop.platform.find(TARGET, "v1.2.0") is None
    assert shop.platform.inspect(TARGET, gone).artifact_present is False


def test_a_webhook_that_changes_the_template_is_found_when_planning(shop: Shop) -> None:
    """A webhook makes another release of what is put back, and nobody knows."""

    def meddle(attempt: Attempt) -> None:
        if attempt.resource is resources.DEPLOYMENT:
            spec = attempt.object["spec"]["template"]["spec"]
            spec["containers"][0]["env"] = [{"name": "ADDED", "value": "x"}]

    seen = shop.platform.observe(TARGET)
    shop.cluster.hooks.append(meddle)
    with pytest.raises(ProviderError, match="would change the template") as caught:
        shop.platform.plan(seen, to=shop.release("v1.2.0"))
    assert "mutating webhook" in caught.value.remedy


def test_planning_changes_nothing(shop: Shop) -> None:
    """The dry run on the server is a real one."""
    before = shop.deployment
    shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    assert shop.deployment == before


def test_at_most_twelve_calls_before_the_question(shop: Shop) -> None:
    """Planning loads an API server that may be on fire already."""
    shop.cluster.requests.clear()
    platform = shop.again()
    seen = platform.observe(TARGET)
    found = platform.find(TARGET, "v1.2.0")
    assert found is not None
    platform.inspect(TARGET, found)
    platform.plan(seen, to=found)
    platform.observe(TARGET)
    assert len(shop.cluster.requests.all()) <= 12


def test_changed_configuration_is_seen(shop: Shop) -> None:
    """The template goes back, the ConfigMap stays at the bad value, and the plan shows no doubt."""
    good = shop.release("v1.2.0")
    assert good.configuration_digest is not None  # nothing changed since it was made
    assert shop.platform.inspect(TARGET, good).configuration_unchanged is True
    before = shop.platform.observe(TARGET)
    shop.configure(colour="red")
    shop.cluster.advance(3.0)
    assert shop.platform.inspect(TARGET, good).configuration_unchanged is False
    assert shop.platform.observe(TARGET).fingerprint != before.fingerprint
    unrecorded = msgspec.structs.replace(good, configuration_digest=None)
    assert shop.platform.inspect(TARGET, unrecorded).configuration_unchanged is False


def test_tags_prove_nothing(shop: Shop) -> None:
    """An image named by a tag, which may be another one today, counts as unchanged."""
    said = shop.platform.inspect(TARGET, shop.release("v1.2.0"))
    assert said.artifact_present is None
    assert said.artifact_unchanged is None
    assert "tags" in said.detail


def test_no_secret_is_in_what_is_kept(shop: Shop) -> None:
    """A Secret's value or the token gets into the ledger, a plan or the cluster's annotations."""
    steps = carry_out(shop, "v1.2.0")
    seen = shop.platform.observe(TARGET)
    kept = msgspec.json.encode((steps, seen)) + json.dumps(shop.deployment).encode()
    encoded = shop.cluster.get(resources.SECRET, NAMESPACE, "payments")
    assert encoded is not None
    for secret in (SECRET, TOKEN, encoded["data"]["key"]):
        assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("verb", "skip"), [("patch", 0), ("patch", 1), ("patch", 2), ("patch", 3), ("get", 9)]
)
@pytest.mark.parametrize(
    "how",
    [{"code": 429, "retry_after": 1}, {"code": 500}, {"drop": "before"}, {"drop": "after"}],
    ids=["429", "500", "drop-before", "drop-after"],
)
def test_a_call_that_fails_once_stops_nothing(
    shop: Shop, verb: str, skip: int, how: dict[str, int | str]
) -> None:
    """One bad moment of the API server, and the rollback is half done, or done twice."""
    fault = Fault(verb=verb, path="deployments", skip=skip, **how)  # type: ignore[arg-type] # one of its fields
    shop.cluster.faults.add(fault)
    carry_out(shop, "v1.2.0")
    assert fault.met > skip
    assert _image(shop) == IMAGE.format("v1.2.0")
    sets = shop.cluster.all(resources.REPLICA_SET, NAMESPACE)
    assert len(sets) == 2
    assert shop.deployment["metadata"]["annotations"][MARK].count("rb-1.") == 3


def test_another_process_goes_on_where_one_died(shop: Shop) -> None:
    """After a crash a sent step is sent again, or one that was not sent counts as sent."""
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    for number, step in enumerate(steps):
        assert shop.again().settled(step).state is ProgressState.PENDING
        fence = fence_for(shop.again(), f"rb-1.{number}.{step.id}")
        send(shop.again(), step, fence, shop.clock)
        version = shop.deployment["metadata"]["generation"]
        send(shop.again(), step, fence, shop.clock)
        assert shop.deployment["metadata"]["generation"] == version
        assert await_done(shop.again(), step, shop.clock).state is ProgressState.DONE


def test_a_step_of_another_kind_is_refused(shop: Shop) -> None:
    """A step that some other version planned is taken for one that is known."""
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))
    odd = msgspec.structs.replace(steps[0], kind="delete-everything")
    deadline = Deadline.after(shop.clock, 1.0)
    with pytest.raises(NotDone, match="no step of the kind"):
        shop.platform.apply(odd, fence=fence_for(shop.platform, "rb-1"), deadline=deadline)
    assert shop.platform.settled(odd).state is not ProgressState.DONE
