"""Flipping the Service to the shadow and back, and removing the shadow: sent and looked at.

A flip replaces one key of the selector, with our annotation in the same patch, and only while the
Service is what was read and the other side covers the load.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.providers.platforms.kubernetes.action import Action, Looked, Sending
from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks, noted
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    PODS,
    SERVICES,
    Obj,
    name_of,
    part,
    selector,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling.fencing import (
    must_match,
    our_marks,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.beside import (
    Beside,
    Serving,
    beside,
    shadow_pods,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import (
    SHADOW_OF,
    TAKEN,
    Shadow,
    rollback_of,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.prewarming import scaled
from smartspec_rollback.providers.platforms.kubernetes.shadow.steps import (
    HAND_BACK,
    REMOVE,
    TO_SHADOW,
)
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import (
    flipping,
    served_by,
    turned,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import with_template
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import is_ready

_PAUSE = 0.2


@dataclass(frozen=True)
class Flip:
    """Pointing the Service at the shadow, or back at the workload."""

    kind: str

    def send(self, sending: Sending, /) -> None:
        """Flip one key of the selector, once the side it turns to covers the load."""
        site, step, fence = sending.site, sending.step, sending.fence
        state = sending.reader.look(site)
        found = _beside(site, state)
        marks = noted(found.service, step, stood="service_marked")
        if marks is not None and marks.operation(step.kind) == fence.operation:
            return
        begun = our_marks(state.workload, step) is not None
        must_match(site, state, fence, begun=begun)
        if self.kind == TO_SHADOW:
            _take(sending, _covering(sending, state, found))
        else:
            _must_cover(site, state, step, found)
        fresh = marks or Marks(to=step.parameter("template"), before="")
        operations = _flipping(found.service, step, fresh.adding(step.kind, fence.operation))
        site.api.patch(SERVICES, name_of(found.service), operations, deadline=sending.deadline)

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe whom the Service sends traffic to."""
        workload = site.workload()
        found = beside(site.api, workload, step.parameter("service"))
        marks = noted(found.service, step, stood="service_marked")
        if marks is None or not marks.operation(step.kind):
            return Looked(Progress.pending("not sent yet"))
        if self.kind == TO_SHADOW and marks.operation(HAND_BACK):
            return Looked(Progress.done("it went on since"))
        ours = Serving.SHADOW if self.kind == TO_SHADOW else Serving.WORKLOAD
        if found.serving is not ours:
            detail = "somebody else pointed the Service elsewhere meanwhile"
            return Looked(Progress.failed(detail))
        return self._served(site, workload, step)

    def _served(self, site: Site, workload: Obj, step: Step) -> Looked:
        """Compare the pods that get traffic with those that should."""
        if self.kind == TO_SHADOW:
            pods = shadow_pods(site.api, workload)
        else:
            labels = selector(part(workload, "spec", "selector"))
            pods = site.api.list(PODS, labels=f"{labels},!{SHADOW_OF}")
        good = {name_of(each) for each in pods if is_ready(each)}
        served = served_by(site.api, step.parameter("service"))
        return Looked(turned(served, frozenset(good), step.parameter("version")))


@dataclass(frozen=True)
class Removal:
    """Removing the shadow once the workload has the traffic."""

    def send(self, sending: Sending, /) -> None:
        """Delete it, if it is still there; refused while it receives traffic."""
        site, step = sending.site, sending.step
        state = sending.reader.look(site)
        must_match(site, state, sending.fence, begun=our_marks(state.workload, step) is not None)
        found = _beside(site, state)
        if found.serving is not Serving.WORKLOAD:
            raise NotDone("the prewarmed instances still receive traffic; nothing was done")
        if found.shadow is not None:
            site.api.delete(DEPLOYMENTS, found.shadow.deployment, deadline=sending.deadline)

    def look(self, site: Site, step: Step, /) -> Looked:
        """Count what is left of it."""
        found = site.api.get(DEPLOYMENTS, step.parameter("shadow"))
        if found is not None:
            return Looked(Progress.pending("not sent yet"))
        left = len(shadow_pods(site.api, site.workload()))
        if left:
            return Looked(Progress.pending(f"{left} prewarmed instances are ending"))
        return Looked(Progress.done("no prewarmed instance is left"))


ACTIONS: Mapping[str, Action] = {
    TO_SHADOW: Flip(TO_SHADOW),
    HAND_BACK: Flip(HAND_BACK),
    REMOVE: Removal(),
}
"""By the kind of step."""


def _beside(site: Site, state: State) -> Beside:
    if state.beside is None or state.beside.slot is None:
        raise NotDone("the Service no longer tells workload and shadow apart", where=site.where)
    return state.beside


def _take(sending: Sending, shadow: Shadow) -> None:
    """Say on the shadow that this rollback sends traffic to it, so that no other one removes it.

    Before the flip, and only if nobody moved it since: whoever decided to remove it comes too late.
    """
    ours = rollback_of(sending.fence.operation)
    if shadow.taken_by == ours:
        return
    if shadow.taken_by:
        what = f"the prewarmed instances are used by {shadow.taken_by}; nothing was done"
        raise NotDone(what, where=sending.site.where)
    operations = (*unmoved(shadow.deployment), *annotating(shadow.deployment, {TAKEN: ours}))
    sending.site.api.patch(DEPLOYMENTS, shadow.name, operations, deadline=sending.deadline)


def _covering(sending: Sending, state: State, found: Beside) -> Shadow:
    """Give the shadow once it covers the load of now, which may have grown since it was made."""
    site, step, deadline = sending.site, sending.step, sending.deadline
    needed = state.kind.wanted(state.workload)
    shadow = found.shadow
    while True:
        if shadow is None or shadow.facts.template != step.parameter("template"):
            raise NotDone("the target does not stand prewarmed; nothing was done", where=site.where)
        if needed == 0 or shadow.available >= max(needed, 1):
            return shadow
        if deadline.expired:
            raise NotDone(
                f"{shadow.available} of {needed} prewarmed instances are ready; nothing was done",
                where=site.where,
            )
        if shadow.desired < needed:
            _grow(site, shadow, needed, sending)
        deadline.pause(_PAUSE)
        shadow = beside(site.api, state.workload, step.parameter("service")).shadow


def _grow(site: Site, shadow: Shadow, needed: int, sending: Sending) -> None:
    try:
        scaled(site, shadow, needed, sending.deadline)
    except FenceConflict:
        return  # it moved; it is read again, and tried again


def _must_cover(site: Site, state: State, step: Step, found: Beside) -> None:
    """Refuse to hand back what the workload could not carry: an autoscaler may have shrunk it."""
    target = with_template(state.known, step.parameter("template"))
    available = target.pods.available if target is not None else 0
    shadow = found.shadow
    needed = max(1, shadow.desired if shadow is not None else int(step.parameter("wanted")))
    if available < needed:
        raise NotDone(
            f"{available} of {needed} instances of {site.settings.workload} are ready, too few "
            "for the traffic, which stays with the prewarmed ones",
            where=site.where,
            remedy="if an autoscaler shrank it while it had no traffic, raise its minReplicas, "
            "then resume",
        )


def _flipping(service: Obj, step: Step, marks: Marks) -> Operations:
    to_shadow = step.kind == TO_SHADOW
    old, new = step.parameter("usual"), step.parameter("beside")
    if not to_shadow:
        old, new = new, old
    return flipping(service, step.parameter("key"), old=old, new=new, marks=marks)
