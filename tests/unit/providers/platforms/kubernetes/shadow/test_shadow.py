"""Prewarming on a cluster, and what speaks against it."""

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.unit.providers.platforms.kubernetes.shop import (
    NAME,
    NAMESPACE,
    TARGET,
    Shop,
    a_shop,
    await_done,
    fence_for,
    send,
    service,
    template,
)

from smartspec_rollback.domain.step import SWITCH, ProgressState, Step
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.kubernetes.objects import SERVICES, Obj
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.shadow import prewarming
from smartspec_rollback.providers.platforms.kubernetes.shadow.beside import Beside
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import shadow_of, single
from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.faults import Fault
from smartspec_rollback.testing.kubernetes.images import Crash, Ready

SHADOW = f"{NAME}-smartspec"


@pytest.fixture(name="shop")
def a_shop_behind_a_service(tmp_path: Path) -> Iterator[Shop]:
    """Supply a cluster on which v1.2.1 is live behind a Service, after v1.2.0."""
    with a_shop(tmp_path, traffic=f"service/{NAME}") as shop:
        shop.deploy("v1.2.0")
        shop.deploy("v1.2.1")
        yield shop


def _prewarmed(shop: Shop) -> tuple[Step, ...]:
    good = shop.release("v1.2.0")
    shop.platform.prewarm(TARGET, good, operation="rb-1.prewarm")
    deadline = Deadline.after(shop.clock, 60.0)
    while shop.platform.prewarmed(TARGET, good).progress.state is ProgressState.PENDING:
        assert not deadline.expired
        deadline.pause(0.2)
    return shop.platform.plan(shop.platform.observe(TARGET), to=good)


def _send(shop: Shop, step: Step, number: int) -> None:
    send(shop.platform, step, fence_for(shop.platform, f"rb-1.{number}.{step.id}"), shop.clock)


def _do(shop: Shop, steps: tuple[Step, ...]) -> None:
    for number, step in enumerate(steps):
        _send(shop, step, number)
        said = await_done(shop.platform, step, shop.clock)
        assert said.state is ProgressState.DONE, f"{step.id}: {said.detail}"


def _shadow(shop: Shop) -> Any:
    return shop.cluster.get(resources.DEPLOYMENT, NAMESPACE, SHADOW)


def _selector(shop: Shop) -> Any:
    found: Any = shop.cluster.get(resources.SERVICE, NAMESPACE, NAME)
    return found["spec"]["selector"]


def _asked(url: str) -> int:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 0, timeout=5.0)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    finally:
        connection.close()


def _policy(shop: Shop) -> None:
    spec = {
        "podSelector": {},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": NAME}}}]}],
    }
    body = {"metadata": {"name": "only-checkout"}, "spec": spec}
    shop.cluster.create(resources.NETWORK_POLICY, NAMESPACE, body)


def _second_service(shop: Shop) -> None:
    shop.deploy("v1.2.0")  # the label is the target's alone
    labels = {"app": NAME, "tier": "web"}
    shop.change({"op": "replace", "path": "/spec/template/metadata/labels", "value": labels})
    shop.cluster.advance(30.0)
    shop.cluster.create(resources.SERVICE, NAMESPACE, service("all-web", tier="web"))


def _full(shop: Shop) -> None:
    body = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "5"}}}
    shop.cluster.create(resources.QUOTA, NAMESPACE, body)
    said = {"hard": {"pods": "5"}, "used": {"pods": "3"}}
    shop.cluster.set_status(resources.QUOTA, NAMESPACE, "few", said)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_policy, "NetworkPolicy only-checkout"),
        (_full, "room for 2 of 3"),
    ],
)
def test_what_speaks_against_it_is_said(shop: Shop, make: Callable[[Shop], None], why: str) -> None:
    """Prewarmed instances are cut off, or cannot be there, and that refuses the whole rollback."""
    assert shop.platform.declined(TARGET, shop.release("v1.2.0")) is None
    make(shop)
    said = shop.again().declined(TARGET, shop.release("v1.2.0"))
    assert said is not None
    assert why in said


def test_another_service_would_send_traffic(tmp_path: Path) -> None:
    """A second Service, which selects by another label, sends users to what is only prewarmed."""
    with a_shop(tmp_path, traffic=f"service/{NAME}") as shop:
        shop.deploy("v1.2.0")
        _second_service(shop)
        shop.deploy("v1.2.1")
        live = shop.deployment["metadata"]["name"]
        versions = shop.platform.observe(TARGET).history
        with_label = next(r for r in versions if shop.platform.declined(TARGET, r.release))
        assert live == NAME
        said = shop.platform.declined(TARGET, with_label.release)
        assert said is not None
        assert "Service all-web would send it traffic" in said


