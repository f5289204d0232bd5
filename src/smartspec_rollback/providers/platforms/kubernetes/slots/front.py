"""What chooses among the slots: a Service by a label of its selector, an HTTPRoute by weights.

Used by all of this package. ``Front`` is read by ``reading``; only ``actions`` sends what it says.
"""

from collections.abc import Mapping
from typing import Protocol

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api, Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, Resource

ALL = 100
"""Per cent."""


class Front(Protocol):
    """What sends traffic to slots, as it was read. It knows each by a ``choice`` of its own."""

    @property
    def thing(self) -> Obj:
        """The object that is written to move traffic."""
        ...

    @property
    def resource(self) -> Resource:
        """What kind of object that is."""
        ...

    @property
    def percents(self) -> Mapping[str, int]:
        """How much of the traffic each choice gets; nothing for none."""
        ...

    def moving(self, choice: str, *, marks: Marks | None) -> Operations:
        """Send all traffic to one choice; without marks it is only to be tried."""
        ...

    def obstacle(self, choice: str) -> str | None:
        """Say why not all traffic could go to a choice; None where nothing speaks against it."""
        ...

    def labels(self, choice: str) -> str:
        """Spell the query for the pods that would get traffic."""
        ...

    def reaches(self, api: Api, choice: str) -> frozenset[str] | None:
        """Name the pods of a choice that traffic could go to already; None: that shows later."""
        ...

    def turned(self, api: Api, choice: str, good: frozenset[str], version: str) -> Progress:
        """Tell whether all traffic goes to a choice, whose ready pods are ``good``."""
        ...

    def by_hand(self, choice: str, namespace: str) -> str:
        """Say in Markdown how people send all traffic to a choice."""
        ...


def shared(weights: Mapping[str, float]) -> dict[str, int]:
    """Turn weights into whole per cents: who gets any gets at least one, the largest the rest."""
    total = sum(weights.values())
    some = {each: weight for each, weight in weights.items() if weight > 0}
    if total <= 0 or not some:
        return {}
    percents = {each: max(1, round(ALL * weight / total)) for each, weight in some.items()}
    largest = max(sorted(some), key=lambda each: some[each])
    percents[largest] += ALL - sum(percents.values())
    return percents
