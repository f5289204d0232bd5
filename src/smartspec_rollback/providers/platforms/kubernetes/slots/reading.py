"""Reading slots: what sends traffic, the workloads side by side, their revisions and configuration.

Called by ``layouts`` and before each write. Changes nothing.
"""

from collections.abc import Mapping

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    Obj,
    name_of,
    part,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import (
    Aside,
    Site,
    State,
    read_configuration,
)
from smartspec_rollback.providers.platforms.kubernetes.slots import by_route, by_service
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Family, Slot
from smartspec_rollback.providers.platforms.kubernetes.slots.front import Front
from smartspec_rollback.providers.platforms.kubernetes.traffic.route import read_route
from smartspec_rollback.providers.platforms.kubernetes.traffic.service import read_service
from smartspec_rollback.providers.platforms.kubernetes.workloads.deployment import revisions_among
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept

_Found = tuple[Front, Mapping[str, Obj]]


def read(site: Site, aside: Aside | None = None) -> Family | None:
    """Read the slots of a Target now; None where there is but one workload.

    What was read is put into ``aside``, so that a look at the one workload need not ask again.
    ProviderError where what sends traffic is gone or somebody else's, or where it is not clear
    what the slots are.
    """
    kind, _, name = (site.settings.traffic or "").partition("/")
    if not name or site.kind.resource is DAEMON_SETS:
        return None
    found = _behind_service(site, name, aside) if kind == "service" else _behind_route(site, name)
    if found is None:
        return None
    front, workloads = found
    known = _revisions(site, tuple(workloads.values()))
    needed = {
        choice: configuration.references(part(workload, "spec", "template"))
        for choice, workload in workloads.items()
    }
    everything = {str(each): each for own in needed.values() for each in own}
    content = read_configuration(site, tuple(everything.values()))
    recall = site.recall
    slots = tuple(
        Slot(
            State(
                site.kind, workload, known[name_of(workload)], None, needed[choice], content, recall
            ),
            choice,
            front.percents.get(choice, 0),
        )
        for choice, workload in sorted(workloads.items(), key=lambda pair: name_of(pair[1]))
    )
    return Family(front, slots)


def still(site: Site) -> Family:
    """Read the slots of a plan that is being carried out; ProviderError where there are none."""
    family = read(site)
    if family is None:
        raise ProviderError(
            f"{site.settings.traffic} no longer chooses among several workloads", where=site.where
        )
    return family


def _behind_service(site: Site, name: str, aside: Aside | None) -> _Found | None:
    service = read_service(site.api, name)
    workloads = site.api.list(site.kind.resource)
    if aside is not None:
        aside.service = service
        aside.workloads = {name_of(each): each for each in workloads}
    return by_service.chosen_by(
        service, workloads, name=site.settings.name, container=site.settings.container
    )


def _behind_route(site: Site, name: str) -> _Found | None:
    route = read_route(site.api, name)
    return by_route.chosen_by(route, site)


def _revisions(site: Site, workloads: tuple[Obj, ...]) -> dict[str, tuple[Kept, ...]]:
    """Read the revisions of all; those of Deployments by one call."""
    container = site.settings.container
    if site.kind.resource is not DEPLOYMENTS:
        return {
            name_of(each): site.kind.revisions(site.api, each, container=container)
            for each in workloads
        }
    sets = [set(part(each, "spec", "selector", "matchLabels").items()) for each in workloads]
    common = sorted(set.intersection(*sets))
    found = site.api.list(REPLICA_SETS, labels=",".join(f"{k}={v}" for k, v in common))
    return {name_of(w): revisions_among(found, w, container=container) for w in workloads}
