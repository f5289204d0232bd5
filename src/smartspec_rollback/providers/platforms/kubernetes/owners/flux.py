"""Flux: HelmReleases and Kustomizations, named by labels on everything they apply.

Flux applies server-side: ``spec.suspend`` stays as others set it, unless the manifest of the
object says it itself, which the owners of that field tell. What ``kubectl`` wrote Flux takes for
drift, our own field manager it does not. Called by ``detecting`` and ``reading``. Pure.
"""

import json
from dataclasses import dataclass

from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    Resource,
    annotation,
    name_of,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.owners.owner import (
    Claim,
    Doubt,
    OwnerKind,
    applied_by,
    place,
)

PROGRAM = "Flux"

_HELM, _KUSTOMIZE = "helm.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"


@dataclass(frozen=True)
class FluxKind:
    """One of Flux's kinds that reconcile; they all sleep by ``spec.suspend``."""

    title: str
    resources: tuple[Resource, ...]
    command: str
    shared: bool
    """It may apply much more than one service."""
    program: str = PROGRAM

    def asleep(self, owner: Obj) -> bool:
        """Tell whether it is suspended."""
        return part(owner, "spec").get("suspend") is True

    def stood(self, owner: Obj) -> str:
        """Write down whether it was suspended: it was not."""
        return json.dumps(part(owner, "spec").get("suspend"))

    def suspending(self, owner: Obj) -> Operations:
        """Suspend it."""
        return ({"op": "add", "path": "/spec/suspend", "value": True},)

    def insisting(self, owner: Obj) -> Operations:
        """Know no other way."""
        return ()

    def resumed_by(self, owner: Obj) -> str:
        """Write Flux's own command, which reconciles at once."""
        namespace = text(owner, "metadata", "namespace")
        return f"flux resume {self.command} {name_of(owner)} --namespace {namespace}"

    def source(self, owner: Obj) -> str:
        """Name the chart of a HelmRelease, or the path of a Kustomization, and where that is."""
        spec = part(owner, "spec")
        if chart := part(spec, "chart", "spec"):
            version = text(chart, "version") or "newest"
            of = _named(part(chart, "sourceRef"))
            return f"its values, and chart `{text(chart, 'chart')}` `{version}`{of}"
        if reference := part(spec, "chartRef"):
            return f"its values, and the chart{_named(reference)}"
        return f"`{text(spec, 'path') or './'}`{_named(part(spec, 'sourceRef'))}"

    def note(self, owner: Obj) -> str:
        """Say that everything else of it sleeps too."""
        return "Nothing else that it applies is updated meanwhile." if self.shared else ""

    def busy(self, owner: Obj) -> str:
        """Say nothing: a reconciliation on its way ends at the next look at ``spec.suspend``."""
        return ""


HELM_RELEASE = FluxKind(
    "Flux HelmRelease",
    tuple(Resource(_HELM, version, "helmreleases", "HelmRelease") for version in ("v2", "v2beta2")),
    "helmrelease",
    shared=False,
)
KUSTOMIZATION = FluxKind(
    "Flux Kustomization",
    tuple(
        Resource(_KUSTOMIZE, version, "kustomizations", "Kustomization")
        for version in ("v1", "v1beta2")
    ),
    "kustomization",
    shared=True,
)


def _named(reference: Obj) -> str:
    if not text(reference, "name"):
        return ""
    namespace = text(reference, "namespace")
    name = f"{namespace}/{text(reference, 'name')}" if namespace else text(reference, "name")
    return f" of {text(reference, 'kind')} `{name}`"


def claims(thing: Obj) -> tuple[Claim, ...]:
    """Find who applies an object, a HelmRelease before a Kustomization."""
    kinds: tuple[tuple[OwnerKind, str], ...] = (
        (HELM_RELEASE, _HELM),
        (KUSTOMIZATION, _KUSTOMIZE),
    )
    found = []
    for kind, group in kinds:
        labels = part(thing, "metadata", "labels")
        name, namespace = text(labels, f"{group}/name"), text(labels, f"{group}/namespace")
        if name and not _left_alone(thing, group):
            found.append(Claim(kind, namespace, name))
    return tuple(found)


def _left_alone(thing: Obj, group: str) -> bool:
    return group == _KUSTOMIZE and annotation(thing, f"{group}/reconcile") == "disabled"


def doubt(owner: Obj) -> Doubt | None:
    """Say that whoever applies an owner would wake it; None where nobody writes that field."""
    manager = applied_by(owner, "spec", "suspend")
    if not manager:
        return None
    above = ", ".join(str(each) for each in claims(owner)) or manager
    return Doubt(
        f"The manifest of {place(owner)} says itself whether it is suspended, so {above} wakes "
        "it again.",
        f"suspend {above} too, or take `suspend` out of that manifest",
    )
