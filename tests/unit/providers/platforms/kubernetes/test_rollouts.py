"""What a rollback of an Argo Rollout does, state by state."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.providers.platforms.kubernetes.controllers import (
    KUSTOMIZATIONS,
    by_flux,
    installed,
    kustomization,
)
from tests.unit.providers.platforms.kubernetes.rollouts import (
    BLUE_GREEN,
    HELD,
    STEPS,
    WORKLOAD,
    a_rollout_shop,
    begun,
    kept_elsewhere,
    promoted,
    replaced_elsewhere,
    say,
    wait,
)
from tests.unit.providers.platforms.kubernetes.shop import (
    NAMESPACE,
    TARGET,
    Shop,
    a_shop,
    await_done,
    carry_out,
    fence_for,
    send,
    template,
)
from tests.unit.providers.platforms.kubernetes.whole import Whole

from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.providers.platforms.kubernetes import KubernetesSettings
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.testing.engine_parts import FAILED_ID
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Rule
from smartspec_rollback.testing.kubernetes.images import NeverReady

IMAGE = "registry.example/checkout:{}"
KINDS = ["restore-template", "start-instances", "switch-traffic", "scale-down"]
WITH_PROMOTION = ["restore-template", "promote-rollout", *KINDS[1:]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which v1.2.0 is live by canary."""
    with a_rollout_shop(tmp_path) as shop:
        shop.deploy("v1.2.0", "deploy-1")
        yield shop


def _kinds(steps: tuple[Step, ...]) -> list[str]:
    return [each.kind for each in steps]


def _plan(shop: Shop, version: str = "v1.2.0") -> tuple[Step, ...]:
    return shop.platform.plan(shop.platform.observe(TARGET), to=shop.release(version))


def _only(shop: Shop, version: str) -> None:
    """Assert that production runs a version, wholly."""
    assert set(shop.running.values()) == {version}
    seen = shop.platform.observe(TARGET)
    assert seen.live is not None
    assert seen.live.release.version == version
    assert [each.percent for each in seen.traffic] == [100]
    assert seen.operation is None
    assert shop.deployment["status"]["phase"] == "Healthy"


def test_what_is_fully_promoted_is_not_walked_back(shop: Shop) -> None:
    """Going back walks the canary again, and waits at its first pause for people."""
    promoted(shop, "v1.2.1", "deploy-2")
    steps = _plan(shop)
    assert _kinds(steps) == WITH_PROMOTION
    assert steps[1].title == f"Promote `v1.2.0` fully, past the canary's {len(STEPS)} steps."
    carry_out(shop, "v1.2.0")
    _only(shop, "v1.2.0")
    ids = [each.deployment_id for each in shop.platform.observe(TARGET).history]
    assert ids == ["deploy-1", "deploy-2"]


def test_out_of_a_canary_it_goes_straight_back(shop: Shop) -> None:
    """A canary that is under way is ended by an abort, and a retry deploys it again."""
    begun(shop, "v1.2.1", "deploy-2")
    seen = shop.platform.observe(TARGET)
    assert seen.live is not None
    assert seen.live.release.version == "v1.2.0"  # both have traffic; this is the stable one
    assert seen.traffic == ()
    assert seen.operation is not None
    assert seen.operation.id == "deploy-2"
    steps = _plan(shop)
    assert _kinds(steps) == KINDS
    assert "no step is walked, and a retry cannot bring `v1.2.1` in again" in steps[0].title
    assert steps[2].title == "Switch production traffic from `v1.2.1` to `v1.2.0`."
    carry_out(shop, "v1.2.0")
    _only(shop, "v1.2.0")
    say(shop, abort=None)
    shop.cluster.advance(60.0)
    _only(shop, "v1.2.0")


def test_an_aborted_one_is_mended_too(shop: Shop) -> None:
    """After an abort the bad template stays, and nobody takes it away."""
    begun(shop, "v1.2.1", "deploy-2")
    say(shop, abort=True)
    wait(shop, lambda: shop.deployment["status"]["phase"] == "Degraded")
    shop.cluster.advance(30.0)
    steps = carry_out(shop, "v1.2.0")
    assert "the abort is over" in steps[0].title
    _only(shop, "v1.2.0")
    assert "abort" not in shop.deployment["status"]


