"""Pod templates: what a release is made of, and how to tell two of them apart.

Used by whatever compares templates, or puts one back. Pure.
"""

import copy
import re
from typing import Any

from smartspec_rollback.domain.values import digest
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, items, part, text

HASH_LABEL = "pod-template-hash"
"""The label that tells the pods of ReplicaSets apart; the controller's, no part of a template."""

VERSION_LABEL = "app.kubernetes.io/version"

_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_DIGEST_LENGTH = 12
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:@-]{0,127}", re.ASCII)


def restorable(template: Obj) -> dict[str, Any]:
    """Copy a template as it can be put back: without what the controller added."""
    made = copy.deepcopy(dict(template))
    metadata = made.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("creationTimestamp", None)
        labels = metadata.get("labels")
        if isinstance(labels, dict):
            labels.pop(HASH_LABEL, None)
    return made


def same_template(one: Obj, other: Obj) -> bool:
    """Compare as the Deployment controller does: everything but the hash label."""
    return bool(_pruned(restorable(one)) == _pruned(restorable(other)))


def template_digest(template: Obj) -> str:
    """Identify what a template runs.

    When it was restarted does not count: the same release restarted is no earlier release.
    """
    made = restorable(template)
    annotations = part(made, "metadata", "annotations")
    if isinstance(annotations, dict):
        annotations.pop(_RESTARTED, None)
    return digest(_pruned(made))


def _pruned(value: Any) -> Any:
    """Leave out empty maps, lists and nulls, which servers of other versions leave out too.

    An empty volume source (``emptyDir: {}``) means something; it stays, as the only key beside a
    name would otherwise be gone for two templates that differ in it.
    """
    if isinstance(value, dict):
        return {
            key: _pruned(each)
            for key, each in value.items()
            if each is not None and not (key in _OFTEN_EMPTY and not each)
        }
    return [_pruned(each) for each in value] if isinstance(value, list) else value


_OFTEN_EMPTY = frozenset({"annotations", "labels", "resources", "securityContext", "metadata"})


def main_container(template: Obj, container: str | None) -> Obj | None:
    """Find the container that names the version: the one asked for, else the first."""
    found = items(template, "spec", "containers")
    if container is None:
        return found[0] if found else None
    return next((each for each in found if text(each, "name") == container), None)


def image_of(template: Obj, container: str | None) -> str:
    """Give the image reference that stands for the release; empty where there is none such."""
    main = main_container(template, container)
    return text(main, "image") if main else ""


def version_named(template: Obj, container: str | None) -> str:
    """Name the version: by the template's label, else by the image's tag, else by its digest.

    What cannot be a name is passed over: labels and images are written by anybody.
    """
    label = text(template, "metadata", "labels", VERSION_LABEL)
    for named in (label, _tag(image_of(template, container))):
        if _VERSION.fullmatch(named) and ".." not in named:
            return named
    return template_digest(template).removeprefix("sha256:")[:_DIGEST_LENGTH]


def _tag(image: str) -> str:
    """Give the tag of an image reference; one named only by digest gives a part of that."""
    named, _, content = image.partition("@")
    tag = named.rpartition("/")[2].partition(":")[2]
    return tag or content.removeprefix("sha256:")[:_DIGEST_LENGTH]
