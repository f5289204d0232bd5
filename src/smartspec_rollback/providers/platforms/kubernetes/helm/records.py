"""What Helm remembers of a release: one Secret for each revision.

The payload is base64 of gzip of JSON, once more in base64 as every Secret's. It holds the values
people gave, which may be secrets: only the manifest is looked at, and nothing of it is kept or
shown but a digest. Called by ``owning``, ``access`` and ``steps``; changes nothing.
"""

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass
from functools import cached_property

import yaml

from smartspec_rollback.domain.snapshot import Owner
from smartspec_rollback.domain.values import digest
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    SECRETS,
    Obj,
    annotation,
    name_of,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.owners import flux
from smartspec_rollback.providers.platforms.kubernetes.reading import Site

_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_NAMED = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", re.ASCII)
_GZIP = 16 + zlib.MAX_WBITS
_LARGEST = 64 * 1024 * 1024
_LIVE, _ONCE_LIVE = "deployed", ("deployed", "superseded")


@dataclass(frozen=True)
class ReleaseName:
    """Which release of Helm a workload belongs to."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def release_of(workload: Obj) -> ReleaseName | None:
    """Tell by its metadata which release made a workload; None where Helm did not.

    Where Flux runs Helm, Flux keeps the record.
    """
    name = annotation(workload, _NAME)
    namespace = annotation(workload, _NAMESPACE) or text(workload, "metadata", "namespace")
    if text(workload, "metadata", "labels", _MANAGED_BY) != "Helm":
        return None
    if any(each.kind == flux.HELM_RELEASE for each in flux.claims(workload)):
        return None
    # They become words of a command: nothing else than names may.
    if not all(_NAMED.fullmatch(each) for each in (name, namespace)):
        return None
    return ReleaseName(namespace, name)


@dataclass(frozen=True)
class Record:
    """One revision of a release."""

    secret: Obj

    @property
    def version(self) -> int:
        """Its number; 0 where it has none."""
        said = text(self.secret, "metadata", "labels", "version")
        return int(said) if said.isascii() and said.isdigit() else 0

    @property
    def status(self) -> str:
        """What became of it, in Helm's words."""
        return text(self.secret, "metadata", "labels", "status")

    @property
    def live(self) -> bool:
        """Whether Helm takes it for what is live."""
        return self.status == _LIVE

    @property
    def once_live(self) -> bool:
        """Whether Helm finished with it, and so can go back to it."""
        return self.status in _ONCE_LIVE

    @property
    def pending(self) -> bool:
        """Whether an operation is on it, or died on it."""
        return self.status.startswith("pending-")

    @cached_property
    def manifest(self) -> str:
        """The objects it consists of, as YAML; empty where that cannot be read."""
        said = _payload(text(self.secret, "data", "release"))
        return text(said, "manifest")

    @cached_property
    def _objects(self) -> tuple[Obj, ...]:
        try:
            said = tuple(yaml.safe_load_all(self.manifest))
        except yaml.YAMLError:
            return ()
        return tuple(each for each in said if isinstance(each, dict))

    def _made(self, workload: Obj) -> Obj:
        kind = workload.get("kind")
        alike = (each for each in self._objects if each.get("kind") == kind)
        return next((each for each in alike if name_of(each) == name_of(workload)), {})

    def template(self, workload: Obj) -> Obj:
        """Give its pod template of a workload, as the chart made it; empty where it has none."""
        return part(self._made(workload), "spec", "template")

    def rescales(self, workload: Obj) -> bool:
        """Tell whether it says another number of replicas than the workload has now."""
        said = part(self._made(workload), "spec").get("replicas")
        return said is not None and said != part(workload, "spec").get("replicas")

    def holds(self, workload: Obj) -> str:
        """Identify its pod template of a workload; empty where it has none."""
        found = self.template(workload)
        return digest(found) if found else ""


def _payload(said: str) -> Obj:
    try:
        packed = base64.b64decode(base64.b64decode(said))
        unpacked = zlib.decompressobj(_GZIP).decompress(packed, _LARGEST)
        found = json.loads(unpacked)
    except (binascii.Error, zlib.error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def revision(site: Site, release: ReleaseName, number: int) -> Record | None:
    """Read one revision; None where there is none such."""
    name = f"sh.helm.release.v1.{release.name}.v{number}"
    found = site.api.get(SECRETS, name, namespace=release.namespace)
    return None if found is None else Record(found)


def read(site: Site, release: ReleaseName, *, superseded: bool = True) -> tuple[Record, ...]:
    """Read the revisions of a release, the newest first; Forbidden where we may not."""
    labels = f"owner=helm,name={release.name}"
    if not superseded:
        labels += ",status!=superseded"
    found = site.api.list(SECRETS, labels=labels, namespace=release.namespace)
    return tuple(sorted(map(Record, found), key=lambda each: each.version, reverse=True))


def stuck(release: ReleaseName, known: tuple[Record, ...]) -> Owner | None:
    """Describe a release whose newest revision is pending: somebody is at it, or died at it."""
    newest = next(iter(known), None)
    if newest is None or not newest.pending:
        return None
    good = next((each.version for each in known if each.once_live), None)
    name, secret = f"Helm release {release}", name_of(newest.secret)
    clear = f"delete the Secret `{secret}` in {release.namespace}"
    if good is not None:
        back = f"helm rollback {release.name} {good} --namespace {release.namespace}"
        clear = f"`{back}`, or {clear}"
    return Owner(
        name=name,
        suspended=True,
        doubt=f"Revision {newest.version} of {name} is {newest.status}: a helm command is still "
        "running and may change the service, or it died, and every later one is refused.",
        remedy=f"see that nobody runs helm on it any more; then {clear}",
    )
