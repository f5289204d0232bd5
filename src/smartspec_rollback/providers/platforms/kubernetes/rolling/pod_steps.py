"""The steps about single instances, where the cluster does not replace them by itself: as data.

A StatefulSet whose pods are made in order waits for a broken one for ever, whatever its template
says; with the strategy OnDelete nothing is replaced at all. Called by ``steps``; ``pods`` sends
what is listed here, and goes by ``next_to_go``. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from smartspec_rollback.domain.step import Repeat, Step
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, name_of
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.workloads.controller_revisions import (
    hash_of,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.pods import is_ending, is_ready

DELETE_STUCK = "delete-stuck-instances"
REPLACE = "replace-instances"

_DELETE_SECONDS = 60.0
_SHOWN = 5


def listed(
    site: Site, state: State, target: Kept, start: Step, *, grace: float
) -> tuple[Step, ...]:
    """List what must be done about instances once the template is back; nothing mostly.

    ``start`` is the step that waits for all instances, ``grace`` how long one may take to end.
    """
    kind, workload = state.kind, state.workload
    if not kind.replaces_by_itself(workload):
        return (_replace(site, state, target, start, grace),)
    stuck = _stuck(state, target)
    if not stuck or not kind.waits_for_broken_pods(workload):
        return ()
    return (_delete(stuck, start, grace),)


def _stuck(state: State, target: Kept) -> tuple[tuple[str, str], ...]:
    """List name and version of the instances that are broken and not the target's."""
    return tuple(
        (name, each.release.version)
        for each in state.known
        if each.pod_hash != target.pod_hash
        for name in each.pods.broken
    )


def _delete(stuck: tuple[tuple[str, str], ...], start: Step, grace: float) -> Step:
    names = [name for name, _ in stuck]
    versions = " and ".join(f"`{each}`" for each in dict.fromkeys(v for _, v in stuck))
    noun = "instance" if len(names) == 1 else "instances"
    return Step(
        id=DELETE_STUCK,
        kind=DELETE_STUCK,
        title=f"Delete the stuck {noun} {_named(names)} of {versions}, "
        "which the cluster waits for.",
        target=start.target,
        parameters=(*start.parameters, *parameters(instances=",".join(names))),
        expected=parameters(stuck=0),
        undo="Nothing to undo: the cluster makes them anew, of the template that is in place.",
        repeat=Repeat.IDEMPOTENT,
        timeout=_DELETE_SECONDS + grace,
        moves_traffic=True,
    )


def _replace(site: Site, state: State, target: Kept, start: Step, grace: float) -> Step:
    others = [k for k in state.known if k.in_use and k.pod_hash != target.pod_hash]
    versions = list(dict.fromkeys(each.release.version for each in others))
    of = " and ".join(f"`{each}`" for each in versions[:_SHOWN]) or "any other version"
    return Step(
        id=REPLACE,
        kind=REPLACE,
        title=f"Replace the instances of {of} one by one: `{site.settings.workload}` replaces "
        "none by itself (OnDelete).",
        target=start.target,
        parameters=start.parameters,
        expected=parameters(version=start.parameter("version"), instances="all"),
        undo=f"{start.undo.rstrip('.')}; then delete the instances one by one.",
        repeat=Repeat.IDEMPOTENT,
        timeout=site.settings.ready_within + state.kind.wanted(state.workload) * grace,
        moves_traffic=True,
    )


def _named(names: Sequence[str]) -> str:
    shown = [f"`{each}`" for each in names[:_SHOWN]]
    if len(names) > _SHOWN:
        return f"{', '.join(shown)} and {len(names) - _SHOWN} more"
    *first, last = shown
    return f"{', '.join(first)} and {last}" if first else last


def stuck_pods(pods: Sequence[Obj], target_hash: str) -> tuple[Obj, ...]:
    """List the pods that are not ready, not the target's, and not being ended already."""
    return tuple(
        each
        for each in pods
        if hash_of(each) != target_hash and not is_ready(each) and not is_ending(each)
    )


@dataclass(frozen=True)
class Turn:
    """Whose turn it is to be replaced: nobody's while ``waits_for`` says why, or all are.

    ``left`` are those that are not the target's yet, those being ended included.
    """

    pod: Obj | None
    left: int
    waits_for: str = ""


def next_to_go(pods: Sequence[Obj], target_hash: str, *, wanted: int) -> Turn:
    """Decide which pod may go now: broken ones first, then one that works at a time.

    A working one goes only while all others are there and those of the target work. Broken ones
    go from the first up, since a StatefulSet makes none while an earlier one is broken; working
    ones from the last down, as its controller would.
    """
    ours = [each for each in pods if hash_of(each) == target_hash]
    others = [each for each in pods if hash_of(each) != target_hash]
    stay = [each for each in others if not is_ending(each)]
    left = len(others)
    if not stay:
        return Turn(None, left, "the last ones end" if left else "")
    ending = sum(map(is_ending, pods))
    unready = [each for each in ours if not is_ready(each) and not is_ending(each)]
    if ending or unready:
        what = f"`{name_of(unready[0])}` is not ready yet" if unready else "one is being ended"
        return Turn(None, left, what)
    if broken := stuck_pods(stay, target_hash):
        return Turn(min(broken, key=_order), left)
    if len(pods) < wanted:
        return Turn(None, left, f"{wanted - len(pods)} of {wanted} are not there")
    return Turn(max(stay, key=_order), left)


def _order(pod: Obj) -> tuple[int, str]:
    """Order pods of a StatefulSet by their number, all others by their name."""
    said = name_of(pod).rpartition("-")[2]
    return (int(said) if said.isascii() and said.isdigit() else 0, name_of(pod))
