"""Argo Rollouts: ReplicaSets remember their revisions, and the controller moves the traffic itself.

What it calls stable is the last good one. Going back to that is fast; going back further is another
walk through the canary's steps, unless it is promoted. Its template may be a Deployment's. Pure,
but for reading ReplicaSets and that Deployment.
"""

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.errors import NotDone, ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import Gone
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    REPLICA_SETS,
    ROLLOUTS,
    Obj,
    items,
    name_of,
    number,
    part,
    selector,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.defaulted import filled_in
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import (
    Course,
    Hindrance,
    Holder,
    Walk,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.replica_sets import (
    ByReplicaSets,
    available,
    ended_first,
    resuming,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.rollout_strategy import (
    course,
    lingers,
    walk,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.rollout_template import (
    HASH,
    revisions_among,
)

_TELLING = ("InvalidSpec", "Progressing")


class RolloutKind(ByReplicaSets):
    """A Rollout, brought on by the controller of Argo Rollouts: by canary or by blue-green."""

    resource = ROLLOUTS
    hash_label = HASH
    undone_by = "kubectl argo rollouts undo"

    def holder(self, api: Api, workload: Obj) -> Holder:
        """Give the Rollout, or the Deployment that ``spec.workloadRef`` names."""
        reference = part(workload, "spec", "workloadRef")
        if not reference:
            return Holder(ROLLOUTS, workload)
        kind, name = text(reference, "kind"), text(reference, "name")
        if kind != DEPLOYMENTS.kind:
            raise NotDone(
                f"rollout/{name_of(workload)} takes its template from a {kind}, which is not "
                "supported: only Deployments are",
                remedy="put the template into the Rollout itself, or into a Deployment",
            )
        found = api.get(DEPLOYMENTS, name)
        if found is None:
            raise ProviderError(
                f"rollout/{name_of(workload)} takes its template from deployment/{name}, "
                "which is gone",
                where=f"namespace {api.namespace}",
            )
        return Holder(DEPLOYMENTS, found)

    def template(self, held: Obj, workload: Obj, known: tuple[Kept, ...]) -> Obj:
        """Give the template as the ReplicaSet made of it has it, defaults filled in.

        As it is written only where that ReplicaSet cannot be told.
        """
        written, current = part(held, "spec", "template"), _current(workload, known)
        alike = [each for each in known if filled_in(written, each.template)]
        if current is not None and (current in alike or self._up_to_date(held, workload)):
            return current.template
        return alike[0].template if alike else written

    def _up_to_date(self, held: Obj, workload: Obj) -> bool:
        """Tell whether the controller has seen this very template."""
        if not self.observed(workload):
            return False
        generation = number(held, "metadata", "generation")
        if not part(workload, "spec", "workloadRef"):
            return generation == number(workload, "metadata", "generation")
        return text(workload, "status", "workloadObservedGeneration") == str(generation)

    def revisions(self, api: Api, workload: Obj, *, container: str | None) -> tuple[Kept, ...]:
        """Read its own ReplicaSets, the one that was live last first."""
        labels = selector(part(workload, "spec", "selector"))
        found = api.list(REPLICA_SETS, labels=",".join(filter(None, (labels, HASH))))
        tells = not part(workload, "spec", "workloadRef")
        return revisions_among(found, workload, container=container, tells=tells)

    def course(self, workload: Obj, known: tuple[Kept, ...]) -> Course | None:
        """Tell what the controller says is stable, has traffic, and is on its way."""
        return course(workload, known, observed=self.observed(workload))

    def walk(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Walk | None:
        """Say what steps, pauses and analyses stand between ``target`` and the traffic."""
        return walk(workload, known, target)

    def took_up(self, workload: Obj, target: Kept | None) -> bool:
        """Tell whether ``target`` is what the controller brings on now."""
        if target is None or not self.observed(workload):
            return False
        return text(workload, "status", "currentPodHash") == target.pod_hash != ""

    def lingers(self, workload: Obj) -> float:
        """Tell how long old pods stay after the traffic has left them."""
        return lingers(workload)

    def undefined(self, api: Api) -> str:
        """Say what is not installed where the kind is not served."""
        try:
            api.list(ROLLOUTS)
        except Gone:
            return "Argo Rollouts, with its CustomResourceDefinition rollouts.argoproj.io,"
        except ProviderError:
            return ""  # we may not list them; then the object itself is what is missing
        return ""

    def observed(self, workload: Obj) -> bool:
        """Tell whether the controller has seen the newest specification; it says so in a text."""
        seen = text(workload, "status", "observedGeneration")
        known = seen.isascii() and seen.isdigit()
        return known and int(seen) >= number(workload, "metadata", "generation")

    def hindrance(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Hindrance | None:
        """Lift a pause by the patch that puts the template back: nothing else may roll."""
        if not self.paused(workload):
            return None
        name = f"rollout/{name_of(workload)}"
        if part(workload, "spec", "workloadRef"):
            raise NotDone(
                f"{name} is paused, and its template is another object's: both cannot change at "
                "once",
                remedy="resume it (`kubectl patch "
                f'{name} --type merge --patch \'{{"spec":{{"paused":false}}}}\'`) and plan again',
            )
        return resuming(
            name,
            title=f"Resume the paused `{name}`",
            pause=f"kubectl argo rollouts pause {name_of(workload)}",
        )

    def unavailable(self, workload: Obj) -> int:
        """Tell what a canary's ``maxUnavailable`` comes to; blue-green ends none before."""
        canary = part(workload, "spec", "strategy").get("canary")
        if not isinstance(canary, dict) or part(canary, "trafficRouting"):
            return 0
        return ended_first(canary, self.wanted(workload))

    def progress_mark(self, workload: Obj) -> str:
        """Identify the conditions that tell of failures as they are now; empty without any."""
        keys = ("type", "reason", "lastUpdateTime", "lastTransitionTime")
        return "; ".join(" ".join(text(each, key) for key in keys) for each in _telling(workload))

    def started(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how many of the wanted pods of the target are available."""
        if (early := self._early(workload, target, before)) is not None or target is None:
            return early or Progress.pending(
                "the controller has not made the target's ReplicaSet yet"
            )
        return available(target, self.wanted(workload), waiting=_why(workload))

    def converged(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say whether the target is what the controller calls stable, and healthy."""
        if (early := self._early(workload, target, before)) is not None or target is None:
            return early or Progress.pending(
                "the controller has not made the target's ReplicaSet yet"
            )
        count, status = self.wanted(workload), part(workload, "status")
        if text(status, "stableRS") != target.pod_hash:
            return Progress.pending(f"it is not promoted yet{_why(workload)}")
        if text(status, "phase") != "Healthy" or target.pods.available < count:
            return Progress.pending(f"it is promoted, but not healthy yet{_why(workload)}")
        return Progress.done(f"it is stable, with all {count} instances")

    def _early(self, workload: Obj, target: Kept | None, before: str) -> Progress | None:
        """Say that the controller has not come to the target yet, or gave it up."""
        observed = self.observed(workload)
        if observed and (fault := self._failure(workload, before)):
            return Progress.failed(fault)
        if not self.took_up(workload, target):
            return Progress.pending("the controller has not seen the new template yet")
        status = part(workload, "status")
        promoted = target is not None and text(status, "stableRS") == target.pod_hash
        if status.get("abort") is True and not promoted:
            detail = "somebody, or an analysis, aborted it; the controller goes back"
            return Progress.failed(detail)
        return None

    def _failure(self, workload: Obj, before: str) -> str | None:
        """Say why it failed; None if it did not, or had done so ``before`` we asked."""
        if self.progress_mark(workload) == before:
            return None
        for each in _telling(workload):
            if text(each, "type") == "InvalidSpec":
                return (
                    "the controller finds its specification invalid: see `kubectl argo rollouts "
                    f"get rollout {name_of(workload)}`"
                )
            if text(each, "reason") == "ProgressDeadlineExceeded":
                return "the controller gave it up: its progress deadline is exceeded"
        return None


def _current(workload: Obj, known: tuple[Kept, ...]) -> Kept | None:
    """Find the revision the controller brings on, or has brought on."""
    wanted = text(workload, "status", "currentPodHash")
    return next((each for each in known if wanted and each.pod_hash == wanted), None)


def _telling(workload: Obj) -> tuple[Obj, ...]:
    """List the conditions Progressing and InvalidSpec."""
    conditions = items(workload, "status", "conditions")
    return tuple(each for each in conditions if text(each, "type") in _TELLING)


def _why(workload: Obj) -> str:
    """Add what the controller says it waits for; a reason in a word, or a sentence of its own."""
    said = text(workload, "status", "message")
    return f" ({said})" if said else ""
