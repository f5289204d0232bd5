"""Sending steps and looking how far they have come: which module does that for which kind of step.

Called by ``platform``. Before each write everything is read and compared with the fence, and each
write holds only for the very state that was read. Our annotation goes out in the same write: a
process that died after sending finds it, and one that died before finds none.
"""

from collections.abc import Mapping

from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.providers.platforms.kubernetes import events
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Action,
    Looked,
    ProductionChanged,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.captures import steps as restoring
from smartspec_rollback.providers.platforms.kubernetes.helm import steps as recording
from smartspec_rollback.providers.platforms.kubernetes.owners import steps as suspending
from smartspec_rollback.providers.platforms.kubernetes.reading import NoWorkload, Site
from smartspec_rollback.providers.platforms.kubernetes.rolling import actions as rolling
from smartspec_rollback.providers.platforms.kubernetes.rolling import pods, promoting
from smartspec_rollback.providers.platforms.kubernetes.shadow import actions as shadow
from smartspec_rollback.providers.platforms.kubernetes.slots import actions as slots

_TRIES = 8
_PAUSE = 0.05

ACTIONS: Mapping[str, Action] = {
    **recording.ACTIONS,
    **suspending.ACTIONS,
    **restoring.ACTIONS,
    **rolling.ACTIONS,
    **pods.ACTIONS,
    **promoting.ACTIONS,
    **shadow.ACTIONS,
    **slots.ACTIONS,
}
"""By the kind of step."""


def applied(sending: Sending) -> None:
    """Send a step unless this operation sent it already; FenceConflict if production changed.

    Resource versions move all the time while pods crash, so a write that came too late is made
    anew from what is there then, as long as the fence still holds.
    """
    action = ACTIONS.get(sending.step.kind)
    if action is None:
        raise NotDone(f"the platform kubernetes has no step of the kind {sending.step.kind!r}")
    for tried in range(1, _TRIES + 1):
        try:
            action.send(sending)
        except ProductionChanged:
            raise
        except FenceConflict:
            if tried == _TRIES or sending.deadline.expired:
                raise
            sending.deadline.pause(_PAUSE * tried)
        else:
            events.told(sending)
            return


def settled(site: Site, step: Step) -> Looked:
    """Observe how far a step has come, whoever sent it; changes nothing."""
    action = ACTIONS.get(step.kind)
    if action is None:
        what = f"the platform kubernetes has no step of the kind {step.kind!r}"
        return Looked(Progress.unknown(what))
    try:
        return action.look(site, step)
    except NoWorkload:
        # Somebody deleted it, and it will not come back by waiting.
        what = f"{site.settings.workload} is no longer there"
        return Looked(Progress.failed(what))