def test_a_queue_worker_is_not_prewarmed(tmp_path: Path) -> None:
    """What takes its work from a queue does that work twice while it is prewarmed."""
    with a_shop(tmp_path) as shop:
        shop.deploy("v1.2.0")
        said = shop.platform.declined(TARGET, shop.release("v1.2.0"))
        assert said is not None
        assert "queue" in said


def test_instances_know_that_they_are_prewarmed(shop: Shop) -> None:
    """A release that does work at its start does it twice, and nothing told it not to."""
    _prewarmed(shop)
    (container,) = _shadow(shop)["spec"]["template"]["spec"]["containers"]
    assert {"name": "SMARTSPEC_PREWARM", "value": "1"} in container["env"]
    assert _selector(shop) == {"app": NAME}


def test_the_load_of_now_is_covered(shop: Shop) -> None:
    """An autoscaler added instances since, and traffic goes to fewer than it needs."""
    steps = _prewarmed(shop)
    shop.change({"op": "replace", "path": "/spec/replicas", "value": 7})
    shop.cluster.advance(20.0)
    _send(shop, steps[0], 0)
    assert _selector(shop) == {"app": SHADOW}
    assert _shadow(shop)["status"]["readyReplicas"] == 7


def test_traffic_stays_where_it_is_carried(shop: Shop) -> None:
    """An autoscaler shrank the workload while it had no traffic, and then it gets all of it."""
    steps = _prewarmed(shop)
    _do(shop, steps[:3])
    shop.change({"op": "replace", "path": "/spec/replicas", "value": 1})
    shop.cluster.advance(20.0)
    with pytest.raises(NotDone, match="minReplicas"):
        _send(shop, steps[3], 3)
    assert _selector(shop) == {"app": SHADOW}
    with pytest.raises(ProviderError):
        _send(shop, steps[4], 4)
    shop.platform.discard(TARGET, shop.release("v1.2.0"), operation="rb-1.prewarm")
    assert _shadow(shop) is not None  # it serves production
    shop.change({"op": "replace", "path": "/spec/replicas", "value": 3})
    shop.cluster.advance(20.0)
    _do(shop, steps[3:])
    assert _selector(shop) == {"app": NAME}
    assert _shadow(shop) is None


def test_somebody_who_moves_the_service_is_noticed(shop: Shop) -> None:
    """Somebody pointed the Service elsewhere, and the rollback points it back as if nothing was."""
    steps = _prewarmed(shop)
    fence = fence_for(shop.platform, "rb-1.0.switch")
    before = shop.platform.observe(TARGET)
    operations = [{"op": "replace", "path": "/spec/selector/app", "value": "maintenance-page"}]
    deadline = Deadline.after(shop.clock, 5.0)
    shop.api.patch(SERVICES, NAME, operations, deadline=deadline)
    assert shop.platform.observe(TARGET).fingerprint != before.fingerprint
    with pytest.raises(FenceConflict):
        send(shop.platform, steps[0], fence, shop.clock)


def test_what_does_not_boot_fails_the_prewarm(shop: Shop) -> None:
    """A target that crashes counts as pending for ever, or as ready."""
    shop.cluster.images["registry.example/checkout:v1.2.0"] = Crash(after=0.5)
    good = shop.release("v1.2.0")
    shop.platform.prewarm(TARGET, good, operation="rb-1.prewarm")
    shop.cluster.advance(60.0)
    said = shop.platform.prewarmed(TARGET, good).progress
    assert said.state is ProgressState.FAILED
    assert "CrashLoopBackOff" in said.detail
    shop.platform.discard(TARGET, good, operation="rb-1.prewarm")
    assert _shadow(shop) is None


def test_a_shadow_of_another_release_makes_room(shop: Shop) -> None:
    """What an earlier run left behind is taken for the release that is wanted now."""
    shop.deploy("v1.2.2")
    shop.platform.prewarm(TARGET, shop.release("v1.2.1"), operation="rb-0.prewarm")
    shop.cluster.advance(20.0)
    assert not shop.platform.prewarmed(TARGET, shop.release("v1.2.0")).addresses
    _prewarmed(shop)
    image = _shadow(shop)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":v1.2.0")


