"""Owners on an emulated cluster: seen, suspended first, and what cannot be suspended told."""

import json
import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.unit.providers.platforms.kubernetes import controllers as made
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

from smartspec_rollback.domain.snapshot import Owner
from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.errors import FenceConflict, ProviderUnavailable
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.admission import Attempt, Rule
from smartspec_rollback.testing.kubernetes.faults import Fault
from smartspec_rollback.testing.kubernetes.resources import custom


def _owners(shop: Shop) -> tuple[Owner, ...]:
    owners = shop.again().observe(TARGET).owners
    assert owners is not None
    return owners


def _planned(shop: Shop) -> tuple[Step, ...]:
    platform = shop.again()
    return platform.plan(platform.observe(TARGET), to=shop.release("v1.2.0"))


def _policy(shop: Shop, namespace: str = "argocd") -> dict[str, Any]:
    policy: dict[str, Any] = made.spec_of(shop, made.APPLICATIONS, namespace, NAME)["syncPolicy"]
    return policy


def test_a_workload_nobody_owns_costs_no_call(shop: Shop) -> None:
    """Every plan pays for controllers that are not there."""
    made.installed(shop)
    shop.cluster.requests.clear()
    assert _owners(shop) == ()
    assert not any("argoproj" in r.path or "flux" in r.path for r in shop.cluster.requests.all())


def test_an_application_is_suspended_first(shop: Shop) -> None:
    """Argo CD puts the bad version back while the good one starts."""
    made.deployed_by_argo_cd(shop)
    (owner,) = _owners(shop)
    assert owner == Owner(
        name="Argo CD Application argocd/checkout", suspended=False, suspended_by_plan=True
    )
    first, *rest = _planned(shop)
    assert first.title == (
        "Suspend the Argo CD Application `argocd/checkout`, which would put `v1.2.1` back."
    )
    assert not first.moves_traffic
    assert [step.kind for step in rest] == ["start-instances", "switch-traffic", "scale-down"]
    assert "`checkout` of `https://git.example.org/shop/deploy.git` at `main`" in first.afterwards
    assert "secret-of-the-url" not in msgspec.json.encode(first).decode()
    carry_out(shop, "v1.2.0")
    assert _policy(shop)["automated"] == {"prune": True, "selfHeal": True, "enabled": False}
    assert _owners(shop)[0].suspended is True


def test_the_undo_puts_back_what_stood(shop: Shop) -> None:
    """The command in the report wakes the Application with other settings than it had."""
    made.deployed_by_argo_cd(shop)
    (first, *_) = _planned(shop)
    words = shlex.split(first.undo.strip("`."))
    assert words[:3] == ["kubectl", "-n", "argocd"]
    said = json.loads(words[-1])["spec"]["syncPolicy"]["automated"]
    assert said == {"enabled": None, "prune": True, "selfHeal": True}


def test_an_argo_cd_without_the_switch(shop: Shop) -> None:
    """Before Argo CD 3.1 the server drops `enabled` without a word, and nothing is suspended."""
    made.deployed_by_argo_cd(shop)
    _dropping(shop)
    carry_out(shop, "v1.2.0")
    assert "automated" not in _policy(shop)
    found = shop.cluster.get(made.APPLICATIONS, "argocd", NAME)
    assert found is not None
    assert '\\"selfHeal\\": true' in found["metadata"]["annotations"][MARK]


def _dropping(shop: Shop) -> None:
    """Let the server drop the switch, as one without it does."""

    def prune(attempt: Attempt) -> None:
        if attempt.resource == made.APPLICATIONS:
            attempt.object["spec"]["syncPolicy"].get("automated", {}).pop("enabled", None)

    shop.cluster.hooks.append(prune)


def test_dying_between_the_two_writes(shop: Shop) -> None:
    """The first way was tried, the process died, and nobody goes on to the second."""
    made.deployed_by_argo_cd(shop)
    _dropping(shop)
    fence, (first, *_) = fence_for(shop.platform, "rb-1.1.suspend"), _planned(shop)
    path = "namespaces/argocd/applications"
    shop.cluster.faults.add(Fault(verb="patch", path=path, skip=1, code=500))
    with pytest.raises(ProviderUnavailable):
        shop.platform.apply(first, fence=fence, deadline=Deadline.after(shop.clock, 60.0))
    assert shop.again().settled(first).state is ProgressState.PENDING
    send(shop.again(), first, fence, shop.clock)
    assert shop.again().settled(first).state is ProgressState.DONE
    assert "automated" not in _policy(shop)


