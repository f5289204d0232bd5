"""What controllers work with, and the loop that runs them.

A change of an object puts the keys it concerns on a queue; a little later each is looked at
once. So clients see, as on a real cluster, their write first and its effects afterwards.
"""

import math
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from smartspec_rollback.testing.kubernetes.clock import ClusterClock
from smartspec_rollback.testing.kubernetes.deleting import Deleting
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    clone,
    controller_of,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import Registry, Resource
from smartspec_rollback.testing.kubernetes.statuses import ApiError
from smartspec_rollback.testing.kubernetes.store import Change, Key, Store
from smartspec_rollback.testing.kubernetes.writing import Options, Writing

AS_CONTROLLER = Options(manager="kube-controller-manager")
AS_CONTROLLER_STATUS = Options(manager="kube-controller-manager", subresource="status")


@dataclass
class World:
    """The parts of a cluster that controllers use."""

    store: Store
    clock: ClusterClock
    registry: Registry
    writing: Writing
    deleting: Deleting
    errors: list[str] = field(default_factory=list)

    def set_status(self, resource: Resource, thing: Obj, status: Obj) -> None:
        """Write an object's status, if it says anything new."""
        if thing.get("status") == status:
            return

        def alter(new: Obj) -> None:
            new["status"] = clone(status)

        self.writing.change(resource, thing, alter, AS_CONTROLLER_STATUS)


class Controller(Protocol):
    """One controller."""

    def keys(self, change: Change) -> Iterable[Key]:
        """Tell which objects of its kind a change concerns."""

    def sync(self, namespace: str, name: str) -> float | None:
        """Bring one object on; gives the seconds after which to look again, if any."""


def own_and_owner(change: Change, resource: Resource) -> Iterable[Key]:
    """Give the object's own key if it is of this kind, or that of its controller if that is."""
    if change.resource == resource:
        return [(namespace_of(change.object), name_of(change.object))]
    owner = controller_of(change.object)
    if owner is not None and owner.get("kind") == resource.kind:
        return [(namespace_of(change.object), str(owner["name"]))]
    return ()


class ControlLoop:
    """Runs controllers after changes, ``lag`` cluster seconds later, each key once."""

    def __init__(self, world: World, controllers: Iterable[Controller], lag: float) -> None:
        self._world = world
        self._controllers = tuple(controllers)
        self._lag = lag
        self._queue: dict[tuple[int, Key], None] = {}
        self._scheduled = False
        self._looks: dict[tuple[int, Key], float] = {}
        world.store.subscribe(self._see)

    def _see(self, change: Change) -> None:
        for number, controller in enumerate(self._controllers):
            for key in controller.keys(change):
                self._add(number, key)

    def _add(self, number: int, key: Key) -> None:
        self._queue[number, key] = None
        if not self._scheduled:
            self._scheduled = True
            self._world.clock.at(self._lag, self._drain)

    def _drain(self) -> None:
        self._scheduled = False
        queue, self._queue = self._queue, {}
        for number, key in queue:
            again = self._sync(self._controllers[number], key)
            if again is not None:
                self._look_again(number, key, again)

    def _look_again(self, number: int, key: Key, delay: float) -> None:
        """Look after a while, unless that is to be done before then anyway."""
        due = self._world.clock.elapsed() + delay
        if due < self._looks.get((number, key), math.inf):
            self._looks[number, key] = due
            self._world.clock.at(delay, lambda: self._look(number, key, due))

    def _look(self, number: int, key: Key, due: float) -> None:
        if self._looks.get((number, key)) == due:
            del self._looks[number, key]
        self._add(number, key)

    def _sync(self, controller: Controller, key: Key) -> float | None:
        try:
            return controller.sync(*key)
        except ApiError:
            return 1.0  # as controllers do: try again a little later
        except Exception:  # noqa: BLE001 - a bug of the emulator; the cluster shows it at its end
            self._world.errors.append(traceback.format_exc())
            return None
