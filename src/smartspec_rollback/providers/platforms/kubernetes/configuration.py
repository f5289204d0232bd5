"""The ConfigMaps and Secrets a template refers to, and what they hold, as digests.

A release is code and configuration, but a rollback of the template alone leaves the configuration
as it is. Used by whatever plans or captures. Pure. Values of Secrets never leave this module,
but for pull secrets, which go to their own registry and nowhere else.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from smartspec_rollback.domain.values import canonical, digest
from smartspec_rollback.providers.images import Credentials
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONFIG_MAPS,
    SECRETS,
    Obj,
    Resource,
    items,
    moment,
    part,
    text,
)

_HUB = "docker.io"
_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Reference:
    """One ConfigMap or Secret that pods need; ``keys`` are those that must be in it.

    ``optional``: pods start without it.
    """

    resource: Resource
    name: str
    keys: frozenset[str] = frozenset()
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.resource.kind} {self.name}"


@dataclass(frozen=True)
class Found:
    """What the cluster has for the references of a template.

    ``objects`` maps a reference's kind and name to the object, None where it is gone.
    ``unreadable`` are those nobody may read here.
    """

    objects: Mapping[tuple[str, str], Obj | None]
    unreadable: frozenset[tuple[str, str]] = frozenset()

    def has(self, reference: Reference) -> Obj | None:
        """Give the object referred to; None where it is gone or unreadable."""
        return self.objects.get(place_of(reference))

    def readable(self, reference: Reference) -> bool:
        """Tell whether it was read at all."""
        return place_of(reference) in self.objects


def place_of(reference: Reference) -> tuple[str, str]:
    """Tell which object a reference means."""
    return reference.resource.kind, reference.name


def references(template: Obj) -> tuple[Reference, ...]:
    """List what a template's pods need, each object once, sorted."""
    found: dict[tuple[str, str], Reference] = {}
    for each in _all(part(template, "spec")):
        if not each.name:
            continue
        known = found.get(place_of(each))
        if known is not None:
            optional = known.optional and each.optional
            each = Reference(each.resource, each.name, known.keys | each.keys, optional)  # noqa: PLW2901 - merged
        found[place_of(each)] = each
    return tuple(found[place] for place in sorted(found))


def _all(spec: Obj) -> Iterator[Reference]:
    for container in (*items(spec, "initContainers"), *items(spec, "containers")):
        for source in items(container, "envFrom"):
            yield from _pair(source, "configMapRef", "secretRef")
        for variable in items(container, "env"):
            yield from _pair(part(variable, "valueFrom"), "configMapKeyRef", "secretKeyRef")
    for volume in items(spec, "volumes"):
        yield from _of_volume(volume)
    for each in items(spec, "imagePullSecrets"):
        # The kubelet pulls without one that is gone, and says so only if the registry refuses.
        yield Reference(SECRETS, text(each, "name"), optional=True)


def _pair(source: Obj, config_map: str, secret: str) -> Iterator[Reference]:
    for key, resource in ((config_map, CONFIG_MAPS), (secret, SECRETS)):
        if key in source:
            yield _reference(resource, part(source, key))


def _of_volume(volume: Obj) -> Iterator[Reference]:
    if "configMap" in volume:
        yield _reference(CONFIG_MAPS, part(volume, "configMap"))
    if "secret" in volume:
        yield _reference(SECRETS, part(volume, "secret"), name="secretName")
    for source in items(volume, "projected", "sources"):
        yield from _pair(source, "configMap", "secret")
    for kind, source in volume.items():
        if isinstance(source, Mapping) and kind not in ("configMap", "secret", "projected"):
            for key in ("secretRef", "nodePublishSecretRef"):
                if key in source:
                    yield _reference(SECRETS, part(source, key))


def _reference(resource: Resource, source: Obj, *, name: str = "name") -> Reference:
    optional = source.get("optional") is True
    named = {text(source, "key")} if "key" in source else set[str]()
    named |= {text(item, "key") for item in items(source, "items")}
    keys = frozenset() if optional else frozenset(named - {""})
    return Reference(resource, text(source, name), keys, optional)


def missing(
    needed: tuple[Reference, ...], found: Found, resource: Resource
) -> tuple[str, ...] | None:
    """Name what pods could not start without; None where some of it could not be read."""
    gone: list[str] = []
    for each in needed:
        if each.resource is not resource or each.optional:
            continue
        if not found.readable(each):
            return None
        there = found.has(each)
        if there is None:
            gone.append(each.name)
            continue
        held = {*part(there, "data"), *part(there, "binaryData")}
        gone += [f"{each.name} (key {key})" for key in sorted(each.keys - held)]
    return tuple(gone)


