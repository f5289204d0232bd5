"""What is read off an Argo Rollout and its ReplicaSets, without a cluster."""

import json
from typing import Any

import pytest

from smartspec_rollback.providers.platforms.kubernetes.workloads.defaulted import filled_in
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.rollout import RolloutKind
from smartspec_rollback.providers.platforms.kubernetes.workloads.rollout_template import (
    HASH,
    REVISION,
    revisions_among,
)
from smartspec_rollback.testing.kubernetes.defaults import fill_defaults
from smartspec_rollback.testing.kubernetes.resources import REPLICA_SET

UID = "00000000-0000-0000-0000-00000000000a"


def _template(image: str = "shop:v1", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "app", "image": image}], **spec},
    }


def _filled(template: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"metadata": {"labels": {"a": "b"}}, "spec": {"template": template}}
    fill_defaults(REPLICA_SET, made)
    found: dict[str, Any] = made["spec"]["template"]
    return found


def _replica_set(number: int, template: dict[str, Any], **notes: str) -> dict[str, Any]:
    labels = {**template["metadata"]["labels"], HASH: f"hash{number}"}
    template["metadata"]["labels"] = labels
    owner = {"uid": UID, "controller": True, "kind": "Rollout", "name": "shop"}
    return {
        "metadata": {
            "name": f"shop-hash{number}",
            "uid": f"{number}",
            "labels": labels,
            "annotations": {REVISION: str(number), **notes},
            "creationTimestamp": f"2026-01-0{number}T00:00:00Z",
            "ownerReferences": [owner],
        },
        "spec": {"replicas": 1, "template": template},
        "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1},
    }


def _known(*sets: dict[str, Any]) -> tuple[Kept, ...]:
    return revisions_among(sets, {"metadata": {"uid": UID}}, container=None, tells=True)


def _rollout(template: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "shop", "uid": UID, "generation": 2},
        "spec": {"template": template, "strategy": {"canary": {}}},
        "status": {"observedGeneration": "2", **status},
    }


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"serviceAccountName": "robot", "serviceAccount": "robot"},
        {"volumes": [{"name": "a", "configMap": {"name": "c"}}]},
        {"securityContext": {"runAsUser": 0}},
    ],
)
def test_defaults_make_no_other_release(spec: dict[str, Any]) -> None:
    """The template of a Rollout is taken for another release than its own ReplicaSet's."""
    written = _template(**spec)
    kept = _filled(json.loads(json.dumps(written)))
    assert filled_in(written, kept)


@pytest.mark.parametrize(
    "kept",
    [
        {"terminationGracePeriodSeconds": 0},
        {"securityContext": {"runAsUser": 0}},
        {"containers": [{"name": "app", "image": "shop:v1", "args": ["--safe"]}]},
        {"containers": [{"name": "app", "image": "shop:v2"}]},
        {"dnsPolicy": "None"},
    ],
)
def test_what_was_taken_out_makes_another_release(kept: dict[str, Any]) -> None:
    """A bad release that only took fields out is taken for the good one: nothing to undo."""
    assert not filled_in(_template(), _filled(_template(**kept)))


def test_what_is_put_on_pods_is_no_part_of_a_release() -> None:
    """A canary's label goes back into the template, and production is labelled as a canary."""
    template = _template()
    template["metadata"]["labels"]["part"] = "canary"
    template["metadata"]["annotations"] = {"note": "put on", "own": "stays"}
    rule = {"labelSelector": {"matchExpressions": [{"key": HASH, "operator": "In", "values": []}]}}
    own = {"labelSelector": {"matchLabels": {"app": "shop"}}}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    template["spec"]["affinity"] = {"podAntiAffinity": {required: [own, rule]}}
    put_on = {"labels": {"part": "canary"}, "annotations": {"note": "put on"}}
    said = {"rollout.argoproj.io/ephemeral-metadata": json.dumps(put_on)}
    (found,) = _known(_replica_set(1, template, **said))
    assert found.template["metadata"] == {
        "labels": {"app": "shop"},
        "annotations": {"own": "stays"},
    }
    assert found.template["spec"]["affinity"] == {"podAntiAffinity": {required: [own]}}


