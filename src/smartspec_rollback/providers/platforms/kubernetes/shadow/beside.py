"""What stands beside a workload: the Service in front of it, and its shadow, as they are read.

Read by ``reading`` with every look at a workload whose settings name a Service. Changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    PODS,
    Obj,
    name_of,
    part,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import (
    SHADOW_OF,
    Shadow,
    Slot,
    read,
    shadow_name,
    shadow_of,
    slot_of,
)
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import (
    read_service,
    selects,
)


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


def beside(
    api: Api,
    workload: Obj,
    service_name: str,
    *,
    read_already: Obj | None = None,
    workloads: Mapping[str, Obj] | None = None,
) -> Beside:
    """Read Service and shadow; ProviderError where the Service is gone or somebody else's.

    ``read_already`` is the Service and ``workloads`` all there are, where they were just read.
    """
    service = read_service(api, service_name) if read_already is None else read_already
    name = shadow_name(name_of(workload))
    found = api.get(DEPLOYMENTS, name) if workloads is None else workloads.get(name)
    slot = slot_of(service, workload)
    shadow = read(found, of=workload) if found is not None else None
    return Beside(service, slot, shadow, _serving(service, slot, shadow, workload))


def _serving(service: Obj, slot: Slot | None, shadow: Shadow | None, workload: Obj) -> Serving:
    """Tell by the selector; whatever may reach the shadow counts as the shadow's.

    The workload's template may carry other labels than the shadow's pods, and the shadow may be
    gone: the traffic is not the workload's for that.
    """
    if selects(service, part(workload, "spec", "template", "metadata", "labels")):
        return Serving.WORKLOAD
    if shadow is not None and selects(service, shadow.labels):
        return Serving.SHADOW
    if slot is not None and part(service, "spec", "selector").get(slot.key) == slot.shadow:
        return Serving.SHADOW
    return Serving.NEITHER


def shadow_pods(api: Api, workload: Obj) -> tuple[Obj, ...]:
    """Read the pods of a workload's shadow, those being ended included."""
    return api.list(PODS, labels=f"{SHADOW_OF}={shadow_of(workload)}")
