"""What stands beside a workload: the Service in front of it, and its shadow, as they are read.

Read by ``reading`` with every look at a workload whose settings name a Service. Changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    PODS,
    SERVICES,
    Obj,
    annotation,
    items,
    name_of,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import (
    SHADOW_OF,
    Shadow,
    Slot,
    read,
    selects,
    shadow_name,
    slot_of,
)

_OF_ROLLOUTS = "argo-rollouts.argoproj.io/managed-by-rollouts"
_SLICES_OF = "kubernetes.io/service-name"


class Serving(StrEnum):
    """Whom the Service sends traffic to."""

    WORKLOAD = "workload"
    SHADOW = "shadow"
    NEITHER = "neither"


@dataclass(frozen=True)
class Beside:
    """The Service and the shadow of a workload; ``slot`` is None where no key tells them apart."""

    service: Obj
    slot: Slot | None
    shadow: Shadow | None
    serving: Serving

    @property
    def shadow_serves(self) -> bool:
        """Whether traffic goes to the shadow."""
        return self.serving is Serving.SHADOW


def beside(api: Api, workload: Obj, service_name: str) -> Beside:
    """Read Service and shadow; ProviderError where the Service is gone or somebody else's."""
    service = api.get(SERVICES, service_name)
    if service is None:
        raise ProviderError(
            f"there is no service/{service_name} in the namespace {api.namespace}",
            where=f"context {api.connection.context}",
            remedy="`traffic:` and `namespace:` in smartspec.yaml name it; was it deleted?",
        )
    if annotation(service, _OF_ROLLOUTS):
        raise ProviderError(
            f"service/{service_name} is moved by Argo Rollouts, so it is not touched here",
            where=f"namespace {api.namespace}",
            remedy="name the Rollout itself as `workload:`, and leave `traffic:` out",
        )
    found = api.get(DEPLOYMENTS, shadow_name(name_of(workload)))
    slot = slot_of(service, workload)
    shadow = read(found, of=workload) if found is not None else None
    return Beside(service, slot, shadow, _serving(service, slot, workload))


def _serving(service: Obj, slot: Slot | None, workload: Obj) -> Serving:
    labels = part(workload, "spec", "template", "metadata", "labels")
    if selects(service, labels):
        return Serving.WORKLOAD
    if slot is not None and selects(service, {**labels, slot.key: slot.shadow}):
        return Serving.SHADOW
    return Serving.NEITHER


def shadow_pods(api: Api, workload: Obj) -> tuple[Obj, ...]:
    """Read the pods of a workload's shadow, those being ended included."""
    return api.list(PODS, labels=f"{SHADOW_OF}={name_of(workload)}")


def served_by(api: Api, service_name: str) -> frozenset[str]:
    """Name the pods that a Service sends traffic to now."""
    slices = api.list(ENDPOINT_SLICES, labels=f"{_SLICES_OF}={service_name}")
    return frozenset(_ready_pods(slices))


def _ready_pods(slices: Iterable[Obj]) -> Iterable[str]:
    for each in slices:
        for endpoint in items(each, "endpoints"):
            # Without a word about it, an endpoint counts as ready (discovery.k8s.io/v1).
            if part(endpoint, "conditions").get("ready", True) is not False:
                yield text(endpoint, "targetRef", "name")
