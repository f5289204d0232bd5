"""Making a Snapshot of what was read: what is live, who gets traffic, who is changing it.

Called by ``layouts``, and by ``fencing`` before each write. Reads nothing but the clock.
"""

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import (
    Operation,
    Revision,
    Share,
    Snapshot,
    Workload,
)
from smartspec_rollback.domain.values import digest
from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    name_of,
    part,
    uid_of,
    version_of,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.shadow.beside import Serving
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import (
    Kept,
    current,
    told_id,
)
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import version_named

_ALL = 100


def snapshot(site: Site, state: State) -> Snapshot:
    """Describe a Target as of now. Who holds it and who owns it is for the caller to add."""
    live = _with_traffic(state)
    revisions = tuple(revision_in(state, each) for each in state.known)
    first = tuple(r for each, r in zip(state.known, revisions, strict=True) if each is live)
    template, is_paused, content = state.what_stands
    return Snapshot(
        target=site.target,
        at=site.clock.now(),
        uid=uid_of(state.workload),
        live=first[0] if first else None,
        traffic=_traffic(state, live),
        workloads=(*(each.workload() for each in state.known if each.in_use), *_shadow(state)),
        history=(*first, *(r for r in revisions if r not in first)),
        operation=rollout(state),
        owners=None,
        heading=_heading(state),
        template=digest((template, is_paused)),
        configuration=content,
        resource_version=version_of(state.workload),
        front_door=site.settings.url,
    )


def rolling_fingerprints(seen: Snapshot, state: State) -> frozenset[str]:
    """List the fingerprints that one rollout goes through by itself.

    Before it one revision has all traffic, while pods are exchanged nobody knows the shares, and
    afterwards another one has it all: it is the same rollout of one template, whoever looks when.
    """
    ends = (Share(revision=each.id, percent=_ALL) for each in state.known)
    shares = ((), seen.traffic, *((each,) for each in ends))
    loose = (replace(seen, traffic=each, heading=()).fingerprint for each in shares)
    return frozenset((seen.fingerprint, *loose))


def _with_traffic(state: State) -> Kept | None:
    """Find what is live: what the shadow runs while it has the traffic, else the workload's."""
    beside = state.beside
    if beside is None or beside.shadow is None or not beside.shadow_serves:
        return state.live
    running = beside.shadow.facts.template
    return next((each for each in state.known if each.digest == running), state.live)


def _shadow(state: State) -> tuple[Workload, ...]:
    """Describe the shadow's instances; they are prewarmed as long as they have no traffic."""
    beside = state.beside
    if beside is None or beside.shadow is None:
        return ()
    shadow = beside.shadow
    version = version_named(part(shadow.deployment, "spec", "template"), None)
    named = {each.digest: each.release.version for each in state.known}
    running = max(0, shadow.running)
    return (
        Workload(
            revision=shadow.facts.revision,
            version=named.get(shadow.facts.template, version),
            desired=max(0, shadow.desired),
            running=running,
            ready=max(0, min(shadow.available, running)),
            prewarmed=not beside.shadow_serves,
        ),
    )


def _traffic(state: State, live: Kept | None) -> tuple[Share, ...]:
    """Tell who gets traffic; nothing while several have pods: Services spread it by readiness.

    Readiness itself is left out: crashing pods would make every plan stale again and again.
    """
    beside = state.beside
    if beside is not None and (
        beside.serving is Serving.NEITHER or (beside.shadow_serves and beside.shadow is None)
    ):
        return (Share(revision=f"whatever {name_of(beside.service)} selects", percent=_ALL),)
    if beside is not None and beside.shadow_serves and live is not None:
        return (Share(revision=live.id, percent=_ALL),)
    if state.course is not None and state.course.live is not None:
        return tuple(Share(revision=e.id, percent=share) for e, share in state.course.shares)
    in_use = [each for each in state.known if each.in_use]
    if live is None or in_use != [live]:
        return ()
    return (Share(revision=live.id, percent=_ALL),)