def test_smoke_tests_reach_the_instances(shop: Shop) -> None:
    """Smoke tests run against nothing, or anybody on this machine reaches pods by our rights."""
    asked: list[str] = []

    def application(pod: Any, path: str) -> int:
        asked.append(f"{pod['metadata']['labels']['app']} {path}")
        return 200 if path == "/healthz" else 404

    shop.cluster.application = application
    _prewarmed(shop)
    addresses = shop.platform.prewarmed(TARGET, shop.release("v1.2.0")).addresses
    assert len(addresses) == 3
    assert _asked(f"{addresses[0]}/healthz") == 200
    assert asked == [f"{SHADOW} /healthz"]
    host, secret = addresses[0].rsplit("/", 2)[:2]
    for elsewhere in (
        f"{addresses[0]}/other",
        f"{host}/wrong{secret}/x:8080/healthz",
        f"{host}/{secret}/another-pod:8080/healthz",
        f"{addresses[0]}/../../../secrets/payments",
    ):
        assert _asked(elsewhere) == 404
    shop.platform.discard(TARGET, shop.release("v1.2.0"), operation="rb-1.prewarm")
    with pytest.raises(OSError, match="refused"):
        _asked(f"{addresses[0]}/healthz")


def test_a_paused_workload_is_put_back_behind_the_traffic(shop: Shop) -> None:
    """A paused Deployment keeps the bad template behind the shadow for ever."""
    shop.cluster.kubelet.otherwise = Ready(after=1.0)
    shop.change({"op": "add", "path": "/spec/paused", "value": True})
    shop.cluster.advance(5.0)
    steps = _prewarmed(shop)
    assert [each.id for each in steps[:2]] == ["switch-traffic", "resume-rollout"]
    assert steps[1].danger
    _do(shop, steps)
    assert _selector(shop) == {"app": NAME}
    assert shop.platform.observe(TARGET).operation is None


def test_at_most_twelve_calls_before_the_question(shop: Shop) -> None:
    """Planning loads an API server that may be on fire already."""
    shop.cluster.requests.clear()
    platform = shop.again()
    seen = platform.observe(TARGET)
    good = platform.find(TARGET, "v1.2.0")
    assert good is not None
    platform.inspect(TARGET, good)
    assert platform.declined(TARGET, good) is None
    steps = platform.plan(platform.promised(seen, good), to=good)
    assert steps[0].id == "switch-traffic"
    assert len(shop.cluster.requests.all()) <= 12


def _labelled(shop: Shop, version: str, **more: str) -> None:
    made = template(version)
    made["metadata"]["labels"] |= more
    shop.change({"op": "replace", "path": "/spec/template", "value": made})
    shop.cluster.advance(30.0)


def _select(shop: Shop, **more: str) -> None:
    deadline = Deadline.after(shop.clock, 5.0)
    value = {"app": NAME, **more}
    operations = [{"op": "replace", "path": "/spec/selector", "value": value}]
    shop.api.patch(SERVICES, NAME, operations, deadline=deadline)


@pytest.mark.parametrize("deleted", [False, True])
def test_traffic_that_an_earlier_rollback_left_is_handed_back(shop: Shop, *, deleted: bool) -> None:
    """A plan after an abandoned one rolls the workload, and says so, while traffic stays away."""
    shop.deploy("v1.2.2")
    first = _prewarmed(shop)[:1]
    _do(shop, first)
    if deleted:
        shop.cluster.remove(resources.DEPLOYMENT, NAMESPACE, SHADOW)
        shop.cluster.advance(40.0)
    platform = shop.again()
    seen = platform.observe(TARGET)
    workload = next(each for each in seen.history if each.release.version == "v1.2.2")
    assert workload.id not in {each.revision for each in seen.traffic}
    to = shop.release("v1.2.1")
    assert "still points at" in str(platform.declined(TARGET, to))
    steps = platform.plan(seen, to=to)
    assert [each.id for each in steps].count(SWITCH) == 1
    _do(shop, steps)
    assert _selector(shop) == {"app": NAME}
    assert _shadow(shop) is None
    assert set(shop.running.values()) == {"v1.2.1"}


