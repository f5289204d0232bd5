"""Objects of Argo CD and Flux as they stand in clusters, and how they come to own the shop."""

from typing import Any

from tests.unit.providers.platforms.kubernetes.shop import NAME, NAMESPACE, Shop

from smartspec_rollback.testing.kubernetes import resources
from smartspec_rollback.testing.kubernetes.resources import Resource, custom

APPLICATIONS = custom("argoproj.io", "v1alpha1", "Application", "applications")
APPLICATION_SETS = custom("argoproj.io", "v1alpha1", "ApplicationSet", "applicationsets")
HELM_RELEASES = custom("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases")
KUSTOMIZATIONS = custom("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations")

TRACKED = {"argocd.argoproj.io/tracking-id": f"{NAME}:apps/Deployment:{NAMESPACE}/{NAME}"}
REPOSITORY = "https://robot:secret-of-the-url@git.example.org/shop/deploy.git"


def application(name: str = NAME, **spec: Any) -> dict[str, Any]:
    """Write an Application that syncs by itself and mends drift."""
    return {
        "metadata": {"name": name, "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "default",
            "source": {"repoURL": REPOSITORY, "path": "checkout", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true"],
            },
            **spec,
        },
        "status": {"sync": {"status": "Synced"}, "health": {"status": "Degraded"}},
    }


def application_set(**spec: Any) -> dict[str, Any]:
    """Write the ApplicationSet that makes the Application."""
    return {
        "metadata": {"name": "shops"},
        "spec": {"generators": [{"list": {"elements": []}}], "template": {}, **spec},
    }


def made_by_set(made: dict[str, Any]) -> dict[str, Any]:
    """Let an Application be the ApplicationSet's."""
    owner = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "name": "shops",
        "uid": "2f0a7a44-0000-0000-0000-000000000000",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    made["metadata"]["ownerReferences"] = [owner]
    return made


def helm_release(labels: dict[str, str] | None = None) -> dict[str, Any]:
    """Write a HelmRelease of a chart from a repository."""
    chart = {
        "chart": "checkout",
        "version": "1.2.x",
        "sourceRef": {"kind": "HelmRepository", "name": "shop", "namespace": "flux-system"},
    }
    return {
        "metadata": {"name": NAME, "labels": labels or {}},
        "spec": {"interval": "5m", "chart": {"spec": chart}, "values": {"image": "v1.2.1"}},
    }


def kustomization(name: str = "apps", **spec: Any) -> dict[str, Any]:
    """Write a Kustomization of a folder of a Git repository."""
    return {
        "metadata": {"name": name},
        "spec": {
            "interval": "10m",
            "path": "./apps/production",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            **spec,
        },
    }


def by_flux(group: str, name: str, namespace: str) -> dict[str, str]:
    """Label what a Flux object applies."""
    return {
        f"{group}.toolkit.fluxcd.io/name": name,
        f"{group}.toolkit.fluxcd.io/namespace": namespace,
    }


def installed(shop: Shop, *kinds: Resource) -> None:
    """Install the definitions and the namespaces of the controllers."""
    for kind in kinds or (APPLICATIONS, APPLICATION_SETS, HELM_RELEASES, KUSTOMIZATIONS):
        shop.cluster.register(kind)
    for namespace in ("argocd", "flux-system"):
        shop.cluster.create_namespace(namespace)


def deployed_by_argo_cd(shop: Shop, made: dict[str, Any] | None = None) -> None:
    """Let an Application of Argo CD own the shop."""
    installed(shop)
    shop.cluster.create(APPLICATIONS, "argocd", made or application())
    shop.cluster.annotate(resources.DEPLOYMENT, NAMESPACE, NAME, TRACKED)


def labelled(shop: Shop, labels: dict[str, str]) -> None:
    """Set labels on the shop's Deployment, as who applies it does."""
    had = shop.deployment["metadata"].get("labels", {})
    shop.change({"op": "add", "path": "/metadata/labels", "value": {**had, **labels}})


def deployed_by_flux(shop: Shop) -> None:
    """Let a HelmRelease own the shop, and a Kustomization the HelmRelease."""
    installed(shop)
    shop.cluster.create(KUSTOMIZATIONS, "flux-system", kustomization())
    above = by_flux("kustomize", "apps", "flux-system")
    shop.cluster.create(HELM_RELEASES, NAMESPACE, helm_release(above))
    labelled(shop, by_flux("helm", NAME, NAMESPACE))


def spec_of(shop: Shop, kind: Resource, namespace: str, name: str) -> dict[str, Any]:
    """Give an owner's specification as it is."""
    found = shop.cluster.get(kind, namespace, name)
    assert found is not None
    spec: dict[str, Any] = found["spec"]
    return spec