def test_a_canary_that_hangs_is_left(shop: Shop) -> None:
    """A canary that never becomes ready, given up by its controller, cannot be left."""
    shop.cluster.images[IMAGE.format("v1.2.1")] = NeverReady()
    shop.change({"op": "add", "path": "/spec/progressDeadlineSeconds", "value": 30})
    shop.begin("v1.2.1", "deploy-2")
    wait(shop, lambda: shop.deployment["status"]["phase"] == "Degraded")
    carry_out(shop, "v1.2.0")
    _only(shop, "v1.2.0")


def test_a_target_that_hangs_is_a_failure(shop: Shop) -> None:
    """A target that never becomes ready is waited for, though the controller gave it up."""
    promoted(shop, "v1.2.1")
    shop.change({"op": "add", "path": "/spec/progressDeadlineSeconds", "value": 30})
    shop.cluster.advance(5.0)
    steps = _plan(shop)
    shop.cluster.images[IMAGE.format("v1.2.0")] = NeverReady()
    for number, step in enumerate(steps[:2]):
        send(shop.platform, step, fence_for(shop.platform, f"rb-1.{number}"), shop.clock)
        assert await_done(shop.platform, step, shop.clock).state is ProgressState.DONE
    send(shop.platform, steps[2], fence_for(shop.platform, "rb-1.3"), shop.clock)
    said = await_done(shop.platform, steps[2], shop.clock)
    assert said.state is ProgressState.FAILED
    assert "progress deadline" in said.detail


def test_an_abort_of_ours_is_a_failure(shop: Shop) -> None:
    """Somebody aborts the way back, and it is waited for until its time is over."""
    promoted(shop, "v1.2.1")
    steps = _plan(shop)
    send(shop.platform, steps[0], fence_for(shop.platform, "rb-1.1"), shop.clock)
    assert await_done(shop.platform, steps[0], shop.clock).state is ProgressState.DONE
    say(shop, abort=True)
    wait(shop, lambda: shop.deployment["status"]["phase"] == "Degraded")
    send(shop.platform, steps[2], fence_for(shop.platform, "rb-1.3"), shop.clock)
    said = await_done(shop.platform, steps[2], shop.clock)
    assert said.state is ProgressState.FAILED
    assert "aborted" in said.detail


def test_within_the_rollback_window_nothing_is_promoted(shop: Shop) -> None:
    """A plan promotes what the controller brings back by itself, past its analysis."""
    shop.change({"op": "add", "path": "/spec/rollbackWindow", "value": {"revisions": 1}})
    promoted(shop, "v1.2.1")
    assert _kinds(carry_out(shop, "v1.2.0")) == KINDS
    _only(shop, "v1.2.0")


def test_without_steps_nothing_is_promoted(tmp_path: Path) -> None:
    """A plan has a step that does nothing."""
    with a_rollout_shop(tmp_path, {"canary": {}}) as shop:
        shop.deploy("v1.2.0")
        shop.deploy("v1.2.1")
        assert _kinds(carry_out(shop, "v1.2.0")) == KINDS
        _only(shop, "v1.2.0")


def test_promoted_while_the_plan_was_read(shop: Shop) -> None:
    """The plan for a canary under way is carried out once that is live: it walks the steps."""
    begun(shop, "v1.2.1", "deploy-2")
    steps, fence = _plan(shop), fence_for(shop.platform, "rb-1.1")
    say(shop, promoteFull=True)
    wait(shop, lambda: shop.deployment["status"]["phase"] == "Healthy")
    before = shop.deployment
    with pytest.raises(FenceConflict, match="fully promoted by now"):
        send(shop.platform, steps[0], fence, shop.clock)
    assert shop.deployment["spec"] == before["spec"]
    assert _kinds(carry_out(shop, "v1.2.0")) == WITH_PROMOTION


