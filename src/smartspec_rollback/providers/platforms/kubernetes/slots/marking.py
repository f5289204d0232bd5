"""Whether a step on slots was sent, and whether it may be sent now. Pure.

Each step leaves its mark on what it writes: starting on the slot that is started, as a rolling
rollback would (``rolling.fencing``), switching on what sends traffic, emptying on the slot that is
emptied.
"""

import msgspec

from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.values import digest
from smartspec_rollback.providers.platforms.kubernetes.action import ProductionChanged
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks, noted
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, annotation
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.slots import looking
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Family, Slot
from smartspec_rollback.providers.platforms.kubernetes.slots.patches import EMPTIED


def front_marks(thing: Obj, step: Step) -> Marks | None:
    """Read what this rollback noted on what sends traffic; None where it did not yet."""
    return noted(thing, step, stood="front_marked")


def emptied_marks(workload: Obj, step: Step) -> Marks | None:
    """Read what this rollback noted on the slot that it emptied; None where it did not yet."""
    said = annotation(workload, EMPTIED)
    if digest(said) == step.parameter("emptied"):
        return None
    try:
        marks = msgspec.json.decode(said.encode(), type=Marks)
    except msgspec.MsgspecError:
        return None
    return marks if marks.to == step.parameter("template") else None


def own_slot(family: Family, step: Step) -> Slot | None:
    """Find the target's slot, if it is still the very one of the plan."""
    slot = family.slot(step.parameter("slot"))
    return slot if slot is not None and slot.uid == step.parameter("slot_uid") else None


def must_match(site: Site, family: Family, fence: Fence) -> None:
    """Raise ProductionChanged unless production is as the fence says."""
    seen = looking.snapshot(site, family)
    if seen.fingerprint != fence.fingerprint:
        raise ProductionChanged("production changed; nothing was done", where=site.where)
