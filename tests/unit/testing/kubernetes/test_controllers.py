"""Controllers on a stepped clock: every step is the test's own."""

from typing import Any

import pytest
from tests.unit.testing.kubernetes.client import MERGE, SHOP, Client, config_map, deployment

from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.kubernetes.images import NeverReady, PullFails, Ready
from smartspec_rollback.testing.kubernetes.resources import (
    AUTOSCALER,
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    POD,
    REPLICA_SET,
)

_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def _shop(cluster: Cluster) -> dict[str, Any]:
    found = cluster.get(DEPLOYMENT, "default", "shop")
    assert found is not None
    return found


def _set_image(client: Client, image: str) -> None:
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}
    media = "application/strategic-merge-patch+json"
    assert client.send("PATCH", SHOP, patch, media=media)[0] == 200


def test_nothing_happens_until_time_passes(cluster: Cluster, client: Client) -> None:
    """A status would be read as current that the controller has not yet looked at."""
    cluster.images["shop:v1"] = Ready(after=10.0)
    client.send("POST", _DEPLOYMENTS, deployment())
    assert _shop(cluster)["status"] == {}
    cluster.advance(5)
    assert _shop(cluster)["status"]["unavailableReplicas"] == 2
    cluster.advance(6)
    assert _shop(cluster)["status"]["availableReplicas"] == 2
    _set_image(client, "shop:v2")
    found = _shop(cluster)
    assert found["status"]["observedGeneration"] < found["metadata"]["generation"]


@pytest.mark.parametrize(
    ("replicas", "rolling", "limits"),
    [
        (10, {"maxSurge": "25%", "maxUnavailable": "25%"}, (13, 8)),
        (3, {"maxSurge": "25%", "maxUnavailable": "25%"}, (4, 3)),
        (4, {"maxSurge": 0, "maxUnavailable": 1}, (4, 3)),
        (5, {"maxSurge": "1%", "maxUnavailable": 0}, (6, 5)),
        (1, {"maxSurge": 0, "maxUnavailable": "1%"}, (1, 0)),
    ],
)
def test_a_rollout_stays_between_its_limits(
    cluster: Cluster,
    client: Client,
    replicas: int,
    rolling: dict[str, Any],
    limits: tuple[int, int],
) -> None:
    """A rolling undo would seem to cost less, or more, capacity than on a cluster.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-surge
    """
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    client.send("POST", _DEPLOYMENTS, deployment(replicas=replicas, strategy=strategy))
    cluster.advance(5)
    cluster.images["shop:v2"] = Ready(after=1.0)
    _set_image(client, "shop:v2")
    counts, usable = [], []
    for _ in range(400):
        cluster.advance(0.05)
        counts.append(sum(r["spec"]["replicas"] for r in cluster.all(REPLICA_SET)))
        usable.append(_shop(cluster)["status"].get("availableReplicas", 0))
    assert (max(counts), min(usable)) == limits
    assert _shop(cluster)["status"]["updatedReplicas"] == replicas


def test_a_scale_in_the_middle_is_spread(cluster: Cluster, client: Client) -> None:
    """An autoscaler that acts during a failed rollout would feed the bad version alone.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling
    with its numbers: 10 replicas, surge 3, unavailable 2; 8 old and 5 new, then 15: 11 and 7.
    """
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    client.send("POST", _DEPLOYMENTS, deployment(replicas=10, strategy=strategy))
    cluster.advance(5)
    cluster.images["shop:v2"] = PullFails()
    _set_image(client, "shop:v2")
    cluster.advance(5)

    def sizes() -> list[int]:
        return sorted(r["spec"]["replicas"] for r in cluster.all(REPLICA_SET))

    assert sizes() == [5, 8]
    client.send("PATCH", f"{SHOP}/scale", {"spec": {"replicas": 15}}, media=MERGE)
    cluster.advance(5)
    assert sizes() == [7, 11]


def test_an_autoscaler_scales_through_its_target(cluster: Cluster, client: Client) -> None:
    """Replicas an autoscaler owns could not be told from others."""
    client.send("POST", _DEPLOYMENTS, deployment())
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
    body = {"metadata": {"name": "shop"}, "spec": {"scaleTargetRef": target, "maxReplicas": 9}}
    cluster.create(AUTOSCALER, "default", body)
    cluster.autoscale("default", "shop", 6)
    cluster.advance(5)
    found = _shop(cluster)
    assert found["status"]["readyReplicas"] == 6
    owners = [
        each["subresource"]
        for each in found["metadata"]["managedFields"]
        if "f:replicas" in each["fieldsV1"].get("f:spec", {})
    ]
    assert owners == ["scale"]


