"""Who may do what, and what webhooks and quotas make of a write.

Tests script it: ``Access`` denies, ``Admission.hooks`` change or refuse objects. Used by
``writing`` and ``http``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from smartspec_rollback.testing.kubernetes.objects import Obj, dig, name_of, namespace_of
from smartspec_rollback.testing.kubernetes.resources import POD, QUOTA, Resource
from smartspec_rollback.testing.kubernetes.statuses import forbidden
from smartspec_rollback.testing.kubernetes.store import Store

USER = "test-user"
"""Who everybody is, for messages."""


@dataclass(frozen=True)
class Rule:
    """Some requests; an empty part means any. ``resource`` is a plural, or plural/subresource."""

    verb: str = ""
    resource: str = ""
    namespace: str = ""
    group: str | None = None
    name: str = ""

    def covers(self, verb: str, group: str, resource: str, namespace: str, name: str) -> bool:
        """Tell whether a request is one of these."""
        return (
            self.verb in ("", verb)
            and self.resource in ("", resource)
            and self.namespace in ("", namespace)
            and self.group in (None, group)
            and self.name in ("", name)
        )


class Access:
    """The access rules; everything is allowed until a test says otherwise."""

    def __init__(self) -> None:
        self._denied: list[Rule] = []
        self._only: tuple[Rule, ...] | None = None

    def deny(self, rule: Rule) -> None:
        """Refuse these requests, and say so in access reviews."""
        self._denied.append(rule)

    def allow_only(self, *rules: Rule) -> None:
        """Refuse all other requests."""
        self._only = rules

    def clear(self) -> None:
        """Allow everything again."""
        self._denied.clear()
        self._only = None

    def allows(self, verb: str, group: str, resource: str, namespace: str, name: str) -> bool:
        """Decide about a request."""
        asked = (verb, group, resource, namespace, name)
        if any(rule.covers(*asked) for rule in self._denied):
            return False
        return self._only is None or any(rule.covers(*asked) for rule in self._only)

    def check(
        self, verb: str, resource: Resource, subresource: str, namespace: str, name: str
    ) -> None:
        """ApiError 403 where a request is not allowed."""
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        if self.allows(verb, resource.group, plural, namespace, name):
            return
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        why = (
            f'User "{USER}" cannot {verb} resource "{plural}" in API group '
            f'"{resource.group}"{where}'
        )
        raise forbidden(resource, name, why)

    def review(self, body: Obj) -> Obj:
        """Answer a SelfSubjectAccessReview."""
        asked = dig(body, "spec", "resourceAttributes") or {}
        plural = asked.get("resource", "")
        if asked.get("subresource"):
            plural += "/" + asked["subresource"]
        allowed = self.allows(
            asked.get("verb", ""),
            asked.get("group", ""),
            plural,
            asked.get("namespace", ""),
            asked.get("name", ""),
        )
        reason = "" if allowed else "denied by a rule of the test"
        status: Obj = {"allowed": allowed, **({"reason": reason} if reason else {})}
        return {**body, "metadata": {}, "status": status}


@dataclass
class Attempt:
    """A write as a webhook sees it; ``object`` may be changed in place."""

    operation: str
    resource: Resource
    subresource: str
    object: Obj
    old: Obj | None


Hook = Callable[[Attempt], None]
"""A webhook: changes the attempt's object, raises ``statuses.denied``, or does nothing."""


class Admission:
    """Runs the webhooks and counts quotas."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.hooks: list[Hook] = []

    def run(self, attempt: Attempt) -> None:
        """Let every webhook see a write."""
        for hook in tuple(self.hooks):
            hook(attempt)

    def check_quota(self, resource: Resource, thing: Obj) -> None:
        """ApiError 403 where a new object would exceed a ResourceQuota's count."""
        for quota in self._store.all(QUOTA, namespace_of(thing)):
            hard = dig(quota, "spec", "hard") or {}
            for counted in _counted(resource):
                if counted not in hard:
                    continue
                used = len(self._store.all(resource, namespace_of(thing)))
                if used + 1 > int(hard[counted]):
                    raise forbidden(
                        resource,
                        name_of(thing),
                        f"exceeded quota: {name_of(quota)}, requested: {counted}=1, used: "
                        f"{counted}={used}, limited: {counted}={hard[counted]}",
                    )


def _counted(resource: Resource) -> tuple[str, ...]:
    plain = (resource.plural,) if resource == POD or not resource.group else ()
    return (*plain, f"count/{resource.qualified}")
