"""Delete: preconditions, grace, finalizers, and what becomes of dependents.

Called by ``api`` for clients and by ``controllers``. All under the store's lock.
"""

from dataclasses import dataclass

from smartspec_rollback.testing.kubernetes.clock import ClusterClock
from smartspec_rollback.testing.kubernetes.objects import (
    Obj,
    clone,
    deleting,
    dig,
    is_true,
    labels_of,
    meta,
    name_of,
    namespace_of,
    uid_of,
)
from smartspec_rollback.testing.kubernetes.resources import (
    DISRUPTION_BUDGET,
    POD,
    Registry,
    Resource,
)
from smartspec_rollback.testing.kubernetes.selectors import selects
from smartspec_rollback.testing.kubernetes.statuses import (
    ApiError,
    bad_request,
    conflict,
    not_found,
    too_many_requests,
)
from smartspec_rollback.testing.kubernetes.store import Store

_POLICIES = {"Foreground": "foregroundDeletion", "Orphan": "orphan", "Background": ""}


@dataclass(frozen=True)
class Removal:
    """How a deletion is meant."""

    policy: str = "Background"
    grace: int | None = None
    uid: str = ""
    version: str = ""
    dry_run: bool = False


def read_removal(body: Obj, query: dict[str, str]) -> Removal:
    """Read DeleteOptions from a body, or from the query where the body has none."""
    policy = body.get("propagationPolicy") or query.get("propagationPolicy") or "Background"
    if body.get("orphanDependents") is True:
        policy = "Orphan"
    if policy not in _POLICIES:
        raise bad_request(
            f'invalid DeleteOptions: propagationPolicy: Unsupported value: "{policy}": supported '
            'values: "Background", "Foreground", "Orphan"'
        )
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    conditions = body.get("preconditions") or {}
    return Removal(
        policy=policy,
        grace=None if grace is None else int(grace),
        uid=conditions.get("uid") or "",
        version=conditions.get("resourceVersion") or "",
        dry_run="All" in (body.get("dryRun") or query.get("dryRun") or ""),
    )


