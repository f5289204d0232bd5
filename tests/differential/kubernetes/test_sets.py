"""StatefulSets and DaemonSets, driven by kubectl."""

from typing import Any

from tests.differential.kubernetes.kubectl import Kubectl, workload

from smartspec_rollback.testing.kubernetes.images import NeverReady


def _images(kubectl: Kubectl) -> dict[str, str]:
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in kubectl.get("pods")["items"]
    }


def _stateful(kubectl: Kubectl, image: str = "shop:v1", **spec: Any) -> None:
    kubectl.apply(workload("StatefulSet", image, **{"serviceName": "shop", "replicas": 3, **spec}))


def _settled(kubectl: Kubectl, kind: str = "statefulset") -> None:
    kubectl("rollout", "status", f"{kind}/shop", "--timeout=30s")


def test_a_statefulset_numbers_its_pods_and_keeps_revisions(kubectl: Kubectl) -> None:
    """Names, labels, claims or revisions would not be those of a cluster.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
    """
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    _stateful(kubectl, volumeClaimTemplates=[claim])
    _settled(kubectl)
    assert list(_images(kubectl)) == ["shop-0", "shop-1", "shop-2"]
    claims = [c["metadata"]["name"] for c in kubectl.get("pvc")["items"]]
    assert claims == ["data-shop-0", "data-shop-1", "data-shop-2"]
    (revision,) = kubectl.get("controllerrevisions")["items"]
    assert revision["revision"] == 1
    assert revision["data"]["spec"]["template"]["$patch"] == "replace"
    status = kubectl.get("statefulset", "shop")["status"]
    name = revision["metadata"]["name"]
    assert (status["currentRevision"], status["updateRevision"]) == (name, name)
    pod = kubectl.get("pod", "shop-1")
    assert pod["metadata"]["labels"] == {
        "app": "shop",
        "apps.kubernetes.io/pod-index": "1",
        "controller-revision-hash": name,
        "statefulset.kubernetes.io/pod-name": "shop-1",
    }


def test_a_statefulset_is_undone(kubectl: Kubectl) -> None:
    """An undo would not come back to the old template, or make the wrong revision number."""
    _stateful(kubectl)
    _settled(kubectl)
    kubectl("set", "image", "statefulset/shop", "app=shop:v2")
    _settled(kubectl)
    assert set(_images(kubectl).values()) == {"shop:v2"}
    kubectl("rollout", "undo", "statefulset/shop")
    _settled(kubectl)
    kubectl.until(lambda: set(_images(kubectl).values()) == {"shop:v1"})
    numbers = {
        r["data"]["spec"]["template"]["spec"]["containers"][0]["image"]: r["revision"]
        for r in kubectl.get("controllerrevisions")["items"]
    }
    assert numbers == {"shop:v1": 3, "shop:v2": 2}


def test_a_broken_pod_blocks_a_statefulset_until_it_is_deleted(kubectl: Kubectl) -> None:
    """A rollback of a stuck StatefulSet would be thought to finish by itself (kubernetes#67250).

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
    """
    kubectl.cluster.images["shop:v2"] = NeverReady()
    _stateful(kubectl)
    _settled(kubectl)
    kubectl("set", "image", "statefulset/shop", "app=shop:v2")
    kubectl.until(lambda: _images(kubectl).get("shop-2") == "shop:v2")
    kubectl("rollout", "undo", "statefulset/shop")
    kubectl.until(lambda: kubectl.get("statefulset", "shop")["status"]["observedGeneration"] == 3)
    said = kubectl.refused("rollout", "status", "statefulset/shop", "--timeout=1s")
    assert "timed out" in said
    assert _images(kubectl)["shop-2"] == "shop:v2"
    kubectl("delete", "pod", "shop-2")
    _settled(kubectl)
    kubectl.until(lambda: set(_images(kubectl).values()) == {"shop:v1"})


def test_a_partition_limits_an_update(kubectl: Kubectl) -> None:
    """A rollback behind a partition would be thought to reach every pod.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
    """
    _stateful(kubectl, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    _settled(kubectl)
    kubectl("set", "image", "statefulset/shop", "app=shop:v2")
    assert "partitioned roll out complete: 1 new pods" in kubectl(
        "rollout", "status", "statefulset/shop", "--timeout=30s"
    )
    assert _images(kubectl) == {"shop-0": "shop:v1", "shop-1": "shop:v1", "shop-2": "shop:v2"}
    status = kubectl.get("statefulset", "shop")["status"]
    assert (status["updatedReplicas"], status["currentReplicas"]) == (1, 2)
    assert status["currentRevision"] != status["updateRevision"]


def test_on_delete_replaces_nothing_by_itself(kubectl: Kubectl) -> None:
    """A rollback with OnDelete would be thought to replace pods.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#on-delete
    """
    _stateful(kubectl, updateStrategy={"type": "OnDelete"})
    kubectl.until(lambda: kubectl.get("statefulset", "shop")["status"].get("readyReplicas") == 3)
    kubectl("set", "image", "statefulset/shop", "app=shop:v2")
    kubectl.until(lambda: kubectl.get("statefulset", "shop")["status"]["observedGeneration"] == 2)
    assert set(_images(kubectl).values()) == {"shop:v1"}
    kubectl("delete", "pod", "shop-1")
    kubectl.until(lambda: _images(kubectl).get("shop-1") == "shop:v2")


def _budgeted(kubectl: Kubectl, **spec: Any) -> None:
    kubectl.apply(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "few"},
            "spec": {"selector": {"matchLabels": {"app": "shop"}}, **spec},
        }
    )
    kubectl.until(lambda: kubectl.get("pdb", "few").get("status", {}).get("expectedPods") == 3)


