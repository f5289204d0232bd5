"""Find deployments and releases by what the ledger and the platforms remember of them."""

from collections.abc import Callable, Iterable

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.release import Release, same_release
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError, SmartSpecError, UnknownName, UsageError
from smartspec_rollback.ports.platform import InspectsReleases, Platform
from smartspec_rollback.ports.store import Store

RECORDED_BY_PLATFORM = "platform"


def locate(
    deployment_id: str,
    *,
    store: Store,
    targets: Iterable[Target],
    platform_of: Callable[[Target], Platform],
) -> Deployment:
    """Find a deployment by id.

    The ledger knows most; an id that only a platform knows (its own revision id, or the
    deployment id it was told) works without any record. UnknownName names the nearest ids and the
    platforms that could not be asked.
    """
    if known := store.deployment(deployment_id):
        return known.deployment
    seen: list[str] = []
    unreachable: list[str] = []
    for target in targets:
        try:
            snapshot = platform_of(target).observe(target)
        except ProviderError as error:
            unreachable.append(f"{target} could not be asked: {error.what}")
            continue
        if found := deployment_in(snapshot, deployment_id):
            return found
        seen += [r.deployment_id or r.id for r in snapshot.history]
    alike = dict.fromkeys(
        (*store.similar_ids(deployment_id, limit=3), *nearest(deployment_id, seen))
    )
    unknown = UnknownName(
        "deployment",
        deployment_id,
        nearest=tuple(alike)[:3],
        remedy="`smartspec deployment list` shows what is recorded",
    )
    unknown.details = tuple(unreachable)
    raise unknown


def located(
    deployment_ids: Iterable[str],
    *,
    store: Store,
    histories: Callable[[], Iterable[Snapshot]],
) -> tuple[Deployment, ...]:
    """Find several deployments at once; the platforms are asked only for what nobody recorded.

    UnknownName for the first that is found nowhere; UsageError where two are of one Target.
    """
    found: dict[Target, Deployment] = {}
    seen: tuple[Snapshot, ...] | None = None
    for deployment_id in dict.fromkeys(deployment_ids):
        entry = store.deployment(deployment_id)
        one = entry.deployment if entry else None
        if one is None:
            seen = tuple(histories()) if seen is None else seen
            among = (deployment_in(snapshot, deployment_id) for snapshot in seen)
            one = next((each for each in among if each is not None), None)
        if one is None:
            raise UnknownName(
                "deployment",
                deployment_id,
                nearest=tuple(store.similar_ids(deployment_id, limit=3)),
                remedy="`smartspec deployment list` shows what is recorded; nothing was done",
            )
        if (other := found.get(one.target)) is not None:
            raise UsageError(
                f"{other.id} and {one.id} are both of {one.target}; one rollback at a time there",
                remedy="name the one that is live; nothing was done",
            )
        found[one.target] = one
    return tuple(found.values())


def deployment_in(snapshot: Snapshot, deployment_id: str) -> Deployment | None:
    """Find a deployment in what the platform itself remembers."""
    for revision in snapshot.history:
        if deployment_id in (revision.deployment_id, revision.id):
            return Deployment(
                id=deployment_id,
                target=snapshot.target,
                release=revision.release,
                at=revision.deployed_at or snapshot.at,
                revision=revision.id,
                recorded_by=RECORDED_BY_PLATFORM,
            )
    return None


def enriched(
    release: Release, target: Target, *, platform: Platform, live: bool = False
) -> Release:
    """Add the digests a platform knows of a release that was recorded without them.

    ``live``: it just went live, so what is live under its version is meant. The release as it is
    where the platform cannot tell, fails, or means another artifact.
    """
    if release.artifact_digest is not None:
        return release
    try:
        found = _live(target, release.version, platform) if live else None
        if found is None and isinstance(platform, InspectsReleases):
            found = platform.find(target, release.version)
    except SmartSpecError:  # a record with fewer digests is better than none
        return release
    if found is None or release.artifact not in (release.version, found.artifact):
        return release
    return found


def _live(target: Target, version: str, platform: Platform) -> Release | None:
    live = platform.observe(target).live
    return live.release if live is not None and live.release.version == version else None


def why_not_live(deployment: Deployment, seen: Snapshot) -> str | None:
    """Say what is live instead of a deployment; None if it is live, as far as can be told."""
    live = seen.live
    if live is None:
        return f"{deployment.id} is not live: nothing is"
    same = same_release(live.release, deployment.release)
    if live.deployment_id not in (None, deployment.id) and not same:
        return f"{deployment.id} is not live: {live.release.version} ({live.deployment_id}) is"
    if same is False:
        what = live.release.version
        if what == deployment.release.version:
            what = f"{what} with another artifact or configuration"
        return f"{deployment.id} is not live: {what} is"
    return None
