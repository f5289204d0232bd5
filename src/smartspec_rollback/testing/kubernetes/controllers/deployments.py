"""The Deployment controller: one ReplicaSet a template, and the walk from old ones to the new.

As https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ says; the order of
decisions is that of k8s.io/kubernetes/pkg/controller/deployment.
"""

from collections.abc import Iterable

from smartspec_rollback.testing.kubernetes.controllers import deployment_status as told
from smartspec_rollback.testing.kubernetes.controllers.deployment_sums import (
    DESIRED,
    HASH,
    HISTORY,
    MOST,
    NOT_COPIED,
    REVISION,
    complete,
    limits,
    proportions,
    replicas_of,
    revision_of,
    saturated,
    size_of_new,
    split,
)
from smartspec_rollback.testing.kubernetes.controllers.made_sets import copied, made_of
from smartspec_rollback.testing.kubernetes.controllers.pods import finished
from smartspec_rollback.testing.kubernetes.controllers.world import (
    AS_CONTROLLER,
    AS_CONTROLLER_STATUS,
    World,
    own_and_owner,
)
from smartspec_rollback.testing.kubernetes.deleting import Removal
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    annotations_of,
    deleting,
    dig,
    meta,
    name_of,
    namespace_of,
    short_hash,
)
from smartspec_rollback.testing.kubernetes.resources import DEPLOYMENT, POD, REPLICA_SET
from smartspec_rollback.testing.kubernetes.statuses import ApiError
from smartspec_rollback.testing.kubernetes.store import Change, Key