def _drained(kubectl: Kubectl, node: str, how: str) -> str:
    command = ("drain", node, "--ignore-daemonsets=false", "--force", how)
    done = kubectl.run(*command)
    return f"{done.returncode} {done.stdout} {done.stderr}"


def test_a_drain_evicts_as_budgets_allow(kubectl: Kubectl) -> None:
    """An eviction would go over a disruption budget, or never be let through.

    https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
    """
    _stateful(kubectl)
    _settled(kubectl)
    _budgeted(kubectl, minAvailable=3)
    node = kubectl.get("pod", "shop-1")["spec"]["nodeName"]
    said = _drained(kubectl, node, "--timeout=3s")
    assert said.startswith("1 ")
    assert "Cannot evict pod as it would violate the pod's disruption budget." in said
    assert kubectl.get("pdb", "few")["status"]["disruptionsAllowed"] == 0
    kubectl("patch", "pdb", "few", "--type=merge", "-p", '{"spec":{"minAvailable":2}}')
    kubectl.until(lambda: kubectl.get("pdb", "few")["status"]["disruptionsAllowed"] == 1)
    said = _drained(kubectl, node, "--timeout=20s")
    assert said.startswith("0 "), said
    assert "pod/shop-1 evicted" in said
    kubectl.until(lambda: kubectl.get("pdb", "few")["status"]["disruptionsAllowed"] == 1)


def test_two_budgets_for_a_pod_let_nothing_go(kubectl: Kubectl) -> None:
    """Evictions would work where a cluster refuses them.

    k8s.io/kubernetes/pkg/registry/core/pod/storage/eviction.go
    """
    _stateful(kubectl)
    _settled(kubectl)
    _budgeted(kubectl, minAvailable=1)
    _budgeted_twin = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "more"},
        "spec": {"selector": {"matchLabels": {"app": "shop"}}, "minAvailable": 1},
    }
    kubectl.apply(_budgeted_twin)
    node = kubectl.get("pod", "shop-1")["spec"]["nodeName"]
    said = _drained(kubectl, node, "--timeout=3s")
    assert said.startswith("1 ")
    assert "more than one PodDisruptionBudget" in said


def test_a_statefulsets_claims_can_not_be_changed(kubectl: Kubectl) -> None:
    """A plan would promise to roll back what the API refuses to (helm#11359).

    k8s.io/kubernetes/pkg/apis/apps/validation, ValidateStatefulSetUpdate.
    """
    _stateful(kubectl)
    said = kubectl.refused(
        "patch", "statefulset", "shop", "--type=merge", "-p", '{"spec":{"serviceName":"other"}}'
    )
    assert 'The StatefulSet "shop" is invalid: spec: Forbidden: updates to statefulset' in said


def test_parallel_sets_start_together(kubectl: Kubectl) -> None:
    """A set that starts all at once would be thought to start one by one."""
    kubectl.cluster.images["shop:v1"] = NeverReady()
    _stateful(kubectl, podManagementPolicy="Parallel")
    kubectl.until(lambda: list(_images(kubectl)) == ["shop-0", "shop-1", "shop-2"])


def test_ordered_sets_wait_for_each_pod(kubectl: Kubectl) -> None:
    """A set would go on past a pod that is not ready."""
    kubectl.cluster.images["shop:v1"] = NeverReady()
    _stateful(kubectl)
    kubectl.until(lambda: kubectl.get("statefulset", "shop")["status"].get("replicas") == 1)
    assert list(_images(kubectl)) == ["shop-0"]


def test_a_daemonset_runs_everywhere_and_is_undone(kubectl: Kubectl) -> None:
    """DaemonSets would be rolled back to the wrong revision, or not on every node.

    https://kubernetes.io/docs/tasks/manage-daemon/rollback-daemon-set/
    """
    kubectl.apply(workload("DaemonSet"))
    _settled(kubectl, "daemonset")
    nodes = {p["spec"]["nodeName"] for p in kubectl.get("pods")["items"]}
    assert nodes == {"node-1", "node-2", "node-3"}
    kubectl("set", "image", "daemonset/shop", "app=shop:v2")
    _settled(kubectl, "daemonset")
    kubectl.until(lambda: set(_images(kubectl).values()) == {"shop:v2"})
    kubectl("rollout", "undo", "daemonset/shop", "--to-revision=1")
    _settled(kubectl, "daemonset")
    kubectl.until(lambda: set(_images(kubectl).values()) == {"shop:v1"})
    numbers = sorted(r["revision"] for r in kubectl.get("controllerrevisions")["items"])
    assert numbers == [2, 3]
    status = kubectl.get("daemonset", "shop")["status"]
    assert (status["desiredNumberScheduled"], status["numberAvailable"]) == (3, 3)
