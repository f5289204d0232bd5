"""Starting a slot, turning traffic to it, emptying the other: sent and looked at.

Before each write everything is read and compared with the fence; each write holds only for the
very state that was read, and carries our annotation.
"""

from collections.abc import Mapping

from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.domain.values import parameter
from smartspec_rollback.errors import NotDone
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Action,
    Awaited,
    Looked,
    ProductionChanged,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.captures.steps import must_be_back
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    name_of,
    uid_of,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.rolling.fencing import our_marks
from smartspec_rollback.providers.platforms.kubernetes.slots import covering, patches
from smartspec_rollback.providers.platforms.kubernetes.slots.autoscalers import autoscaled
from smartspec_rollback.providers.platforms.kubernetes.slots.emptying import Empty
from smartspec_rollback.providers.platforms.kubernetes.slots.family import (
    Choice,
    Family,
    Slot,
)
from smartspec_rollback.providers.platforms.kubernetes.slots.marking import (
    front_marks,
    must_match,
    own_slot,
)
from smartspec_rollback.providers.platforms.kubernetes.slots.reading import still
from smartspec_rollback.providers.platforms.kubernetes.slots.steps import (
    SCALE_DOWN,
    START,
    SWITCH,
    needs,
)
from smartspec_rollback.providers.platforms.kubernetes.slots.turning import FLIPPED, turned
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept, with_template

LOAD = "load"
"""Beside the operation in the marks of the slot that is started: how many instances it takes."""

_PAUSE = 0.2


class Start:
    """Starting the slot that has the target, or putting the target into it."""

    def send(self, sending: Sending, /) -> None:
        """Put the template there if another stands, and raise replicas that nobody else owns."""
        site, step, fence = sending.site, sending.step, sending.fence
        family = still(site)
        slot = own_slot(family, step)
        marks = our_marks(slot.state.workload, step) if slot is not None else None
        if marks is not None and marks.operation(START) == fence.operation:
            return
        must_match(site, family, fence)
        choice = _target(site, family, step)
        state = choice.slot.state
        must_be_back(site, state, choice.kept, step)
        sending.reader.keep(site, state)
        if needs(site, choice) != step.parameter("needs"):
            raise ProductionChanged(
                f"the configuration of {step.parameter('version')} changed; nothing was done",
                where=site.where,
            )
        count = family.load
        if choice.slot.name in autoscaled(site.api, site.kind.resource):
            _must_suffice(site, choice.slot, count)
            own: int | None = None
        else:
            own = count
        fresh = Marks(
            to=step.parameter("template"),
            before=state.kind.progress_mark(state.workload),
            stood=choice.slot.stands,
        )
        noted = fresh.adding(START, fence.operation).adding(LOAD, str(count))
        starting = patches.starting(choice, count=own, marks=noted)
        resource = site.kind.resource
        site.api.patch(resource, choice.slot.name, starting.operations, deadline=sending.deadline)

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe whether enough instances are ready for the traffic."""
        resource, name = site.kind.resource, step.parameter("slot")
        workload = site.api.get(resource, name)
        if workload is None or uid_of(workload) != step.parameter("slot_uid"):
            return Looked(Progress.failed(f"{name} is not there any more"))
        marks = our_marks(workload, step)
        if marks is None or not marks.operation(START):
            return Looked(Progress.pending("not sent yet"))
        kind = site.kind
        known = kind.revisions(site.api, workload, container=site.settings.container)
        target = with_template(known, step.parameter("template"))
        said = kind.started(workload, target, before=marks.before)
        if said.state is ProgressState.PENDING:
            return Looked(said, Awaited(resource, name, version_of(workload)))
        # From here on pods and EndpointSlices move, but the workload may not any more.
        if said.state is ProgressState.DONE:
            said = _covered(site, step, known, marks)
        return Looked(said)


class Switch:
    """Turning all traffic to the target's slot."""

    def send(self, sending: Sending, /) -> None:
        """Turn it once the slot covers the load; what has become too few meanwhile is awaited."""
        site, step, fence = sending.site, sending.step, sending.fence
        while True:
            family = still(site)
            marks = front_marks(family.front.thing, step)
            if marks is not None and marks.operation(SWITCH) == fence.operation:
                return
            must_match(site, family, fence)
            choice = _target(site, family, step)
            state = choice.slot.state
            sending.reader.keep(site, state)
            started = our_marks(state.workload, step)
            if started is None:
                raise NotDone("the target was not started; nothing was done", where=site.where)
            needed = _needed(family, started)
            found = covering.instances(site, family.front, step, state.known)
            lacking = found.lacking(needed)
            if lacking is None:
                break
            if sending.deadline.expired:
                raise NotDone(f"{lacking}; nothing was done", where=site.where)
            sending.deadline.pause(_PAUSE)
        now = site.clock.now().isoformat()
        fresh = Marks(to=step.parameter("template"), before="")
        noted = fresh.adding(SWITCH, fence.operation).adding(FLIPPED, now)
        front = family.front
        operations = front.moving(step.parameter("choice"), marks=noted)
        site.api.patch(front.resource, name_of(front.thing), operations, deadline=sending.deadline)

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe whom traffic goes to."""
        family = still(site)
        return Looked(turned(site, family, step))


ACTIONS: Mapping[str, Action] = {START: Start(), SWITCH: Switch(), SCALE_DOWN: Empty()}
"""By the kind of step."""


def _needed(family: Family, started: Marks) -> int:
    """Tell how many instances must be ready; while traffic is shared, as many as were found then.

    What the target's own instances say of the load changed when it was made bigger.
    """
    alone = sum(each.percent > 0 for each in family.slots) == 1
    said = parameter(started.sent, LOAD, "")
    return int(said) if said.isdigit() and not alone else family.load


def _covered(site: Site, step: Step, known: tuple[Kept, ...], marks: Marks) -> Progress:
    """Tell whether what is ready for the traffic covers the load of now."""
    family = still(site)
    count = _needed(family, marks)
    found = covering.instances(site, family.front, step, known)
    if lacking := found.lacking(count):
        return Progress.pending(lacking)
    detail = f"{len(found.ready)} instances of {step.parameter('version')} are ready"
    return Progress.done(detail)


def _target(site: Site, family: Family, step: Step) -> Choice:
    """Find what the plan starts; ProductionChanged where somebody changed its slot."""
    slot, digest = own_slot(family, step), step.parameter("template")
    if slot is None or slot is family.live:
        raise ProductionChanged(
            f"{step.parameter('slot')} changed; nothing was done", where=site.where
        )
    if slot.state.template_digest not in (digest, step.parameter("stood")):
        raise ProductionChanged(
            f"somebody else put another template into {slot.name}; nothing was done",
            where=site.where,
        )
    for kept in slot.state.startable:
        if kept.digest == digest:
            return Choice(slot, kept)
    raise NotDone(f"the cluster no longer remembers {step.parameter('version')}", where=site.where)


def _must_suffice(site: Site, slot: Slot, count: int) -> None:
    if slot.wanted < count:
        raise NotDone(
            f"{slot.name} has {slot.wanted} of {count} instances, and an autoscaler owns that "
            "number; nothing was done",
            where=site.where,
            remedy=f"raise the autoscaler's minReplicas to {count}, then roll back again",
        )
