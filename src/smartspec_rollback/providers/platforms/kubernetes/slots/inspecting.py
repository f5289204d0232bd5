"""Telling which releases the slots could bring back, and whether one could be run again now."""

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Inspection
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.rolling import inspecting
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Family
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


def inspection(site: Site, family: Family, release: Release) -> Inspection:
    """Look for a release in the slots, and at what its pods would need."""
    found = family.matching(release)
    if found:
        return inspecting.inspected(site, found[0].slot.state, found[0].kept, release)
    namesakes = [c for c in family.choices if c.kept.release.version == release.version]
    return Inspection(
        artifact=namesakes[0].kept.id if namesakes else None,
        artifact_present=bool(namesakes),
        artifact_unchanged=False if namesakes else None,
        missing_configuration=None,
        missing_secrets=None,
        startable=None,
        wanted=family.live.wanted if family.live is not None else None,
        detail=_absent(family, release, namesakes[0].kept.id if namesakes else None),
    )


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