def test_the_promotion_is_sent_once_and_seen_without_a_mark(shop: Shop) -> None:
    """After a crash the promotion is sent again, though the status says that it was sent."""
    promoted(shop, "v1.2.1")
    restore, promote, *_ = _plan(shop)
    assert shop.platform.settled(promote).state is ProgressState.PENDING
    with pytest.raises(NotDone):
        send(shop.platform, promote, fence_for(shop.platform, "rb-1.2"), shop.clock)
    send(shop.platform, restore, fence_for(shop.platform, "rb-1.1"), shop.clock)
    fence = fence_for(shop.platform, "rb-1.2")
    assert await_done(shop.platform, restore, shop.clock).state is ProgressState.DONE
    send(shop.platform, promote, fence, shop.clock)
    sent = shop.deployment["metadata"]["resourceVersion"]
    assert shop.again().settled(promote).state is ProgressState.DONE
    send(shop.again(), promote, fence, shop.clock)
    assert shop.deployment["metadata"]["resourceVersion"] == sent
    shop.cluster.advance(60.0)
    assert shop.again().settled(promote).state is ProgressState.DONE  # it is over by now
    send(shop.again(), promote, fence, shop.clock)
    assert "promoteFull" not in shop.deployment["status"]


def test_a_release_that_only_removed_fields_is_undone(shop: Shop) -> None:
    """What the bad release took out of the template does not come back."""
    promoted(shop, "v1.2.0-safe")
    with_limits = template("v1.3.0", resources={"limits": {"memory": "64Mi"}})
    shop.change({"op": "replace", "path": "/spec/template", "value": with_limits})
    promoted_in_place(shop)
    good = shop.release("v1.3.0")
    shop.change({"op": "replace", "path": "/spec/template", "value": template("v1.3.0")})
    promoted_in_place(shop)
    seen = shop.platform.observe(TARGET)
    assert seen.live is not None
    assert seen.live.release.artifact_digest != good.artifact_digest
    for number, step in enumerate(shop.platform.plan(seen, to=good)):
        send(shop.platform, step, fence_for(shop.platform, f"rb-1.{number}"), shop.clock)
        assert await_done(shop.platform, step, shop.clock).state is ProgressState.DONE
    container = shop.deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {"limits": {"memory": "64Mi"}}


def promoted_in_place(shop: Shop) -> None:
    """Promote what was just put in place."""
    wait(shop, lambda: shop.deployment["status"]["phase"] == "Paused")
    say(shop, promoteFull=True)
    wait(shop, lambda: shop.deployment["status"]["phase"] == "Healthy")


def test_a_paused_rollout_takes_a_person(shop: Shop) -> None:
    """Somebody's pause is lifted without a word, or the way back waits for ever."""
    promoted(shop, "v1.2.1")
    shop.change({"op": "add", "path": "/spec/paused", "value": True})
    shop.cluster.advance(5.0)
    steps = carry_out(shop, "v1.2.0")
    assert _kinds(steps) == ["resume-rollout", *WITH_PROMOTION[1:]]
    assert "somebody paused rollout/checkout" in steps[0].danger
    _only(shop, "v1.2.0")


@pytest.mark.parametrize("analysis", [False, True])
def test_blue_green_is_promoted_past_its_pause(tmp_path: Path, analysis: bool) -> None:  # noqa: FBT001 - a case
    """Traffic stays with the bad release until somebody promotes the way back by hand."""
    said = dict(BLUE_GREEN["blueGreen"])
    if analysis:
        said["prePromotionAnalysis"] = {"templates": [{"templateName": "errors"}]}
    with a_rollout_shop(tmp_path, {"blueGreen": said}) as shop:
        shop.deploy("v1.2.0")
        promoted(shop, "v1.2.1")
        shop.cluster.advance(60.0)
        steps = carry_out(shop, "v1.2.0")
        assert _kinds(steps) == WITH_PROMOTION
        assert ("its analysis is skipped" in steps[1].title) is analysis
        _only(shop, "v1.2.0")
        active = shop.cluster.get(resources.SERVICE, NAMESPACE, "active")
        assert active is not None
        assert MARK not in active["metadata"]["annotations"]  # its controller's, never touched


