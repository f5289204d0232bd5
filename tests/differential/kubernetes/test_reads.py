"""Lists, watches, waiting, access, deletion and traffic, driven by kubectl."""

import json
import subprocess
from typing import Any

from tests.differential.kubernetes.kubectl import PATIENCE, Kubectl, deployment

from smartspec_rollback.testing.kubernetes.admission import Rule
from smartspec_rollback.testing.kubernetes.images import NeverReady
from smartspec_rollback.testing.kubernetes.resources import custom


def _names(found: Any) -> list[str]:
    return [each["metadata"]["name"] for each in found["items"]]


def _config_maps(kubectl: Kubectl, *names: str) -> None:
    kubectl.apply(
        *(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "labels": {"name": name, "kind": "test"}},
            }
            for name in names
        )
    )


def test_label_selectors(kubectl: Kubectl) -> None:
    """Other objects than those meant would be read or deleted.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    _config_maps(kubectl, "a", "b", "c")
    kubectl("create", "configmap", "bare")
    expected = {
        "name=a": ["a"],
        "name!=a": ["b", "bare", "c"],
        "name in (a,b)": ["a", "b"],
        "name notin (a,b)": ["bare", "c"],
        "name": ["a", "b", "c"],
        "!name": ["bare"],
        "kind=test,name!=b": ["a", "c"],
    }
    assert {s: _names(kubectl.get("configmaps", "-l", s)) for s in expected} == expected


def test_field_selectors(kubectl: Kubectl) -> None:
    """A provider's narrow lists would not be narrow."""
    kubectl.apply(deployment())
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    node = kubectl.get("pods")["items"][0]["spec"]["nodeName"]
    on_node = kubectl.get("pods", f"--field-selector=spec.nodeName={node}")["items"]
    assert {p["spec"]["nodeName"] for p in on_node} == {node}
    assert len(kubectl.get("pods", "--field-selector=status.phase!=Running")["items"]) == 0
    said = kubectl.refused("get", "pods", "--field-selector=spec.color=red")
    assert "field label not supported" in said


def test_lists_come_in_pages(kubectl: Kubectl) -> None:
    """Lists longer than a page would be cut short."""
    names = [f"c{n:02}" for n in range(12)]
    _config_maps(kubectl, *names)
    assert _names(kubectl.get("configmaps", "--chunk-size=5")) == names
    pages = kubectl.cluster.requests.all(verb="list", path="configmaps?limit=5")
    assert [call.code for call in pages] == [200]
    assert len(kubectl.cluster.requests.all(verb="list", path="continue=")) == 2