def _heading(state: State) -> tuple[Share, ...]:
    """Tell where a rollout takes all traffic by itself; nothing where none is under way.

    A paused one stays where it is, and so does one that has no revision yet. While the traffic
    goes somewhere else than to the workload, its rollout takes none.
    """
    if state.beside is not None and state.beside.serving is not Serving.WORKLOAD:
        return ()
    incoming = current(state.template, state.known)
    if incoming is None or not _rolls(state, state.live) or state.kind.paused(state.workload):
        return ()
    return (Share(revision=incoming.id, percent=_ALL),)


def rollout(state: State) -> Operation | None:
    """Tell of one release taking another one's place in a workload; None if none does."""
    if (left := _left_by_rollback(state)) is not None:
        return left
    live = state.live
    if not _rolls(state, live):
        return None
    incoming = next((each for each in state.known if each.digest == state.template_digest), live)
    if incoming is None:
        return Operation(holder="the first rollout", id=None, since=None)
    version = incoming.release.version
    how = "the paused rollout" if state.kind.paused(state.workload) else "the rollout"
    revision = revision_in(state, incoming)
    return Operation(
        holder=f"{how} of {version}",
        id=revision.deployment_id or revision.id,
        since=revision.deployed_at,
        brings=None if revision.deployment_id else revision.release,
    )


def _left_by_rollback(state: State) -> Operation | None:
    """Tell of a rollback that ended while its shadow serves; it is what took the bad release away.

    The release is what the workload is set to, else what it was set to before: whoever rolls that
    back goes on with it, instead of hearing that there is nothing to do.
    """
    if state.beside is None or state.beside.shadow is None or not state.beside.shadow_serves:
        return None
    running = state.beside.shadow.facts.template
    others = [each for each in state.known if each.digest != running]
    bad = next((e for e in others if e.digest == state.template_digest), next(iter(others), None))
    if bad is None:
        return Operation(holder="an unfinished rollback", id=None, since=None)
    revision = revision_in(state, bad)
    return Operation(
        holder=f"an unfinished rollback of {bad.release.version}",
        id=revision.deployment_id or revision.id,
        since=None,
        brings=None if revision.deployment_id else revision.release,
    )


def _rolls(state: State, live: Kept | None) -> bool:
    """Tell whether one release takes another one's place, or is about to.

    Crashing pods, and fewer or more of them than wanted, are no rollout.
    """
    if state.course is not None and state.course.live is not None and live is not None:
        return state.course.under_way or live.digest != state.template_digest
    if live is None or live.digest != state.template_digest:
        return True
    others = any(each.in_use for each in state.known if each is not live)
    return others or not state.kind.observed(state.workload)


def revision_in(state: State, each: Kept) -> Revision:
    """Describe a revision, with its configuration and deployment where they can be told."""
    said = each.revision()
    template_is = each.digest == state.template_digest
    return replace(
        said,
        release=release_in(state, each),
        deployment_id=_id_in(state, each, own=template_is),
    )


def _id_in(state: State, each: Kept, *, own: bool) -> str | None:
    """Tell the deployment's id; one that several revisions carry is the oldest one's.

    The controller copies annotations to the ReplicaSet in use, so whoever deploys without
    setting the annotation anew leaves the last one's id on his own.
    """
    said = each.revision().deployment_id
    if said is None and own:
        said = told_id(state.holder.thing)
    if said is None:
        return None
    alike = [other for other in state.known if told_id(other.source) == said]
    return said if not alike or each is min(alike, key=lambda kept: kept.age) else None


def release_in(state: State, each: Kept) -> Release:
    """Describe a revision with its configuration, where that can be told.

    Of what is live it is what stands now; of another one only if it needs nothing else, and none
    of that changed since.
    """
    return replace(
        each.release,
        configuration_digest=state.configuration_digest
        if each.digest == state.template_digest or configured_as_ever(state, each)
        else None,
    )


def configured_as_ever(state: State, each: Kept) -> bool:
    """Tell whether a revision needs what the template needs, and none of that changed since."""
    if configuration.references(each.template) != state.needed:
        return False
    return configuration.unchanged(state.needed, state.found, since=each.source) is True
