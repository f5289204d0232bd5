"""Deployments, driven by kubectl."""

from typing import Any

from tests.differential.kubernetes.kubectl import Kubectl, deployment

from smartspec_rollback.testing.kubernetes.images import Crash, NeverReady, PullFails, Ready

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"


def _deploy(kubectl: Kubectl, *images: str, **spec: Any) -> None:
    for image in images:
        kubectl.apply(deployment(image, **spec))
        kubectl("rollout", "status", "deployment/shop", "--timeout=30s")


def _sets(kubectl: Kubectl) -> dict[str, dict[str, Any]]:
    """Give the ReplicaSets by image."""
    found = kubectl.get("replicasets")["items"]
    return {rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs for rs in found}


def _condition(thing: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in thing["status"]["conditions"] if c["type"] == kind)
    return found


def test_a_deployment_makes_one_replicaset_with_its_hash(kubectl: Kubectl) -> None:
    """The owner, hash, annotations or status a provider reads would not be those of a cluster.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#creating-a-deployment
    """
    _deploy(kubectl, "shop:v1")
    found = kubectl.get("deployment", "shop")
    assert found["metadata"]["annotations"][REVISION] == "1"
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"] == 1
    assert {
        name: found["status"].get(name)
        for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    } == {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    assert "unavailableReplicas" not in found["status"]
    assert _condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert _condition(found, "Available")["reason"] == "MinimumReplicasAvailable"
    (only,) = kubectl.get("replicasets")["items"]
    digest = only["metadata"]["labels"]["pod-template-hash"]
    assert only["metadata"]["name"] == f"shop-{digest}"
    assert only["spec"]["selector"]["matchLabels"] == {"app": "shop", "pod-template-hash": digest}
    assert only["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == digest
    (owner,) = only["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "apps/v1",
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": "Deployment",
        "name": "shop",
        "uid": found["metadata"]["uid"],
    }
    notes = only["metadata"]["annotations"]
    assert notes["deployment.kubernetes.io/desired-replicas"] == "3"
    assert notes["deployment.kubernetes.io/max-replicas"] == "4"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in notes


def test_what_the_api_server_fills_in(kubectl: Kubectl) -> None:
    """Templates would differ between what was applied and what is compared.

    k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go and pkg/apis/core/v1/defaults.go.
    """
    kubectl.apply(deployment())
    spec = kubectl.get("deployment", "shop")["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)
    assert spec["template"]["spec"] == {
        "containers": [
            {
                "name": "app",
                "image": "shop:v1",
                "imagePullPolicy": "IfNotPresent",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


def test_set_image_makes_a_new_revision(kubectl: Kubectl) -> None:
    """Revisions would not be counted as kubectl shows them.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#updating-a-deployment
    """
    _deploy(kubectl, "shop:v1")
    kubectl("set", "image", "deployment/shop", "app=shop:v2")
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    sets = _sets(kubectl)
    assert {i: rs["metadata"]["annotations"][REVISION] for i, rs in sets.items()} == {
        "shop:v1": "1",
        "shop:v2": "2",
    }
    assert {i: rs["spec"]["replicas"] for i, rs in sets.items()} == {"shop:v1": 0, "shop:v2": 3}
    assert kubectl.get("deployment", "shop")["metadata"]["annotations"][REVISION] == "2"


def test_undo_reuses_and_renumbers_the_replicaset(kubectl: Kubectl) -> None:
    """A revision number would be taken for an identity.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment;
    the old number moves to the annotation revision-history: kubernetes#51315.
    """
    _deploy(kubectl, "shop:v1", "shop:v2")
    before = _sets(kubectl)["shop:v1"]["metadata"]["uid"]
    assert "rolled back" in kubectl("rollout", "undo", "deployment/shop")
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    again = _sets(kubectl)["shop:v1"]
    assert again["metadata"]["uid"] == before
    assert again["metadata"]["annotations"][REVISION] == "3"
    assert again["metadata"]["annotations"][HISTORY] == "1"
    found = kubectl.get("deployment", "shop")
    assert found["metadata"]["annotations"][REVISION] == "3"
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:v1"
    listed = kubectl("rollout", "history", "deployment/shop").split()
    assert listed[-4:] == ["2", "<none>", "3", "<none>"]


def test_undo_twice_toggles_and_keeps_all_numbers(kubectl: Kubectl) -> None:
    """The toggling between two versions that users complain of would not be seen (helm#1796)."""
    _deploy(kubectl, "shop:v1", "shop:v2")
    for _ in range(2):
        kubectl("rollout", "undo", "deployment/shop")
        kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    sets = _sets(kubectl)
    assert sets["shop:v1"]["metadata"]["annotations"][REVISION] == "3"
    assert sets["shop:v2"]["metadata"]["annotations"][REVISION] == "4"
    assert sets["shop:v2"]["metadata"]["annotations"][HISTORY] == "2"
    assert sets["shop:v2"]["spec"]["replicas"] == 3


def test_undo_to_a_revision(kubectl: Kubectl) -> None:
    """Another revision than the one asked for would come back."""
    _deploy(kubectl, "shop:v1", "shop:v2", "shop:v3")
    kubectl("rollout", "undo", "deployment/shop", "--to-revision=1")
    found = kubectl.get("deployment", "shop")
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:v1"
    said = kubectl.refused("rollout", "undo", "deployment/shop", "--to-revision=9")
    assert "unable to find specified revision 9 in history" in said


def test_a_broken_image_never_takes_capacity_away(kubectl: Kubectl) -> None:
    """A failed rollout would look as if it had taken production down.

    maxUnavailable 25% of 4 is 1, maxSurge 25% of 4 is 1: at least 3 stay available, at most 5
    exist. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable
    """
    kubectl.cluster.images["shop:v2"] = PullFails()
    _deploy(kubectl, "shop:v1", replicas=4)
    kubectl("set", "image", "deployment/shop", "app=shop:v2")
    kubectl.until(
        lambda: (
            {i: r["spec"]["replicas"] for i, r in _sets(kubectl).items()}
            == {"shop:v1": 3, "shop:v2": 2}
        )
    )
    kubectl.until(lambda: len(kubectl.get("pods", "-l", "app=shop")["items"]) == 5)
    found = kubectl.get("deployment", "shop")["status"]
    assert (found["replicas"], found["updatedReplicas"], found["availableReplicas"]) == (5, 2, 3)
    assert found["unavailableReplicas"] == 2
    reasons = {
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
        for pod in kubectl.get("pods")["items"]
        if pod["spec"]["containers"][0]["image"] == "shop:v2"
    }
    assert reasons <= {"ContainerCreating", "ErrImagePull", "ImagePullBackOff"}


def test_the_progress_deadline_and_its_stale_condition(fast: Kubectl) -> None:
    """A failed rollout's condition would be taken for the rollback's own failure.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#failed-deployment
    """
    kubectl = fast
    kubectl.cluster.images["shop:v2"] = NeverReady()
    # Slow enough that the condition is still seen while the rollback runs.
    kubectl.cluster.images["shop:v1"] = Ready(after=1.0)
    _deploy(kubectl, "shop:v1", progressDeadlineSeconds=30)
    kubectl("set", "image", "deployment/shop", "app=shop:v2")
    said = kubectl.refused("rollout", "status", "deployment/shop", "--timeout=30s")
    assert 'deployment "shop" exceeded its progress deadline' in said
    failed = _condition(kubectl.get("deployment", "shop"), "Progressing")
    assert (failed["status"], failed["reason"]) == ("False", "ProgressDeadlineExceeded")
    digest = _sets(kubectl)["shop:v2"]["metadata"]["name"]
    assert failed["message"] == f'ReplicaSet "{digest}" has timed out progressing.'
    kubectl("rollout", "undo", "deployment/shop")
    kubectl.until(
        lambda: (
            _condition(kubectl.get("deployment", "shop"), "Progressing")["reason"]
            == "NewReplicaSetAvailable"
        )
    )


def test_crashing_pods_count_their_restarts(fast: Kubectl) -> None:
    """A crash loop would not be told from slow starting.

    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts
    """
    kubectl = fast
    kubectl.cluster.images["shop:v1"] = Crash(after=0.5, exit_code=3)
    kubectl.apply(deployment(replicas=1))

    def restarted() -> bool:
        pods = kubectl.get("pods")["items"]
        statuses = [s for p in pods for s in p["status"].get("containerStatuses", [])]
        return any(
            s["restartCount"] >= 2
            and s["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
            and s["lastState"]["terminated"]["exitCode"] == 3
            for s in statuses
        )

    kubectl.until(restarted)
    (pod,) = kubectl.get("pods")["items"]
    assert pod["status"]["phase"] == "Running"


def test_paused_deployments_change_nothing_until_resumed(kubectl: Kubectl) -> None:
    """A rollback of a paused Deployment would be thought to run.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pausing-and-resuming-a-deployment
    """
    _deploy(kubectl, "shop:v1", "shop:v2")
    kubectl("rollout", "pause", "deployment/shop")
    kubectl.until(
        lambda: (
            _condition(kubectl.get("deployment", "shop"), "Progressing")["reason"]
            == "DeploymentPaused"
        )
    )
    assert "cannot rollback a paused deployment" in kubectl.refused(
        "rollout", "undo", "deployment/shop"
    ).replace("you ", "")
    kubectl("set", "image", "deployment/shop", "app=shop:v3")
    kubectl.until(lambda: kubectl.get("deployment", "shop")["status"]["observedGeneration"] == 4)
    assert set(_sets(kubectl)) == {"shop:v1", "shop:v2"}
    kubectl("rollout", "resume", "deployment/shop")
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    assert _sets(kubectl)["shop:v3"]["spec"]["replicas"] == 3


def test_paused_deployments_still_scale(kubectl: Kubectl) -> None:
    """An autoscaler's change would be missed while a Deployment is paused."""
    _deploy(kubectl, "shop:v1")
    kubectl("rollout", "pause", "deployment/shop")
    kubectl("scale", "deployment/shop", "--replicas=5")
    kubectl.until(lambda: _sets(kubectl)["shop:v1"]["status"].get("readyReplicas") == 5)


def test_restart_annotates_the_template(kubectl: Kubectl) -> None:
    """A restart would not show as a revision of its own."""
    _deploy(kubectl, "shop:v1")
    kubectl("rollout", "restart", "deployment/shop")
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    found = kubectl.get("deployment", "shop")
    notes = found["spec"]["template"]["metadata"]["annotations"]
    assert list(notes) == ["kubectl.kubernetes.io/restartedAt"]
    assert found["metadata"]["annotations"][REVISION] == "2"


def test_scale_makes_no_revision(kubectl: Kubectl) -> None:
    """A change of replicas would be taken for a release."""
    _deploy(kubectl, "shop:v1")
    kubectl("scale", "deployment/shop", "--replicas=1", "--current-replicas=3")
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    kubectl.until(lambda: len(kubectl.get("pods")["items"]) == 1)
    found = kubectl.get("deployment", "shop")
    assert (found["metadata"]["annotations"][REVISION], found["spec"]["replicas"]) == ("1", 1)
    assert found["metadata"]["generation"] == 2


def test_recreate_ends_the_old_before_it_starts_the_new(kubectl: Kubectl) -> None:
    """Two versions would run at once where that is forbidden.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment
    """
    _deploy(kubectl, "shop:v1", strategy={"type": "Recreate"})
    kubectl.cluster.kubelet.ends_after = 1.0
    kubectl("set", "image", "deployment/shop", "app=shop:v2")
    seen = set()

    def done() -> bool:
        pods = kubectl.get("pods")["items"]
        images = frozenset(p["spec"]["containers"][0]["image"] for p in pods)
        seen.add(images)
        return images == {"shop:v2"} and len(pods) == 3

    kubectl.until(done)
    assert frozenset({"shop:v1", "shop:v2"}) not in seen


def test_the_history_limit_deletes_the_oldest_replicasets(kubectl: Kubectl) -> None:
    """A revision that is gone would be thought to be there, or the other way round.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#revision-history-limit
    """
    _deploy(kubectl, *(f"shop:v{n}" for n in range(1, 6)), revisionHistoryLimit=2)
    kubectl.until(lambda: set(_sets(kubectl)) == {"shop:v3", "shop:v4", "shop:v5"})
    assert "unable to find" in kubectl.refused(
        "rollout", "undo", "deployment/shop", "--to-revision=1"
    )


def test_min_ready_seconds_hold_a_rollout_back(fast: Kubectl) -> None:
    """Ready pods would be counted as available at once."""
    kubectl = fast
    kubectl.apply(deployment(minReadySeconds=120))
    kubectl.until(lambda: kubectl.get("deployment", "shop")["status"].get("readyReplicas") == 3)
    assert kubectl.get("deployment", "shop")["status"].get("availableReplicas") is None
    kubectl.until(lambda: kubectl.get("deployment", "shop")["status"].get("availableReplicas") == 3)


def test_apply_again_changes_nothing(kubectl: Kubectl) -> None:
    """Every apply would look like a change."""
    kubectl.apply(deployment())
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    before = kubectl.get("deployment", "shop")["metadata"]
    assert "unchanged" in kubectl.apply(deployment())
    after = kubectl.get("deployment", "shop")["metadata"]
    assert (after["generation"], after["resourceVersion"]) == (
        before["generation"],
        before["resourceVersion"],
    )


def test_a_quota_shows_as_replica_failure(kubectl: Kubectl) -> None:
    """A rollout that can't create pods would only look slow.

    https://kubernetes.io/docs/concepts/policy/resource-quotas/; the condition is named in
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#failed-deployment
    """
    kubectl("create", "quota", "small", "--hard=pods=2")
    kubectl.apply(deployment())
    kubectl.until(
        lambda: any(
            c["type"] == "ReplicaFailure"
            for c in kubectl.get("deployment", "shop")["status"].get("conditions", [])
        )
    )
    failure = _condition(kubectl.get("deployment", "shop"), "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert (
        "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"
        in failure["message"]
    )
