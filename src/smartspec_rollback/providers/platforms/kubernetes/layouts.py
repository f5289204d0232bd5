"""How a Target's releases stand in the cluster: in one workload that is rolled, or side by side.

Called by ``platform`` for every question before a rollback. Which layout it is, the settings and
what is there decide; that is asked again now and then. What was read is kept for a moment.
"""

import threading
from dataclasses import dataclass
from typing import Protocol

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Inspection, Snapshot
from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.platforms.kubernetes.helm import steps as recording
from smartspec_rollback.providers.platforms.kubernetes.helm.records import Record
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, Resource, version_of
from smartspec_rollback.providers.platforms.kubernetes.reading import Aside, Reader, Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling import inspecting as in_place
from smartspec_rollback.providers.platforms.kubernetes.rolling import looking as rolled
from smartspec_rollback.providers.platforms.kubernetes.rolling import steps as rolling
from smartspec_rollback.providers.platforms.kubernetes.slots import inspecting, looking, steps
from smartspec_rollback.providers.platforms.kubernetes.slots.family import Family
from smartspec_rollback.providers.platforms.kubernetes.slots.reading import read
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept

_FRESH_SECONDS = 2.0
_DECIDED_SECONDS = 60.0


class Layout(Protocol):
    """One look at a Target, whichever way its releases stand."""

    @property
    def state(self) -> State:
        """The workload that has the traffic, or the first where none has."""
        ...

    @property
    def beside(self) -> tuple[tuple[Obj, Resource], ...]:
        """What else a rollback changes, and what kinds of objects that is."""
        ...

    @property
    def version(self) -> str:
        """Tell this state of everything from other states."""
        ...

    def snapshot(self) -> Snapshot:
        """Describe it as of now; of who is changing it, only what it shows by itself."""
        ...

    def steps(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """List the steps to a release."""
        ...

    def recorded(
        self, steps: tuple[Step, ...], known: tuple[Record, ...] | None, /, *, to: Release
    ) -> tuple[Step, ...]:
        """Add what keeps Helm's record of the workload true; ``known`` are its revisions."""
        ...

    def chosen(self, to: Release, /) -> tuple[State, Kept]:
        """Find the revision that a plan to a release starts, and the workload it will run in."""
        ...

    def find(self, version: str, /) -> Release | None:
        """Look a version up."""
        ...

    def versions(self) -> tuple[str, ...]:
        """Name what could be started."""
        ...

    def inspect(self, release: Release, /) -> Inspection:
        """Tell whether a release could be run again now."""
        ...


@dataclass(frozen=True)
class InPlace:
    """One workload, rolled from release to release."""

    site: Site
    state: State
    reader: Reader

    @property
    def beside(self) -> tuple[tuple[Obj, Resource], ...]:
        """Nothing that the State does not tell."""
        return ()

    @property
    def version(self) -> str:
        """The workload's resource version."""
        return version_of(self.state.workload)

    def snapshot(self) -> Snapshot:
        """Describe the workload."""
        return rolled.snapshot(self.site, self.state)

    def steps(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """Start, switch, scale down by one rollout."""
        return rolling.listed(self.site, seen, self.state, to=to)

    def recorded(
        self, steps: tuple[Step, ...], known: tuple[Record, ...] | None, /, *, to: Release
    ) -> tuple[Step, ...]:
        """Have Helm record it where a revision holds the very template."""
        return recording.recorded(self.site, self.state, known, steps, to)

    def chosen(self, to: Release, /) -> tuple[State, Kept]:
        """Find it among the workload's revisions, those captured included."""
        return self.state, rolling.remembered(self.site, self.state, to)

    def find(self, version: str, /) -> Release | None:
        """Look among the workload's revisions."""
        return in_place.known_release(self.state, version)

    def versions(self) -> tuple[str, ...]:
        """Name those of the workload's revisions."""
        return in_place.versions(self.state)

    def inspect(self, release: Release, /) -> Inspection:
        """Look at what the release's pods would need."""
        return in_place.inspection(
            self.site, self.state, release, lambda: self.reader.quotas(self.site)
        )


@dataclass(frozen=True)
class SideBySide:
    """Several workloads, with traffic choosing among them."""

    site: Site
    family: Family
    reader: Reader

    @property
    def state(self) -> State:
        """The live slot's workload."""
        return (self.family.live or self.family.slots[0]).state

    @property
    def beside(self) -> tuple[tuple[Obj, Resource], ...]:
        """What sends traffic, and the other slots."""
        front, live = self.family.front, self.state
        others = (s.state for s in self.family.slots if s.state is not live)
        slots = tuple((each.workload, each.kind.resource) for each in others)
        return ((front.thing, front.resource), *slots)

    @property
    def version(self) -> str:
        """The resource versions of all that was read."""
        return self.snapshot().resource_version

    def snapshot(self) -> Snapshot:
        """Describe the slots."""
        return looking.snapshot(self.site, self.family)

    def steps(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """Start a slot, turn the traffic, empty the other slot."""
        return steps.listed(self.site, seen, self.family, to=to)

    def recorded(
        self, steps: tuple[Step, ...], _known: tuple[Record, ...] | None, /, *, to: Release
    ) -> tuple[Step, ...]:
        """Only say what Helm takes for live: its rollback would turn the traffic, and rescale."""
        return recording.told(self.state, steps, to)

    def chosen(self, to: Release, /) -> tuple[State, Kept]:
        """Find it in the slots."""
        choice = steps.chosen(self.site, self.family, to)
        return choice.slot.state, choice.kept

    def find(self, version: str, /) -> Release | None:
        """Look in all slots."""
        return inspecting.known_release(self.family, version)

    def versions(self) -> tuple[str, ...]:
        """Name those of all slots."""
        return inspecting.versions(self.family)

    def inspect(self, release: Release, /) -> Inspection:
        """Look in all slots, and at what the release's pods would need."""
        return inspecting.inspection(
            self.site, self.family, release, lambda: self.reader.quotas(self.site)
        )


class Layouts:
    """Finds the layout of Targets; several threads may use it."""

    def __init__(self, clock: Clock, reader: Reader) -> None:
        """Take the clock to go by, and what reads single workloads."""
        self._clock = clock
        self._reader = reader
        self._lock = threading.Lock()
        self._kept: dict[Target, tuple[float, SideBySide]] = {}
        self._in_place: dict[Target, float] = {}

    def look(self, site: Site) -> Layout:
        """Read everything now."""
        aside = Aside()
        found = self._side_by_side(site, aside)
        return found or self._rolled(site, self._reader.look(site, aside))

    def recent(self, site: Site, *, version: str | None = None) -> Layout:
        """Give what was read a moment ago, in this state if that is given; else read."""
        with self._lock:
            at, kept = self._kept.get(site.target, (0.0, None))
        if kept is not None and self._clock.monotonic() - at <= _FRESH_SECONDS:
            return kept if version in (None, kept.version) else self.look(site)
        found = self._side_by_side(site, Aside())
        return found or self._rolled(site, self._reader.recent(site, version=version))

    def fingerprint(self, site: Site) -> str:
        """Read everything now, and identify it as plans do."""
        return self.look(site).snapshot().fingerprint

    def side_by_side(self, site: Site) -> bool:
        """Tell whether the releases stand side by side."""
        return isinstance(self.recent(site), SideBySide)

    def _side_by_side(self, site: Site, aside: Aside) -> SideBySide | None:
        """Read the slots; that there are none is believed for a while."""
        if site.settings.traffic is None:
            return None
        with self._lock:
            decided = self._in_place.get(site.target)
        now = self._clock.monotonic()
        if decided is not None and now - decided <= _DECIDED_SECONDS:
            return None
        family = read(site, aside)
        found = SideBySide(site, family, self._reader) if family is not None else None
        with self._lock:
            if found is None:
                self._kept.pop(site.target, None)
            else:
                self._kept[site.target] = (now, found)
                self._in_place.pop(site.target, None)
        return found

    def _rolled(self, site: Site, state: State) -> InPlace:
        """Believe for a while that there is but the one workload that was read."""
        with self._lock:
            now = self._clock.monotonic()
            if now - self._in_place.get(site.target, -_DECIDED_SECONDS) >= _DECIDED_SECONDS:
                self._in_place[site.target] = now
        return InPlace(site, state, self._reader)
