"""Which configuration goes back with a captured release, and what of it cannot.

Used by ``inspecting`` and ``steps``. Pure: compares what was captured with what is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from smartspec_rollback.domain.values import Parameter, digest
from smartspec_rollback.providers.platforms.kubernetes.captures.document import (
    Document,
    KeptMap,
    kept_map,
    kept_secret,
    key_name,
)
from smartspec_rollback.providers.platforms.kubernetes.configuration import (
    Found,
    Reference,
    place_of,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import CONFIG_MAPS, Obj

_LISTED = 10


@dataclass(frozen=True)
class Back:
    """A ConfigMap to put back: its content then, the object now (None: it is gone)."""

    reference: Reference
    content: KeptMap
    there: Obj | None
    keys: tuple[str, ...]

    def __str__(self) -> str:
        if self.there is None:
            return f"{self.reference} (deleted)"
        return f"{self.reference} ({_named(self.keys)})"


@dataclass(frozen=True)
class Restoration:
    """What comparing a capture with the cluster came to.

    ``differing`` says what differs and is not put back, ``untold`` what could not be compared.
    """

    back: tuple[Back, ...] = ()
    differing: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def complete(self) -> bool | None:
        """Whether the release would run with its configuration; None where that cannot be told."""
        if self.differing:
            return False
        return None if self.untold else True

    def foreseen(self, found: Found, *, steps: int | None = None) -> Found:
        """Say what the cluster will have once (the first ``steps`` of) it all was put back."""
        objects = dict(found.objects)
        for each in self.back[:steps]:
            place = place_of(each.reference)
            if place in objects:
                objects[place] = held_by(each.content, objects[place] or {})
        return Found(objects, found.unreadable)


def restoration(
    document: Document, needed: tuple[Reference, ...], found: Found, *, key: bytes
) -> Restoration:
    """Compare everything that a captured template refers to."""
    back: list[Back] = []
    differing: list[str] = []
    untold: list[str] = []
    for each in needed:
        if not found.readable(each) or str(each) in document.unreadable:
            untold.append(f"{each} (not readable)")
        elif each.resource is not CONFIG_MAPS:
            _weigh_secret(document, each, found.has(each), key, (differing, untold))
        elif (content := document.map_of(each.name)) is None:
            if found.has(each) is not None:
                differing.append(f"{each} (was not there)")
        else:
            _weigh_map(each, content, found.has(each), (back, differing))
    return Restoration(tuple(back), tuple(differing), tuple(untold))


def _weigh_map(
    reference: Reference,
    content: KeptMap,
    there: Obj | None,
    lists: tuple[list[Back], list[str]],
) -> None:
    back, differing = lists
    if there is None:
        back.append(Back(reference, content, None, ()))
        return
    now = kept_map(there)
    keys = _apart((*now.data, *now.binary), (*content.data, *content.binary))
    if keys and now.immutable:
        differing.append(f"{reference} (immutable; {_named(keys)})")
    elif keys:
        back.append(Back(reference, content, there, keys))


def _weigh_secret(
    document: Document,
    reference: Reference,
    there: Obj | None,
    key: bytes,
    lists: tuple[list[str], list[str]],
) -> None:
    differing, untold = lists
    then = document.secret_of(reference.name)
    if then is None or there is None:
        if (then is None) != (there is None):
            what = "is missing" if there is None else "was not there"
            differing.append(f"{reference} ({what})")
        return
    if document.key != key_name(key):
        untold.append(f"{reference} (hashed with another ledger's key)")
        return
    keys = _apart(kept_secret(there, key=key).keys, then.keys)
    if keys:
        # Rotated, most often, and then today's value is the right one; nobody here can tell.
        untold.append(f"{reference} ({_named(keys)} changed since; today's would be used)")


def _apart(now: Iterable[Parameter], then: Iterable[Parameter]) -> tuple[str, ...]:
    """Name the keys that are not the same in both."""
    return tuple(sorted({each.name for each in set(now) ^ set(then)}))


def _named(keys: tuple[str, ...]) -> str:
    more = len(keys) - _LISTED
    shown = ", ".join(keys[:_LISTED]) + (f" and {more} more" if more > 0 else "")
    return f"key {shown}" if len(keys) == 1 else f"keys {shown}"


def content_digest(there: Obj | None) -> str:
    """Identify what a ConfigMap holds; empty where there is none."""
    return "" if there is None else _digest(kept_map(there))


def wanted_digest(content: KeptMap) -> str:
    """Identify what a ConfigMap is to hold."""
    return _digest(content)


def _digest(content: KeptMap) -> str:
    return digest((content.data, content.binary))


def held_by(content: KeptMap, there: Obj) -> dict[str, Any]:
    """Give an object with a captured content in place of its own."""
    others = {k: v for k, v in there.items() if k not in ("data", "binaryData")}
    return others | contents(content)


def contents(content: KeptMap) -> dict[str, Any]:
    """Give the two maps of a content, those that hold something."""
    held = {"data": content.data, "binaryData": content.binary}
    return {
        name: {each.name: each.value for each in values} for name, values in held.items() if values
    }
