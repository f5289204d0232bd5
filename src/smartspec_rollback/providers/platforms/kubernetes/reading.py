"""Reading a Target's objects: the workload, its revisions, its configuration.

Called by every verb of ``platform``. Changes nothing. What it reads is kept for a moment, since one
question after the other is asked about the same state while a rollback is planned.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import NotDone
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.platform import Archive
from smartspec_rollback.providers.images import Registries
from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.captures.recall import Recall
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import Forbidden
from smartspec_rollback.providers.platforms.kubernetes.configuration import Found, Reference
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DEPLOYMENTS,
    QUOTAS,
    Obj,
    name_of,
    part,
    uid_of,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.settings import KubernetesSettings
from smartspec_rollback.providers.platforms.kubernetes.shadow.beside import Beside, beside
from smartspec_rollback.providers.platforms.kubernetes.workloads import kind_of
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept, current
from smartspec_rollback.providers.platforms.kubernetes.workloads.kind import (
    Course,
    Holder,
    Kind,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import template_digest

_FRESH_SECONDS = 2.0


class NoWorkload(NotDone):
    """There is no such workload, or not any more; so nothing was done to it either."""


@dataclass(frozen=True)
class Site:
    """One Target with what is needed to ask about it."""

    target: Target
    settings: KubernetesSettings
    api: Api
    clock: Clock
    archive: Archive | None = None
    registries: Registries = field(default_factory=Registries)

    @property
    def recall(self) -> Recall:
        """What was captured of the workload; asks the ledger when it is first looked at."""
        return Recall(
            self.archive,
            self.target,
            workload=self.settings.workload,
            namespace=self.api.namespace,
        )

    @property
    def where(self) -> str:
        """Name the workload for people."""
        return f"{self.settings.workload} in {self.api.namespace}"

    @property
    def kind(self) -> Kind:
        """The kind of workload."""
        return kind_of(self.settings.workload)

    def workload(self) -> Obj:
        """Read the workload; NoWorkload where there is none."""
        found = self.api.get(self.kind.resource, self.settings.name)
        if found is None and (missing := self.kind.undefined(self.api)):
            raise NotDone(
                f"the cluster does not know the kind {self.kind.resource.kind}",
                where=f"context {self.api.connection.context}",
                remedy=f"{missing} must be installed first; or is it another cluster?",
            )
        if found is None:
            raise NoWorkload(
                f"there is no {self.settings.workload} in the namespace {self.api.namespace}",
                where=f"context {self.api.connection.context}",
                remedy="`workload:` and `namespace:` in smartspec.yaml name it; was it deleted?",
            )
        return found


@dataclass(frozen=True)
class State:
    """What was read of a Target. ``known`` are its revisions, the one that was live last first.

    ``beside`` is the Service in front, with the shadow, where there is one that tells them apart.
    ``needed`` is what the template refers to, ``found`` what the cluster has of that, ``others``
    what it has of other templates. ``recall`` gives what was captured. ``held`` is the object
    that keeps the template, where that is not the workload itself.
    """

    kind: Kind
    workload: Obj
    known: tuple[Kept, ...]
    beside: Beside | None
    needed: tuple[Reference, ...]
    found: Found
    recall: Recall
    others: dict[tuple[Reference, ...], Found] = field(default_factory=dict, compare=False)
    held: Holder | None = None

    @property
    def holder(self) -> Holder:
        """The object that keeps the template."""
        return self.held or Holder(self.kind.resource, self.workload)

    @cached_property
    def course(self) -> Course | None:
        """What the workload's own controller says; None where pods alone tell."""
        return self.kind.course(self.workload, self.known)

    @cached_property
    def startable(self) -> tuple[Kept, ...]:
        """The revisions that could be started: those known, then those only captured."""
        return (*self.known, *self.captured)

    @cached_property
    def captured(self) -> tuple[Kept, ...]:
        """The revisions that only the ledger knows."""
        return self.recall.beside(self.known, owner=name_of(self.workload))

    def found_for(self, site: Site, needed: tuple[Reference, ...]) -> Found:
        """Give what the cluster has of what some template refers to, read when first asked for."""
        if needed == self.needed or all(self.found.readable(each) for each in needed):
            return self.found
        if needed not in self.others:
            self.others[needed] = read_configuration(site, needed)
        return self.others[needed]

    @cached_property
    def template(self) -> Obj:
        """The workload's pod template."""
        return self.kind.template(self.holder.thing, self.workload, self.known)

    @cached_property
    def template_digest(self) -> str:
        """Identify what the workload's template runs."""
        return template_digest(self.template)

    @cached_property
    def live(self) -> Kept | None:
        """Find what is live: the template's revision once it has pods, else the newest with pods.

        A paused workload, and one the controller has not come to yet, name a template that
        does not run.
        """
        if self.course is not None and self.course.live is not None:
            return self.course.live
        of_template = current(self.template, self.known)
        in_use = [each for each in self.known if each.in_use]
        if of_template is not None and (of_template.in_use or not in_use):
            return of_template
        return next(iter((*in_use, *self.known)), None)

    @property
    def configuration_digest(self) -> str | None:
        """Identify the content of what the template refers to; None where it cannot be read."""
        uid = uid_of(self.workload)
        return configuration.configuration_digest(self.needed, self.found, key=uid)

    @property
    def what_stands(self) -> tuple[str, bool, str]:
        """Identify template and configuration, as far as they can be read."""
        uid = uid_of(self.workload)
        content = configuration.fingerprint(self.needed, self.found, key=uid)
        return self.template_digest, self.kind.paused(self.workload), content


