"""What a kind of owner must tell, and an owner as it was found.

Used by every module of this package. Pure.
"""

import json
import re
from dataclasses import dataclass
from typing import Protocol

from smartspec_rollback.domain.snapshot import Owner
from smartspec_rollback.providers.platforms.kubernetes.client.api import MANAGER, Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    Resource,
    annotation,
    items,
    name_of,
    part,
    text,
)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_USER = re.compile(r"(?<=://)[^/@\s]*@")


class OwnerKind(Protocol):
    """One kind of controller's object. Nothing here writes; ``owner`` is it as it was read."""

    @property
    def title(self) -> str:
        """How people call it."""
        ...

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Its API versions, the newest first."""
        ...

    @property
    def program(self) -> str:
        """Who acts on it."""
        ...

    def asleep(self, owner: Obj) -> bool:
        """Tell whether it changes nothing by itself."""
        ...

    def stood(self, owner: Obj) -> str:
        """Write down, as JSON, what suspending overwrites."""
        ...

    def suspending(self, owner: Obj) -> Operations:
        """Say what puts it to sleep."""
        ...

    def insisting(self, owner: Obj) -> Operations:
        """Say what puts it to sleep where the first way had no effect; none if there is no other.

        An older definition drops fields it does not know without a word.
        """
        ...

    def resumed_by(self, owner: Obj) -> str:
        """Write the command that wakes it again, as it was."""
        ...

    def source(self, owner: Obj) -> str:
        """Say in Markdown what it deploys from."""
        ...

    def note(self, owner: Obj) -> str:
        """Say what else sleeps with it; empty if nothing does."""
        ...

    def busy(self, owner: Obj) -> str:
        """Say in a sentence what it does right now, although it may sleep; empty if nothing."""
        ...


@dataclass(frozen=True)
class Claim:
    """Where an object's metadata says that its owner is. An empty name: it cannot be told."""

    kind: OwnerKind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.title} {self.namespace}/{self.name or '(unknown)'}"


@dataclass(frozen=True)
class Doubt:
    """Why an owner may put things back nevertheless, and what to do about that."""

    sentence: str
    remedy: str
    pointless: bool = False
    """Suspending it would be undone at once."""


@dataclass(frozen=True)
class FoundOwner:
    """An owner as it was found; ``thing`` is None where it could not be read.

    ``resource`` is the API version that it was read in; ``ours``: we may change it.
    """

    claim: Claim
    thing: Obj | None = None
    resource: Resource | None = None
    ours: bool = True
    doubt: Doubt | None = None

    @property
    def asleep(self) -> bool | None:
        """Whether it changes nothing by itself; None where that cannot be told."""
        return None if self.thing is None else self.claim.kind.asleep(self.thing)

    @property
    def to_suspend(self) -> bool:
        """Whether a plan suspends it."""
        pointless = self.doubt is not None and self.doubt.pointless
        return self.asleep is False and self.ours and not pointless

    def owner(self) -> Owner:
        """Describe it for checks."""
        return Owner(
            name=str(self.claim),
            suspended=self.asleep,
            suspended_by_plan=self.to_suspend,
            doubt=self.doubt.sentence if self.doubt else "",
            remedy=self.doubt.remedy if self.doubt else "",
        )


def place(thing: Obj) -> str:
    """Name an object with its namespace."""
    return f"{text(thing, 'metadata', 'namespace')}/{name_of(thing)}"


def without_user(url: str) -> str:
    """Take name and password out of a URL: they may be secrets."""
    return _USER.sub("", url)


def applied_by(thing: Obj, *path: str) -> str:
    """Name who writes a field again whenever it applies the object; empty if nobody does.

    Applying keeps what others set, unless the applied manifest says it itself.
    """
    if path[-1] in part(_last_applied(thing), *path[:-1]):
        return "kubectl"
    for entry in items(thing, "metadata", "managedFields"):
        if text(entry, "operation") != "Apply" or text(entry, "manager") == MANAGER:
            continue
        fields = part(entry, "fieldsV1", *(f"f:{each}" for each in path[:-1]))
        if f"f:{path[-1]}" in fields:
            return text(entry, "manager")
    return ""


def _last_applied(thing: Obj) -> Obj:
    """Read what was applied last by a client that compares by itself."""
    try:
        said = json.loads(annotation(thing, _LAST_APPLIED))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def written_by(thing: Obj, managers: frozenset[str]) -> bool:
    """Tell whether one of these programs wrote the object."""
    entries = items(thing, "metadata", "managedFields")
    return any(text(entry, "manager") in managers for entry in entries)
