"""The platform ``local``: what ``smartspec_rollback`` and ``smartspec local`` call.

Made by ``wiring`` through its entry point. It only hands each call to the module that knows how.
"""

from typing import ClassVar

from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Inspection, Revision, Snapshot
from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.platform import Prewarmed
from smartspec_rollback.providers.platforms.local import (
    deploying,
    guard,
    inspecting,
    looking,
    starting,
    steps,
    verbs,
)
from smartspec_rollback.providers.platforms.local.addresses import LOOPBACK
from smartspec_rollback.providers.platforms.local.settings import LocalSettings
from smartspec_rollback.providers.platforms.local.site import Site


def _silent(_: str, /) -> None:
    """Hear, and say nothing."""


class LocalPlatform:
    """Releases as supervised processes on this host, behind a proxy that loses no request.

    Implements ``Platform``, ``InspectsReleases``, ``Prewarms`` and ``Guards``. Needs the extra
    ``local``. Safe to use from several threads and processes: every change is made under a lock.
    """

    name: ClassVar[str] = "local"
    settings_type: ClassVar[type] = LocalSettings

    def __init__(self, settings: LocalSettings, *, clock: Clock) -> None:
        """Take the settings and the clock to go by; nothing is touched yet."""
        self._settings = settings
        self._clock = clock
        self._guards = guard.HeldGuards(clock)

    # Platform

    def observe(self, target: Target, /) -> Snapshot:
        """Look, and change nothing; nothing is live before the first ``up``."""
        site = self._site(target)
        return looking.snapshot(site, operation=guard.running(site))

    def plan(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """List the steps: start (unless it runs ready), switch, scale down."""
        return steps.listed(seen, self._settings, to=to)

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Do one step behind its fence; scaling down returns once the old requests ended."""
        steps.applied(self._site(step.target), step, fence=fence, deadline=deadline)

    def settled(self, step: Step, /) -> Progress:
        """Observe how far a step has come; cheap enough to poll."""
        return steps.settled(self._site(step.target), step)

    # InspectsReleases

    def find(self, target: Target, version: str, /) -> Release | None:
        """Look a version up in the folder of releases."""
        return self._site(target).releases.find(version)

    def versions(self, target: Target, /) -> tuple[str, ...]:
        """Name the versions in the folder of releases, the one changed last first."""
        return self._site(target).releases.versions()

    def inspect(self, target: Target, release: Release, /) -> Inspection:
        """Tell whether a release could be run again now."""
        return inspecting.inspection(self._site(target), release)

    # Prewarms

    def declined(self, target: Target, release: Release, /) -> str | None:  # noqa: ARG002 - it always can
        """Say that nothing speaks against prewarming."""
        return None

    def prewarm(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Start a release beside the live one, with as many instances and without traffic."""
        site = self._site(target)
        looking.must_answer(site)
        live = site.record(site.route.revision)
        instances = len(live.ports) if live else self._settings.instances
        starting.prewarm(site, release, operation=operation, instances=instances)

    def prewarmed(self, target: Target, release: Release, /) -> Prewarmed:
        """Observe how far it is; addresses are those of its instances once all are ready."""
        site = self._site(target)
        record = looking.running_of(site, release)
        if record is None:
            said = Progress.pending("not started")
            return Prewarmed(progress=said, addresses=())
        said = looking.readiness(site, record)
        ready = said.state is ProgressState.DONE
        urls = tuple(f"http://{LOOPBACK}:{port}" for port in record.ports) if ready else ()
        return Prewarmed(progress=said, addresses=urls)

    def discard(
        self,
        target: Target,
        release: Release,
        /,
        *,
        operation: str,  # noqa: ARG002 - one machine has one ledger, so nobody else uses it
    ) -> None:
        """Stop a prewarmed release again; nothing if it is not there, or has taken traffic."""
        site = self._site(target)
        if site.records.identity(target) is not None:
            looking.must_answer(site)
            starting.discard(site, release)

    def promised(self, seen: Snapshot, release: Release, /) -> Snapshot:
        """Say what ``seen`` will be once ``release`` is prewarmed."""
        return steps.promised(seen, self._settings, release)

    def prewarmed_releases(self, target: Target, /) -> tuple[Release, ...]:
        """List what runs prewarmed, so that what a crash left behind can be discarded."""
        site = self._site(target)
        return tuple(record.release for record in starting.prewarmed(site))

    # Guards

    def guard(self, target: Target, /, *, holder: str) -> None:
        """Hold the Target for ``holder`` while this process lives; AnotherRunning if it is held."""
        self._guards.take(self._site(target), holder=holder, operation=holder)

    def unguard(self, target: Target, /, *, holder: str) -> None:
        """Let go of the holder's own guard."""
        self._guards.let_go(self._site(target), holder=holder)

    # Deploying

    def up(self, target: Target, /) -> None:
        """Start supervisor, the proxy and what should run; return when they serve."""
        verbs.up(self._site(target))

    def deploy(
        self,
        target: Target,
        version: str,
        /,
        *,
        deployment_id: str,
        deadline: Deadline,
        on_progress: deploying.Told | None = None,
    ) -> Revision:
        """Put a version live and return its revision; AnotherRunning while somebody else acts.

        ProviderError where it does not become ready: then it was stopped, and live is untouched.
        """
        site = self._site(target)
        held = f"deployment {checked_name('deployment id', deployment_id)}"
        self._guards.take(site, holder=held, operation=deployment_id)
        try:
            return deploying.deploy(
                site,
                version,
                deployment_id=deployment_id,
                deadline=deadline,
                told=on_progress or _silent,
            )
        finally:
            self._guards.let_go(site, holder=held)

    def down(self, target: Target, /) -> None:
        """Stop everything of a Target, leaving nothing running; AnotherRunning if it is held."""
        site = self._site(target)
        if site.records.identity(target) is None:
            return
        held = "smartspec local down"
        self._guards.take(site, holder=held, operation=None)
        try:
            verbs.down(site)
        finally:
            self._guards.let_go(site, holder=held)

    def is_down(self, target: Target, /) -> bool:
        """Tell whether a Target that was started once is down; what is unclear is not."""
        return looking.is_down(self._site(target))

    def _site(self, target: Target) -> Site:
        return Site.of(target, self._settings, self._clock)
