"""Revisions: what the ReplicaSets of a Deployment remember of its releases.

Identity is the ReplicaSet (its name holds the template's hash), never the revision's number, which
moves when an old ReplicaSet is used again. Used by ``reading``. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Revision, Workload
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    annotation,
    controlled_by,
    moment,
    name_of,
    number,
    part,
    text,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.template import (
    image_of,
    same_template,
    template_digest,
    version_named,
)

REVISION = "deployment.kubernetes.io/revision"
DEPLOYMENT_ID = "smartspec.dev/deployment-id"
"""The annotation by which a pipeline tells the cluster which deployment this is."""

_REUSED = "deployment.kubernetes.io/revision-history"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:@-]{0,127}", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """One ReplicaSet of a Deployment, with what its template runs."""

    replica_set: Obj
    release: Release

    @classmethod
    def of(cls, replica_set: Obj, *, container: str | None) -> "Kept":
        """Read what a ReplicaSet keeps."""
        return cls(replica_set, release_of(part(replica_set, "spec", "template"), container))

    @property
    def id(self) -> str:
        """Name the revision for people and for plans."""
        return name_of(self.replica_set)

    @property
    def template(self) -> Obj:
        """The pod template, as the controller made it."""
        return part(self.replica_set, "spec", "template")

    @property
    def digest(self) -> str:
        """Identify what the template runs."""
        return self.release.artifact_digest or ""

    @property
    def desired(self) -> int:
        """How many pods are wanted."""
        return number(self.replica_set, "spec", "replicas")

    @property
    def running(self) -> int:
        """How many pods there are; those that are being ended are not counted."""
        return number(self.replica_set, "status", "replicas")

    @property
    def available(self) -> int:
        """How many pods are ready for long enough."""
        return number(self.replica_set, "status", "availableReplicas")

    @property
    def in_use(self) -> bool:
        """Whether it has pods, or is to have some."""
        return self.desired > 0 or self.running > 0

    @property
    def age(self) -> tuple[str, int]:
        """Order by when it was made, the oldest first."""
        return text(self.replica_set, "metadata", "creationTimestamp"), _turn(self.replica_set)

    def workload(self) -> Workload:
        """Describe its pods."""
        ready = number(self.replica_set, "status", "readyReplicas")
        return Workload(
            revision=self.id,
            version=self.release.version,
            desired=max(0, self.desired),
            running=max(0, self.running),
            ready=max(0, min(ready, self.running)),
        )

    def revision(self) -> Revision:
        """Describe it; when it went live is known only of one that was never used again."""
        reused = bool(annotation(self.replica_set, _REUSED))
        made = moment(self.replica_set, "metadata", "creationTimestamp")
        return Revision(
            id=self.id,
            release=self.release,
            deployed_at=None if reused else made,
            deployment_id=told_id(self.replica_set),
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


def kept(
    deployment: Obj, replica_sets: Iterable[Obj], *, container: str | None
) -> tuple[Kept, ...]:
    """List a Deployment's own ReplicaSets, the one that was live last first."""
    own = [each for each in replica_sets if controlled_by(each, deployment)]
    ordered = sorted(own, key=lambda each: (_turn(each), uid_of(each)), reverse=True)
    return tuple(Kept.of(each, container=container) for each in ordered)


def _turn(replica_set: Obj) -> int:
    """Tell when a ReplicaSet got its turn, relative to others; never who it is."""
    said = annotation(replica_set, REVISION)
    return int(said) if said.isascii() and said.isdigit() else 0


def current(deployment: Obj, known: tuple[Kept, ...]) -> Kept | None:
    """Find the ReplicaSet of the Deployment's template; None where none was made yet."""
    template = part(deployment, "spec", "template")
    return next((each for each in known if same_template(each.template, template)), None)


def matching(known: tuple[Kept, ...], release: Release) -> tuple[Kept, ...]:
    """List what could be a release, newest first: by content where it is known, else by name."""
    if release.artifact_digest is not None:
        return tuple(each for each in known if each.digest == release.artifact_digest)
    named = tuple(each for each in known if each.release.version == release.version)
    exact = tuple(each for each in named if each.release.artifact == release.artifact)
    return exact or named
