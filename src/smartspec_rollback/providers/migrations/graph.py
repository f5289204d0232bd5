"""Puts migrations that name their parents into an order in which parents come first. Pure.

Used by the readers of Alembic and Django. Where the parents leave a choice, the order of the files
stays, so that the same folder always gives the same order.
"""

import heapq
from collections.abc import Sequence

from smartspec_rollback.domain.migration import Migration
from smartspec_rollback.providers.migrations.reading import Reading, natural


def in_order(
    reading: Reading, found: Sequence[Migration], *, elsewhere: bool = False
) -> list[Migration]:
    """Sort; tell of parents that are in no file (unless they may be ``elsewhere``) and of rings."""
    found = sorted(found, key=lambda migration: natural(migration.path))
    places = {migration.version: place for place, migration in enumerate(found)}
    children: dict[int, list[int]] = {}
    waits_for = [0] * len(found)
    for place, migration in enumerate(found):
        for parent in dict.fromkeys(migration.requires):
            if parent in places:
                children.setdefault(places[parent], []).append(place)
                waits_for[place] += 1
            elif not elsewhere:
                reading.problem(migration.path, f"its parent {parent} is in no file")
    ready = [place for place, waits in enumerate(waits_for) if waits == 0]
    heapq.heapify(ready)
    order: list[Migration] = []
    while ready:
        place = heapq.heappop(ready)
        order.append(found[place])
        for child in children.get(place, ()):
            waits_for[child] -= 1
            if waits_for[child] == 0:
                heapq.heappush(ready, child)
    if len(order) < len(found):
        ring = [m for place, m in enumerate(found) if waits_for[place] > 0]
        reading.problem(ring[0].path, f"{len(ring)} migrations wait for each other in a ring")
        order += ring
    return order