def test_a_budget_holds_evictions(cluster: Cluster, client: Client) -> None:
    """A disruption budget would not be respected."""
    client.send("POST", _DEPLOYMENTS, deployment())
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "shop"}}}
    cluster.create(DISRUPTION_BUDGET, "default", {"metadata": {"name": "shop"}, "spec": spec})
    cluster.advance(5)
    (budget,) = cluster.all(DISRUPTION_BUDGET)
    assert budget["status"] == {
        "observedGeneration": 1,
        "currentHealthy": 2,
        "desiredHealthy": 2,
        "disruptionsAllowed": 0,
        "expectedPods": 2,
    }
    name = cluster.all(POD)[0]["metadata"]["name"]
    path = f"/api/v1/namespaces/default/pods/{name}/eviction"
    code, said = client.send("POST", path, {"kind": "Eviction", "apiVersion": "policy/v1"})
    assert (code, said["reason"]) == (429, "TooManyRequests")


def test_a_lost_key_of_a_configmap_stops_a_pod(cluster: Cluster, client: Client) -> None:
    """A template that comes back without its configuration would seem to start."""
    thing = deployment(replicas=1)
    reference = {"name": "settings", "key": "color"}
    thing["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": reference}}
    ]
    cluster.create(CONFIG_MAP, "default", config_map("settings", size="1"))
    client.send("POST", _DEPLOYMENTS, thing)
    cluster.advance(2)
    (pod,) = cluster.all(POD)
    waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    assert "couldn't find key color in ConfigMap default/settings" in waiting["message"]
    path = "/api/v1/namespaces/default/configmaps/settings"
    client.send("PATCH", path, {"data": {"color": "red"}}, media=MERGE)
    cluster.advance(30)
    assert _shop(cluster)["status"]["readyReplicas"] == 1


def test_pods_tell_their_digest(cluster: Cluster, client: Client) -> None:
    """A tag that moved would be taken for the same artifact."""
    cluster.kubelet.digests["shop:v1"] = "sha256:" + "a" * 64
    client.send("POST", _DEPLOYMENTS, deployment(replicas=1))
    cluster.advance(2)
    (pod,) = cluster.all(POD)
    (status,) = pod["status"]["containerStatuses"]
    assert (status["ready"], status["imageID"]) == (True, "shop@sha256:" + "a" * 64)


def test_without_nodes_pods_wait(cluster: Cluster, client: Client) -> None:
    """Missing capacity would not be seen."""
    for number in range(3):
        cluster.remove_node(f"node-{number + 1}")
    client.send("POST", _DEPLOYMENTS, deployment(replicas=1))
    cluster.advance(2)
    (pod,) = cluster.all(POD)
    (condition,) = pod["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    cluster.add_node("node-9")
    cluster.advance(2)
    assert _shop(cluster)["status"]["readyReplicas"] == 1


def test_an_old_timeout_stays_while_a_rollback_starts(cluster: Cluster, client: Client) -> None:
    """The stale condition, the classic false failure, could not be tested."""
    client.send("POST", _DEPLOYMENTS, deployment(progressDeadlineSeconds=60))
    cluster.advance(5)
    cluster.images["shop:v2"] = NeverReady()
    _set_image(client, "shop:v2")
    cluster.advance(120)

    def reason() -> str:
        conditions = _shop(cluster)["status"]["conditions"]
        return next(str(c["reason"]) for c in conditions if c["type"] == "Progressing")

    assert reason() == "ProgressDeadlineExceeded"
    _set_image(client, "shop:v1")
    assert reason() == "ProgressDeadlineExceeded"
    cluster.advance(10)
    assert reason() == "NewReplicaSetAvailable"


def test_only_a_stepped_clock_is_advanced() -> None:
    """A test would wait for nothing on a clock that runs by itself."""
    with Cluster() as cluster, pytest.raises(ValueError, match="moves by itself"):
        cluster.advance(1)
