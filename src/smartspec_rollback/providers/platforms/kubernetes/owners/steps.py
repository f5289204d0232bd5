"""Suspending owners: the first steps of a plan, as data, and how they are sent and looked at.

The steps are listed for ``platform``, ``acting`` runs them. An owner is written only in the very
state that was read, with our annotation in the same patch: it says by which operation, and what
stood there before. Neither traffic nor anything of the workload changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.step import Progress, Repeat, Step
from smartspec_rollback.domain.values import Parameter, canonical, parameters
from smartspec_rollback.errors import NotDone
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Action,
    Looked,
    ProductionChanged,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    Resource,
    annotation,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.owners import argo_cd, flux
from smartspec_rollback.providers.platforms.kubernetes.owners.owner import (
    FoundOwner,
    OwnerKind,
    place,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import Site

SUSPEND = "suspend-owner"

_SECONDS = 60.0
_KINDS: tuple[OwnerKind, ...] = (argo_cd.APPLICATION, flux.HELM_RELEASE, flux.KUSTOMIZATION)


def listed(seen: Snapshot, found: tuple[FoundOwner, ...], *, to: Release) -> tuple[Step, ...]:
    """List a step for each owner that is to sleep, in their order."""
    return tuple(
        _step(seen, each, each.thing, each.resource, to=to)
        for each in found
        if each.to_suspend and each.thing is not None and each.resource is not None
    )


def _step(
    seen: Snapshot, found: FoundOwner, thing: Obj, resource: Resource, *, to: Release
) -> Step:
    kind, where = found.claim.kind, place(thing)
    live = seen.live.release.version if seen.live else "the bad version"
    wakes = f"`{kind.resumed_by(thing)}`"
    return Step(
        id=f"suspend-{resource.kind.lower()}-{where.replace('/', '-')}",
        kind=SUSPEND,
        title=f"Suspend the {kind.title} `{where}`, which would put `{live}` back.",
        target=seen.target,
        parameters=parameters(
            kind=resource.kind,
            api_version=resource.version,
            namespace=found.claim.namespace,
            name=found.claim.name,
            uid=uid_of(thing),
            stood=kind.stood(thing),
        ),
        expected=parameters(owner=str(found.claim), suspended="yes"),
        undo=f"{wakes}.",
        repeat=Repeat.IDEMPOTENT,
        timeout=_SECONDS,
        afterwards=(
            f"The {kind.title} `{where}` stays suspended. First merge what makes it deploy "
            f"`{to.version}`, not `{live}`, into what it deploys from: {kind.source(thing)}; "
            f"then wake it: {wakes}. {kind.note(thing)}"
        ).strip(),
    )


@dataclass(frozen=True)
class Suspending:
    """The step that puts one owner to sleep."""

    def send(self, sending: Sending, /) -> None:
        """Suspend it, unless it sleeps already or is gone.

        Where the first way has no effect, for the server dropped it, the second one follows.
        """
        site, step = sending.site, sending.step
        kind, resource = _of(step)
        owner = _read(site, step, resource)
        if owner is None or kind.asleep(owner):
            return
        if uid_of(owner) != step.parameter("uid"):
            raise ProductionChanged(f"{place(owner)} was made anew; nothing was done")
        if sending.standing() != sending.fence.fingerprint:
            raise ProductionChanged("production changed; nothing was done", where=site.where)
        for operations in filter(None, (kind.suspending(owner), kind.insisting(owner))):
            owner = site.api.patch(
                resource,
                step.parameter("name"),
                _guarded(owner, step, sending.fence.operation, operations),
                deadline=sending.deadline,
                namespace=step.parameter("namespace"),
            )
            if kind.asleep(owner):
                return

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe whether it sleeps."""
        kind, resource = _of(step)
        return Looked(_progress(kind, _read(site, step, resource), step))


ACTIONS: Mapping[str, Action] = {SUSPEND: Suspending()}
"""By the kind of step."""


def _progress(kind: OwnerKind, owner: Obj | None, step: Step) -> Progress:
    if owner is None:
        return Progress.done("it is gone")
    if kind.asleep(owner):
        return Progress.done(f"{place(owner)} is suspended")
    if annotation(owner, MARK) and uid_of(owner) == step.parameter("uid"):
        detail = f"{place(owner)} is not suspended; somebody may have woken it again"
        return Progress.pending(detail)
    return Progress.pending(f"{place(owner)} is not suspended yet")


def _of(step: Step) -> tuple[OwnerKind, Resource]:
    """Find the kind and API version that a step names; NotDone where we have none such."""
    for kind in _KINDS:
        for resource in kind.resources:
            named = (resource.kind, resource.version)
            if named == (step.parameter("kind"), step.parameter("api_version")):
                return kind, resource
    raise NotDone(f"{step.parameter('kind')} is no kind that can be suspended")


def _read(site: Site, step: Step, resource: Resource) -> Obj | None:
    return site.api.get(resource, step.parameter("name"), namespace=step.parameter("namespace"))


def _guarded(owner: Obj, step: Step, operation: str, operations: Operations) -> Operations:
    """Add the tests that hold a patch to the very state that was read, and our annotation."""
    said = (
        Parameter(name="operation", value=operation),
        Parameter(name="stood", value=step.parameter("stood")),
    )
    mark = canonical(said).decode()
    return (*unmoved(owner), *annotating(owner, {MARK: mark}), *operations)
