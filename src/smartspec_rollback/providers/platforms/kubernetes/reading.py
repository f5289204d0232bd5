"""Reading a Target's objects: the Deployment, its ReplicaSets, its configuration, our Lease.

Called by every verb of ``platform``. Changes nothing. What it reads is kept for a moment, since one
question after the other is asked about the same state while a rollback is planned.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.platforms.kubernetes import configuration, history
from smartspec_rollback.providers.platforms.kubernetes.api import Api
from smartspec_rollback.providers.platforms.kubernetes.configuration import Found, Reference
from smartspec_rollback.providers.platforms.kubernetes.convergence import paused
from smartspec_rollback.providers.platforms.kubernetes.history import Kept
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    REPLICA_SETS,
    Obj,
    items,
    part,
    text,
    uid_of,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.refusals import Forbidden
from smartspec_rollback.providers.platforms.kubernetes.settings import KubernetesSettings
from smartspec_rollback.providers.platforms.kubernetes.template import template_digest

_FRESH_SECONDS = 2.0


@dataclass(frozen=True)
class Site:
    """One Target with what is needed to ask about it."""

    target: Target
    settings: KubernetesSettings
    api: Api
    clock: Clock

    @property
    def where(self) -> str:
        """Name the workload for people."""
        return f"{self.settings.workload} in {self.api.namespace}"

    def deployment(self) -> Obj:
        """Read the Deployment; ProviderError where there is none."""
        found = self.api.get(DEPLOYMENTS, self.settings.name)
        if found is None:
            raise ProviderError(
                f"there is no {self.settings.workload} in the namespace {self.api.namespace}",
                where=f"context {self.api.connection.context}",
                remedy="`workload:` and `namespace:` in smartspec.yaml name it; was it deleted?",
            )
        return found


@dataclass(frozen=True)
class State:
    """What was read of a Target. ``known`` are its revisions, the one that was live last first.

    ``needed`` is what the template refers to, ``found`` what the cluster has of that.
    """

    deployment: Obj
    known: tuple[Kept, ...]
    needed: tuple[Reference, ...]
    found: Found

    @property
    def template(self) -> Obj:
        """The Deployment's pod template."""
        return part(self.deployment, "spec", "template")

    @cached_property
    def template_digest(self) -> str:
        """Identify what the Deployment's template runs."""
        return template_digest(self.template)

    @cached_property
    def live(self) -> Kept | None:
        """Find what is live: the template's revision once it has pods, else the newest with pods.

        A paused Deployment, and one the controller has not come to yet, name a template that
        does not run.
        """
        of_template = history.current(self.deployment, self.known)
        in_use = [each for each in self.known if each.in_use]
        if of_template is not None and (of_template.in_use or not in_use):
            return of_template
        return next(iter((*in_use, *self.known)), None)

    @property
    def configuration_digest(self) -> str | None:
        """Identify the content of what the template refers to; None where it cannot be read."""
        uid = uid_of(self.deployment)
        return configuration.configuration_digest(self.needed, self.found, key=uid)

    @property
    def what_stands(self) -> tuple[str, bool, str]:
        """Identify template and configuration, as far as they can be read."""
        uid = uid_of(self.deployment)
        content = configuration.fingerprint(self.needed, self.found, key=uid)
        return self.template_digest, paused(self.deployment), content


class Reader:
    """Reads Targets, keeping the last State of each for a moment; several threads may use it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Target, tuple[float, State]] = {}

    def look(self, site: Site) -> State:
        """Read everything now."""
        deployment = site.deployment()
        known = revisions(site, deployment)
        needed = configuration.references(part(deployment, "spec", "template"))
        state = State(deployment, known, needed, read_configuration(site, needed))
        with self._lock:
            self._kept[site.target] = (self._clock.monotonic(), state)
        return state

    def recent(self, site: Site, *, version: str | None = None) -> State:
        """Give what was read a moment ago, in this resource version if that is given; else read."""
        with self._lock:
            at, state = self._kept.get(site.target, (0.0, None))
        if state is None or self._clock.monotonic() - at > _FRESH_SECONDS:
            return self.look(site)
        if version is not None and version_of(state.deployment) != version:
            return self.look(site)
        return state


def revisions(site: Site, deployment: Obj) -> tuple[Kept, ...]:
    """Read a Deployment's own ReplicaSets."""
    found = site.api.list(REPLICA_SETS, labels=selector(part(deployment, "spec", "selector")))
    return history.kept(deployment, found, container=site.settings.container)


def read_configuration(site: Site, needed: tuple[Reference, ...]) -> Found:
    """Read what a template refers to; what nobody lets us read is said, not raised."""
    objects: dict[tuple[str, str], Obj | None] = {}
    unreadable: set[tuple[str, str]] = set()
    for each in needed:
        try:
            objects[configuration.place_of(each)] = site.api.get(each.resource, each.name)
        except Forbidden:
            unreadable.add(configuration.place_of(each))
    return Found(objects, frozenset(unreadable))


def selector(said: Obj) -> str:
    """Spell a label selector as queries do."""
    parts = [f"{key}={value}" for key, value in part(said, "matchLabels").items()]
    parts += [_spelled(each) for each in items(said, "matchExpressions")]
    return ",".join(parts)


def _spelled(expression: Obj) -> str:
    key, operator = text(expression, "key"), text(expression, "operator")
    values = expression.get("values")
    listed = ",".join(str(each) for each in values) if isinstance(values, list) else ""
    return _OPERATORS.get(operator, "{key} in ({values})").format(key=key, values=listed)


_OPERATORS: Mapping[str, str] = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}
