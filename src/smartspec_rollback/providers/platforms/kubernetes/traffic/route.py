"""An HTTPRoute as what moves traffic: the weights of the Services in its rules.

Used by ``slots``. Pure, but for reading the route. Weights are relative, 1 where none is written,
and 0 means none (gateway.networking.k8s.io/v1). Filters, matches and mirrors stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api, Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    HTTP_ROUTES,
    Obj,
    items,
    number,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import (
    must_not_be_moved_by_rollouts,
)

_HEAVIEST = 1_000_000
_NEEDED = ("Accepted", "ResolvedRefs")


@dataclass(frozen=True)
class Backend:
    """One Service that a rule sends requests to, and where in the route that stands."""

    rule: int
    number: int
    service: str
    weight: int
    written: bool

    @property
    def path(self) -> str:
        """Where it stands, as a JSON Pointer."""
        return f"/spec/rules/{self.rule}/backendRefs/{self.number}"


def read_route(api: Api, name: str) -> Obj:
    """Read an HTTPRoute; ProviderError where it is gone, or Argo Rollouts moves it."""
    route = api.get(HTTP_ROUTES, name)
    if route is None:
        raise ProviderError(
            f"there is no httproute/{name} in the namespace {api.namespace}",
            where=f"context {api.connection.context}",
            remedy="`traffic:` and `namespace:` in smartspec.yaml name it; is the Gateway API "
            "installed in the version v1?",
        )
    must_not_be_moved_by_rollouts(api, route, f"httproute/{name}")
    return route


def backends(route: Obj) -> tuple[Backend, ...]:
    """List the Services of the route's own namespace that its rules send requests to."""
    own = text(route, "metadata", "namespace")
    return tuple(
        Backend(
            rule,
            place,
            text(each, "name"),
            number(each, "weight", default=1),
            "weight" in each,
        )
        for rule, said in enumerate(items(route, "spec", "rules"))
        for place, each in enumerate(items(said, "backendRefs"))
        if (text(each, "group"), text(each, "kind") or "Service") == ("", "Service")
        and text(each, "namespace") in ("", own)
    )


def weights(found: tuple[Backend, ...], services: frozenset[str]) -> Mapping[str, float]:
    """Tell how much each Service gets of all rules that name several of them, as shares of 1."""
    told = dict.fromkeys(services, 0.0)
    for rule in rules_among(found, services).values():
        total = sum(each.weight for each in rule)
        for each in rule:
            told[each.service] += each.weight / total if total else 0.0
    return told


def rules_among(
    found: tuple[Backend, ...], services: frozenset[str]
) -> Mapping[int, tuple[Backend, ...]]:
    """Give the rules that choose among several of some Services, by their place in the route."""
    rules: dict[int, tuple[Backend, ...]] = {}
    for each in found:
        if each.service in services:
            rules[each.rule] = (*rules.get(each.rule, ()), each)
    return {
        place: rule for place, rule in rules.items() if len({each.service for each in rule}) > 1
    }


def stuck(found: tuple[Backend, ...], services: frozenset[str], to: str) -> tuple[Backend, ...]:
    """List what would still get requests, for its rule does not name the Service to go to."""
    reaching = {each.rule for each in found if each.service == to}
    return tuple(
        each
        for each in found
        if each.service in services and each.rule not in reaching and each.weight > 0
    )


def strangers(route: Obj, services: frozenset[str]) -> tuple[str, ...]:
    """Name what gets requests beside some Services, in rules that choose among those."""
    own = {each.path for each in backends(route) if each.service in services}
    return tuple(
        text(each, "name")
        for rule in rules_among(backends(route), services)
        for place, each in enumerate(items(items(route, "spec", "rules")[rule], "backendRefs"))
        if f"/spec/rules/{rule}/backendRefs/{place}" not in own
        and number(each, "weight", default=1) > 0
    )


def weighing(route: Obj, services: frozenset[str], to: str, *, marks: Marks | None) -> Operations:
    """Move all weight to one Service, in every rule that chooses among them, by one patch.

    The name is tested before each weight: the list may have been written anew. Our annotation
    goes out in the same patch; without marks it is only to be tried.
    """
    moved: list[Mapping[str, object]] = []
    for rule in rules_among(backends(route), services).values():
        total = min(_HEAVIEST, max(1, sum(each.weight for each in rule)))
        first = next((each for each in rule if each.service == to), None)
        for each in rule if first is not None else ():
            moved += _weighed(each, total if each is first else 0)
    return (
        *unmoved(route, exact=marks is not None),
        *moved,
        *(annotating(route, {MARK: marks.spelled()}) if marks is not None else ()),
    )


def _weighed(backend: Backend, weight: int) -> list[Mapping[str, object]]:
    path = f"{backend.path}/weight"
    before = [{"op": "test", "path": path, "value": backend.weight}] if backend.written else []
    return [
        {"op": "test", "path": f"{backend.path}/name", "value": backend.service},
        *before,
        {"op": "add", "path": path, "value": weight},
    ]


def accepted(route: Obj) -> Progress:
    """Tell whether every gateway of a route has taken over what it says now."""
    parents = items(route, "status", "parents")
    if not parents:
        return Progress.unknown(
            "no gateway says anything of the route: nobody can tell whom traffic goes to"
        )
    for parent in parents:
        if lacking := _lacking(route, parent):
            return Progress.pending(lacking)
    return Progress.done("every gateway has taken the weights over")


def _lacking(route: Obj, parent: Obj) -> str | None:
    """Say what a gateway has not taken over; None where it has."""
    name = text(part(parent, "parentRef"), "name")
    generation = number(route, "metadata", "generation")
    found = {text(each, "type"): each for each in items(parent, "conditions")}
    for kind in _NEEDED:
        said = found.get(kind, {})
        if number(said, "observedGeneration") < generation:
            return f"the gateway {name} has not seen the weights yet"
        if text(said, "status") != "True":
            return f"the gateway {name} says: {kind} is not true ({text(said, 'reason')})"
    return None
