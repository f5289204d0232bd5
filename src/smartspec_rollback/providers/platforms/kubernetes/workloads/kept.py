"""Revisions: what a cluster remembers of a workload's releases.

A Deployment's are ReplicaSets, the others' are ControllerRevisions; ``Kept`` is what both come to.
Identity is the object's name (it holds the template's hash) and the template's digest, never the
revision's number, which moves when an old revision is used again. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Revision, Workload
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, annotation
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import (
    image_of,
    same_template,
    template_digest,
    version_named,
)

DEPLOYMENT_ID = "smartspec.dev/deployment-id"
"""The annotation by which a pipeline tells the cluster which deployment this is."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:@-]{0,127}", re.ASCII)


@dataclass(frozen=True)
class Pods:
    """How many pods of a revision are wanted, there (those being ended left out), and how well.

    ``names`` are all of them and ``broken`` those not ready, where a kind looks at the pods.
    """

    desired: int = 0
    running: int = 0
    ready: int = 0
    available: int = 0
    names: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """One revision of a workload, with what its template runs.

    ``source`` is the object that remembers it, ``turn`` orders revisions by when they were last
    live, ``created`` by when they were made; ``reused``: it was live more than once.
    ``pod_hash`` is the value of the label that its pods carry.
    """

    id: str
    source: Obj
    template: Obj
    release: Release
    pods: Pods
    turn: int
    created: str
    made: datetime | None
    told: str | None
    reused: bool
    pod_hash: str

    @property
    def digest(self) -> str:
        """Identify what the template runs."""
        return self.release.artifact_digest or ""

    @property
    def in_use(self) -> bool:
        """Whether it has pods, or is to have some."""
        return self.pods.desired > 0 or self.pods.running > 0

    @property
    def age(self) -> tuple[str, int]:
        """Order by when it was made, the oldest first."""
        return self.created, self.turn

    def workload(self) -> Workload:
        """Describe its pods."""
        running = max(0, self.pods.running)
        return Workload(
            revision=self.id,
            version=self.release.version,
            desired=max(0, self.pods.desired),
            running=running,
            ready=max(0, min(self.pods.ready, running)),
        )

    def revision(self) -> Revision:
        """Describe it; when it went live is known only of one that was never used again."""
        return Revision(
            id=self.id,
            release=self.release,
            deployed_at=None if self.reused else self.made,
            deployment_id=self.told,
        )


def told_id(thing: Obj) -> str | None:
    """Give the deployment id somebody told the cluster; None where that cannot be an id."""
    said = annotation(thing, DEPLOYMENT_ID)
    return said if _ID.fullmatch(said) and ".." not in said else None


def release_of(template: Obj, container: str | None) -> Release:
    """Describe what a template runs; its configuration is another matter."""
    version = version_named(template, container)
    return Release(
        version=version,
        artifact=image_of(template, container) or version,
        artifact_digest=template_digest(template),
    )


def current(template: Obj, known: tuple[Kept, ...]) -> Kept | None:
    """Find the revision of a workload's template; None where none was made yet."""
    return next((each for each in known if same_template(each.template, template)), None)


def with_template(known: Iterable[Kept], digest: str) -> Kept | None:
    """Find the revision that has a template; the one with pods where several have it."""
    alike = [each for each in known if each.digest == digest]
    return next((each for each in alike if each.in_use), alike[0] if alike else None)


def matching(known: tuple[Kept, ...], release: Release) -> tuple[Kept, ...]:
    """List what could be a release, newest first: by content where it is known, else by name."""
    if release.artifact_digest is not None:
        return tuple(each for each in known if each.digest == release.artifact_digest)
    named = tuple(each for each in known if each.release.version == release.version)
    exact = tuple(each for each in named if each.release.artifact == release.artifact)
    return exact or named