def test_flux_is_suspended_from_above(shop: Shop) -> None:
    """The Kustomization wakes the HelmRelease again, or both are suspended too late."""
    made.deployed_by_flux(shop)
    assert [owner.name for owner in _owners(shop)] == [
        "Flux Kustomization flux-system/apps",
        "Flux HelmRelease shop/checkout",
    ]
    first, second, *_ = _planned(shop)
    assert first.undo == "`flux resume kustomization apps --namespace flux-system`."
    assert "`./apps/production` of GitRepository `fleet`" in first.afterwards
    assert "Nothing else that it applies is updated meanwhile." in first.afterwards
    assert "chart `checkout` `1.2.x` of HelmRepository `flux-system/shop`" in second.afterwards
    carry_out(shop, "v1.2.0")
    assert made.spec_of(shop, made.KUSTOMIZATIONS, "flux-system", "apps")["suspend"] is True
    assert made.spec_of(shop, made.HELM_RELEASES, NAMESPACE, NAME)["suspend"] is True


def test_who_deploys_the_service_in_front(tmp_path: Path) -> None:
    """Argo CD switches traffic back, since only what deploys the workload was suspended."""
    with a_shop(tmp_path, traffic=f"service/{NAME}") as shop:
        shop.deploy("v1.2.0")
        shop.deploy("v1.2.1")
        made.installed(shop)
        shop.cluster.create(made.APPLICATIONS, "argocd", made.application("front"))
        tracked = {"argocd.argoproj.io/tracking-id": f"front:/Service:{NAMESPACE}/{NAME}"}
        shop.cluster.annotate(resources.SERVICE, NAMESPACE, NAME, tracked)
        assert [owner.name for owner in _owners(shop)] == ["Argo CD Application argocd/front"]
        assert _planned(shop)[0].parameter("name") == "front"


def test_an_older_flux(shop: Shop) -> None:
    """An older Flux serves older versions of its kinds, and its HelmRelease is not found."""
    older = custom("helm.toolkit.fluxcd.io", "v2beta2", "HelmRelease", "helmreleases")
    shop.cluster.register(older)
    shop.cluster.create(older, NAMESPACE, made.helm_release())
    made.labelled(shop, made.by_flux("helm", NAME, NAMESPACE))
    assert [owner.suspended_by_plan for owner in _owners(shop)] == [True]
    carry_out(shop, "v1.2.0")
    assert made.spec_of(shop, older, NAMESPACE, NAME)["suspend"] is True


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize(
    "how",
    [{"code": 429, "retry_after": 1}, {"code": 500}, {"drop": "before"}, {"drop": "after"}],
    ids=["429", "500", "drop-before", "drop-after"],
)
def test_a_call_that_fails_once_stops_nothing(
    shop: Shop, skip: int, how: dict[str, int | str]
) -> None:
    """One bad moment of the API server, and Argo CD is not suspended, or twice."""
    made.deployed_by_argo_cd(shop)
    fault = Fault(path="applications", skip=skip, **how)  # type: ignore[arg-type] # its fields
    shop.cluster.faults.add(fault)
    carry_out(shop, "v1.2.0")
    assert _policy(shop)["automated"]["enabled"] is False


def test_owners_that_do_not_answer_stop_no_rollback(shop: Shop) -> None:
    """A broken webhook of Argo CD's keeps everybody from rolling back."""
    made.deployed_by_argo_cd(shop)
    shop.cluster.faults.add(Fault(path="applications", times=None, code=500))
    (owner,) = _owners(shop)
    assert owner.suspended is None
    assert _planned(shop)[0].kind == "start-instances"


