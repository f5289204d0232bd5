"""Slots behind an HTTPRoute: its rules weigh Services, and each of these selects one workload.

Used by ``reading``. Reads the Services; changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.step import Progress, ProgressState
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api, Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    HTTP_ROUTES,
    SERVICES,
    Obj,
    Resource,
    name_of,
    part,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.slots.by_service import (
    candidates,
    named_like,
    pod_labels,
)
from smartspec_rollback.providers.platforms.kubernetes.slots.front import shared
from smartspec_rollback.providers.platforms.kubernetes.traffic import route as routing
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import (
    selects,
    served_by,
    turned,
)


@dataclass(frozen=True)
class RouteFront:
    """An HTTPRoute; the choices are the names of Services in its rules."""

    route: Obj
    services: Mapping[str, Obj]

    @property
    def thing(self) -> Obj:
        """The route."""
        return self.route

    @property
    def resource(self) -> Resource:
        """HTTPRoutes."""
        return HTTP_ROUTES

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(self.services)

    @property
    def percents(self) -> Mapping[str, int]:
        """The weights, over all rules that choose."""
        return shared(routing.weights(routing.backends(self.route), self._names))

    def moving(self, choice: str, *, marks: Marks | None) -> Operations:
        """Move the weights of all rules at once."""
        return routing.weighing(self.route, self._names, choice, marks=marks)

    def obstacle(self, choice: str) -> str | None:
        """Say which rule has nobody else to send its requests to."""
        stuck = routing.stuck(routing.backends(self.route), self._names, choice)
        if not stuck:
            return self._beside_slots()
        rules = ", ".join(f"{each.rule + 1} ({each.service})" for each in stuck)
        return (
            f"httproute/{name_of(self.route)} has rules that would still send requests elsewhere, "
            f"for they do not name {choice}: {rules}"
        )

    def _beside_slots(self) -> str | None:
        """Say which backend would keep its share, for it is no slot: nobody could call it all."""
        kept = routing.strangers(self.route, self._names)
        if not kept:
            return None
        return (
            f"httproute/{name_of(self.route)} sends requests to {', '.join(kept)}, too, in rules "
            "that choose among the slots, and that would go on"
        )

    def labels(self, choice: str) -> str:
        """Spell the selector of the choice's own Service."""
        selected = part(self.services[choice], "spec", "selector")
        return ",".join(f"{key}={value}" for key, value in selected.items())

    def reaches(self, api: Api, choice: str) -> frozenset[str] | None:
        """Name the pods that are in the EndpointSlices of the choice's Service."""
        return served_by(api, choice)

    def turned(self, api: Api, choice: str, good: frozenset[str], version: str) -> Progress:
        """Ask the gateways, then compare the choice's EndpointSlices with its ready pods."""
        taken = routing.accepted(self.route)
        if taken.state is not ProgressState.DONE:
            return taken
        return turned(served_by(api, choice), good, version)

    def by_hand(self, choice: str, namespace: str) -> str:
        """Say what to edit: the list of backends cannot be patched by one short command."""
        return (
            f"`kubectl -n {namespace} edit httproute {name_of(self.route)}`, all weight to "
            f"`{choice}`, and `weight: 0` for the others"
        )


def chosen_by(route: Obj, site: Site) -> tuple[RouteFront, Mapping[str, Obj]] | None:
    """Find the slots; None where the rules choose among fewer than two of this service's.

    ProviderError where a Service does not stand for one workload.
    """
    found = routing.backends(route)
    names = frozenset(each.service for each in found)
    choosing = routing.rules_among(found, names)
    if not choosing:
        return None
    chosen = frozenset(each.service for rule in choosing.values() for each in rule)
    workloads = candidates(site.api.list(site.kind.resource))
    services: dict[str, Obj] = {}
    slots: dict[str, Obj] = {}
    for service in site.api.list(SERVICES):
        name = name_of(service)
        behind = [each for each in workloads if selects(service, pod_labels(each))]
        if name not in chosen or not any(named_like(e, site.settings.name) for e in behind):
            continue
        if len(behind) > 1 or name_of(behind[0]) in {name_of(each) for each in slots.values()}:
            raise _unclear(route, name, behind)
        services[name], slots[name] = service, behind[0]
    return (RouteFront(route, services), slots) if len(slots) > 1 else None


def _unclear(route: Obj, service: str, workloads: list[Obj]) -> ProviderError:
    names = ", ".join(name_of(each) for each in workloads)
    return ProviderError(
        f"service/{service}, which httproute/{name_of(route)} weighs, is not alone in standing "
        f"for one workload: {names}",
        remedy="let each Service that the route weighs select one workload of its own",
    )
