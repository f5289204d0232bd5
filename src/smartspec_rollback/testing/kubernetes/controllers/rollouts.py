"""The controller of Argo Rollouts: one ReplicaSet a template, and the walk by canary or blue-green.

It works once the kind Rollout is registered. As
https://argo-rollouts.readthedocs.io/en/stable/features/specification/ says; the order of decisions
is that of argo-rollouts' rollout/controller.go and rollout/sync.go. Nothing fills in the defaults
of a Rollout, as nothing does for any custom resource.
"""

from collections.abc import Callable, Iterable

from smartspec_rollback.testing.kubernetes.controllers import rollout_blue_green as blue_green
from smartspec_rollback.testing.kubernetes.controllers import rollout_canary as canary
from smartspec_rollback.testing.kubernetes.controllers import rollout_status as told
from smartspec_rollback.testing.kubernetes.controllers.deployment_status import progressing, put
from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import replicas_of
from smartspec_rollback.testing.kubernetes.controllers.made_sets import copied, made_of
from smartspec_rollback.testing.kubernetes.controllers.rollout_sums import (
    DESIRED,
    GENERATION,
    HASH,
    HISTORY,
    NOT_COPIED,
    REVISION,
    blue_green_of,
    canary_of,
    find_new,
    hash_of,
    revision_of,
    status_of,
    template_hash,
    with_ephemeral,
)
from smartspec_rollback.testing.kubernetes.controllers.rollout_turn import Turn
from smartspec_rollback.testing.kubernetes.controllers.world import (
    AS_CONTROLLER,
    World,
    own_and_owner,
)
from smartspec_rollback.testing.kubernetes.deleting import Removal
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    annotations_of,
    clone,
    deleting,
    dig,
    meta,
    name_of,
    namespace_of,
)
from smartspec_rollback.testing.kubernetes.resources import DEPLOYMENT, REPLICA_SET, ROLLOUT
from smartspec_rollback.testing.kubernetes.store import Change, Key

_KEPT = 10
_RETRY = 20.0