def test_an_application_in_another_namespace(shop: Shop) -> None:
    """An Application of a team's own namespace is looked for in Argo CD's, and not found."""
    made.installed(shop)
    shop.cluster.create(made.APPLICATIONS, NAMESPACE, made.application())
    (key, value), *_ = made.TRACKED.items()
    shop.change(
        {
            "op": "add",
            "path": f"/metadata/annotations/{key.replace('/', '~1')}",
            "value": f"{NAMESPACE}_{value}",
        }
    )
    (owner,) = _owners(shop)
    assert owner.name == "Argo CD Application shop/checkout"
    carry_out(shop, "v1.2.0")
    assert _policy(shop, NAMESPACE)["automated"]["enabled"] is False


def test_an_application_set_above_is_told(shop: Shop) -> None:
    """The plan suspends what is woken at once, and calls that safe."""
    made.deployed_by_argo_cd(shop, made.made_by_set(made.application()))
    shop.cluster.create(made.APPLICATION_SETS, "argocd", made.application_set())
    (owner,) = _owners(shop)
    assert not owner.suspended_by_plan
    assert "ApplicationSet argocd/shops writes argocd/checkout anew" in owner.doubt
    assert "ignoreApplicationDifferences" in owner.remedy
    assert _planned(shop)[0].kind == "start-instances"


def test_an_application_set_that_leaves_it_alone(shop: Shop) -> None:
    """People who prepared for this are warned nevertheless."""
    made.deployed_by_argo_cd(shop, made.made_by_set(made.application()))
    rule = {"jsonPointers": ["/spec/syncPolicy"]}
    above = made.application_set(ignoreApplicationDifferences=[rule])
    shop.cluster.create(made.APPLICATION_SETS, "argocd", above)
    (owner,) = _owners(shop)
    assert owner.suspended_by_plan
    assert owner.doubt == ""


@pytest.mark.parametrize(("heals", "planned"), [(True, False), (False, True)])
def test_an_application_of_an_application(shop: Shop, *, heals: bool, planned: bool) -> None:
    """The Application above writes `automated` back, and nobody was told."""
    own = made.application()
    own["metadata"]["annotations"] = {
        "argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/checkout"
    }
    made.deployed_by_argo_cd(shop, own)
    policy = {"automated": {"selfHeal": heals}}
    shop.cluster.create(made.APPLICATIONS, "argocd", made.application("root", syncPolicy=policy))
    (owner,) = _owners(shop)
    assert owner.suspended_by_plan is planned
    assert "Argo CD Application argocd/root, which deploys it, wakes" in owner.doubt


def test_a_sync_on_its_way_is_told(shop: Shop) -> None:
    """A sync that is running goes on after its Application was suspended."""
    own = made.application()
    own["status"]["operationState"] = {"phase": "Running"}
    made.deployed_by_argo_cd(shop, own)
    (owner,) = _owners(shop)
    assert "is syncing argocd/checkout right now" in owner.doubt
    assert "terminate-op argocd/checkout" in owner.remedy


def test_an_application_we_may_not_change(shop: Shop) -> None:
    """The plan promises what the cluster then refuses."""
    made.deployed_by_argo_cd(shop)
    shop.cluster.access.deny(Rule(verb="patch", resource="applications"))
    (owner,) = _owners(shop)
    assert owner.suspended is False
    assert not owner.suspended_by_plan
    assert "verbs: [patch]" in owner.remedy
    assert _planned(shop)[0].kind == "start-instances"


def test_an_application_we_may_not_read(shop: Shop) -> None:
    """An Application nobody could look at counts as suspended, or stops the rollback."""
    made.deployed_by_argo_cd(shop)
    shop.cluster.access.deny(Rule(resource="applications"))
    (owner,) = _owners(shop)
    assert owner.suspended is None
    assert "not allowed (403)" in owner.doubt
    assert "verbs: [get, patch]" in owner.remedy


def test_an_argo_cd_of_another_cluster(shop: Shop) -> None:
    """Argo CD runs elsewhere, nothing of it can be seen here, and that counts as safe."""
    made.deployed_by_argo_cd(shop)
    shop.cluster.unregister(made.APPLICATIONS)
    (owner,) = _owners(shop)
    assert owner.suspended is None
    assert "there is none such in this cluster" in owner.doubt
    assert "another cluster" in owner.remedy


