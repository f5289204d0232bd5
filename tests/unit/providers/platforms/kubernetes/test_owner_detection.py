"""Who owns a workload, told by its metadata alone."""

from typing import Any

import pytest
from tests.unit.providers.platforms.kubernetes.controllers import by_flux

from smartspec_rollback.providers.platforms.kubernetes.objects import DEPLOYMENTS
from smartspec_rollback.providers.platforms.kubernetes.owners.argo_cd import (
    APPLICATION,
    doubt_by_set,
)
from smartspec_rollback.providers.platforms.kubernetes.owners.detecting import claims
from smartspec_rollback.providers.platforms.kubernetes.owners.flux import HELM_RELEASE, doubt
from smartspec_rollback.providers.platforms.kubernetes.owners.owner import without_user

_TRACKING = "argocd.argoproj.io/tracking-id"


def _workload(**metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "checkout", "namespace": "shop", **metadata}}


def _written_by(manager: str) -> list[dict[str, Any]]:
    return [{"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {}}}]


def _claimed(thing: dict[str, Any]) -> list[str]:
    return [str(each) for each in claims(thing, DEPLOYMENTS, argo_cd="argocd")]


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        (
            {"annotations": {_TRACKING: "shop-app:apps/Deployment:shop/checkout"}},
            ["Argo CD Application argocd/shop-app"],
        ),
        (
            {"annotations": {_TRACKING: "team-a_shop-app:apps/Deployment:shop/checkout"}},
            ["Argo CD Application team-a/shop-app"],
        ),
        ({"annotations": {_TRACKING: "shop-app:apps/Deployment:shop/another"}}, []),
        ({"annotations": {_TRACKING: "shop-app:apps/StatefulSet:shop/checkout"}}, []),
        (
            {
                "labels": {"app.kubernetes.io/instance": "shop-app"},
                "managedFields": _written_by("argocd-controller"),
            },
            ["Argo CD Application argocd/shop-app"],
        ),
        (
            {
                "labels": {"argocd.argoproj.io/instance": "team-a_shop-app"},
                "managedFields": _written_by("argocd-application-controller"),
            },
            ["Argo CD Application team-a/shop-app"],
        ),
        (
            {"managedFields": _written_by("argocd-controller")},
            ["Argo CD Application argocd/(unknown)"],
        ),
        ({"labels": {"app.kubernetes.io/instance": "shop-app"}}, []),
        (
            {
                "labels": {"app.kubernetes.io/instance": "shop-app"},
                "managedFields": _written_by("helm"),
            },
            [],
        ),
        (
            {"labels": by_flux("helm", "checkout", "shop")},
            ["Flux HelmRelease shop/checkout"],
        ),
        (
            {"labels": by_flux("kustomize", "apps", "flux-system")},
            ["Flux Kustomization flux-system/apps"],
        ),
        (
            {
                "labels": by_flux("kustomize", "apps", "flux-system"),
                "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
            },
            [],
        ),
        ({}, []),
        *(
            (
                {"annotations": {_TRACKING: f"{name}:apps/Deployment:shop/checkout"}},
                ["Argo CD Application argocd/(unknown)"],
            )
            for name in ("../../secrets/payments", "shop-app?force=true", "team_..", "a b; reboot")
        ),
    ],
)
def test_owners_are_told_by_metadata(metadata: dict[str, Any], owner: list[str]) -> None:
    """An owner is overlooked and undoes the rollback, or a chart's label is taken for one."""
    assert _claimed(_workload(**metadata)) == owner


@pytest.mark.parametrize(
    ("policy", "asleep"),
    [
        ({"automated": {}}, False),
        ({"automated": {"enabled": None}}, False),
        ({"automated": {"enabled": True, "prune": True}}, False),
        ({"automated": {"enabled": False, "selfHeal": True}}, True),
        ({"automated": None}, True),
        ({}, True),
    ],
)
def test_when_an_application_sleeps(policy: dict[str, Any], *, asleep: bool) -> None:
    """An Application that syncs by itself is taken for one that does not."""
    assert APPLICATION.asleep({"spec": {"syncPolicy": policy}}) is asleep


@pytest.mark.parametrize(
    ("rule", "left_alone"),
    [
        ({"jsonPointers": ["/spec/syncPolicy"]}, True),
        ({"jsonPointers": ["/spec/syncPolicy/automated"]}, True),
        ({"name": "checkout", "jsonPointers": ["/spec/syncPolicy"]}, True),
        ({"jqPathExpressions": [".spec.syncPolicy.automated"]}, True),
        ({"name": "payments", "jsonPointers": ["/spec/syncPolicy"]}, False),
        ({"jsonPointers": ["/spec/source/targetRevision"]}, False),
        ({"jsonPointers": ["/spec/syncPolicy/automated/prune"]}, False),
    ],
)
def test_when_an_application_set_leaves_its_application_alone(
    rule: dict[str, Any], *, left_alone: bool
) -> None:
    """An ApplicationSet wakes the Application at once, and the plan says that all is well."""
    made = {"metadata": {"name": "checkout", "namespace": "argocd"}}
    said = doubt_by_set(made, "shops", {"spec": {"ignoreApplicationDifferences": [rule]}})
    assert (said is None) is left_alone


def test_an_application_set_that_cannot_be_read_is_doubted() -> None:
    """What nobody could look at counts as harmless."""
    made = {"metadata": {"name": "checkout", "namespace": "argocd"}}
    said = doubt_by_set(made, "shops", None)
    assert said is not None
    assert "could not be read" in said.sentence


def test_a_manifest_that_says_suspend_wakes_its_object() -> None:
    """Flux sets the field back at its next look, or every suspension is doubted."""
    fields: dict[str, Any] = {"f:spec": {"f:suspend": {}}}
    applied = {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": fields}
    ours = {"manager": "smartspec", "operation": "Update", "fieldsV1": fields}
    others = {**applied, "fieldsV1": {"f:spec": {"f:interval": {}}}}
    labels = by_flux("kustomize", "fleet", "flux-system")
    said = doubt(_workload(managedFields=[applied], labels=labels))
    assert said is not None
    assert "Flux Kustomization flux-system/fleet wakes it again" in said.sentence
    assert doubt(_workload(managedFields=[ours, others])) is None
    last = {"kubectl.kubernetes.io/last-applied-configuration": '{"spec": {"suspend": false}}'}
    assert doubt(_workload(annotations=last)) is not None


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"chart": {"spec": {"chart": "checkout", "sourceRef": {"kind": "A", "name": "b"}}}},
            "its values, and chart `checkout` `newest` of A `b`",
        ),
        (
            {"chartRef": {"kind": "OCIRepository", "name": "checkout", "namespace": "shop"}},
            "its values, and the chart of OCIRepository `shop/checkout`",
        ),
    ],
)
def test_where_a_helm_release_comes_from(spec: dict[str, Any], said: str) -> None:
    """People don't know what to merge before Flux may go on."""
    assert HELM_RELEASE.source({"spec": spec}) == said


def test_where_an_application_comes_from() -> None:
    """A password in a URL is shown to everybody, or one of several sources is left out."""
    sources = [
        {"repoURL": "https://me:hunter2@git.example.org/a.git", "path": "x"},
        {"repoURL": "https://charts.example.org", "chart": "shop", "targetRevision": "1.2.1"},
    ]
    said = APPLICATION.source({"spec": {"sources": sources}})
    assert said == (
        "`x` of `https://git.example.org/a.git` at `HEAD`, "
        "chart `shop` `1.2.1` of `https://charts.example.org`"
    )
    assert without_user("git@git.example.org:a.git") == "git@git.example.org:a.git"
