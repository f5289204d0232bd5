"""The steps that put a captured release's configuration back: one for each ConfigMap.

They come before anything of the workload moves. Each is one write behind the object's uid and
resource version, and leaves a Snapshot that the plan foresaw: all of the content was known. Our
annotation goes out in the same write, so that a process that died finds what it did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.step import Progress, Repeat, Step
from smartspec_rollback.domain.values import canonical, digest, parameter, parameters
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.action import (
    Action,
    Looked,
    ProductionChanged,
    Sending,
)
from smartspec_rollback.providers.platforms.kubernetes.captures.recall import Recall, Recalled
from smartspec_rollback.providers.platforms.kubernetes.captures.restoring import (
    Back,
    Restoration,
    content_digest,
    contents,
    restoration,
    wanted_digest,
)
from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import AlreadyThere
from smartspec_rollback.providers.platforms.kubernetes.marks import MARK
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONFIG_MAPS,
    Obj,
    annotation,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.patching import annotating, unmoved
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept

RESTORE = "restore-configuration"

CAPTURE = "capture"
"""The parameter of steps that names the capture whose configuration must be there by then."""

NEEDS = "needs"
"""The parameter of steps that identifies the configuration to start with, where they have one."""

_SECONDS = 30.0


def compared(site: Site, state: State, target: Kept, recalled: Recalled) -> Restoration:
    """Compare what a capture says of its configuration with what is there."""
    needed = configuration.references(target.template)
    found = state.found_for(site, needed)
    return restoration(recalled.document, needed, found, key=state.recall.key())


def before(
    site: Site,
    seen: Snapshot,
    live: State,
    chosen: tuple[State, Kept],
    others: tuple[Step, ...],
    *,
    to: Release,
) -> tuple[Step, ...]:
    """Put first what puts back what was captured; no other starts anything before that is done.

    ``live`` is what has the traffic, ``chosen`` the revision to start and where that will run. The
    server is asked to judge each patch without doing it, so that it is refused now.
    """
    state, target = chosen
    recalled = state.recall.of(target, to)
    found = compared(site, state, target, recalled) if recalled is not None else Restoration()
    if recalled is None or found.differing or not found.back:
        return others  # what would not come back whole is refused by the check
    made = []
    for number, each in enumerate(found.back, start=1):
        if each.there is not None:
            site.api.tried(CONFIG_MAPS, each.reference.name, _patch(each.there, each))
        after = configuration.fingerprint(
            live.needed, found.foreseen(live.found, steps=number), key=uid_of(live.workload)
        )
        leaves = replace(seen, configuration=after).fingerprint
        made.append(_step(site, state, recalled, each, number, leaves=leaves))
    foreseen = needs_of(site, state, target, found)
    behind = (_resting_on(each, recalled, needs=foreseen) for each in others)
    return (*made, *behind)


def needs_of(site: Site, state: State, target: Kept, found: Restoration) -> str:
    """Identify the configuration that a revision will run with once all is back."""
    needed = configuration.references(target.template)
    there = found.foreseen(state.found_for(site, needed))
    return digest(configuration.fingerprint(needed, there, key=uid_of(state.workload)))


def _resting_on(step: Step, recalled: Recalled, *, needs: str) -> Step:
    """Have a step wait for the capture's configuration, and expect it as it will be."""
    kept = [each for each in step.parameters if each.name != NEEDS]
    more = parameters(
        capture=recalled.capture.digest, needs=needs if len(kept) < len(step.parameters) else None
    )
    return replace(step, parameters=(*kept, *more))


def must_be_back(site: Site, state: State, target: Kept, step: Step) -> None:
    """Raise NotDone while the configuration that a step rests on is not there."""
    wanted = parameter(step.parameters, CAPTURE, "")
    if not wanted:
        return
    recalled = _recalled(state.recall, wanted)
    found = compared(site, state, target, recalled) if recalled is not None else None
    if found is None or found.back or found.differing:
        version = step.parameter("version")
        raise NotDone(
            f"the configuration of {version} is not back; nothing was done", where=site.where
        )


def _step(
    site: Site,
    state: State,
    recalled: Recalled,
    back: Back,
    number: int,
    *,
    leaves: str,
) -> Step:
    name, version = back.reference.name, recalled.capture.release.version
    return Step(
        id=RESTORE if number == 1 else f"{RESTORE}-{number}",
        kind=RESTORE,
        title=f"Put the configuration of `{version}` back: {back}.",
        target=site.target,
        parameters=parameters(
            name=name,
            version=version,
            capture=recalled.capture.digest,
            was=content_digest(back.there),
            content=wanted_digest(back.content),
            marked=_standing(back.there),
        ),
        expected=parameters(name=name, content=wanted_digest(back.content)),
        undo=_undo(state, back),
        repeat=Repeat.IDEMPOTENT,
        timeout=_SECONDS,
        leaves=leaves,
    )


