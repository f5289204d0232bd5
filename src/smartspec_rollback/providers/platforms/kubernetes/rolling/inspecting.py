"""Telling whether a release could be run again now.

Called by ``layouts`` and ``slots``. What it cannot learn is None, never a guess.
"""

from collections.abc import Callable

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Inspection
from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.captures.recall import Recalled
from smartspec_rollback.providers.platforms.kubernetes.captures.restoring import Restoration
from smartspec_rollback.providers.platforms.kubernetes.captures.steps import compared
from smartspec_rollback.providers.platforms.kubernetes.configuration import Found, Reference
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONFIG_MAPS,
    SECRETS,
    Obj,
    uid_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling import capacity, looking
from smartspec_rollback.providers.platforms.kubernetes.rolling.images import looked_up
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept, matching

_BESIDE = "whether there is room beside what runs is not known"


Quotas = Callable[[], tuple[Obj, ...] | None]
"""Reads the namespace's quotas; None where they may not be read."""


def inspection(site: Site, state: State, release: Release, quotas: Quotas) -> Inspection:
    """Look for a release among what the cluster remembers, and at what its pods would need."""
    found = matching(state.startable, release)
    if found:
        in_place = site.settings.traffic_service is None
        room = capacity.startable(state, found[0], quotas()) if in_place else None
        return inspected(site, state, found[0], release, running=state.live, room=room)
    namesakes = [each for each in state.known if each.release.version == release.version]
    count = state.kind.wanted(state.workload)
    detail = f"no {state.kind.kept_in.kind} of {site.settings.workload} runs {release.version}"
    if namesakes:
        detail = f"{namesakes[0].id} is called {release.version} too, but its template differs"
    return Inspection(
        artifact=namesakes[0].id if namesakes else None,
        artifact_present=bool(namesakes),
        artifact_unchanged=False if namesakes else None,
        missing_configuration=None,
        missing_secrets=None,
        startable=None,
        wanted=count,
        detail=detail,
    )


def inspected(
    site: Site,
    state: State,
    kept: Kept,
    release: Release,
    *,
    running: Kept | None,
    room: capacity.Room | None,
) -> Inspection:
    """Look at what the pods of a revision would need, and at whether that is as it was.

    ``state`` is of the workload it will run in, ``running`` is what has the traffic. Without
    ``room`` whether there is any stays unknown: it is started beside what runs.
    """
    needed = configuration.references(kept.template)
    now = state.found_for(site, needed)
    recalled = state.recall.of(kept, release)
    weighed = None if recalled is None else compared(site, state, kept, recalled)
    found = now if weighed is None or weighed.differing else weighed.foreseen(now)
    seen = looked_up(
        kept.template,
        running.template if running is not None else {},
        now,
        recalled.document if recalled is not None else None,
        site.registries if site.settings.ask_registry else None,
    )
    startable, room_told = room or (None, _BESIDE)
    told = (*seen.details, _rests_on(state, kept, recalled), room_told, kept.id)
    if weighed is None:
        unchanged = _unchanged(state, kept, release, needed, found)
        differing = () if unchanged else configuration.written_since(needed, found, kept.source)
    else:
        unchanged, differing = weighed.complete, (*weighed.differing, *weighed.untold)
    return Inspection(
        artifact=kept.release.artifact,
        artifact_present=seen.present,
        artifact_unchanged=seen.unchanged if release.artifact_digest is not None else None,
        missing_configuration=configuration.missing(needed, found, CONFIG_MAPS),
        missing_secrets=configuration.missing(needed, found, SECRETS),
        startable=startable,
        wanted=state.kind.wanted(state.workload),
        detail="; ".join(told),
        configuration_unchanged=unchanged,
        restores=_restored(weighed),
        differing=differing,
    )


def _restored(weighed: Restoration | None) -> tuple[str, ...]:
    """Name what the plan puts back; nothing where it would not come back whole."""
    return () if weighed is None or weighed.differing else tuple(map(str, weighed.back))


def _rests_on(state: State, kept: Kept, recalled: Recalled | None) -> str:
    """Say what is behind the answer: a capture, or only what the cluster remembers by itself."""
    if recalled is None:
        kind = state.kind.kept_in.kind
        return f"never captured: only the cluster's {kind} speaks for it, which is weaker"
    capture = recalled.capture
    lost = "" if kept in state.known else ", and the cluster no longer remembers it"
    return f"captured with {capture.deployment_id} at {capture.at:%Y-%m-%d %H:%M:%S} UTC{lost}"


def _unchanged(
    state: State, kept: Kept, release: Release, needed: tuple[Reference, ...], found: Found
) -> bool | None:
    """Compare with what was recorded; without a record, ask when the content last changed."""
    if not needed:
        return release.configuration_digest in (None, _digest(state, needed, found))
    if release.configuration_digest is not None:
        now = _digest(state, needed, found)
        return None if now is None else now == release.configuration_digest
    return configuration.unchanged(needed, found, since=kept.source)


def _digest(state: State, needed: tuple[Reference, ...], found: Found) -> str | None:
    uid = uid_of(state.workload)
    return configuration.configuration_digest(needed, found, key=uid)


def known_release(state: State, version: str) -> Release | None:
    """Find the newest release of a version, its configuration included where that is known."""
    for each in state.startable:
        if each.release.version == version:
            release = looking.release_in(state, each)
            recalled = state.recall.of(each, release)
            return release if recalled is None else recalled.capture.release
    return None


def versions(state: State) -> tuple[str, ...]:
    """Name the versions the cluster remembers, the one that was live last first."""
    return tuple(dict.fromkeys(each.release.version for each in state.startable))
