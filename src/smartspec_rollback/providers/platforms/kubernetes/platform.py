"""The platform ``kubernetes``: what ``smartspec_rollback`` calls.

Made by ``wiring`` through its entry point. It only hands each call to the module that knows how.
"""

from functools import partial
from typing import ClassVar

from msgspec.structs import replace

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Inspection, Snapshot
from smartspec_rollback.domain.step import Progress, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.platform import Access, Archive, Prewarmed
from smartspec_rollback.providers.images import Registries
from smartspec_rollback.providers.platforms.kubernetes import access, acting, guard
from smartspec_rollback.providers.platforms.kubernetes.action import Sending
from smartspec_rollback.providers.platforms.kubernetes.captures import steps as restoring
from smartspec_rollback.providers.platforms.kubernetes.captures import taking
from smartspec_rollback.providers.platforms.kubernetes.client.api import Api
from smartspec_rollback.providers.platforms.kubernetes.layouts import Layouts
from smartspec_rollback.providers.platforms.kubernetes.owners import steps as suspending
from smartspec_rollback.providers.platforms.kubernetes.owning import OwnerReader
from smartspec_rollback.providers.platforms.kubernetes.reading import Reader, Site
from smartspec_rollback.providers.platforms.kubernetes.rolling import steps
from smartspec_rollback.providers.platforms.kubernetes.settings import KubernetesSettings
from smartspec_rollback.providers.platforms.kubernetes.shadow import prewarming
from smartspec_rollback.providers.platforms.kubernetes.shadow.relay import Relay
from smartspec_rollback.providers.platforms.kubernetes.waiting import PATIENCE, Waiting

_PREWARMING = "prewarm"


class KubernetesPlatform:
    """Workloads of a cluster: rolled back in place, or by turning traffic to another one.

    Implements ``Platform``, ``InspectsReleases``, ``CapturesReleases``, ``Prewarms``, ``Guards``
    and ``TellsAccess``. Needs the extra ``kubernetes``. Safe to use from several threads.
    """

    name: ClassVar[str] = "kubernetes"
    settings_type: ClassVar[type] = KubernetesSettings

    def __init__(
        self, settings: KubernetesSettings, *, clock: Clock, patience: float = PATIENCE
    ) -> None:
        """Take the settings and the clock to go by; nothing is asked yet.

        ``patience`` is how many seconds of real time a look at a step waits for a change.
        """
        self._settings = settings
        self._clock = clock
        self._api = Api(settings, clock)
        self._archive: Archive | None = None
        self._reader = Reader(clock)
        self._layouts = Layouts(clock, self._reader)
        self._owners = OwnerReader(clock)
        self._guards = guard.HeldGuards()
        self._waiting = Waiting(patience)
        self._relay = Relay(self._api)
        self._registries = Registries()

    # Platform

    def observe(self, target: Target, /) -> Snapshot:
        """Look, and change nothing; ProviderError where there is no such workload."""
        site = self._site(target)
        layout, held = self._layouts.look(site), guard.holding(site)
        seen, found = layout.snapshot(), self._owners.recent(site, layout.state, *layout.beside)
        return replace(seen, operation=held or seen.operation, owners=found.told())

    def plan(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """List the steps: suspend owners, resume what is paused, start, switch, scale down."""
        site = self._site(seen.target)
        layout = self._layouts.recent(site, version=seen.resource_version)
        found = self._owners.recent(site, layout.state, *layout.beside)
        plain = layout.recorded(layout.steps(seen, to=to), found.revisions, to=to)
        restored = restoring.before(site, seen, layout.state, layout.chosen(to), plain, to=to)
        return (*suspending.listed(seen, found.owners, to=to), *restored)

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Send one step behind its fence."""
        site = self._site(step.target)
        standing = partial(self._layouts.fingerprint, site)
        acting.applied(Sending(site, self._reader, step, fence, deadline, standing))
        self._owners.forget(step.target)

    def settled(self, step: Step, /) -> Progress:
        """Observe how far a step has come; waits a little where nothing moved since last time."""
        site = self._site(step.target)
        self._waiting.for_change(site, step.id)
        looked = acting.settled(site, step)
        self._waiting.looked(site, step.id, looked)
        return looked.progress

    # InspectsReleases

    def find(self, target: Target, version: str, /) -> Release | None:
        """Look a version up among the ReplicaSets."""
        return self._layouts.recent(self._site(target)).find(version)

    def versions(self, target: Target, /) -> tuple[str, ...]:
        """Name the versions of the ReplicaSets, the one that was live last first."""
        return self._layouts.recent(self._site(target)).versions()

    def inspect(self, target: Target, release: Release, /) -> Inspection:
        """Tell whether a release could be run again now."""
        return self._layouts.recent(self._site(target)).inspect(release)

    # CapturesReleases

    def recall(self, archive: Archive, /) -> None:
        """Hear from where captures come."""
        self._archive = archive
        self._reader = Reader(self._clock)  # what was read before knows nothing of it
        self._layouts = Layouts(self._clock, self._reader)

    def capture(self, target: Target, /, *, deployment_id: str) -> Capture:
        """Capture what is live: template, images, ConfigMaps, and hashes of Secrets."""
        site = self._site(target)
        layout = self._layouts.look(site)
        live = layout.snapshot().live
        return taking.capture(
            site, layout.state, live, deployment_id=deployment_id, platform=self.name
        )

    # Prewarms

    def declined(self, target: Target, release: Release, /) -> str | None:
        """Say why a release cannot be prewarmed here; None where nothing speaks against it."""
        site = self._site(target)
        if self._layouts.side_by_side(site):
            return "it stands in a workload of its own, which is started before any traffic moves"
        return prewarming.declined(site, self._reader.recent(site), release)

    def prewarm(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Make a shadow of the workload with the release's template."""
        prewarming.prewarm(self._site(target), self._reader, release, operation=operation)

    def prewarmed(self, target: Target, release: Release, /) -> Prewarmed:
        """Observe how far the shadow is; waits a little where nothing moved since last time."""
        site = self._site(target)
        self._waiting.for_change(site, _PREWARMING)
        found, looked = prewarming.prewarmed(site, release, self._relay)
        self._waiting.looked(site, _PREWARMING, looked)
        return found

    def discard(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Remove the shadow, unless it receives traffic."""
        prewarming.discard(self._site(target), release, operation=operation)
        self._relay.close()

    def promised(self, seen: Snapshot, release: Release, /) -> Snapshot:
        """Say what ``seen`` will be once the shadow stands."""
        site = self._site(seen.target)
        state = self._reader.recent(site, version=seen.resource_version)
        return prewarming.promised(seen, state, steps.remembered(site, state, release))

    # Guards

    def guard(self, target: Target, /, *, holder: str) -> None:
        """Hold the Target by a Lease while this process lives; AnotherRunning if it is held."""
        self._guards.take(self._site(target), holder=holder)

    def unguard(self, target: Target, /, *, holder: str) -> None:
        """Delete the holder's own Lease."""
        self._guards.let_go(self._site(target), holder=holder)

    # TellsAccess

    def access(self, target: Target, /) -> Access:
        """Ask the cluster for every permission a rollback needs."""
        return access.access(self._site(target))

    def _site(self, target: Target) -> Site:
        return Site(target, self._settings, self._api, self._clock, self._archive, self._registries)
