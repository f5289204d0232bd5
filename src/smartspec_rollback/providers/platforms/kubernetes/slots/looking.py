"""Making a Snapshot of slots: what is live, how traffic is shared, who is changing what.

Called by ``layouts``, and by ``marking`` before each write. Reads nothing but the clock.
"""

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Operation, Revision, Share, Snapshot
from smartspec_rollback.domain.values import digest
from smartspec_rollback.providers.platforms.kubernetes.objects import uid_of, version_of
from smartspec_rollback.providers.platforms.kubernetes.reading import Site
from smartspec_rollback.providers.platforms.kubernetes.rolling import looking
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Choice, Family


def snapshot(site: Site, family: Family) -> Snapshot:
    """Describe a Target as of now. Who holds it and who owns it is for the caller to add."""
    live = family.live
    revisions = tuple(_revision(family, each) for each in family.choices)
    return Snapshot(
        target=site.target,
        at=site.clock.now(),
        uid=",".join((uid_of(family.front.thing), *(each.uid for each in family.slots))),
        live=revisions[0] if live is not None and live.shown is not None else None,
        traffic=tuple(
            Share(revision=each.shown.id, percent=each.percent)
            for each in family.slots
            if each.percent and each.shown is not None
        ),
        workloads=tuple(
            kept.workload() for slot in family.slots for kept in slot.state.known if kept.in_use
        ),
        history=revisions,
        operation=_rollout(family),
        owners=None,
        template=_template(family),
        configuration=live.state.what_stands[2] if live is not None else "",
        resource_version=",".join(
            version_of(each)
            for each in (family.front.thing, *(s.state.workload for s in family.slots))
        ),
        front_door=site.settings.url,
    )


def release_in(family: Family, choice: Choice) -> Release:
    """Describe a revision with its configuration, where that can be told.

    A slot without traffic may have been scaled down since before something changed: there it is
    known only where nothing did.
    """
    state = choice.slot.state
    if choice.slot is family.live:
        return looking.release_in(state, choice.kept)
    as_ever = looking.configured_as_ever(state, choice.kept)
    known = state.configuration_digest if as_ever else None
    return replace(choice.kept.release, configuration_digest=known)


def _revision(family: Family, choice: Choice) -> Revision:
    said = looking.revision_in(choice.slot.state, choice.kept)
    return replace(said, release=release_in(family, choice))


def _template(family: Family) -> str:
    """Identify what runs, and what stands in the other slots."""
    live = family.live
    running = live.state.what_stands[:2] if live is not None else None
    return digest((running, tuple((each.name, each.stands) for each in family.idle)))


def _rollout(family: Family) -> Operation | None:
    """Find a slot in the middle of a rollout of its own, the live one's first."""
    live = (family.live,) if family.live is not None else ()
    for each in (*live, *family.idle):
        if (found := looking.rollout(each.state)) is not None:
            return replace(found, holder=f"{found.holder} in {each.name}")
    return None