@dataclass
class Aside:
    """What was read of a namespace a moment ago, while finding out how its workloads stand."""

    service: Obj | None = None
    workloads: Mapping[str, Obj] | None = None


class Reader:
    """Reads Targets, keeping the last State of each for a moment; several threads may use it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Target, tuple[float, State]] = {}
        self._quotas: dict[Target, tuple[float, tuple[Obj, ...] | None]] = {}

    def look(self, site: Site, aside: Aside | None = None) -> State:
        """Read everything now, but for what was put ``aside``."""
        aside, kind = aside or Aside(), site.kind
        workload = (aside.workloads or {}).get(site.settings.name) or site.workload()
        known = kind.revisions(site.api, workload, container=site.settings.container)
        held = kind.holder(site.api, workload)
        needed = configuration.references(part(held.thing, "spec", "template"))
        found = read_configuration(site, needed)
        front = _beside(site, workload, aside)
        state = State(kind, workload, known, front, needed, found, site.recall, held=held)
        self.keep(site, state)
        return state

    def keep(self, site: Site, state: State) -> None:
        """Remember what was read by somebody else."""
        with self._lock:
            self._kept[site.target] = (self._clock.monotonic(), state)

    def quotas(self, site: Site) -> tuple[Obj, ...] | None:
        """Give the namespace's quotas of a moment ago, else read; None where we may not."""
        now = self._clock.monotonic()
        with self._lock:
            kept = self._quotas.get(site.target)
        if kept is not None and now - kept[0] <= _FRESH_SECONDS:
            return kept[1]
        try:
            found: tuple[Obj, ...] | None = site.api.list(QUOTAS)
        except Forbidden:
            found = None
        with self._lock:
            self._quotas[site.target] = (now, found)
        return found

    def last(self, site: Site) -> State | None:
        """Give what was read last, however long ago; None where nothing was."""
        with self._lock:
            return self._kept.get(site.target, (0.0, None))[1]

    def recent(self, site: Site, *, version: str | None = None) -> State:
        """Give what was read a moment ago, in this resource version if that is given; else read."""
        with self._lock:
            at, state = self._kept.get(site.target, (0.0, None))
        if state is None or self._clock.monotonic() - at > _FRESH_SECONDS:
            return self.look(site)
        if version is not None and version_of(state.workload) != version:
            return self.look(site)
        return state


def _beside(site: Site, workload: Obj, aside: Aside) -> Beside | None:
    """Read the Service in front and the shadow beside, where the settings name a Service."""
    service = site.settings.traffic_service
    if service is None or site.kind.resource is not DEPLOYMENTS:
        return None
    return beside(
        site.api, workload, service, read_already=aside.service, workloads=aside.workloads
    )


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