class Deleting:
    """Removes from the store as an API server would."""

    def __init__(self, store: Store, clock: ClusterClock, registry: Registry) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry

    def delete(self, resource: Resource, namespace: str, name: str, how: Removal) -> Obj:
        """Remove an object or mark it; gives a Status, or the object while it is still there."""
        with self._store.lock:
            old = self._store.get(resource, namespace, name)
            if old is None:
                raise not_found(resource, name)
            self._check(resource, old, how)
            grace = self._grace(resource, old, how)
            finalizers = list(dig(old, "metadata", "finalizers") or ())
            extra = _POLICIES[how.policy]
            if extra and extra not in finalizers:
                finalizers.append(extra)
            held = bool(finalizers or grace) or resource.kind == "Namespace"
            if how.dry_run:
                return clone(old)  # type: ignore[no-any-return] # cloning keeps it an object
            if not held:
                self._store.remove(resource, old)
                return _success(resource, old)
            return self._mark(resource, old, finalizers, grace)

    def evict(self, namespace: str, name: str, how: Removal) -> Obj:
        """Delete a pod if its disruption budget allows; ApiError 429 otherwise.

        As pkg/registry/core/pod/storage/eviction.go does.
        """
        with self._store.lock:
            pod = self._store.get(POD, namespace, name)
            if pod is None:
                raise not_found(POD, name)
            self._check(POD, pod, how)
            over = dig(pod, "status", "phase") in ("Succeeded", "Failed", "Pending")
            if not over and not deleting(pod) and not how.dry_run:
                self._spend(pod)
            self.delete(POD, namespace, name, how)
            return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                    "code": 201}  # fmt: skip

    def _spend(self, pod: Obj) -> None:
        """Take one disruption from the budget that selects a pod, if any."""
        budgets = [
            each
            for each in self._store.all(DISRUPTION_BUDGET, namespace_of(pod))
            if selects(dig(each, "spec", "selector"), labels_of(pod))
        ]
        if len(budgets) > 1:
            raise ApiError(500, "InternalError", _SEVERAL)
        if not budgets or _may_go_unready(pod, budgets[0]):
            return
        new: Obj = clone(budgets[0])
        status = new.setdefault("status", {})
        if (status.get("observedGeneration") or 0) < new["metadata"]["generation"]:
            why = f"The disruption budget {name_of(new)} is still being processed by the server."
            raise _held(why, retry=10)
        allowed = status.get("disruptionsAllowed") or 0
        if allowed <= 0:
            needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
            raise _held(
                f"The disruption budget {name_of(new)} needs {needs} healthy pods and has {has} "
                "currently"
            )
        status["disruptionsAllowed"] = allowed - 1
        status.setdefault("disruptedPods", {})[name_of(pod)] = self._clock.stamp()
        self._store.put(DISRUPTION_BUDGET, new)

    def finish(self, resource: Resource, thing: Obj) -> None:
        """Remove an object at once, whatever holds it: the kubelet's and the collector's end."""
        with self._store.lock:
            current = self._store.get(resource, namespace_of(thing), name_of(thing))
            if current is None or uid_of(current) != uid_of(thing):
                return
            if current["metadata"].get("finalizers"):
                last = clone(current)
                meta(last)["deletionGracePeriodSeconds"] = 0
                if last != current:
                    self._store.put(resource, last)
                return
            self._store.remove(resource, current)

    def _check(self, resource: Resource, old: Obj, how: Removal) -> None:
        name, version = name_of(old), old["metadata"]["resourceVersion"]
        if how.uid and how.uid != uid_of(old):
            why = (
                f"Precondition failed: UID in precondition: {how.uid}, UID in object meta: "
                f"{uid_of(old)}"
            )
            raise conflict(resource, name, why)
        if how.version and how.version != version:
            why = (
                f"Precondition failed: ResourceVersion in precondition: {how.version}, "
                f"ResourceVersion in object meta: {version}"
            )
            raise conflict(resource, name, why)

    def _grace(self, resource: Resource, old: Obj, how: Removal) -> int:
        if resource != POD or not dig(old, "spec", "nodeName"):
            return 0
        if dig(old, "status", "phase") in ("Succeeded", "Failed"):
            return 0
        if how.grace is not None:
            return how.grace
        wanted = dig(old, "spec", "terminationGracePeriodSeconds")
        return 30 if wanted is None else int(wanted)

    def _mark(self, resource: Resource, old: Obj, finalizers: list[str], grace: int) -> Obj:
        new: Obj = clone(old)
        metadata = meta(new)
        if finalizers:
            metadata["finalizers"] = finalizers
        shorter = grace < metadata.get("deletionGracePeriodSeconds", grace + 1)
        if not deleting(old):
            metadata["deletionTimestamp"] = self._clock.stamp()
            if metadata.get("generation"):
                metadata["generation"] += 1
        if not deleting(old) or (resource == POD and shorter):
            metadata["deletionGracePeriodSeconds"] = grace
        if resource.kind == "Namespace":
            new["status"] = {"phase": "Terminating"}
        return old if new == old else self._store.put(resource, new)


_SEVERAL = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
    "support."
)


def _may_go_unready(pod: Obj, budget: Obj) -> bool:
    """Tell whether a pod that does not work may go whatever the budget has left."""
    if is_true(pod, "Ready"):
        return False
    if dig(budget, "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    desired = dig(budget, "status", "desiredHealthy") or 0
    return 0 < desired <= (dig(budget, "status", "currentHealthy") or 0)


def _held(why: str, retry: int = 0) -> ApiError:
    error = too_many_requests(
        "Cannot evict pod as it would violate the pod's disruption budget.", retry
    )
    error.details = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    return error


def _success(resource: Resource, old: Obj) -> Obj:
    details: Obj = {"name": name_of(old), "kind": resource.plural, "uid": uid_of(old)}
    if resource.group:
        details["group"] = resource.group
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }
