"""What a kind of workload must tell and do; ``rolling`` works with any of them."""

from dataclasses import dataclass
from typing import Protocol

from smartspec_rollback.domain.step import Progress
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api, Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, Resource
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


class Kind(Protocol):
    """One kind of workload. Nothing here writes; ``workload`` is the object as it was read."""

    resource: Resource
    kept_in: Resource
    """The kind of object that remembers revisions."""
    hash_label: str
    """The label that tells the pods of revisions apart."""

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