def test_a_watch_shows_a_rollout(kubectl: Kubectl) -> None:
    """Progress would not be seen as it happens."""
    kubectl.apply(deployment())
    watching = subprocess.Popen(
        kubectl.command(
            "get", "deployment", "shop", "-w", "-o", "jsonpath={.spec.replicas}{'\\n'}"
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "3\n"
        kubectl("scale", "deployment/shop", "--replicas=6")
        assert "6\n" in iter(watching.stdout.readline, "")
    finally:
        watching.kill()
        watching.wait(PATIENCE)


def test_waiting_for_a_condition(kubectl: Kubectl) -> None:
    """``kubectl wait`` would hang or return too early."""
    kubectl.apply(deployment())
    kubectl("wait", "deployment/shop", "--for=condition=Available", "--timeout=30s")
    kubectl.cluster.images["shop:v2"] = NeverReady()
    kubectl("set", "image", "deployment/shop", "app=shop:v2")
    said = kubectl.refused(
        "wait", "deployment/shop", "--for=condition=Progressing=Unknown", "--timeout=1s"
    )
    assert "timed out" in said


def test_deleting_takes_what_is_owned_along(kubectl: Kubectl) -> None:
    """A removed workload would leave pods behind, or an orphaned one would lose them.

    https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion
    """
    kubectl.apply(deployment())
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    kubectl("delete", "deployment", "shop", "--cascade=orphan")
    (left,) = kubectl.get("replicasets")["items"]
    assert "ownerReferences" not in left["metadata"] or not left["metadata"]["ownerReferences"]
    assert len(kubectl.get("pods")["items"]) == 3
    kubectl("delete", "replicaset", "--all")
    kubectl.until(lambda: kubectl.get("pods")["items"] == [])


def test_foreground_deletion_waits_for_dependents(kubectl: Kubectl) -> None:
    """An owner would be gone before what it owns."""
    kubectl.apply(deployment())
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    kubectl.cluster.kubelet.ends_after = 1.0
    kubectl("delete", "deployment", "shop", "--cascade=foreground", "--wait=false")
    found = kubectl.get("deployment", "shop")["metadata"]
    assert found["finalizers"] == ["foregroundDeletion"]
    assert found["deletionTimestamp"]
    kubectl("wait", "deployment/shop", "--for=delete", "--timeout=30s")
    assert kubectl.get("pods")["items"] == []


def test_finalizers_hold_an_object(kubectl: Kubectl) -> None:
    """An object with a finalizer would vanish at once."""
    _config_maps(kubectl, "held")
    patch = '{"metadata":{"finalizers":["example.org/keep"]}}'
    kubectl("patch", "configmap", "held", "--type=merge", "-p", patch)
    kubectl("delete", "configmap", "held", "--wait=false")
    assert kubectl.get("configmap", "held")["metadata"]["deletionTimestamp"]
    kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    said = kubectl.refused("get", "configmap", "held")
    assert 'configmaps "held" not found' in said


def test_access_reviews_and_refusals_agree(kubectl: Kubectl) -> None:
    """``smartspec doctor`` would report permissions that don't hold.

    https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
    """
    assert kubectl("auth", "can-i", "patch", "deployments.apps").strip() == "yes"
    kubectl.apply(deployment())
    kubectl.cluster.access.deny(Rule(verb="patch", resource="deployments", group="apps"))
    done = kubectl.run("auth", "can-i", "patch", "deployments.apps")
    assert (done.returncode, done.stdout.split(" ")[0].strip()) == (1, "no")
    assert kubectl("auth", "can-i", "get", "deployments.apps").strip() == "yes"
    said = kubectl.refused("label", "deployment", "shop", "a=b")
    assert (
        'deployments.apps "shop" is forbidden: User "test-user" cannot patch resource '
        '"deployments" in API group "apps" in the namespace "default"'
    ) in said


def test_a_service_has_the_ready_pods(kubectl: Kubectl) -> None:
    """Traffic would be moved to pods that can't take it.

    https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions
    """
    kubectl.cluster.images["shop:v2"] = NeverReady()
    thing = deployment()
    thing["spec"]["template"]["spec"]["containers"][0]["ports"] = [
        {"name": "web", "containerPort": 8080}
    ]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop"},
        "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": "web"}]},
    }
    kubectl.apply(thing, service)
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    kubectl("set", "image", "deployment/shop", "app=shop:v2")

    def conditions() -> list[bool]:
        (one,) = kubectl.get("endpointslices", "-l", "kubernetes.io/service-name=shop")["items"]
        assert one["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]
        return sorted(each["conditions"]["ready"] for each in one["endpoints"])

    kubectl.until(lambda: conditions() == [False, True, True, True])
    (subset,) = kubectl.get("endpoints", "shop")["subsets"]
    assert (len(subset["addresses"]), len(subset["notReadyAddresses"])) == (3, 1)
    kubectl(
        "patch", "service", "shop", "--type=json", "-p",
        json.dumps([{"op": "replace", "path": "/spec/selector/app", "value": "none"}]),
    )  # fmt: skip
    kubectl.until(
        lambda: (
            not kubectl.get("endpointslices", "-l", "kubernetes.io/service-name=shop")["items"][0][
                "endpoints"
            ]
        )
    )


def test_custom_kinds_take_merge_patches_only(kubectl: Kubectl) -> None:
    """Argo's and Flux's objects could not be suspended as they are on a cluster."""
    kubectl.cluster.register(custom("argoproj.io", "v1alpha1", "Application", "applications"))
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop"},
        "spec": {"syncPolicy": {"automated": {"prune": True}}},
    }
    kubectl.apply(application)
    patch = '{"spec":{"syncPolicy":{"automated":{"enabled":false}}}}'
    kubectl("patch", "application", "shop", "--type=merge", "-p", patch)
    found = kubectl.get("application", "shop")
    assert found["spec"]["syncPolicy"]["automated"] == {"prune": True, "enabled": False}
    assert found["metadata"]["generation"] == 2
    said = kubectl.refused("patch", "application", "shop", "--type=strategic", "-p", patch)
    assert "the body of the request was in an unknown format" in said


def test_a_namespace_takes_its_objects_along(kubectl: Kubectl) -> None:
    """A namespace would be gone while things in it run on."""
    kubectl("create", "namespace", "shop")
    kubectl("create", "configmap", "x", "-n", "shop")
    kubectl("delete", "namespace", "shop")
    assert "not found" in kubectl.refused("get", "configmap", "x", "-n", "shop")
    assert "not found" in kubectl.refused("create", "configmap", "y", "-n", "shop")
