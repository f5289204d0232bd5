"""Telling which releases the slots could bring back, and whether one could be run again now."""

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Inspection
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.rolling import inspecting
from smartspec_rollback.providers.platforms.kubernetes.rolling.capacity import Room, room_of
from smartspec_rollback.providers.platforms.kubernetes.rolling.inspecting import Quotas
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Choice, Family
from smartspec_rollback.providers.platforms.kubernetes.slots.looking import release_in


def known_release(family: Family, version: str) -> Release | None:
    """Find a release of a version: the live one, else what takes the least time to bring back."""
    for each in family.startable:
        if each.kept.release.version == version:
            release = release_in(family, each)
            recalled = each.slot.state.recall.of(each.kept, release)
            return release if recalled is None else recalled.capture.release
    return None


def versions(family: Family) -> tuple[str, ...]:
    """Name the versions, the live one first."""
    return tuple(dict.fromkeys(each.kept.release.version for each in family.startable))


def inspection(site: Site, family: Family, release: Release, quotas: Quotas) -> Inspection:
    """Look for a release in the slots, and at what its pods would need."""
    found = family.matching(release)
    if found:
        wanted = family.load if family.live is not None else None
        room = _room(found[0], wanted, quotas)
        running = family.live.shown if family.live is not None else None
        said = inspecting.inspected(
            site, found[0].slot.state, found[0].kept, release, running=running, room=room
        )
        return replace(said, wanted=wanted)
    namesakes = [c for c in family.choices if c.kept.release.version == release.version]
    return Inspection(
        artifact=namesakes[0].kept.id if namesakes else None,
        artifact_present=bool(namesakes),
        artifact_unchanged=False if namesakes else None,
        missing_configuration=None,
        missing_secrets=None,
        startable=None,
        wanted=family.load if family.live is not None else None,
        detail=_absent(family, release, namesakes[0].kept.id if namesakes else None),
    )


def _room(choice: Choice, wanted: int | None, quotas: Quotas) -> Room | None:
    """Tell how many instances could be ready: those that are, else as many as a quota leaves.

    None where a quota leaves enough, or says nothing: whether the nodes have room is not known.
    """
    ready = choice.kept.pods.ready if choice.stands else 0
    if wanted is None:
        return None
    if ready >= wanted:
        return ready, "as many instances as are needed are ready"
    limits = quotas()
    room = room_of(limits) if limits is not None else None
    if room is None:
        return None
    there = room + sum(max(0, each.pods.running) for each in choice.slot.state.known)
    return (there, f"a quota leaves room for {there} instances") if there < wanted else None


def _absent(family: Family, release: Release, namesake: str | None) -> str:
    if namesake is not None:
        return f"{namesake} is called {release.version} too, but its template differs"
    live = family.live
    ran = live.state.known if live is not None else ()
    if live is not None and any(each.release.version == release.version for each in ran):
        return (
            f"{release.version} ran only in {live.name}, which has the traffic: what has traffic "
            "is not rolled where workloads stand side by side"
        )
    names = ", ".join(each.name for each in family.slots)
    return f"none of {names} has run {release.version}, as far as the cluster remembers"