def _undo(state: State, back: Back) -> str:
    name = back.reference.name
    if back.there is None:
        return f"Delete it again: `kubectl delete configmap {name}`."
    now = content_digest(back.there)
    for each in state.recall.all:
        content = each.document.map_of(name)
        if content is not None and wanted_digest(content) == now:
            holder = each.capture.deployment_id
            return f"Deploy `{each.capture.release.version}` again; `{holder}` has it captured."
    return (
        f"No undo: what `{name}` holds now was never captured; `kubectl get configmap {name} "
        "--output yaml` shows it before."
    )


@dataclass(frozen=True)
class Restoring:
    """Putting one ConfigMap back."""

    def send(self, sending: Sending, /) -> None:
        """Write the captured content, unless this very operation did."""
        site, step = sending.site, sending.step
        operation, wanted = sending.fence.operation, step.parameter("content")
        name = step.parameter("name")
        there = site.api.get(CONFIG_MAPS, name)
        mark = _mark(operation, wanted)
        if there is not None and annotation(there, MARK) == mark:
            if content_digest(there) == wanted:
                return
            raise ProductionChanged("somebody changed it again; nothing was done", where=name)
        if sending.standing() != sending.fence.fingerprint:
            raise ProductionChanged("production changed; nothing was done", where=site.where)
        if content_digest(there) != step.parameter("was"):
            raise ProductionChanged("what it holds changed; nothing was done", where=name)
        back = self._back(site, step, there)
        if there is not None:
            operations = _patch(there, back, mark=mark)
            site.api.patch(CONFIG_MAPS, name, operations, deadline=sending.deadline)
            return
        try:
            site.api.create(CONFIG_MAPS, _made(back, mark), deadline=sending.deadline)
        except AlreadyThere as error:
            raise FenceConflict(
                "somebody made it meanwhile; nothing was done", where=name
            ) from error

    def _back(self, site: Site, step: Step, there: Obj | None) -> Back:
        recalled = _recalled(site.recall, step.parameter(CAPTURE))
        content = recalled.document.map_of(step.parameter("name")) if recalled else None
        if content is None or wanted_digest(content) != step.parameter("content"):
            raise NotDone("the ledger no longer has what was captured", where=site.where)
        reference = configuration.Reference(CONFIG_MAPS, content.name)
        return Back(reference, content, there, ())

    def look(self, site: Site, step: Step, /) -> Looked:
        """See whether it holds what was captured."""
        there = site.api.get(CONFIG_MAPS, step.parameter("name"))
        if content_digest(there) == step.parameter("content"):
            detail = f"{step.parameter('name')} holds what {step.parameter('version')} ran with"
            return Looked(Progress.done(detail))
        marked = _standing(there)
        if there is not None and annotation(there, MARK) and marked != step.parameter("marked"):
            detail = "somebody else changed it meanwhile"
            return Looked(Progress.failed(detail))
        return Looked(Progress.pending("not sent yet"))


ACTIONS: Mapping[str, Action] = {RESTORE: Restoring()}
"""By the kind of step."""


def _recalled(recall: Recall, capture: str) -> Recalled | None:
    return next((each for each in recall.all if each.capture.digest == capture), None)


def _standing(there: Obj | None) -> str:
    return digest(annotation(there, MARK)) if there is not None else ""


def _mark(operation: str, wanted: str) -> str:
    return canonical({"operation": operation, "to": wanted}).decode()


def _patch(there: Obj, back: Back, *, mark: str | None = None) -> Operations:
    """Replace the content, and nothing else; with a mark only in the very state that was read."""
    held = contents(back.content)
    operations: list[Mapping[str, Any]] = [*unmoved(there, exact=mark is not None)]
    for name in ("data", "binaryData"):
        if name in held:
            operations.append({"op": "add", "path": f"/{name}", "value": held[name]})
        elif name in there:
            operations.append({"op": "remove", "path": f"/{name}"})
    if mark is not None:
        operations += annotating(there, {MARK: mark})
    return operations


def _made(back: Back, mark: str) -> Obj:
    """Make a deleted ConfigMap again."""
    content = back.content
    labels = {each.name: each.value for each in content.labels}
    return {
        "apiVersion": CONFIG_MAPS.api_version,
        "kind": CONFIG_MAPS.kind,
        "metadata": {
            "name": content.name,
            "annotations": {MARK: mark},
            **({"labels": labels} if labels else {}),
        },
        **contents(content),
        **({"immutable": True} if content.immutable else {}),
    }
