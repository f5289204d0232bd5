"""Who else has a say about a workload: the owners that would put it back, and Helm's record of it.

Called by ``platform``. It is read once and kept for a moment, since a plan asks for it several
times; a workload nobody owns costs no call.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from smartspec_rollback.domain.snapshot import Owner
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.platforms.kubernetes.helm import records
from smartspec_rollback.providers.platforms.kubernetes.helm.records import Record, ReleaseName
from smartspec_rollback.providers.platforms.kubernetes.objects import SERVICES, Obj, Resource
from smartspec_rollback.providers.platforms.kubernetes.owners import detecting, reading
from smartspec_rollback.providers.platforms.kubernetes.owners.owner import Claim, FoundOwner
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State

_FRESH_SECONDS = 10.0


@dataclass(frozen=True)
class Owning:
    """What was found. ``revisions`` are Helm's of ``release``, None where they can't be read."""

    owners: tuple[FoundOwner, ...] = ()
    release: ReleaseName | None = None
    revisions: tuple[Record, ...] | None = ()

    def told(self) -> tuple[Owner, ...]:
        """Describe it for checks; Helm by itself puts nothing back, unless it is at it."""
        owners = tuple(each.owner() for each in self.owners)
        stuck = None
        if self.release is not None:
            stuck = records.stuck(self.release, self.revisions or ())
        return (*owners, *((stuck,) if stuck else ()))


_Said = tuple[tuple[Claim, ...], ReleaseName | None]


class OwnerReader:
    """Reads the owners of Targets, keeping the last ones of each; several threads may use it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Target, tuple[float, _Said, Owning]] = {}

    def recent(self, site: Site, state: State, *beside: tuple[Obj, Resource]) -> Owning:
        """Give what the metadata of the workload, and of what stands ``beside`` it, names.

        Read anew where that is long ago.
        """
        claimed = tuple(dict.fromkeys((*_claims(site, state), *_claims_on(site, beside))))
        said: _Said = (claimed, records.release_of(state.workload))
        if said == ((), None):
            return Owning()
        with self._lock:
            at, of, found = self._kept.get(site.target, (0.0, ((), None), Owning()))
        if of == said and self._clock.monotonic() - at <= _FRESH_SECONDS:
            return found
        found = Owning(reading.read(site, said[0]), said[1], _revisions(site, said[1]))
        with self._lock:
            self._kept[site.target] = (self._clock.monotonic(), said, found)
        return found

    def forget(self, target: Target) -> None:
        """Read anew next time: something was changed."""
        with self._lock:
            self._kept.pop(target, None)


def _claims(site: Site, state: State) -> tuple[Claim, ...]:
    """List who deploys the workload, its template, or the Service in front that may be switched."""
    own = detecting.claims(state.workload, site.kind.resource, argo_cd=site.settings.argo_cd)
    if state.holder.thing is not state.workload:
        holder, argo = state.holder, site.settings.argo_cd
        own = (*detecting.claims(holder.thing, holder.resource, argo_cd=argo), *own)
        own = tuple(dict.fromkeys(own))
    if state.beside is None or state.beside.slot is None:
        return own
    front = detecting.claims(state.beside.service, SERVICES, argo_cd=site.settings.argo_cd)
    return tuple(dict.fromkeys((*own, *front)))


def _claims_on(site: Site, beside: Iterable[tuple[Obj, Resource]]) -> Iterable[Claim]:
    """List who deploys objects that a rollback changes too."""
    for thing, resource in beside:
        yield from detecting.claims(thing, resource, argo_cd=site.settings.argo_cd)


def _revisions(site: Site, release: ReleaseName | None) -> tuple[Record, ...] | None:
    if release is None:
        return ()
    try:
        return records.read(site, release)
    except ProviderError:
        return None  # Helm's record is not worth stopping a rollback for
