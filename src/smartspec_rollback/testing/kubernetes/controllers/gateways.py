"""The controller of gateways: it takes HTTPRoutes over and says so in their status.

As implementations of the Gateway API do (gateway.networking.k8s.io/v1): one entry for each parent
that is theirs, with the conditions Accepted and ResolvedRefs at the generation they are about.
"""

from collections.abc import Iterable

from smartspec_rollback.testing.kubernetes.controllers.world import World
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    clone,
    dig,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import HTTP_ROUTE, SERVICE
from smartspec_rollback.testing.kubernetes.store import Change, Key

CONTROLLER = "test.smartspec.dev/gateway-controller"


class Gateways:
    """Keeps the status of routes whose parents are among ``served``; without any it does nothing.

    A cluster has no such controller before somebody installs one.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.served: set[str] = set()

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a route when it, or a Service of its namespace, changes."""
        if change.resource == HTTP_ROUTE:
            return [(namespace_of(change.object), name_of(change.object))]
        if change.resource != SERVICE or not self.served:
            return ()
        routes = self._world.store.all(HTTP_ROUTE, namespace_of(change.object))
        return [(namespace_of(each), name_of(each)) for each in routes]

    def sync(self, namespace: str, name: str) -> float | None:
        """Write what our parents say of a route; entries of other controllers stay."""
        route = self._world.store.get(HTTP_ROUTE, namespace, name)
        if route is None or not self.served:
            return None  # a controller that is gone leaves what it said
        old = list(dig(route, "status", "parents") or ())
        ours = [
            self._said(route, each, _conditions_of(old, each))
            for each in dig(route, "spec", "parentRefs") or ()
            if each.get("name") in self.served
        ]
        others = [each for each in old if each.get("controllerName") != CONTROLLER]
        if ours or len(others) < len(old):
            self._world.set_status(HTTP_ROUTE, route, {"parents": [*others, *ours]})
        return None

    def _said(self, route: Obj, parent: Obj, before: dict[str, Obj]) -> Obj:
        missing = [
            each["name"]
            for rule in dig(route, "spec", "rules") or ()
            for each in rule.get("backendRefs") or ()
            if self._world.store.get(SERVICE, namespace_of(route), each["name"]) is None
        ]
        resolved = "BackendNotFound" if missing else "ResolvedRefs"
        made = (
            ("Accepted", "True", "Accepted"),
            ("ResolvedRefs", "False" if missing else "True", resolved),
        )
        conditions = []
        for kind, status, reason in made:
            last = before.get(kind, {})
            same = last.get("status") == status
            conditions.append(
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": "",
                    "observedGeneration": route["metadata"]["generation"],
                    "lastTransitionTime": last["lastTransitionTime"]
                    if same
                    else self._world.clock.stamp(),
                }
            )
        return {
            "parentRef": clone(parent),
            "controllerName": CONTROLLER,
            "conditions": conditions,
        }


def _conditions_of(parents: list[Obj], parent: Obj) -> dict[str, Obj]:
    """Find what was said of a parent before."""
    for each in parents:
        if each.get("controllerName") == CONTROLLER and each.get("parentRef") == parent:
            return {str(said["type"]): said for said in each.get("conditions") or ()}
    return {}