def test_rules_that_only_the_controller_made_go_whole() -> None:
    """An empty affinity is left, and the template counts as another release."""
    template = _template()
    term = {"labelSelector": {"matchExpressions": [{"key": HASH, "operator": "In"}]}}
    preferred = [{"weight": 1, "podAffinityTerm": term}]
    key = "preferredDuringSchedulingIgnoredDuringExecution"
    template["spec"]["affinity"] = {"podAntiAffinity": {key: preferred}}
    (found,) = _known(_replica_set(1, template))
    assert "affinity" not in found.template["spec"]


@pytest.mark.parametrize(("history", "reused"), [("", False), ("1,1", False), ("1,3", True)])
def test_the_history_of_numbers_is_read_with_care(history: str, reused: bool) -> None:  # noqa: FBT001 - a case
    """A first turn counts as a second one, since an annotation changed, and has no date."""
    notes = {"rollout.argoproj.io/revision-history": history}
    made = _replica_set(1, _template(), **notes)
    assert _known(made)[0].reused is reused


def test_the_template_is_spelled_as_its_replica_set_does() -> None:
    """Every plan goes stale when the Rollout is scaled, or a quantity is spelled otherwise."""
    kind = RolloutKind()
    resources = {"limits": {"cpu": "0.5"}}
    written = _template()
    written["spec"]["containers"][0]["resources"] = resources
    kept = json.loads(json.dumps(written).replace("0.5", "500m"))
    known = _known(_replica_set(1, _filled(_template("shop:v0"))), _replica_set(2, _filled(kept)))
    rollout = _rollout(written, currentPodHash="hash2")
    assert kind.template(rollout, rollout, known) == known[0].template
    plain = _rollout(_template("shop:v0"), currentPodHash="hash1")
    plain["metadata"]["generation"] = 3  # scaled, and not seen yet
    assert kind.template(plain, plain, known) == known[1].template
    unseen = _rollout(_template("shop:v3"), currentPodHash="hash2")
    unseen["metadata"]["generation"] = 3
    assert kind.template(unseen, unseen, known) == _template("shop:v3")


def test_weights_tell_the_shares_of_a_routed_canary() -> None:
    """Traffic that a router splits counts as unknown, and verification never passes."""
    known = _known(_replica_set(1, _template()), _replica_set(2, _template("shop:v2")))
    rollout = _rollout(_template("shop:v2"), currentPodHash="hash2", stableRS="hash1")
    rollout["spec"]["strategy"] = {"canary": {"trafficRouting": {"nginx": {}}}}
    weights = {
        "stable": {"podTemplateHash": "hash1", "weight": 80},
        "canary": {"podTemplateHash": "hash2", "weight": 20},
    }
    rollout["status"]["canary"] = {"weights": weights}
    said = RolloutKind().course(rollout, known)
    assert said is not None
    assert [(each.id, share) for each, share in said.shares] == [
        ("shop-hash1", 80),
        ("shop-hash2", 20),
    ]
    assert said.under_way
    assert said.live is known[1]
    rollout["status"].update(stableRS="hash2", canary={})
    said = RolloutKind().course(rollout, known)
    assert said is not None
    assert [(each.id, share) for each, share in said.shares] == [("shop-hash2", 100)]
    assert not said.under_way  # the old ones only linger


def test_a_generation_is_told_in_a_text() -> None:
    """A status of long ago counts as current."""
    kind, rollout = RolloutKind(), _rollout(_template())
    assert kind.observed(rollout)
    for said in ("1", "", "5f6b", 2):
        rollout["status"]["observedGeneration"] = said
        assert not kind.observed(rollout)
