"""The JSON Patches on slots: starting one, emptying another; and what their marks look like.

Used by ``steps`` and ``actions``. Pure, but for ``content``. A template is only ever put into a
slot without traffic.
"""

from dataclasses import dataclass
from typing import Any

from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.configuration import Found, Reference
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK, Marks
from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import (
    Site,
    State,
    read_configuration,
)
from smartspec_rollback.providers.platforms.kubernetes.rolling import patches as rolling
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Choice, Slot

EMPTIED = "smartspec.dev/emptied"
"""The annotation on a slot that was scaled down by a rollback."""

_REPLICAS = "/spec/replicas"


@dataclass(frozen=True)
class Starting:
    """What starts a slot; ``changes`` tells whether it does more than to note our marks."""

    operations: Operations
    changes: bool


def starting(choice: Choice, *, count: int | None, marks: Marks | None) -> Starting:
    """Put the template into the slot where another one stands there, and raise its replicas.

    ``count`` is None where an autoscaler owns the replicas; more than that are left alone.
    """
    slot = choice.slot
    workload = slot.state.workload
    more: tuple[dict[str, Any], ...] = ()
    if count is not None and slot.wanted < count:
        more = ({"op": "add", "path": _REPLICAS, "value": count},)
    if not choice.stands:
        whole = rolling.restoring(slot.state, choice.kept, marks=marks, exact=marks is not None)
        return Starting((*whole, *more), changes=True)
    return Starting(
        (
            *unmoved(workload, exact=marks is not None),
            *more,
            *(annotating(workload, {MARK: marks.spelled()}) if marks is not None else ()),
        ),
        changes=bool(more),
    )


def emptying(slot: Slot, marks: Marks, *, leave: bool) -> Operations:
    """Scale a slot to nothing; ``leave``: only note that it was its turn."""
    workload = slot.state.workload
    return (
        *unmoved(workload),
        *(() if leave else ({"op": "add", "path": _REPLICAS, "value": 0},)),
        *annotating(workload, {EMPTIED: marks.spelled()}),
    )


def content(site: Site, state: State, wanted: tuple[Reference, ...]) -> Found:
    """Give what the cluster has of references; read only where it was not read with the slots."""
    if all(state.found.readable(each) for each in wanted):
        return state.found
    return read_configuration(site, wanted)