class Deployments:
    """Keeps Deployments."""

    def __init__(self, world: World) -> None:
        self._world = world

    def keys(self, change: Change) -> Iterable[Key]:
        """Look at a Deployment when it, one of its ReplicaSets or (Recreate) a pod changes."""
        yield from own_and_owner(change, DEPLOYMENT)
        if change.resource == POD and change.kind == "DELETED":
            for sets in (REPLICA_SET,):
                for namespace, name in own_and_owner(change, sets):
                    owner = self._world.store.get(sets, namespace, name)
                    if owner is not None:
                        yield from own_and_owner(
                            Change(0, "MODIFIED", sets, owner, None), DEPLOYMENT
                        )

    def sync(self, namespace: str, name: str) -> float | None:
        """Take the next step of a Deployment, then tell its status."""
        deployment = self._world.store.get(DEPLOYMENT, namespace, name)
        if deployment is None:
            return None
        sets = self._sets(deployment)
        if deleting(deployment):
            return self._tell(deployment, *split(deployment, sets), rollout=False)
        new, old = split(deployment, sets)
        scaling = any(
            replicas_of(each) > 0
            and annotations_of(each).get(DESIRED, str(replicas_of(deployment)))
            != str(replicas_of(deployment))
            for each in sets
        )
        if deployment["spec"].get("paused") or scaling:
            if new is not None:
                self._renumber(deployment, new, old)
            self._rescale(deployment, *split(deployment, self._sets(deployment)))
            if deployment["spec"].get("paused"):
                self._clean(deployment, old)
            again = split(deployment, self._sets(deployment))
            return self._tell(deployment, *again, rollout=False)
        if dig(deployment, "spec", "strategy", "type") == "Recreate":
            self._recreate(deployment)
        else:
            self._roll(deployment)
        new, old = split(deployment, self._sets(deployment))
        return self._tell(deployment, new, old, rollout=True)

    def _sets(self, deployment: Obj) -> list[Obj]:
        return self._world.store.owned(REPLICA_SET, deployment)

    def _tell(
        self, deployment: Obj, new: Obj | None, old: list[Obj], *, rollout: bool
    ) -> float | None:
        clock = self._world.clock
        every = [*old, *([new] if new is not None else [])]
        status = told.counts(deployment, new, every, clock)
        told.pause_or_resume(deployment, status, clock)
        if new is not None and self._made == name_of(new):
            text = f'Created new replica set "{name_of(new)}"'
            told.put(status, told.progressing("True", "NewReplicaSetCreated", text), clock)
        elif new is not None and told.find(status, "Progressing") is None:
            text = f'Found new replica set "{name_of(new)}"'
            told.put(status, told.progressing("True", "FoundNewReplicaSet", text), clock)
        if rollout:
            told.judge_progress(deployment, status, new, clock)
        if self._failed:
            text = f"Failed to create new replica set: {self._failed}"
            told.put(status, told.progressing("False", "ReplicaSetCreateError", text), clock)
        told.note_failures(status, new, every, clock)
        self._made = self._failed = ""
        revision = annotations_of(new).get(REVISION) if new is not None else None

        def alter(thing: Obj) -> None:
            thing["status"] = status
            if revision is not None:
                meta(thing).setdefault("annotations", {})[REVISION] = revision

        self._world.writing.change(DEPLOYMENT, deployment, alter, AS_CONTROLLER_STATUS)
        return told.look_again(deployment, status, clock)

    _made = ""
    _failed = ""

    def _renumber(self, deployment: Obj, new: Obj, old: list[Obj]) -> Obj:
        """Give the new ReplicaSet the highest revision, remembering the one it had."""
        number = max(map(revision_of, old), default=0) + 1

        def alter(thing: Obj) -> None:
            notes = meta(thing).setdefault("annotations", {})
            notes.update(copied(deployment, NOT_COPIED))
            had = notes.get(REVISION)
            if revision_of(thing) < number:
                notes[REVISION] = str(number)
                if had is not None:
                    notes[HISTORY] = ",".join(filter(None, [notes.get(HISTORY), had]))
            thing["spec"].pop("minReadySeconds", None)
            if deployment["spec"].get("minReadySeconds"):
                thing["spec"]["minReadySeconds"] = deployment["spec"]["minReadySeconds"]

        return self._world.writing.change(REPLICA_SET, new, alter, AS_CONTROLLER)

    def _ensure_new(self, deployment: Obj) -> tuple[Obj | None, list[Obj]]:
        new, old = split(deployment, self._sets(deployment))
        if new is not None:
            return self._renumber(deployment, new, old), old
        return self._create(deployment, old), old

    def _create(self, deployment: Obj, old: list[Obj]) -> Obj | None:
        template = deployment["spec"]["template"]
        collisions = dig(deployment, "status", "collisionCount") or 0
        surge, _ = limits(deployment)
        wanted = replicas_of(deployment)
        notes = copied(deployment, NOT_COPIED)
        notes[REVISION] = str(max(map(revision_of, old), default=0) + 1)
        notes[DESIRED], notes[MOST] = str(wanted), str(wanted + surge)
        body = made_of(
            deployment,
            template=template,
            selector=deployment["spec"]["selector"],
            label=HASH,
            digest=short_hash([template, collisions]),
            replicas=size_of_new(deployment, old, 0),
            notes=notes,
        )
        try:
            made = self._world.writing.create(
                REPLICA_SET, namespace_of(deployment), body, AS_CONTROLLER
            )
        except ApiError as error:
            self._failed = error.message
            return None
        self._made = name_of(made)
        return made

    def _resize(self, deployment: Obj, each: Obj, size: int) -> bool:
        surge, _ = limits(deployment)
        wanted = replicas_of(deployment)

        def alter(thing: Obj) -> None:
            notes = meta(thing).setdefault("annotations", {})
            notes[DESIRED], notes[MOST] = str(wanted), str(wanted + surge)
            thing["spec"]["replicas"] = size

        self._world.writing.change(REPLICA_SET, each, alter, AS_CONTROLLER)
        return replicas_of(each) != size

    def _rescale(self, deployment: Obj, new: Obj | None, old: list[Obj]) -> None:
        every = [*old, *([new] if new is not None else [])]
        active = [each for each in every if replicas_of(each) > 0]
        if not every:
            return
        if len(active) <= 1:
            only = active[0] if active else (new or every[-1])
            self._resize(deployment, only, replicas_of(deployment))
        elif saturated(deployment, new):
            for each in active:
                if each is not new:
                    self._resize(deployment, each, 0)
        elif dig(deployment, "spec", "strategy", "type") == "RollingUpdate":
            sizes = proportions(deployment, active)
            for each in active:
                self._resize(deployment, each, sizes[name_of(each)])

    def _recreate(self, deployment: Obj) -> None:
        new, old = split(deployment, self._sets(deployment))
        down = [self._resize(deployment, each, 0) for each in old if replicas_of(each) > 0]
        if any(down):
            if new is not None:
                self._renumber(deployment, new, old)
            return
        store = self._world.store
        if any(not finished(pod) for each in old for pod in store.owned(POD, each)):
            return
        new, old = self._ensure_new(deployment)
        if new is not None and replicas_of(new) != replicas_of(deployment):
            self._resize(deployment, new, replicas_of(deployment))
        self._clean(deployment, old)

    def _roll(self, deployment: Obj) -> None:
        new, old = self._ensure_new(deployment)
        if new is None:
            return
        every = [*old, new]
        if replicas_of(new) > replicas_of(deployment):
            self._resize(deployment, new, replicas_of(deployment))
            return
        if replicas_of(new) < replicas_of(deployment):
            size = size_of_new(deployment, every, replicas_of(new))
            if self._resize(deployment, new, size):
                return
        if not self._shrink(deployment, new, old):
            self._clean(deployment, old)

    def _shrink(self, deployment: Obj, new: Obj, old: list[Obj]) -> bool:
        """Scale old ReplicaSets down: first what is unhealthy, then what is not needed."""
        _, fewer = limits(deployment)
        least = replicas_of(deployment) - fewer
        total = sum(map(replicas_of, [*old, new]))
        unready = replicas_of(new) - (dig(new, "status", "availableReplicas") or 0)
        room = total - least - unready
        if room <= 0 or not any(map(replicas_of, old)):
            return False
        sizes = {name_of(each): replicas_of(each) for each in old}
        for each in old:
            healthy = dig(each, "status", "availableReplicas") or 0
            cut = min(room, max(0, sizes[name_of(each)] - healthy))
            sizes[name_of(each)] -= cut
            room -= cut
        available = sum(dig(each, "status", "availableReplicas") or 0 for each in [*old, new])
        spare = max(0, available - least)
        for each in old:
            cut = min(spare, sizes[name_of(each)])
            sizes[name_of(each)] -= cut
            spare -= cut
        changed = [each for each in old if sizes[name_of(each)] != replicas_of(each)]
        for each in changed:
            self._resize(deployment, each, sizes[name_of(each)])
        return bool(changed)

    def _clean(self, deployment: Obj, old: list[Obj]) -> None:
        """Delete the oldest ReplicaSets beyond the history limit, once a rollout is complete."""
        keep = dig(deployment, "spec", "revisionHistoryLimit")
        done = complete(deployment, deployment.get("status") or {})
        if keep is None or not (done or deployment["spec"].get("paused")):
            return
        idle = [
            each
            for each in sorted(old, key=revision_of)
            if not replicas_of(each) and not dig(each, "status", "replicas") and not deleting(each)
        ]
        for each in idle[: max(0, len(old) - keep)]:
            self._world.deleting.delete(REPLICA_SET, namespace_of(each), name_of(each), Removal())