def test_a_preview_is_taken_away(tmp_path: Path) -> None:
    """A preview that was never promoted cannot be taken away again."""
    with a_rollout_shop(tmp_path, BLUE_GREEN) as shop:
        shop.deploy("v1.2.0")
        begun(shop, "v1.2.1")
        seen = shop.platform.observe(TARGET)
        assert [each.percent for each in seen.traffic] == [100]
        assert _kinds(carry_out(shop, "v1.2.0")) == KINDS
        _only(shop, "v1.2.0")


def test_old_instances_may_linger(tmp_path: Path) -> None:
    """The step that waits for old instances gives up before their controller ends them."""
    said = {**BLUE_GREEN["blueGreen"], "scaleDownDelaySeconds": 900}
    with a_rollout_shop(tmp_path, {"blueGreen": said}) as shop:
        shop.deploy("v1.2.0")
        promoted(shop, "v1.2.1")
        assert shop.platform.observe(TARGET).operation is None  # though v1.2.0 still runs
        assert _plan(shop)[-1].timeout > 900


def test_the_template_of_a_deployment_goes_back(tmp_path: Path) -> None:
    """The Rollout is patched, where its template is not, and nothing happens."""
    with a_rollout_shop(tmp_path) as shop:
        kept_elsewhere(shop, "v1.2.0")
        replaced_elsewhere(shop, "v1.2.1")
        wait(shop, lambda: shop.deployment["status"]["phase"] == "Paused")
        steps = carry_out(shop, "v1.2.0")
        assert f"into `deployment/{HELD}`, which `{WORKLOAD}` takes it from" in steps[0].title
        assert _kinds(steps) == KINDS
        _only(shop, "v1.2.0")
        held: Any = shop.cluster.get(resources.DEPLOYMENT, NAMESPACE, HELD)
        assert MARK in held["metadata"]["annotations"]
        assert held["spec"]["replicas"] == 0
        assert MARK not in shop.deployment["metadata"].get("annotations", {})
        assert "template" not in shop.deployment["spec"]
        replaced_elsewhere(shop, "v1.2.2")
        wait(shop, lambda: shop.deployment["status"]["phase"] == "Paused")
        promoted_in_place(shop)
        assert _kinds(carry_out(shop, "v1.2.0")) == WITH_PROMOTION
        _only(shop, "v1.2.0")


def test_paused_with_its_template_elsewhere_is_refused(tmp_path: Path) -> None:
    """Two objects would have to change at once, and a crash leaves one of them."""
    with a_rollout_shop(tmp_path) as shop:
        kept_elsewhere(shop, "v1.2.0")
        replaced_elsewhere(shop, "v1.2.1")
        shop.change({"op": "add", "path": "/spec/paused", "value": True})
        shop.cluster.advance(10.0)
        with pytest.raises(NotDone, match="both cannot change at once"):
            _plan(shop)


def test_who_deploys_the_template_is_suspended(tmp_path: Path) -> None:
    """Flux puts the bad template back into the Deployment that nobody asked about."""
    with a_rollout_shop(tmp_path) as shop:
        kept_elsewhere(shop, "v1.2.0")
        replaced_elsewhere(shop, "v1.2.1")
        wait(shop, lambda: shop.deployment["status"]["phase"] == "Paused")
        installed(shop)
        shop.cluster.create(KUSTOMIZATIONS, "flux-system", kustomization())
        labels = by_flux("kustomize", "apps", "flux-system")

        def alter(thing: dict[str, Any]) -> None:
            thing["metadata"]["labels"] = labels

        shop.cluster.change(resources.DEPLOYMENT, NAMESPACE, HELD, alter)
        owners = shop.platform.observe(TARGET).owners
        assert owners is not None
        assert len(owners) == 1
        steps = carry_out(shop, "v1.2.0")
        assert steps[0].kind.startswith("suspend")
        shop.cluster.access.deny(Rule(resource="kustomizations", verb="patch"))
        missing = shop.platform.access(TARGET).missing
        assert any("kustomizations apps" in each for each in missing)


