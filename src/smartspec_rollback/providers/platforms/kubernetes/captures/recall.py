"""Reading what was captured of a workload, as revisions beside those that the cluster remembers.

Used by ``reading``; asks the ledger once, and only when somebody wants to know.
"""

from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.platform import Archive
from smartspec_rollback.providers.platforms.kubernetes.captures.document import Document, read
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import (
    DEPLOYMENT_ID,
    Kept,
    Pods,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import template_digest


@dataclass(frozen=True)
class Recalled:
    """One capture that can be used here, with what it says."""

    capture: Capture
    document: Document

    @property
    def digest(self) -> str:
        """Identify what its template runs."""
        return self.capture.release.artifact_digest or ""

    def kept(self) -> Kept:
        """Make a revision of it; nothing of it is in the cluster."""
        told = self.document.told
        notes = {DEPLOYMENT_ID: told} if told else {}
        return Kept(
            id=f"the capture of {self.capture.deployment_id}",
            source={"metadata": {"annotations": notes}},
            template=self.document.template,
            release=replace(self.capture.release, configuration_digest=None),
            pods=Pods(),
            turn=-1,
            created="",
            made=self.capture.at,
            told=told,
            reused=False,
            pod_hash="",
        )


class Recall:
    """The captures of one workload, newest first; without an archive there are none."""

    def __init__(
        self, archive: Archive | None, target: Target, *, workload: str, namespace: str
    ) -> None:
        """Ask ``archive`` about a Target's workload, once it is needed."""
        self._archive = archive
        self._target = target
        self._place = (workload, namespace)

    @cached_property
    def all(self) -> tuple[Recalled, ...]:
        """Every capture that is of this very workload, and is what it says it is."""
        if self._archive is None:
            return ()
        found = []
        for each in self._archive.captured(self._target):
            document = read(each.document) if each.is_of(self._target, "kubernetes") else None
            if document is None or (document.workload, document.namespace) != self._place:
                continue
            if template_digest(document.template) == each.release.artifact_digest:
                found.append(Recalled(each, document))
        return tuple(found)

    def beside(self, known: tuple[Kept, ...], *, owner: str) -> tuple[Kept, ...]:
        """Make revisions of an object's templates that the cluster does not know any more."""
        remembered = {each.digest for each in known}
        own = [each for each in self.all if each.document.owner == owner]
        lost = {each.digest: each for each in reversed(own) if each.digest not in remembered}
        return tuple(each.kept() for each in own if lost.get(each.digest) is each)

    def of(self, kept: Kept, release: Release | None = None) -> Recalled | None:
        """Find the newest capture of a revision, with the configuration a release asks for."""
        wanted = release.configuration_digest if release is not None else None
        for each in self.all:
            if each.digest == kept.digest and wanted in (
                None,
                each.capture.release.configuration_digest,
            ):
                return each
        return None

    def key(self) -> bytes:
        """Give the key that hashes of Secrets are made with; ProviderError without an archive."""
        if self._archive is None:
            raise ProviderError("there is no ledger to keep captures in")
        return self._archive.key()