def configuration_digest(needed: tuple[Reference, ...], found: Found, *, key: str) -> str | None:
    """Identify the content of all that is referred to; None where some could not be read.

    ``key`` (the workload's uid) goes into the hashes of Secrets, so that equal secrets of
    different workloads don't look equal.
    """
    if not all(found.readable(each) for each in needed):
        return None
    return digest([_content(each, found.has(each), key) for each in needed])


def fingerprint(needed: tuple[Reference, ...], found: Found, *, key: str) -> str:
    """Identify what can be read of the content, to notice changes; never to compare releases."""
    return digest(
        [
            _content(each, found.has(each), key) if found.readable(each) else (str(each), "?")
            for each in needed
        ]
    )


def _content(reference: Reference, there: Obj | None, key: str) -> tuple[str, str | None]:
    if there is None:
        return str(reference), None
    held = {"data": dict(part(there, "data")), "binary": dict(part(there, "binaryData"))}
    if reference.resource is SECRETS:
        keyed = hmac.new(key.encode(), canonical(held), hashlib.sha256)
        return str(reference), base64.b16encode(keyed.digest()).decode()
    return str(reference), digest(held)


def unchanged(needed: tuple[Reference, ...], found: Found, *, since: Obj) -> bool | None:
    """Tell whether all that is referred to has its content since before ``since`` was made.

    False where something is gone; None where that cannot be told.
    """
    told: list[bool | None] = []
    for each in needed:
        there = found.has(each)
        if there is not None:
            told.append(unchanged_since(there, since))
        elif not each.optional or not found.readable(each):
            told.append(False if found.readable(each) else None)
        else:
            told.append(None)  # an optional one that is not there may have been
    if False in told:
        return False
    return None if None in told else True


def written_since(needed: tuple[Reference, ...], found: Found, since: Obj) -> tuple[str, ...]:
    """Name what was written since ``since`` was made, with the keys its writers answer for.

    By the server's own record of who changed what; a writer's other keys may be as they were.
    """
    made = moment(since, "metadata", "creationTimestamp")
    named: list[str] = []
    for each in needed:
        there = found.has(each)
        if made is None or there is None or unchanged_since(there, since) is not False:
            continue
        keys: set[str] = set()
        for entry in items(there, "metadata", "managedFields"):
            at = moment(entry, "time")
            if at is not None and at > made:
                keys |= _fields(entry)
        named.append(f"{each} (written since: {', '.join(sorted(keys))})" if keys else str(each))
    return tuple(named)


def _fields(entry: Obj) -> set[str]:
    """Name the keys that one writer answers for."""
    return {
        field.removeprefix("f:")
        for kind in ("f:data", "f:binaryData")
        for field in part(entry, "fieldsV1", kind)
        if field.startswith("f:")
    }


def unchanged_since(there: Obj, since: Obj) -> bool | None:
    """Tell whether an object has its content since before another was made.

    By the server's own times of who changed what. None where these don't tell: cleared managed
    fields, or a change in the very second the other one was made.
    """
    made, created = (
        moment(since, "metadata", "creationTimestamp"),
        moment(there, "metadata", "creationTimestamp"),
    )
    entries = items(there, "metadata", "managedFields")
    times = [moment(each, "time") for each in entries]
    if made is None or created is None or not times:
        return None
    known = [each for each in times if each is not None]
    if len(known) < len(times):
        return None
    newest = max(known)
    if newest < made:
        return True
    if newest > made:
        return False
    # Applied together with the workload, in one second, and never touched again.
    return True if len(entries) == 1 and created == newest else None


def pull_credentials(template: Obj, found: Found, registry: str) -> Credentials | None:
    """Find the name and password that a template's pull secrets hold for a registry.

    They go to that registry alone, and never into anything that is kept or shown.
    """
    for each in items(template, "spec", "imagePullSecrets"):
        there = found.has(Reference(SECRETS, text(each, "name"), optional=True))
        if there is not None and (held := _held(there, registry)) is not None:
            return held
    return None


def _held(secret: Obj, registry: str) -> Credentials | None:
    try:
        said = base64.b64decode(text(secret, "data", ".dockerconfigjson"), validate=True)
        auths = part(msgspec.json.decode(said, type=dict[str, Any]), "auths")
    except (ValueError, msgspec.MsgspecError):
        return None
    for host, auth in auths.items():
        if _host(host) != registry or not isinstance(auth, Mapping):
            continue
        user, password = text(auth, "username"), text(auth, "password")
        if not user and text(auth, "auth"):
            user, _, password = _decoded(text(auth, "auth")).partition(":")
        return Credentials(user, password) if user else None
    return None


def _host(key: str) -> str:
    """Read the key of a Docker configuration: a host, or a URL of it (Docker Hub's, mostly)."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return _HUB if host in _HUB_HOSTS else host


def _decoded(auth: str) -> str:
    try:
        return base64.b64decode(auth, validate=True).decode()
    except ValueError:
        return ""