class Rollouts:
    """Keeps Rollouts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a Rollout when it, a ReplicaSet of its, or where its template is changes."""
        yield from own_and_owner(change, ROLLOUT)
        if change.resource == DEPLOYMENT:
            place, name = namespace_of(change.object), name_of(change.object)
            for each in self._world.store.all(ROLLOUT, place):
                if dig(each, "spec", "workloadRef", "name") == name:
                    yield place, name_of(each)

    def sync(self, namespace: str, name: str) -> float | None:
        """Take the next step of a Rollout, then tell its status."""
        world = self._world
        rollout = world.store.get(ROLLOUT, namespace, name)
        if rollout is None or deleting(rollout):
            return None
        template = self._template(rollout)
        if template is None or (canary_of(rollout) is None and blue_green_of(rollout) is None):
            what = "its template" if template is None else "spec.strategy"
            return self._invalid(rollout, f'The Rollout "{name}" is invalid: {what} is missing')
        if dig(rollout, "spec", "replicas") is None:
            self._change(rollout, lambda thing: thing["spec"].update(replicas=1))
            return None
        if self._followed(rollout):
            return None
        sets = world.store.owned(REPLICA_SET, rollout)
        new = find_new(rollout, template, sets)
        if new is None:
            self._create(rollout, template, sets)
            return None
        old = [each for each in sets if name_of(each) != name_of(new)]
        new = self._renumbered(rollout, new, old)
        revision = annotations_of(new)[REVISION]
        if annotations_of(rollout).get(REVISION) != revision:
            self._change(
                rollout,
                lambda thing: (
                    meta(thing).setdefault("annotations", {}).update({REVISION: revision})
                ),
            )
            return None
        return self._turn(rollout, new, old)

    def _turn(self, rollout: Obj, new: Obj, old: list[Obj]) -> float | None:
        wanted = status_of(rollout, "stableRS")
        stable = next((each for each in (new, *old) if hash_of(each) == wanted), None)
        if not wanted:
            stable = None
        others = [each for each in old if stable is None or name_of(each) != name_of(stable)]
        turn = Turn(self._world, rollout, new, stable, others)
        by_canary = canary_of(rollout) is not None
        if not by_canary and (gone := blue_green.missing_service(turn)):
            return self._invalid(
                rollout, f'The Rollout "{name_of(rollout)}" is invalid: service "{gone}" not found'
            )
        if self._noted_pause(turn):
            return None
        resize = canary.resize if by_canary else blue_green.resize
        if self._scaled(turn):
            if turn.resized(turn.new, replicas_of(turn.new)) or resize(turn):
                return None
            if stable is not None:
                turn.resized(turn.stable or stable, replicas_of(turn.stable or stable))
            return None
        self._dress(turn)
        self._clean(turn)
        return canary.bring_on(turn) if by_canary else blue_green.bring_on(turn)

    def _template(self, rollout: Obj) -> Obj | None:
        """Give the pod template: the Rollout's own, or that of the Deployment it refers to."""
        reference = dig(rollout, "spec", "workloadRef")
        if not reference:
            found: Obj | None = dig(rollout, "spec", "template")
            return found
        if reference.get("kind") != "Deployment":
            return None
        held = self._world.store.get(DEPLOYMENT, namespace_of(rollout), reference.get("name", ""))
        template: Obj | None = dig(held, "spec", "template")
        return template

    def _followed(self, rollout: Obj) -> bool:
        """Note which generation the template was taken from; false if that stands there."""
        reference = dig(rollout, "spec", "workloadRef")
        if not reference:
            return False
        held = self._world.store.get(DEPLOYMENT, namespace_of(rollout), reference["name"])
        said = str(dig(held, "metadata", "generation"))
        if annotations_of(rollout).get(GENERATION) == said:
            return False
        self._change(
            rollout,
            lambda thing: meta(thing).setdefault("annotations", {}).update({GENERATION: said}),
        )
        return True

    def _change(self, rollout: Obj, alter: Callable[[Obj], None]) -> None:
        self._world.writing.change(ROLLOUT, rollout, alter, AS_CONTROLLER)

    def _invalid(self, rollout: Obj, message: str) -> float:
        """Say that nothing can be made of the specification; the rest of the status stands."""
        status: Obj = clone(rollout.get("status") or {})
        status.setdefault("conditions", [])
        said = {"type": "InvalidSpec", "status": "True", "reason": "InvalidSpec"}
        put(status, {**said, "message": message}, self._world.clock)
        status["observedGeneration"] = str(rollout["metadata"]["generation"])
        status["phase"], status["message"] = told.phase(rollout, status)
        self._world.set_status(ROLLOUT, rollout, status)
        return _RETRY

    def _create(self, rollout: Obj, template: Obj, sets: list[Obj]) -> None:
        notes = copied(rollout, NOT_COPIED)
        revision = str(max(map(revision_of, sets), default=0) + 1)
        notes.update({REVISION: revision, DESIRED: str(replicas_of(rollout))})
        body = made_of(
            rollout,
            template=template,
            selector=dig(rollout, "spec", "selector") or self._selector(rollout),
            label=HASH,
            digest=template_hash(rollout, template),
            replicas=0,
            notes=notes,
        )
        body = with_ephemeral(body, self._dressing(rollout, stable=not sets))
        world = self._world
        new = world.writing.create(REPLICA_SET, namespace_of(rollout), body, AS_CONTROLLER)
        status: Obj = clone(rollout.get("status") or {})
        status.setdefault("conditions", [])
        text = f'Created new replica set "{name_of(new)}"'
        put(status, progressing("True", "NewReplicaSetCreated", text), world.clock)
        world.set_status(ROLLOUT, rollout, status)

    def _selector(self, rollout: Obj) -> Obj:
        reference = dig(rollout, "spec", "workloadRef", "name") or ""
        held = self._world.store.get(DEPLOYMENT, namespace_of(rollout), reference)
        found: Obj = dig(held, "spec", "selector") or {}
        return found

    def _renumbered(self, rollout: Obj, new: Obj, old: list[Obj]) -> Obj:
        """Give the wanted ReplicaSet the highest revision, and copy the Rollout's annotations.

        The real controller notes the revision it had whenever any annotation changes, so a number
        in the history need not mean that it was wanted twice.
        """
        number = max(map(revision_of, old), default=0) + 1

        def alter(thing: Obj) -> None:
            notes = meta(thing).setdefault("annotations", {})
            before, had = dict(notes), notes.get(REVISION)
            notes.update(copied(rollout, NOT_COPIED))
            if revision_of(thing) < number:
                notes[REVISION] = str(number)
            if had is not None and notes != before:
                notes[HISTORY] = ",".join(filter(None, [notes.get(HISTORY), had]))

        return self._world.writing.change(REPLICA_SET, new, alter, AS_CONTROLLER)

    def _noted_pause(self, turn: Turn) -> bool:
        """Note that it waits, or goes on, before anything else is done; false if nothing changed.

        Only for a generation that was seen already: else the whole status is told anew anyway.
        """
        rollout = turn.rollout
        if status_of(rollout, "observedGeneration") != str(rollout["metadata"]["generation"]):
            return False
        status: Obj = clone(rollout["status"])
        status.setdefault("conditions", [])
        told.note_pause(rollout, status, self._world.clock)
        if status == rollout["status"]:
            return False
        status["phase"], status["message"] = told.phase(rollout, status)
        if not status["message"]:
            del status["message"]
        self._world.set_status(ROLLOUT, rollout, status)
        return True

    def _scaled(self, turn: Turn) -> bool:
        """Tell whether somebody scaled the Rollout since its ReplicaSets were given their size."""
        wanted = str(replicas_of(turn.rollout))
        return any(
            each is not None
            and replicas_of(each) > 0
            and annotations_of(each).get(DESIRED, wanted) != wanted
            for each in (turn.new, turn.stable)
        )

    def _dressing(self, rollout: Obj, *, stable: bool) -> Obj | None:
        said = canary_of(rollout) or {}
        key = "stableMetadata" if stable else "canaryMetadata"
        if canary_of(rollout) is None:
            said, key = blue_green_of(rollout) or {}, "previewMetadata"
            if stable:
                key = "activeMetadata"
        found: Obj | None = said.get(key)
        return found

    def _dress(self, turn: Turn) -> None:
        """Mark the pods to come of canary and stable, where the strategy says how."""
        for each in (turn.new, turn.stable):
            if each is None or (each is turn.new and turn.stable is None):
                continue
            stable = turn.stable is not None and name_of(each) == name_of(turn.stable)
            made = with_ephemeral(each, self._dressing(turn.rollout, stable=stable))
            if made["spec"] != each["spec"]:
                change = self._world.writing.change
                turn.took(change(REPLICA_SET, each, _becoming(made), AS_CONTROLLER))

    def _clean(self, turn: Turn) -> None:
        """Delete the oldest ReplicaSets beyond the history limit that have no pods."""
        keep = turn.rollout["spec"].get("revisionHistoryLimit", _KEPT)
        old = sorted(turn.others, key=lambda r: r["metadata"]["creationTimestamp"])
        for each in old[: max(0, len(old) - keep)]:
            if not replicas_of(each) and not dig(each, "status", "replicas"):
                self._world.deleting.delete(
                    REPLICA_SET, namespace_of(each), name_of(each), Removal()
                )
                turn.others.remove(each)


def _becoming(made: Obj) -> Callable[[Obj], None]:
    def alter(thing: Obj) -> None:
        thing["spec"], thing["metadata"] = made["spec"], made["metadata"]

    return alter
