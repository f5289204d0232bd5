"""One turn of a Rollout: what is there, what becomes of pauses and aborts, and its new status.

Made by ``rollouts`` and brought on by ``rollout_canary`` and ``rollout_blue_green``.
"""

from dataclasses import dataclass, field
from typing import Any

from smartspec_rollback.testing.kubernetes.controllers import rollout_status as told
from smartspec_rollback.testing.kubernetes.controllers.deployment_status import find
from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import replicas_of
from smartspec_rollback.testing.kubernetes.controllers.rollout_sums import (
    DEADLINE,
    DESIRED,
    available,
    canary_of,
    counted,
    hash_of,
    status_of,
    steps_hash,
    steps_of,
    within_window,
)
from smartspec_rollback.testing.kubernetes.controllers.world import AS_CONTROLLER, World
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    annotations_of,
    clone,
    meta,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import DEPLOYMENT, REPLICA_SET, ROLLOUT
from smartspec_rollback.testing.kubernetes.selectors import as_text


@dataclass
class Turn:
    """A Rollout with its ReplicaSets: the wanted one, the stable one, and the others.

    ``add``, ``remove``, ``clear`` and ``end_abort`` say what becomes of its pauses and its abort.
    """

    world: World
    rollout: Obj
    new: Obj
    stable: Obj | None
    others: list[Obj]
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    clear: bool = False
    end_abort: bool = False
    again: list[float] = field(default_factory=list)
    """In how many seconds to look again."""

    @property
    def every(self) -> list[Obj]:
        """All ReplicaSets, each once."""
        stable = [self.stable] if self.stable is not None and self.stable != self.new else []
        return [self.new, *stable, *self.others]

    @property
    def aborted(self) -> bool:
        """Whether the update is given up, as far as this turn goes."""
        return bool(status_of(self.rollout, "abort")) and not self.end_abort

    @property
    def paused(self) -> bool:
        """Whether somebody paused it."""
        return bool(self.rollout["spec"].get("paused"))

    @property
    def in_window(self) -> bool:
        """Whether it goes back by few enough revisions to skip everything."""
        return within_window(self.rollout, self.new, self.stable, self.every)

    @property
    def fast(self) -> bool:
        """Whether it goes back to what was stable until now, or back within the window."""
        return self.in_window or bool(status_of(self.rollout, "stableRS") == hash_of(self.new))

    @property
    def changed(self) -> bool:
        """Whether the status that stands is about another template, or other steps."""
        said = status_of(self.rollout, "currentPodHash")
        other = bool(said) and said != hash_of(self.new)
        if canary_of(self.rollout) is None:
            return other
        return other or bool(status_of(self.rollout, "currentStepHash") != steps_hash(self.rollout))

    def pause(self, reason: str) -> Obj | None:
        """Find a pause that stands."""
        for each in status_of(self.rollout, "pauseConditions") or ():
            if each["reason"] == reason:
                found: Obj = each
                return found
        return None

    def waited(self, pause: Obj, seconds: float) -> bool:
        """Tell whether a pause is over; else it is looked at again when it is."""
        left = seconds - self.world.clock.since(pause["startTime"])
        if left > 0:
            self.again.append(left)
        return left <= 0

    def resized(self, each: Obj, size: int) -> bool:
        """Give a ReplicaSet another size; false if it has it already."""
        wanted = str(replicas_of(self.rollout))
        old = replicas_of(each)

        def alter(thing: Obj) -> None:
            notes = meta(thing).setdefault("annotations", {})
            notes[DESIRED] = wanted
            if size == 0:
                notes.pop(DEADLINE, None)
            thing["spec"]["replicas"] = size

        self.took(self.world.writing.change(REPLICA_SET, each, alter, AS_CONTROLLER))
        return old != size

    def note(self, each: Obj, key: str, value: str | None) -> None:
        """Set an annotation on a ReplicaSet; None removes it."""

        def alter(thing: Obj) -> None:
            notes = meta(thing).setdefault("annotations", {})
            if value is None:
                notes.pop(key, None)
            else:
                notes[key] = value

        if annotations_of(each).get(key) != value:
            self.took(self.world.writing.change(REPLICA_SET, each, alter, AS_CONTROLLER))

    def took(self, thing: Obj) -> None:
        """Go on with a ReplicaSet as it was written."""
        name = name_of(thing)
        if name_of(self.new) == name:
            self.new = thing
        if self.stable is not None and name_of(self.stable) == name:
            self.stable = thing
        self.others = [thing if name_of(each) == name else each for each in self.others]

    # The status

    def base(self) -> Obj:
        """Begin a new status with what can be counted."""
        old: Obj = self.rollout.get("status") or {}
        kept = ("conditions", "stableRS", "currentStepIndex", "promoteFull", "collisionCount")
        status: Obj = {key: clone(old[key]) for key in kept if key in old}
        status["conditions"] = [
            each for each in status.get("conditions") or () if each["type"] != "InvalidSpec"
        ]
        status.update(
            currentPodHash=hash_of(self.new),
            replicas=counted("replicas", self.every),
            updatedReplicas=counted("replicas", [self.new]),
            readyReplicas=counted("readyReplicas", self.every),
            availableReplicas=available(*self.every),
            HPAReplicas=counted("replicas", self.every),
            selector=as_text(self.rollout["spec"].get("selector") or {}),
        )
        if canary_of(self.rollout) is not None:
            status["currentStepHash"] = steps_hash(self.rollout)
        return status

    def restart(self, status: Obj) -> None:
        """Forget what belongs to another template: pauses, an abort, a promotion, the step."""
        self.clear = self.end_abort = True
        status.pop("promoteFull", None)
        status.pop("currentStepIndex", None)
        if steps_of(self.rollout):
            status["currentStepIndex"] = 0

    def promote(self, status: Obj) -> None:
        """Make what is wanted the stable one."""
        self.clear = self.end_abort = True
        status.pop("promoteFull", None)
        status.pop("currentStepIndex", None)
        if steps_of(self.rollout):
            status["currentStepIndex"] = len(steps_of(self.rollout))
        status["stableRS"] = hash_of(self.new)
        self._retire()

    def _retire(self) -> None:
        """Scale the Deployment the template is taken from down, once the first release is well."""
        reference = self.rollout["spec"].get("workloadRef") or {}
        first = annotations_of(self.rollout).get("rollout.argoproj.io/revision") == "1"
        well = status_of(self.rollout, "phase") == "Healthy"
        if not (first and well and reference.get("scaleDown") == "onsuccess"):
            return
        place = namespace_of(self.rollout)
        held = self.world.store.get(DEPLOYMENT, place, reference["name"])
        if held is not None and replicas_of(held):

            def alter(thing: Obj) -> None:
                thing["spec"]["replicas"] = 0

            self.world.writing.change(DEPLOYMENT, held, alter, AS_CONTROLLER)

    def persist(self, status: Obj, *, covered: bool) -> float | None:
        """Write the status; gives the seconds after which to look again, if any."""
        rollout, clock = self.rollout, self.world.clock
        status["observedGeneration"] = str(rollout["metadata"]["generation"])
        generation = annotations_of(rollout).get("rollout.argoproj.io/workload-generation")
        if rollout["spec"].get("workloadRef") and generation:
            status["workloadObservedGeneration"] = generation
        self._pauses(status)
        told.judge(rollout, status, self.new, covered=covered, clock=clock)
        status["phase"], status["message"] = told.phase(rollout, status)
        if not status["message"]:
            del status["message"]
        # What is empty is left out, but for the step's number, as the real controller writes it.
        kept = {key: value for key, value in status.items() if value or key == "currentStepIndex"}
        self.world.set_status(ROLLOUT, rollout, kept)
        current = find(status, "Progressing")
        if current is not None and not told.healthy(rollout, status):
            since = clock.since(current["lastUpdateTime"])
            if since <= told.deadline_of(rollout):
                self.again.append(told.deadline_of(rollout) - since + 1.0)
        return min(self.again, default=None)

    def _pauses(self, status: Obj) -> None:
        """Set abort and pauses; an abort takes the pauses away."""
        stamp = self.world.clock.stamp()
        if self.aborted:
            status["abort"] = True
            status["abortedAt"] = status_of(self.rollout, "abortedAt") or stamp
            return
        if self.clear:
            return
        old: list[Any] = status_of(self.rollout, "pauseConditions") or []
        there = {each["reason"] for each in old}
        left = [each for each in old if each["reason"] not in self.remove]
        fresh = [each for each in self.add if each not in there]
        left += [{"reason": each, "startTime": stamp} for each in fresh]
        if left:
            status["pauseConditions"] = left
            if fresh or status_of(self.rollout, "controllerPause"):
                status["controllerPause"] = True