def test_an_autoscaler_keeps_its_replicas(shop: Shop) -> None:
    """The rollback fights the autoscaler, or a change of size makes the plan stale."""
    promoted(shop, "v1.2.1")
    steps, fence = _plan(shop), fence_for(shop.platform, "rb-1.1")
    shop.change({"op": "replace", "path": "/spec/replicas", "value": 5})
    assert shop.platform.observe(TARGET).fingerprint == fence.fingerprint  # not seen yet
    shop.cluster.advance(30.0)
    send(shop.platform, steps[0], fence, shop.clock)
    assert await_done(shop.platform, steps[0], shop.clock).state is ProgressState.DONE
    assert shop.deployment["spec"]["replicas"] == 5


def test_traffic_beside_a_rollout_is_refused() -> None:
    """Two move the same Service."""
    with pytest.raises(ValueError, match="Argo Rollouts moves the traffic itself"):
        KubernetesSettings(workload=WORKLOAD, traffic="service/checkout")


def test_prewarming_is_declined(shop: Shop) -> None:
    """Instances are stood up beside those that the controller stands up."""
    said = shop.platform.declined(TARGET, shop.release("v1.2.0"))
    assert said is not None
    assert "brought on by its own controller" in said


def test_without_argo_rollouts_it_says_so(tmp_path: Path) -> None:
    """A cluster without Argo Rollouts looks as if the Rollout were deleted."""
    with (
        a_shop(tmp_path, workload=WORKLOAD) as shop,
        pytest.raises(ProviderError, match="does not know the kind Rollout") as raised,
    ):
        shop.platform.observe(TARGET)
    assert "rollouts.argoproj.io" in (raised.value.remedy or "")
    with (
        a_shop(tmp_path, workload=WORKLOAD) as shop,
        pytest.raises(ProviderError, match="does not know the kind Rollout"),
    ):
        shop.platform.access(TARGET)  # as the doctor asks


def test_a_rollout_that_is_gone_is_no_missing_kind(shop: Shop) -> None:
    """A deleted Rollout looks as if Argo Rollouts were not installed."""
    shop.remove()
    with pytest.raises(ProviderError, match=f"there is no {WORKLOAD}"):
        shop.platform.observe(TARGET)


def test_the_printed_role_is_enough(shop: Shop) -> None:
    """An administrator applies the Role, and the promotion fails for want of a verb."""
    promoted(shop, "v1.2.1")
    shop.cluster.access.allow_only(Rule(resource="selfsubjectaccessreviews"))
    rules = yaml.safe_load(shop.platform.access(TARGET).manifest)["rules"]
    assert ["rollouts/status"] in [each["resources"] for each in rules]
    shop.cluster.access.allow_only(
        *(
            Rule(verb=verb, resource=rule["resources"][0], name=name, namespace=NAMESPACE)
            for rule in rules
            for verb in rule["verbs"]
            for name in rule.get("resourceNames", [""])
        )
    )
    assert _kinds(carry_out(shop, "v1.2.0")) == WITH_PROMOTION


def test_the_plan_finds_out_that_it_may_not_promote(shop: Shop) -> None:
    """A missing permission is found out half-way, with the template put back."""
    promoted(shop, "v1.2.1")
    shop.cluster.access.deny(Rule(verb="patch", resource="rollouts/status"))
    with pytest.raises(NotDone, match="not allowed"):
        _plan(shop)
    shop.cluster.access.deny(Rule(verb="get", resource="rollouts"))
    missing = shop.platform.access(TARGET).missing
    assert any(each.startswith("patch rollouts/status checkout") for each in missing)


def test_few_calls_before_the_question(shop: Shop, tmp_path: Path) -> None:
    """A plan takes long to come, since the cluster is asked the same over and over."""
    promoted(shop, "v1.2.1", "deploy-12345")
    whole = Whole(shop, tmp_path)
    shop.cluster.requests.clear()
    report = whole.roll_back()
    assert report.exit_code == 0, report.rollback.status_detail
    assert len(whole.asked_after) == 1
    assert whole.asked_after[0] <= 12
    _only(shop, "v1.2.0")


def test_the_deployment_of_a_canary_under_way_is_rolled_back(shop: Shop, tmp_path: Path) -> None:
    """What is live is the target already, so nothing is done about the canary."""
    begun(shop, "v1.2.1", FAILED_ID)
    report = Whole(shop, tmp_path).roll_back()
    assert report.exit_code == 0, report.rollback.status_detail
    _only(shop, "v1.2.0")