def test_who_sleeps_already_is_left_as_is(shop: Shop) -> None:
    """The plan writes what stands there already, or loses what somebody else suspended."""
    own = made.application()
    own["spec"]["syncPolicy"] = {}
    made.deployed_by_argo_cd(shop, own)
    assert [owner.suspended for owner in _owners(shop)] == [True]
    assert _planned(shop)[0].kind == "start-instances"


def test_owners_change_no_plan_under_way(shop: Shop) -> None:
    """A controller that stirs makes every plan stale."""
    made.deployed_by_argo_cd(shop)
    before = shop.again().observe(TARGET)
    carried = _planned(shop)[0]
    send(shop.platform, carried, fence_for(shop.platform, "rb-1.1.suspend"), shop.clock)
    assert shop.again().observe(TARGET).fingerprint == before.fingerprint


def test_nothing_is_suspended_for_a_stale_plan(shop: Shop) -> None:
    """Somebody deployed meanwhile, and his Application sleeps for a plan that is void."""
    made.deployed_by_argo_cd(shop)
    fence, (first, *_) = fence_for(shop.platform, "rb-1.1.suspend"), _planned(shop)
    shop.deploy("v1.3.0")
    with pytest.raises(FenceConflict, match="production changed"):
        send(shop.platform, first, fence, shop.clock)
    assert "enabled" not in _policy(shop)["automated"]


def test_an_application_made_anew_is_not_suspended(shop: Shop) -> None:
    """Another Application of the same name is suspended, which nobody consented to."""
    made.deployed_by_argo_cd(shop)
    fence, (first, *_) = fence_for(shop.platform, "rb-1.1.suspend"), _planned(shop)
    other = msgspec.structs.replace(
        first,
        parameters=tuple(
            msgspec.structs.replace(each, value="another") if each.name == "uid" else each
            for each in first.parameters
        ),
    )
    with pytest.raises(FenceConflict, match="made anew"):
        send(shop.platform, other, fence, shop.clock)
    assert "enabled" not in _policy(shop)["automated"]


def test_suspending_twice_writes_once(shop: Shop) -> None:
    """A step sent again after a crash writes again, over what somebody did meanwhile."""
    made.deployed_by_argo_cd(shop)
    first, *_ = _planned(shop)
    fence = fence_for(shop.platform, "rb-1.1.suspend")
    send(shop.platform, first, fence, shop.clock)
    found = shop.cluster.get(made.APPLICATIONS, "argocd", NAME)
    send(shop.again(), first, fence, shop.clock)
    assert shop.cluster.get(made.APPLICATIONS, "argocd", NAME) == found
    assert await_done(shop.again(), first, shop.clock).state is ProgressState.DONE


def test_at_most_twelve_calls_before_the_question(shop: Shop) -> None:
    """Who owns the workload is asked over and over while a plan is made."""
    made.deployed_by_argo_cd(shop)
    shop.cluster.requests.clear()
    platform = shop.again()
    seen = platform.observe(TARGET)
    found = platform.find(TARGET, "v1.2.0")
    assert found is not None
    platform.inspect(TARGET, found)
    platform.plan(seen, to=found)
    assert len(shop.cluster.requests.all()) <= 10  # the Lease takes two more


def test_the_doctor_asks_for_owners_where_there_are_any(shop: Shop) -> None:
    """The Role for a workload nobody owns names controllers, or one for Argo CD lacks them."""
    assert "applications" not in shop.platform.access(TARGET).manifest
    made.deployed_by_argo_cd(shop, made.made_by_set(made.application()))
    shop.cluster.access.deny(Rule(resource="applications"))
    told = shop.platform.access(TARGET)
    (missing,) = told.missing
    assert missing.startswith("get, patch applications checkout in argocd: suspending")
    (role,) = yaml.safe_load_all(told.manifest)
    assert role["metadata"]["namespace"] == "argocd"
    assert role["rules"][0]["resourceNames"] == [NAME]
    shop.cluster.access.clear()
    shop.cluster.access.deny(Rule(resource="applicationsets"))
    shop.cluster.access.deny(Rule(resource="pods"))
    several = list(yaml.safe_load_all(shop.platform.access(TARGET).manifest))
    assert [each["metadata"]["namespace"] for each in several] == [NAMESPACE, "argocd"]
