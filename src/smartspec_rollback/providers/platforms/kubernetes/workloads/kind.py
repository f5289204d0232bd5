"""What a kind of workload must tell and do; ``rolling`` works with any of them."""

from dataclasses import dataclass
from typing import Protocol

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api, Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    Resource,
    number,
    part,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept


@dataclass(frozen=True)
class Hindrance:
    """What keeps a workload from going back by its template alone, and how it is lifted.

    ``operations`` go into the very patch that puts the template back, so that nothing else rolls.
    ``title`` is the step's line without the target, ``undo`` how people take it back, ``lifted``
    says that it is, ``danger`` why a person must decide.
    """

    title: str
    undo: str
    lifted: str
    danger: str
    operations: Operations


@dataclass(frozen=True)
class Holder:
    """The object that keeps the pod template: mostly the workload itself."""

    resource: Resource
    thing: Obj


@dataclass(frozen=True)
class Course:
    """What a workload's own controller says of its releases, where it moves traffic by itself.

    ``live`` is None where it names none. ``shares`` are in per cent, none where they are not known.
    ``incoming`` is the revision it brings in, or has brought in; ``under_way``: it is not done.
    """

    live: Kept | None
    shares: tuple[tuple[Kept, int], ...]
    incoming: Kept | None
    under_way: bool


@dataclass(frozen=True)
class Walk:
    """What a controller would make a new template go through before all traffic is its.

    ``past`` and ``skips`` complete the line of the step that promotes past it.
    """

    past: str
    skips: str


class Kind(Protocol):
    """One kind of workload. Nothing here writes; ``workload`` is the object as it was read."""

    resource: Resource
    kept_in: Resource
    """The kind of object that remembers revisions."""
    hash_label: str
    """The label that tells the pods of revisions apart."""

    undone_by: str
    """The command by which people put an earlier template back."""

    def holder(self, api: Api, workload: Obj) -> Holder:
        """Give the object that keeps the pod template; ProviderError where it is gone."""
        ...

    def template(self, held: Obj, workload: Obj, known: tuple[Kept, ...]) -> Obj:
        """Give the template that ``held`` keeps, spelled as its revision spells it."""
        ...

    def course(self, workload: Obj, known: tuple[Kept, ...]) -> Course | None:
        """Tell what its own controller says; None where pods alone tell."""
        ...

    def walk(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Walk | None:
        """Say what ``target`` would be walked through unless it is promoted; None if nothing."""
        ...

    def took_up(self, workload: Obj, target: Kept | None) -> bool:
        """Tell whether its controller knows that ``target`` is wanted."""
        ...

    def lingers(self, workload: Obj) -> float:
        """Tell for how many seconds its controller keeps old pods that get no traffic."""
        ...

    def undefined(self, api: Api) -> str:
        """Name what must be installed for there to be any of this kind; empty if it is there."""
        ...

    def revisions(self, api: Api, workload: Obj, *, container: str | None) -> tuple[Kept, ...]:
        """Read the workload's own revisions, the one that was live last first."""
        ...

    def wanted(self, workload: Obj) -> int:
        """Tell how many pods are wanted."""
        ...

    def observed(self, workload: Obj) -> bool:
        """Tell whether its controller has seen the newest specification."""
        ...

    def paused(self, workload: Obj) -> bool:
        """Tell whether a new template would stand there without being rolled out."""
        ...

    def hindrance(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Hindrance | None:
        """Say what would keep ``target`` from being rolled out everywhere; None if nothing does."""
        ...

    def hindered(self, workload: Obj) -> bool:
        """Tell whether something of what ``hindrance`` lifts is there (again)."""
        ...

    def replaces_by_itself(self, workload: Obj) -> bool:
        """Tell whether the controller ends pods of another template by itself."""
        ...

    def waits_for_broken_pods(self, workload: Obj) -> bool:
        """Tell whether a pod that is not ready keeps the controller from replacing others."""
        ...

    def unavailable(self, workload: Obj) -> int:
        """Tell how many instances a rolling update may end before it makes new ones."""
        ...

    def progress_mark(self, workload: Obj) -> str:
        """Identify the workload's condition now, to know a failure that was there before."""
        ...

    def started(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how many of the wanted pods of the target are available."""
        ...

    def converged(self, workload: Obj, target: Kept | None, *, before: str) -> Progress:
        """Say how far the whole rollout is, as ``kubectl rollout status`` does."""
        ...


class OwnTemplate:
    """What is alike for all kinds whose template is their own, and whose pods tell everything."""

    resource: Resource
    undone_by = "kubectl rollout undo"

    def holder(self, api: Api, workload: Obj) -> Holder:
        """Give the workload itself."""
        return Holder(self.resource, workload)

    def template(self, held: Obj, workload: Obj, known: tuple[Kept, ...]) -> Obj:
        """Give its template as it stands."""
        return part(held, "spec", "template")

    def course(self, workload: Obj, known: tuple[Kept, ...]) -> Course | None:
        """Leave it to the pods."""
        return None

    def walk(self, workload: Obj, known: tuple[Kept, ...], target: Kept) -> Walk | None:
        """Tell that nothing is walked through."""
        return None

    def observed(self, workload: Obj) -> bool:
        """Tell whether the controller has seen the newest specification."""
        seen = number(workload, "status", "observedGeneration")
        return seen >= number(workload, "metadata", "generation")

    def took_up(self, workload: Obj, target: Kept | None) -> bool:
        """Tell whether the controller has seen the newest specification."""
        return self.observed(workload)

    def lingers(self, workload: Obj) -> float:
        """Tell that old pods go at once."""
        return 0.0

    def undefined(self, api: Api) -> str:
        """Tell that every cluster has it."""
        return ""
