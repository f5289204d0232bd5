"""The controller of Argo Rollouts on a stepped clock, by its documented behaviour."""

from typing import Any

import pytest
from tests.unit.testing.kubernetes.client import JSON, MERGE, Client

from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.kubernetes.controllers.rollout_sums import approximated
from smartspec_rollback.testing.kubernetes.images import NeverReady
from smartspec_rollback.testing.kubernetes.resources import (
    DEPLOYMENT,
    REPLICA_SET,
    ROLLOUT,
    SERVICE,
)

_URL = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/shop"
_STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10s"}}]
_CANARY: dict[str, Any] = {"canary": {"steps": _STEPS}}
_BLUE_GREEN: dict[str, Any] = {
    "blueGreen": {
        "activeService": "active",
        "previewService": "preview",
        "autoPromotionEnabled": False,
    }
}


def _template(version: str) -> dict[str, Any]:
    container = {"name": "app", "image": f"shop:{version}"}
    return {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [container]}}


def _deploy(cluster: Cluster, version: str, strategy: Any = None, **spec: Any) -> None:
    """Put a version into the Rollout, which is made the first time, and let half a minute pass."""
    if strategy is None:
        _alter(cluster, lambda rollout: rollout["spec"].update(template=_template(version)))
    else:
        cluster.register(ROLLOUT)
        for name in ("active", "preview"):
            said = {"selector": {"app": "shop"}, "ports": [{"port": 80}]}
            cluster.create(SERVICE, "default", {"metadata": {"name": name}, "spec": said})
        body = {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": _template(version),
            "strategy": strategy,
            **spec,
        }
        cluster.create(ROLLOUT, "default", {"metadata": {"name": "shop"}, "spec": body})
    cluster.advance(30)


def _alter(cluster: Cluster, alter: Any) -> None:
    cluster.change(ROLLOUT, "default", "shop", alter)


def _say(cluster: Cluster, client: Client, **status: Any) -> None:
    """Write to the status as ``kubectl argo rollouts`` does, and let a minute pass."""
    code, _ = client.send("PATCH", f"{_URL}/status", {"status": status}, media=MERGE)
    assert code == 200
    cluster.advance(60)


def _rollout(cluster: Cluster) -> dict[str, Any]:
    found = cluster.get(ROLLOUT, "default", "shop")
    assert found is not None
    return found


def _sizes(cluster: Cluster) -> dict[str, int]:
    """Tell how many available instances each version has."""
    return {
        each["spec"]["template"]["spec"]["containers"][0]["image"].partition(":")[2]: count
        for each in cluster.all(REPLICA_SET)
        if (count := each["status"].get("availableReplicas", 0))
    }


