"""Patches, conflicts, validation and dry runs, driven by kubectl."""

import base64
import json
from typing import Any

from tests.differential.kubernetes.kubectl import Kubectl, deployment, template

from smartspec_rollback.testing.kubernetes.admission import Attempt
from smartspec_rollback.testing.kubernetes.statuses import denied


def _patch(kubectl: Kubectl, kind: str, patch: Any, *more: str) -> Any:
    said = kubectl(
        "patch", "deployment", "shop", f"--type={kind}", "-p", json.dumps(patch), "-o", "json",
        *more,
    )  # fmt: skip
    return json.loads(said)


def _two(kubectl: Kubectl) -> None:
    thing = deployment()
    spec = thing["spec"]["template"]["spec"]
    spec["containers"].append({"name": "side", "image": "side:v1"})
    spec["containers"][0]["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    kubectl.apply(thing)


def test_a_strategic_patch_merges_containers_by_name(kubectl: Kubectl) -> None:
    """A patch of one container would drop the others.

    https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
    """
    _two(kubectl)
    container = {"name": "app", "image": "shop:v2", "env": [{"name": "B", "$patch": "delete"}]}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    found = _patch(kubectl, "strategic", patch)["spec"]["template"]["spec"]["containers"]
    assert [(c["name"], c["image"]) for c in found] == [("app", "shop:v2"), ("side", "side:v1")]
    assert found[0]["env"] == [{"name": "A", "value": "1"}]


def test_a_strategic_patch_may_replace_a_list(kubectl: Kubectl) -> None:
    """ControllerRevisions, which replace the template, would merge with it instead."""
    _two(kubectl)
    replaced = {"$patch": "replace", **template("shop:v9")}
    found = _patch(kubectl, "strategic", {"spec": {"template": replaced}})
    containers = found["spec"]["template"]["spec"]["containers"]
    assert [c["image"] for c in containers] == ["shop:v9"]


def test_a_merge_patch_replaces_lists(kubectl: Kubectl) -> None:
    """RFC 7386 patches would merge lists as strategic ones do."""
    _two(kubectl)
    patch = {
        "metadata": {"labels": {"app": None}},
        "spec": {"template": {"spec": {"containers": [{"name": "app", "image": "shop:v2"}]}}},
    }
    found = _patch(kubectl, "merge", patch)
    assert [c["name"] for c in found["spec"]["template"]["spec"]["containers"]] == ["app"]
    assert "labels" not in found["metadata"] or "app" not in found["metadata"]["labels"]


def test_a_json_patch_tests_before_it_writes(kubectl: Kubectl) -> None:
    """The fence of a rollback would not hold.

    A failed ``test`` is answered with 422 and no reason: patch.go of k8s.io/apiserver makes a
    generic server response of it.
    """
    kubectl.apply(deployment())
    found = kubectl.get("deployment", "shop")
    image = "/spec/template/spec/containers/0/image"
    right = [
        {"op": "test", "path": "/metadata/uid", "value": found["metadata"]["uid"]},
        {"op": "test", "path": image, "value": "shop:v1"},
        {"op": "replace", "path": image, "value": "shop:v2"},
    ]
    said = kubectl.refused(
        "patch", "deployment", "shop", "--type=json", "-p",
        json.dumps([{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}, *right]),
    )  # fmt: skip
    assert "The request is invalid" in said
    changed = _patch(kubectl, "json", right)
    assert changed["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:v2"
    assert changed["metadata"]["generation"] == 2


def test_a_stale_object_can_not_be_written(kubectl: Kubectl) -> None:
    """Two writers would overwrite each other.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
    """
    kubectl.apply(deployment())
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    old = kubectl.get("deployment", "shop")
    kubectl("annotate", "deployment", "shop", "note=1")
    said = kubectl.refused("replace", "-f", "-", given=json.dumps(old))
    assert (
        'Operation cannot be fulfilled on deployments.apps "shop": the object has been modified; '
        "please apply your changes to the latest version and try again"
    ) in said
    patch = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}}
    said = kubectl.refused("patch", "deployment", "shop", "--type=merge", "-p", json.dumps(patch))
    assert "the object has been modified" in said


def test_a_dry_run_keeps_nothing(kubectl: Kubectl) -> None:
    """Planning would change production.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
    """
    kubectl.apply(deployment())
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    before = kubectl.get("deployment", "shop")
    patch = {"spec": {"replicas": 7}}
    shown = _patch(kubectl, "merge", patch, "--dry-run=server")
    assert shown["spec"]["replicas"] == 7
    assert kubectl.get("deployment", "shop") == before
    kubectl("create", "configmap", "x", "--from-literal=a=1", "--dry-run=server")
    kubectl("delete", "deployment", "shop", "--dry-run=server")
    assert kubectl.get("configmaps")["items"] == []
    assert kubectl.get("deployment", "shop") == before


def test_dry_runs_meet_webhooks(kubectl: Kubectl) -> None:
    """A refusal would show only when it is too late."""

    def refuse(attempt: Attempt) -> None:
        if attempt.resource.kind == "Deployment" and attempt.operation == "UPDATE":
            raise denied("policy.example.org", "no changes today")

    kubectl.apply(deployment())
    kubectl.cluster.hooks.append(refuse)
    said = kubectl.refused("set", "image", "deployment/shop", "app=shop:v2", "--dry-run=server")
    assert 'admission webhook "policy.example.org" denied the request: no changes today' in said


