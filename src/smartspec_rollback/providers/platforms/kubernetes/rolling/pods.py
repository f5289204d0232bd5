"""Deleting stuck instances and replacing instances one by one: sent and looked at.

That a step's turn has come is noted on the workload first; what it did is told by the pods, so
whoever takes over after a crash goes on where they stand. Each pod goes only while the template is
still ours. Called by ``acting``; ``pod_steps`` decides which pod goes next.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.errors import (
    FenceConflict,
    NotDone,
    ProviderError,
    ProviderUnavailable,
)
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Action,
    Looked,
    ProductionChanged,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    PODS,
    Obj,
    name_of,
    part,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling import patches
from smartspec_rollback.providers.platforms.kubernetes.rolling.fencing import (
    must_match,
    not_ours,
    our_marks,
)
from smartspec_rollback.providers.platforms.kubernetes.rolling.pod_steps import (
    DELETE_STUCK,
    REPLACE,
    next_to_go,
    stuck_pods,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.controller_revisions import (
    pods_of,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import current

_LOG = logging.getLogger(__name__)

_PAUSE, _LONGEST_PAUSE = 0.3, 3.0


@dataclass(frozen=True)
class DeleteStuck:
    """Deleting the instances that the cluster waits for though they never come to work."""

    def send(self, sending: Sending, /) -> None:
        """Delete every pod that is not ready, nor the target's, in the very state it was read."""
        _Round(sending, *_begun(sending)).until_over(_delete_stuck)

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe whether those that were named when planning are still stuck."""
        workload = site.workload()
        if (not_sent := not_ours(workload, step)) is not None:
            return Looked(not_sent)
        target_hash = _hash_now(site, workload)
        named = step.parameter("instances").split(",")
        if target_hash is None:
            return Looked(Progress.pending("the cluster has not made the target's revision yet"))
        left = [
            name_of(each)
            for each in stuck_pods(pods_of(site.api, workload), target_hash)
            if name_of(each) in named
        ]
        if left:
            return Looked(Progress.pending(f"{', '.join(left)} not deleted yet"))
        return Looked(Progress.done("the cluster waits for none"))


@dataclass(frozen=True)
class ReplaceInstances:
    """Evicting instances one by one, each once the one before is back at the target."""

    def send(self, sending: Sending, /) -> None:
        """Replace until none is left or time is over; disruption budgets are respected."""
        _Round(sending, *_begun(sending)).until_over(_replace_one)

    def look(self, site: Site, step: Step, /) -> Looked:
        """Count how many instances are the target's and ready."""
        workload = site.workload()
        if (not_sent := not_ours(workload, step)) is not None:
            return Looked(not_sent)
        target_hash = _hash_now(site, workload)
        if target_hash is None:
            return Looked(Progress.pending("the cluster has not made the target's revision yet"))
        pods, wanted = pods_of(site.api, workload), site.kind.wanted(workload)
        turn = next_to_go(pods, target_hash, wanted=wanted)
        if not turn.left:
            detail = f"all {len(pods)} instances are of the target"
            return Looked(Progress.done(detail))
        done = f"{len(pods) - turn.left} of {wanted} instances are of the target"
        if turn.pod is None:
            return Looked(Progress.pending(f"{done}; {turn.waits_for}"))
        detail = (
            f"{done}; `{name_of(turn.pod)}` is next, unless a PodDisruptionBudget holds it: see "
            "`kubectl get poddisruptionbudgets`"
        )
        return Looked(Progress.pending(detail))


ACTIONS: Mapping[str, Action] = {DELETE_STUCK: DeleteStuck(), REPLACE: ReplaceInstances()}
"""By the kind of step."""


def _begun(sending: Sending) -> tuple[State, bool]:
    """Note on the workload that the step's turn has come; false where this operation did before."""
    site, step, fence = sending.site, sending.step, sending.fence
    state = sending.reader.look(site)
    marks = our_marks(state.workload, step)
    if marks is not None and marks.operation(step.kind) == fence.operation:
        return state, False
    must_match(site, state, fence, begun=marks is not None)
    if marks is None:
        raise NotDone("the template was not put back; nothing was done", where=site.where)
    operations = patches.marking(state, marks.adding(step.kind, fence.operation))
    site.api.patch(site.kind.resource, site.settings.name, operations, deadline=sending.deadline)
    return state, True


@dataclass
class _Round:
    """Acting on pods again and again; ``fresh``: nobody has for this step before.

    The longer nothing can be done, the longer ``pause`` is until everything is read again.
    """

    sending: Sending
    state: State
    fresh: bool
    pause: float = _PAUSE

    def until_over(self, act: "Callable[[_Round, Obj, str], bool]") -> None:
        """Act until that says it is over, or time is; then looking tells what is left.

        What stops it half-way must not be read as "nothing was done". A server that fails is
        asked again: the pods tell what was done.
        """
        target_hash, deadline = self._target_hash(), self.sending.deadline
        while True:
            try:
                if act(self, self._still_ours(), target_hash):
                    return
            except ProviderUnavailable:
                if deadline.expired:
                    raise
            except (NotDone, FenceConflict) as error:
                if self.fresh:
                    raise
                raise ProviderError(
                    f"{error.what}; some instances may be replaced by now",
                    where=error.where or self.sending.site.where,
                    remedy=error.remedy,
                ) from error
            if deadline.expired:
                return
            deadline.pause(self.pause)
            self.pause = min(self.pause * 1.5, _LONGEST_PAUSE)

    def acted(self, what: str, pod: Obj) -> None:
        """Note that something was done."""
        self.fresh, self.pause = False, _PAUSE
        _LOG.info(what, extra={"action": "kubernetes.pod", "pod": name_of(pod)})

    def _still_ours(self) -> Obj:
        """Read the workload; ProductionChanged where somebody replaced the template meanwhile."""
        site = self.sending.site
        workload = site.workload()
        if our_marks(workload, self.sending.step) is None:
            raise ProductionChanged("somebody else replaced the template", where=site.where)
        return workload

    def _target_hash(self) -> str:
        target = current(self.state.template, self.state.known)
        if target is None:
            raise NotDone("the target's revision is not there", where=self.sending.site.where)
        return target.pod_hash


def _delete_stuck(acting: _Round, workload: Obj, target_hash: str) -> bool:
    """Delete what is stuck now; over once nothing is."""
    site, over = acting.sending.site, True
    for each in stuck_pods(pods_of(site.api, workload), target_hash):
        try:
            site.api.delete(PODS, each, deadline=acting.sending.deadline)
        except FenceConflict:
            over = False  # pods that crash change all the time: whether it works is looked at anew
        except ProviderUnavailable:
            acting.fresh = False
            raise
        else:
            acting.acted("a stuck instance was deleted", each)
    return over


def _replace_one(acting: _Round, workload: Obj, target_hash: str) -> bool:
    """Let the next instance go, if it may; over once all are the target's."""
    site = acting.sending.site
    turn = next_to_go(pods_of(site.api, workload), target_hash, wanted=site.kind.wanted(workload))
    if turn.pod is None or not site.kind.observed(workload):
        return not turn.left
    try:
        if site.api.evict(turn.pod):
            acting.acted("an instance was evicted", turn.pod)
    except FenceConflict:
        return False  # it is another one by now
    except ProviderUnavailable:
        acting.fresh = False
        raise
    return False


def _hash_now(site: Site, workload: Obj) -> str | None:
    known = site.kind.revisions(site.api, workload, container=site.settings.container)
    target = current(part(workload, "spec", "template"), known)
    return None if target is None else target.pod_hash