def _status(cluster: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = _rollout(cluster)["status"]
    return found


@pytest.mark.parametrize(
    ("wanted", "share", "surge", "split"),
    [
        (10, 10, 1, (1, 9)),
        (10, 5, 1, (1, 10)),
        (3, 50, 0, (2, 1)),
        (1, 5, 1, (1, 1)),
        (1, 5, 0, (0, 1)),
        (4, 0, 1, (0, 4)),
        (4, 100, 1, (4, 0)),
    ],
)
def test_whole_pods_come_near_to_a_share(
    wanted: int, share: int, surge: int, split: tuple[int, int]
) -> None:
    """A canary would get more of the traffic, or less, than a real one."""
    assert approximated(wanted, share, surge) == split


def test_the_first_release_skips_the_steps(cluster: Cluster) -> None:
    """There is nothing to compare a first release with, so it would wait for nobody."""
    _deploy(cluster, "v1", _CANARY)
    said = _status(cluster)
    assert said["phase"] == "Healthy"
    assert said["stableRS"] == said["currentPodHash"]
    assert said["observedGeneration"] == "1"  # a text
    assert said["currentStepIndex"] == len(_STEPS)


def test_a_canary_walks_its_steps(cluster: Cluster, client: Client) -> None:
    """A pause without a duration would end by itself, or one with a duration never."""
    _deploy(cluster, "v1", _CANARY)
    _deploy(cluster, "v2")
    assert _sizes(cluster) == {"v1": 3, "v2": 1}
    assert _status(cluster)["pauseConditions"][0]["reason"] == "CanaryPauseStep"
    cluster.advance(3600)
    assert _status(cluster)["phase"] == "Paused"
    assert _sizes(cluster) == {"v1": 3, "v2": 1}
    _say(cluster, client, pauseConditions=None)  # as `promote` does
    assert _sizes(cluster) == {"v2": 4}
    assert _status(cluster)["phase"] == "Healthy"


def test_a_promotion_in_full_skips_every_step(cluster: Cluster, client: Client) -> None:
    """A rollback that promotes would walk the canary again all the same."""
    _deploy(cluster, "v1", _CANARY)
    _deploy(cluster, "v2")
    _say(cluster, client, promoteFull=True)
    assert _sizes(cluster) == {"v2": 4}
    assert "promoteFull" not in _status(cluster)  # it is over with the promotion


def test_a_promotion_is_forgotten_with_the_template(cluster: Cluster, client: Client) -> None:
    """A promotion written before the new template was seen would be taken for that one's."""
    _deploy(cluster, "v1", _CANARY)
    _alter(cluster, lambda rollout: rollout["spec"].update(template=_template("v2")))
    _say(cluster, client, promoteFull=True)
    assert _status(cluster)["phase"] == "Paused"
    assert _sizes(cluster) == {"v1": 3, "v2": 1}


def test_going_back_to_the_stable_one_skips_the_steps(cluster: Cluster) -> None:
    """The way back out of a canary would be walked in steps."""
    _deploy(cluster, "v1", _CANARY)
    _deploy(cluster, "v2")
    _deploy(cluster, "v1")
    assert _sizes(cluster) == {"v1": 4}
    assert _status(cluster)["phase"] == "Healthy"


def test_going_back_further_walks_the_steps(cluster: Cluster, client: Client) -> None:
    """The pain that a promotion is for: an undo of what is fully promoted is another canary."""
    _deploy(cluster, "v1", _CANARY)
    _deploy(cluster, "v2")
    _say(cluster, client, promoteFull=True)
    _deploy(cluster, "v1")
    assert _sizes(cluster) == {"v1": 1, "v2": 3}
    assert _status(cluster)["phase"] == "Paused"


def test_within_the_rollback_window_nothing_is_walked(cluster: Cluster, client: Client) -> None:
    """A plan would promote what goes back by itself."""
    _deploy(cluster, "v1", _CANARY, rollbackWindow={"revisions": 1})
    _deploy(cluster, "v2")
    _say(cluster, client, promoteFull=True)
    _deploy(cluster, "v1")
    assert _sizes(cluster) == {"v1": 4}


def test_an_abort_leaves_the_template(cluster: Cluster, client: Client) -> None:
    """An abort would be taken for a rollback, though a retry deploys the same again."""
    _deploy(cluster, "v1", _CANARY)
    _deploy(cluster, "v2")
    _say(cluster, client, abort=True)
    said = _status(cluster)
    assert _sizes(cluster) == {"v1": 4}
    assert said["phase"] == "Degraded"
    assert said["abortedAt"]
    assert _rollout(cluster)["spec"]["template"] == _template("v2")
    _say(cluster, client, abort=None)
    assert _sizes(cluster) == {"v1": 3, "v2": 1}
    _say(cluster, client, abort=True)
    _deploy(cluster, "v1")
    assert _status(cluster)["phase"] == "Healthy"
    assert "abort" not in _status(cluster)


def test_a_paused_rollout_only_notes_the_template(cluster: Cluster) -> None:
    """What is paused would go on."""
    _deploy(cluster, "v1", _CANARY, paused=True)
    assert _sizes(cluster) == {}
    assert _status(cluster)["phase"] == "Paused"
    _alter(cluster, lambda rollout: rollout["spec"].update(paused=False))
    cluster.advance(30)
    assert _sizes(cluster) == {"v1": 4}


def test_no_progress_is_degraded(cluster: Cluster) -> None:
    """A canary that never becomes ready would look as if it went on."""
    cluster.images["shop:v2"] = NeverReady()
    _deploy(cluster, "v1", _CANARY, progressDeadlineSeconds=60)
    _deploy(cluster, "v2")
    cluster.advance(120)
    assert _status(cluster)["phase"] == "Degraded"
    assert _status(cluster)["message"].startswith("ProgressDeadlineExceeded")


def test_blue_green_switches_once_promoted(cluster: Cluster, client: Client) -> None:
    """The preview would get the traffic before anybody said so."""
    _deploy(cluster, "v1", _BLUE_GREEN)
    _deploy(cluster, "v2")
    assert _sizes(cluster) == {"v1": 4, "v2": 4}
    said = _status(cluster)["blueGreen"]
    assert said["activeSelector"] != said["previewSelector"]
    _say(cluster, client, promoteFull=True)
    said = _status(cluster)["blueGreen"]
    assert said["activeSelector"] == said["previewSelector"] == _status(cluster)["stableRS"]
    service = cluster.get(SERVICE, "default", "active")
    assert service is not None
    assert service["spec"]["selector"]["rollouts-pod-template-hash"] == said["activeSelector"]
    assert service["metadata"]["annotations"]["argo-rollouts.argoproj.io/managed-by-rollouts"]
    assert _sizes(cluster) == {"v2": 4}  # half a minute after the switch


def test_an_analysis_before_promotion_holds_it(cluster: Cluster, client: Client) -> None:
    """A plan would count on a switch that waits for metrics."""
    strategy = {"blueGreen": {"activeService": "active", "prePromotionAnalysis": {}}}
    _deploy(cluster, "v1", strategy)
    _deploy(cluster, "v2")
    cluster.advance(3600)
    assert _status(cluster)["blueGreen"]["activeSelector"] != _status(cluster)["currentPodHash"]
    _say(cluster, client, promoteFull=True)
    assert _status(cluster)["phase"] == "Healthy"


def test_a_missing_service_is_said(cluster: Cluster) -> None:
    """A specification nothing can be made of would look as if it went on."""
    _deploy(cluster, "v1", {"blueGreen": {"activeService": "gone"}})
    assert _status(cluster)["phase"] == "Degraded"
    assert "InvalidSpec" in _status(cluster)["message"]


def test_the_template_of_a_deployment_is_followed(cluster: Cluster) -> None:
    """A Rollout that refers to a Deployment would stay at its first template."""
    selector = {"matchLabels": {"app": "shop"}}
    held = {"replicas": 0, "selector": selector, "template": _template("v1")}
    cluster.create(DEPLOYMENT, "default", {"metadata": {"name": "held"}, "spec": held})
    cluster.register(ROLLOUT)
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"}
    spec = {"replicas": 4, "workloadRef": reference, "strategy": {"canary": {}}}
    cluster.create(ROLLOUT, "default", {"metadata": {"name": "shop"}, "spec": spec})
    cluster.advance(30)
    assert _sizes(cluster) == {"v1": 4}
    cluster.change(
        DEPLOYMENT, "default", "held", lambda d: d["spec"].update(template=_template("v2"))
    )
    cluster.advance(60)
    assert _sizes(cluster) == {"v2": 4}
    assert _status(cluster)["workloadObservedGeneration"] == "2"
    assert "template" not in _rollout(cluster)["spec"]


def test_a_template_with_defaults_is_the_same_release(cluster: Cluster) -> None:
    """What is put back from a ReplicaSet, defaults and all, would be another release."""
    _deploy(cluster, "v1", {"canary": {}})
    _deploy(cluster, "v2")
    first = next(r for r in cluster.all(REPLICA_SET) if "v1" in str(r["spec"]["template"]))
    template = first["spec"]["template"]
    template["metadata"]["labels"].pop("rollouts-pod-template-hash")
    _alter(cluster, lambda rollout: rollout["spec"].update(template=template))
    cluster.advance(60)
    assert _sizes(cluster) == {"v1": 4}
    assert len(cluster.all(REPLICA_SET)) == 2


def test_a_status_write_leaves_metadata_alone(cluster: Cluster, client: Client) -> None:
    """An annotation would seem to go out with a write to the status of a custom resource."""
    _deploy(cluster, "v1", _CANARY)
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": _rollout(cluster)["metadata"]["uid"]},
        {"op": "add", "path": "/metadata/annotations/note", "value": "x"},
        {"op": "add", "path": "/status/promoteFull", "value": True},
    ]
    code, _ = client.send("PATCH", f"{_URL}/status", operations, media=JSON)
    assert code == 200
    assert "note" not in _rollout(cluster)["metadata"]["annotations"]
    wrong = [{"op": "test", "path": "/metadata/uid", "value": "x"}]
    assert client.send("PATCH", f"{_URL}/status", wrong, media=JSON)[0] == 422


def test_pods_are_dressed_for_their_part(cluster: Cluster) -> None:
    """Labels that pods only have as canaries would be taken for the release's own."""
    canary = {"steps": _STEPS, "canaryMetadata": {"labels": {"part": "canary"}}}
    _deploy(cluster, "v1", {"canary": canary})
    _deploy(cluster, "v2")
    newest = max(cluster.all(REPLICA_SET), key=lambda r: str(r["metadata"]["creationTimestamp"]))
    assert newest["spec"]["template"]["metadata"]["labels"]["part"] == "canary"
    assert "rollout.argoproj.io/ephemeral-metadata" in newest["metadata"]["annotations"]
    assert len(cluster.all(REPLICA_SET)) == 2  # still known by its content