def test_what_serves_is_known_by_what_the_service_selects(shop: Shop) -> None:
    """The bad release lost a label: what serves in its place is taken for idle, and removed."""
    _labelled(shop, "v1.2.0", tier="web")
    _select(shop, tier="web")
    _labelled(shop, "v1.2.1")
    good = next(
        each.release
        for each in shop.platform.observe(TARGET).history
        if each.release.version == "v1.2.0"
    )
    shop.platform.prewarm(TARGET, good, operation="rb-1.prewarm")
    shop.cluster.advance(30.0)
    steps = shop.platform.plan(shop.platform.observe(TARGET), to=good)
    _do(shop, steps[:1])
    shop.platform.discard(TARGET, good, operation="rb-1.prewarm")
    assert _shadow(shop) is not None
    _do(shop, steps[1:])
    assert _selector(shop) == {"app": NAME, "tier": "web"}


@pytest.mark.parametrize("prewarmed", [False, True])
def test_a_target_that_the_service_does_not_select_is_refused(
    shop: Shop, *, prewarmed: bool
) -> None:
    """Traffic is turned to nobody, or the plan says it was turned when nobody gets any."""
    _labelled(shop, "v1.2.1", tier="web")
    _select(shop, tier="web")
    if prewarmed:
        shop.platform.prewarm(TARGET, shop.release("v1.2.0"), operation="rb-1.prewarm")
        shop.cluster.advance(30.0)
    with pytest.raises(NotDone, match="would send no traffic"):
        shop.platform.plan(shop.platform.observe(TARGET), to=shop.release("v1.2.0"))


def test_what_is_scaled_to_nothing_is_not_prewarmed(shop: Shop) -> None:
    """A rollback waits for instances that nobody asked for, and is refused for their absence."""
    shop.change({"op": "replace", "path": "/spec/replicas", "value": 0})
    assert "scaled to 0" in str(shop.platform.declined(TARGET, shop.release("v1.2.0")))


def test_long_names_make_labels_of_their_own() -> None:
    """Names may be longer than labels: cut alike, two shadows would own each other's pods."""
    one, other = ("x" * 62 + "-" + "y" * length for length in (9, 10))
    values = {shadow_of({"metadata": {"name": name}}) for name in (one, other, "short")}
    assert "short" in values
    assert len(values) == 3
    assert all(len(each) <= 63 and each[-1].isalnum() for each in values)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"hostNetwork": True}, "network of their nodes"),
        ({"containers": [{"ports": [{"hostPort": 8080}]}]}, "port 8080"),
        ({"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}, "volume data"),
        ({"containers": [{"ports": [{"containerPort": 80}]}], "volumes": [{"emptyDir": {}}]}, None),
    ],
)
def test_what_cannot_stand_twice(spec: dict[str, Any], why: str | None) -> None:
    """A prewarm that never becomes ready refuses a rollback that would have worked."""
    said = single({"spec": spec})
    assert said is None if why is None else why in str(said)


def test_a_name_outside_the_cluster_is_no_way_in(shop: Shop) -> None:
    """Traffic is flipped on a Service that selects nothing, and users go on to the bad version."""
    spec = {"type": "ExternalName", "externalName": "checkout.example.org"}
    shop.cluster.change(
        resources.SERVICE, NAMESPACE, NAME, lambda found: found["spec"].update(spec)
    )
    with pytest.raises(ProviderError, match="outside the cluster"):
        shop.platform.observe(TARGET)


def test_what_another_rollback_uses_is_left(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback that was cancelled removes what another one sends production to."""
    steps = _prewarmed(shop)
    good = shop.release("v1.2.0")
    reads: list[object] = []
    read = prewarming._read

    def slowly(site: Site, workload: Obj) -> Beside | None:
        found = read(site, workload)
        if not reads:
            reads.append(found)
            _send(shop, steps[0], 0)  # in the moment between looking and removing
        return found

    monkeypatch.setattr(prewarming, "_read", slowly)
    shop.again().discard(TARGET, good, operation="rb-2.prewarm")
    assert reads
    assert _selector(shop) == {"app": SHADOW}
    assert _shadow(shop) is not None


def test_what_another_rollback_is_about_to_use_is_left(shop: Shop) -> None:
    """Traffic is turned to instances that were removed a moment before."""
    steps = _prewarmed(shop)
    good = shop.release("v1.2.0")
    fault = Fault(verb="patch", path="/services/", code=500)
    shop.cluster.faults.add(fault)
    fence, deadline = fence_for(shop.platform, "rb-1.0.switch"), Deadline.after(shop.clock, 5.0)
    with pytest.raises(ProviderError):
        shop.platform.apply(steps[0], fence=fence, deadline=deadline)
    shop.again().discard(TARGET, good, operation="rb-2.prewarm")
    assert _shadow(shop) is not None
    shop.again().discard(TARGET, good, operation="rb-1.prewarm")
    assert _shadow(shop) is None
