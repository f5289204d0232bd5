"""Slots behind one Service: it selects one by a label, and the others differ in that label only.

Used by ``reading``. Pure, but for ``ServiceFront.turned``. Nothing is guessed: where it is not
clear which workloads are slots, people have to say so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api, Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import Marks
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    SERVICES,
    Obj,
    Resource,
    annotation,
    items,
    name_of,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.shadow.making import SHADOW_OF
from smartspec_rollback.providers.platforms.kubernetes.slots.front import ALL
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import (
    by_hand,
    flipping,
    selects,
    served_by,
    turned,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import (
    image_of,
    main_container,
)

SLOT = "smartspec.dev/slot"
"""The annotation by which people say that a workload is a slot (any text), or that it is none."""

_NONE = "none"
_PARTS = frozenset({"component", "process", "role", "tier", "app.kubernetes.io/component"})


@dataclass(frozen=True)
class ServiceFront:
    """A Service whose selector chooses by one key; the choices are that key's values."""

    service: Obj
    key: str

    @property
    def thing(self) -> Obj:
        """The Service."""
        return self.service

    @property
    def resource(self) -> Resource:
        """Services."""
        return SERVICES

    @property
    def _selected(self) -> Mapping[str, Any]:
        return part(self.service, "spec", "selector")

    @property
    def percents(self) -> Mapping[str, int]:
        """All traffic goes to what the selector names."""
        return {str(self._selected.get(self.key)): ALL}

    def moving(self, choice: str, *, marks: Marks | None) -> Operations:
        """Replace the one key."""
        old = str(self._selected.get(self.key))
        return flipping(self.service, self.key, old=old, new=choice, marks=marks)

    def obstacle(self, choice: str) -> str | None:
        """Say that a selector can always be changed."""
        return None

    def labels(self, choice: str) -> str:
        """Spell what the selector would be."""
        wanted = {**self._selected, self.key: choice}
        return ",".join(f"{key}={value}" for key, value in wanted.items())

    def reaches(self, api: Api, choice: str) -> frozenset[str] | None:
        """Say that no EndpointSlice has the pods of another choice before the flip."""
        return None

    def turned(self, api: Api, choice: str, good: frozenset[str], version: str) -> Progress:
        """Compare the EndpointSlices with the ready pods."""
        return turned(served_by(api, name_of(self.service)), good, version)

    def by_hand(self, choice: str, namespace: str) -> str:
        """Spell the patch."""
        return f"`{by_hand(namespace, name_of(self.service), self.key, choice)}`"


def named_like(workload: Obj, name: str) -> bool:
    """Tell whether a workload is called as the settings say, or so with something after it."""
    return name_of(workload) == name or name_of(workload).startswith(f"{name}-")


def candidates(workloads: Iterable[Obj]) -> tuple[Obj, ...]:
    """Leave out prewarmed instances, what is being deleted, and what people said is no slot."""
    return tuple(
        sorted(
            (
                each
                for each in workloads
                if SHADOW_OF not in part(each, "metadata", "labels")
                and "deletionTimestamp" not in part(each, "metadata")
                and annotation(each, SLOT) != _NONE
            ),
            key=name_of,
        )
    )


def chosen_by(
    service: Obj, workloads: Iterable[Obj], *, name: str, container: str | None
) -> tuple[ServiceFront, Mapping[str, Obj]] | None:
    """Find the slots and the key that chooses; None where there is but one workload.

    ProviderError where several workloads get traffic, or could be meant.
    """
    considered = candidates(workloads)
    with_traffic = [each for each in considered if selects(service, pod_labels(each))]
    if len(with_traffic) > 1:
        raise _unclear(service, with_traffic, "it sends traffic to several workloads at once")
    selected = part(service, "spec", "selector")
    like = [each for each in considered if named_like(each, name)]
    found = {
        key: members
        for key in sorted(selected)
        if key not in _PARTS
        and len(members := _differing(service, key, like, with_traffic, container)) > 1
    }
    if not found:
        return None
    if len(found) > 1:
        everyone = {name_of(each): each for members in found.values() for each in members}
        raise _unclear(service, everyone.values(), f"{' and '.join(found)} could choose among them")
    [(key, members)] = found.items()
    slots = {str(pod_labels(each)[key]): each for each in members}
    if len(slots) < len(members):
        raise _unclear(service, members, f"several have the same {key}")
    if with_traffic and with_traffic[0] not in members:
        raise _unclear(service, [*with_traffic, *members], "another one than those has the traffic")
    return ServiceFront(service, key), slots


def _differing(
    service: Obj, key: str, like: list[Obj], with_traffic: list[Obj], container: str | None
) -> list[Obj]:
    """List the workloads that the Service would select if only one key were another."""
    selected = part(service, "spec", "selector")
    others = {other: value for other, value in selected.items() if other != key}
    found = [
        each
        for each in like
        if isinstance(pod_labels(each).get(key), str)
        and all(pod_labels(each).get(other) == value for other, value in others.items())
    ]
    model = next((each for each in found if each in with_traffic), found[0] if found else None)
    if model is None:
        return []
    same = [each for each in found if _said(each) or _program(each, container, model)]
    unlike = [each for each in same if not _said(each) and not _runs_alike(each, container, model)]
    if unlike and others:
        raise _unclear(service, [model, *unlike], "they run the same image in different ways")
    return [each for each in same if each not in unlike]


def _unclear(service: Obj, workloads: Iterable[Obj], why: str) -> ProviderError:
    names = ", ".join(sorted(name_of(each) for each in workloads))
    return ProviderError(
        f"service/{name_of(service)} does not tell {names} apart: {why}",
        where=f"namespace {text(service, 'metadata', 'namespace')}",
        remedy=f"annotate what is no slot with `{SLOT}: {_NONE}` and each slot with `{SLOT}: "
        "NAME`; or let the Service select by a label that only one has; or leave `traffic:` out",
    )


def _said(workload: Obj) -> bool:
    return bool(annotation(workload, SLOT))


def pod_labels(workload: Obj) -> Mapping[str, Any]:
    """List the labels that a workload's pods are made with."""
    return part(workload, "spec", "template", "metadata", "labels")


def _program(workload: Obj, container: str | None, model: Obj) -> bool:
    """Tell whether two workloads run images of one name, wherever those come from."""
    own, other = (
        image_of(part(each, "spec", "template"), container).partition("@")[0]
        for each in (workload, model)
    )
    return _image_name(own) == _image_name(other)


def _image_name(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0]


def _runs_alike(workload: Obj, container: str | None, model: Obj) -> bool:
    return _way(workload, container) == _way(model, container)


def _way(workload: Obj, container: str | None) -> tuple[object, ...]:
    """Describe how the main container runs: a worker has other arguments, or other ports."""
    main = main_container(part(workload, "spec", "template"), container) or {}
    ports = sorted(str(each.get("containerPort")) for each in items(main, "ports"))
    return main.get("command"), main.get("args"), ports
