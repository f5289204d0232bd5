"""Whether traffic has turned to the target's slot, and when it did. Only reads."""

from datetime import datetime, timedelta

from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.domain.values import parameter
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.slots import covering
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Family
from smartspec_rollback.providers.platforms.kubernetes.slots.front import ALL
from smartspec_rollback.providers.platforms.kubernetes.slots.marking import (
    front_marks,
    own_slot,
)
from smartspec_rollback.providers.platforms.kubernetes.slots.steps import SWITCH

FLIPPED = "at"
"""Beside the operations in the marks of what sends traffic: when it was turned."""


def turned(site: Site, family: Family, step: Step) -> Progress:
    """Tell whether all traffic goes to the target's slot by this rollback's own doing."""
    front, choice = family.front, step.parameter("choice")
    marks = front_marks(front.thing, step)
    if marks is None or not marks.operation(SWITCH):
        return Progress.pending("not sent yet")
    if front.percents.get(choice) != ALL:
        return Progress.failed("somebody else sent the traffic elsewhere meanwhile")
    slot = own_slot(family, step)
    if slot is None:
        return Progress.failed(f"{step.parameter('slot')} is not there any more")
    if slot.state.template_digest != step.parameter("template"):
        return Progress.failed("somebody else replaced the template meanwhile")
    found = covering.instances(site, front, step, slot.state.known)
    return front.turned(site.api, choice, found.ready, step.parameter("version"))


def draining(site: Site, family: Family, step: Step) -> float:
    """Tell for how many seconds more requests in flight may take; all of them if nobody knows."""
    marks, drain = front_marks(family.front.thing, step), site.settings.drain
    said = parameter(marks.sent, FLIPPED, "") if marks is not None else ""
    try:
        over = datetime.fromisoformat(said) + timedelta(seconds=drain) - site.clock.now()
    except (ValueError, TypeError):
        return drain
    return min(max(over.total_seconds(), 0.0), drain)
