"""A Service as what moves traffic: one key of its selector chooses among workloads.

Used by ``shadow`` and ``slots``. Pure, but for reading the Service and its EndpointSlices.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api, Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    ENDPOINT_SLICES,
    SERVICES,
    Obj,
    annotation,
    items,
    part,
    pointer,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved

_OF_ROLLOUTS = "argo-rollouts.argoproj.io/managed-by-rollouts"
_SLICES_OF = "kubernetes.io/service-name"


def read_service(api: Api, name: str) -> Obj:
    """Read a Service; ProviderError where it is gone, or not ours to turn."""
    service = api.get(SERVICES, name)
    if service is None:
        raise ProviderError(
            f"there is no service/{name} in the namespace {api.namespace}",
            where=f"context {api.connection.context}",
            remedy="`traffic:` and `namespace:` in smartspec.yaml name it; was it deleted?",
        )
    if text(service, "spec", "type") == "ExternalName":
        raise ProviderError(
            f"service/{name} stands for a name outside the cluster, so it selects no instances",
            where=f"namespace {api.namespace}",
            remedy="name a Service that selects pods as `traffic:`, or leave it out",
        )
    must_not_be_moved_by_rollouts(api, service, f"service/{name}")
    return service


def must_not_be_moved_by_rollouts(api: Api, thing: Obj, name: str) -> None:
    """Raise ProviderError where Argo Rollouts moves the traffic of a Service or route itself."""
    if annotation(thing, _OF_ROLLOUTS):
        raise ProviderError(
            f"{name} is moved by Argo Rollouts, so it is not touched here",
            where=f"namespace {api.namespace}",
            remedy="name the Rollout itself as `workload:`, and leave `traffic:` out",
        )


def selects(service: Obj, labels: Mapping[str, Any]) -> bool:
    """Tell whether a Service would send traffic to pods with these labels."""
    wanted = part(service, "spec", "selector")
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())


def served_by(api: Api, name: str) -> frozenset[str]:
    """Name the pods that a Service sends traffic to now, by its EndpointSlices."""
    return frozenset(_ready_pods(api.list(ENDPOINT_SLICES, labels=f"{_SLICES_OF}={name}")))


def _ready_pods(slices: Iterable[Obj]) -> Iterable[str]:
    for each in slices:
        for endpoint in items(each, "endpoints"):
            # Without a word about it, an endpoint counts as ready (discovery.k8s.io/v1).
            if part(endpoint, "conditions").get("ready", True) is not False:
                yield text(endpoint, "targetRef", "name")


def flipping(service: Obj, key: str, *, old: str, new: str, marks: Marks | None) -> Operations:
    """Point a Service elsewhere, by one key, only in the very state that was read.

    Our annotation goes out in the same patch. Without marks it is only to be tried, whatever
    else of the Service moves meanwhile.
    """
    path = f"/spec/selector/{pointer(key)}"
    return (
        *unmoved(service, exact=marks is not None),
        {"op": "test", "path": path, "value": old},
        {"op": "replace", "path": path, "value": new},
        *(annotating(service, {MARK: marks.spelled()}) if marks is not None else ()),
    )


def by_hand(namespace: str, service: str, key: str, value: str) -> str:
    """Spell the command by which people point a Service elsewhere, as ``flipping`` does."""
    return (
        f"kubectl -n {namespace} patch service {service} "
        f'-p \'{{"spec":{{"selector":{{"{key}":"{value}"}}}}}}\''
    )


def turned(served: frozenset[str], good: frozenset[str], version: str) -> Progress:
    """Compare the pods that get traffic with the ready ones that should: all, and no other."""
    if not served or served - good:
        others = len(served - good)
        detail = f"{others} of {len(served)} instances with traffic are not of it yet"
        return Progress.pending(detail)
    if good - served:
        detail = f"{len(served)} of {len(good)} instances of {version} get traffic"
        return Progress.pending(detail)
    detail = f"all traffic goes to {len(served)} instances of {version}"
    return Progress.done(detail)