def test_selectors_are_immutable_and_must_match(kubectl: Kubectl) -> None:
    """Impossible plans would pass.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates
    """
    kubectl.apply(deployment())
    other = {"matchLabels": {"app": "other"}}
    change = {"selector": other, "template": {"metadata": {"labels": {"app": "other"}}}}
    said = kubectl.refused(
        "patch", "deployment", "shop", "--type=merge", "-p", json.dumps({"spec": change})
    )
    assert 'The Deployment "shop" is invalid: spec.selector: Invalid value' in said
    assert "field is immutable" in said
    wrong = deployment(selector=other)
    wrong["metadata"]["name"] = "wrong"
    said = kubectl.refused("create", "-f", "-", given=json.dumps(wrong))
    assert "`selector` does not match template `labels`" in said


def test_missing_values_are_named(kubectl: Kubectl) -> None:
    """An image-less container would be created."""
    thing = deployment()
    thing["spec"]["template"]["spec"]["containers"] = [{"name": "app"}]
    said = kubectl.refused("create", "-f", "-", given=json.dumps(thing))
    assert "spec.template.spec.containers[0].image: Required value" in said


def test_a_second_create_is_refused(kubectl: Kubectl) -> None:
    """Two things of one name would be made."""
    kubectl("create", "configmap", "x", "--from-literal=a=1")
    said = kubectl.refused("create", "configmap", "x", "--from-literal=a=1")
    assert 'configmaps "x" already exists' in said


def test_configmaps_and_secrets_keep_what_was_given(kubectl: Kubectl) -> None:
    """Configuration would not be what a release recorded."""
    kubectl("create", "configmap", "settings", "--from-literal=a=1", "--from-literal=b=two")
    assert kubectl.get("configmap", "settings")["data"] == {"a": "1", "b": "two"}
    kubectl("create", "secret", "generic", "keys", "--from-literal=password=hunter2")
    secret = kubectl.get("secret", "keys")
    assert (secret["type"], secret["data"]) == (
        "Opaque",
        {"password": base64.b64encode(b"hunter2").decode()},
    )


def test_server_side_apply_knows_who_owns_what(kubectl: Kubectl) -> None:
    """A field would be taken from another owner without a word.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
    """
    said = kubectl.apply(deployment(), how=("--server-side", "--field-manager=one"))
    assert "serverside-applied" in said
    wanted = json.dumps(deployment("shop:v2"))
    how = ("apply", "--server-side", "--field-manager=two", "-f", "-")
    said = kubectl.refused(*how, given=wanted)
    assert 'Apply failed with 1 conflict: conflict with "one"' in said
    assert '.spec.template.spec.containers[name="app"].image' in said
    kubectl(*how, "--force-conflicts", given=wanted)
    path = "/apis/apps/v1/namespaces/default/deployments/shop"
    found = json.loads(kubectl("get", "--raw", path))
    image = 'k:{"name":"app"}'
    owners = {
        each["manager"]
        for each in found["metadata"]["managedFields"]
        if each["operation"] == "Apply"
        and "f:image" in each["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"][image]
    }
    assert owners == {"two"}


def test_server_side_apply_conflicts_with_a_scale(kubectl: Kubectl) -> None:
    """Helm 4's failure after a ``kubectl scale`` would not be seen in tests."""
    kubectl.apply(deployment(), how=("--server-side", "--field-manager=helm"))
    kubectl("scale", "deployment/shop", "--replicas=5")
    said = kubectl.refused(
        "apply", "--server-side", "--field-manager=helm", "-f", "-",
        given=json.dumps(deployment()),
    )  # fmt: skip
    assert "conflict" in said
    assert ".spec.replicas" in said


def test_server_side_apply_removes_what_it_no_longer_wants(kubectl: Kubectl) -> None:
    """Fields left out would stay, or those of others would go."""
    first = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x"},
        "data": {"a": "1", "b": "2"},
    }
    kubectl.apply(first, how=("--server-side", "--field-manager=one"))
    kubectl("patch", "configmap", "x", "--type=merge", "-p", '{"data":{"c":"3"}}')
    kubectl.apply({**first, "data": {"a": "1"}}, how=("--server-side", "--field-manager=one"))
    assert kubectl.get("configmap", "x")["data"] == {"a": "1", "c": "3"}


def test_client_side_apply_removes_what_it_no_longer_wants(kubectl: Kubectl) -> None:
    """The three-way merge would not work against this server."""
    _two(kubectl)
    kubectl.apply(deployment("shop:v2"))
    (container,) = kubectl.get("deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container.get("env")) == ("shop:v2", None)


def test_labels_and_annotations(kubectl: Kubectl) -> None:
    """Marks would not stick, or would not count as the API counts them.

    A Deployment's generation rises with its annotations, not with its labels: PrepareForUpdate
    in k8s.io/kubernetes/pkg/registry/apps/deployment/strategy.go.
    """
    kubectl.apply(deployment())
    kubectl("rollout", "status", "deployment/shop", "--timeout=30s")
    kubectl("label", "deployment", "shop", "tier=web")
    assert kubectl.get("deployment", "shop")["metadata"]["generation"] == 1
    kubectl("annotate", "deployment", "shop", "smartspec.dev/deployment-id=deploy-1")
    found = kubectl.get("deployment", "shop")["metadata"]
    assert (found["generation"], found["labels"]["tier"]) == (2, "web")
    kubectl("label", "deployment", "shop", "tier-")
    assert "tier" not in kubectl.get("deployment", "shop")["metadata"]["labels"]
