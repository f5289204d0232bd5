"""Emptying the slot with the bad release, once nobody is sent there any more: sent and looked at.

Requests in flight get the time that the setting ``drain`` gives them; then the pods are told to
end. That is no eviction, so no disruption budget is asked: there is no traffic to disrupt.
"""

from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.errors import NotDone
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Looked,
    ProductionChanged,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    PODS,
    part,
    selector,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.slots import patches
from smartspec_rollback.providers.platforms.kubernetes.slots.autoscalers import autoscaled
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Slot
from smartspec_rollback.providers.platforms.kubernetes.slots.marking import (
    emptied_marks,
    must_match,
)
from smartspec_rollback.providers.platforms.kubernetes.slots.reading import still
from smartspec_rollback.providers.platforms.kubernetes.slots.steps import SCALE_DOWN
from smartspec_rollback.providers.platforms.kubernetes.slots.turning import draining, turned
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import emptied


class Empty:
    """Scaling the slot with the bad release to nothing."""

    def send(self, sending: Sending, /) -> None:
        """Wait until requests in flight had their time, look again, then scale down."""
        slot = self._due(sending)
        if slot is None:
            return
        wait = draining(sending.site, still(sending.site), sending.step)
        if wait > 0:
            sending.deadline.pause(wait)
            slot = self._due(sending)
        if slot is None:
            return
        site, step = sending.site, sending.step
        leave = step.parameter("leave") == "yes"
        if not leave and slot.name in autoscaled(site.api, site.kind.resource):
            raise NotDone(
                f"an autoscaler owns the replicas of {slot.name} by now; nothing was done",
                where=site.where,
                remedy="it takes no traffic any more; scale it down by its autoscaler",
            )
        marks = Marks(to=step.parameter("template"), before=str(slot.wanted))
        noted = marks.adding(SCALE_DOWN, sending.fence.operation)
        operations = patches.emptying(slot, noted, leave=leave)
        site.api.patch(site.kind.resource, slot.name, operations, deadline=sending.deadline)

    def _due(self, sending: Sending) -> Slot | None:
        """Give the slot to empty; None where this very operation did. Raises if it may not be."""
        site, step, fence = sending.site, sending.step, sending.fence
        family = still(site)
        slot = family.slot(step.parameter("old"))
        marks = emptied_marks(slot.state.workload, step) if slot is not None else None
        if marks is not None and marks.operation(SCALE_DOWN) == fence.operation:
            return None
        must_match(site, family, fence)
        if slot is None or slot.uid != step.parameter("old_uid"):
            raise ProductionChanged(
                f"{step.parameter('old')} changed; nothing was done", where=site.where
            )
        sending.reader.keep(site, slot.state)
        said = turned(site, family, step)
        if slot.percent or said.state is not ProgressState.DONE:
            raise NotDone(
                f"not all traffic goes to {step.parameter('version')} yet: {said.detail}",
                where=site.where,
            )
        return slot

    def look(self, site: Site, step: Step, /) -> Looked:
        """Count what is left."""
        resource, name = site.kind.resource, step.parameter("old")
        workload = site.api.get(resource, name)
        if workload is None or uid_of(workload) != step.parameter("old_uid"):
            return Looked(Progress.failed(f"{name} is not there any more"))
        marks = emptied_marks(workload, step)
        if marks is None or not marks.operation(SCALE_DOWN):
            return Looked(Progress.pending("not sent yet"))
        if step.parameter("leave") == "yes":
            detail = "no traffic goes there; its autoscaler says how many instances stay"
            return Looked(Progress.done(detail))
        if site.kind.wanted(workload):
            return Looked(Progress.failed(f"somebody else scaled {name} up again meanwhile"))
        known = site.kind.revisions(site.api, workload, container=site.settings.container)
        pods = site.api.list(PODS, labels=selector(part(workload, "spec", "selector")))
        # Nothing to wait for is named: the workload does not move when its last pods go.
        return Looked(emptied(pods, workload, known, label=site.kind.hash_label))
