"""What the tests of a platform stand on: the fixtures to supply, waiting, and looking.

Called by ``testing.platform_contract`` and ``testing.platform_abilities``; platform authors
override the fixtures.
"""

from collections.abc import Callable

import pytest

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Snapshot, Workload
from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.platform import Platform, Prewarms

Interfere = Callable[[], None]
"""Changes production behind the platform's back, so that plans made before are stale."""

ALL = 100
"""Per cent."""


class PlatformFixtures:
    """The fixtures that a platform's tests supply, fresh for every test."""

    patience = 60.0
    """How many seconds a step may take to settle."""

    @pytest.fixture
    def platform(self) -> Platform:
        """Supply the platform, with ``live`` running on ``target``."""
        raise self._not_supplied("platform")

    @pytest.fixture
    def target(self) -> Target:
        """Supply the Target that the platform runs."""
        raise self._not_supplied("target")

    @pytest.fixture
    def live(self) -> Release:
        """Supply the release that has all traffic."""
        raise self._not_supplied("live")

    @pytest.fixture
    def deployable(self) -> Release:
        """Supply another release, which the platform could start."""
        raise self._not_supplied("deployable")

    @pytest.fixture
    def interfere(self) -> Interfere:
        """Supply somebody else who changes production."""
        raise self._not_supplied("interfere")

    @pytest.fixture
    def clock(self) -> Clock:
        """Supply the clock that the platform goes by."""
        raise self._not_supplied("clock")

    def await_done(self, platform: Platform, step: Step, clock: Clock) -> None:
        """Poll until the step is done; fail when ``patience`` is over."""
        self._await(lambda: platform.settled(step), step.title, clock)

    def await_prewarmed(
        self, platform: Prewarms, target: Target, release: Release, clock: Clock
    ) -> None:
        """Poll until the release is ready beside the live one."""
        self._await(
            lambda: platform.prewarmed(target, release).progress,
            f"prewarm {release.version}",
            clock,
        )
        assert platform.prewarmed(target, release).addresses

    def _await(self, look: Callable[[], Progress], what: str, clock: Clock) -> None:
        deadline = Deadline.after(clock, self.patience)
        while (seen := look()).state is not ProgressState.DONE:
            assert seen.state is ProgressState.PENDING, f"{what}: {seen.detail}"
            assert not deadline.expired, f"{what}: still {seen.detail}"
            deadline.pause(0.05)

    def assert_serving(self, seen: Snapshot, release: Release) -> None:
        """Insist that a release has all traffic, and instances to take it."""
        assert percent_of(seen, release) == ALL
        assert sum(w.ready for w in workloads_of(seen, release)) > 0

    def assert_all_on(self, seen: Snapshot, release: Release, *, instead_of: Release) -> None:
        """Insist that one release is live and the other one gone."""
        self.assert_serving(seen, release)
        assert seen.live is not None
        assert seen.live.release.identity == release.identity
        assert sum(w.running for w in workloads_of(seen, instead_of)) == 0
        assert not any(w.prewarmed for w in workloads_of(seen, release))

    def _not_supplied(self, fixture: str) -> pytest.UsageError:
        return pytest.UsageError(f"{type(self).__name__} does not supply the fixture {fixture!r}")


def fence_of(platform: Platform, target: Target, operation: str) -> Fence:
    """Make the fence of an operation that acts on what is there now."""
    return Fence(operation=operation, token=1, fingerprint=platform.observe(target).fingerprint)


def workloads_of(seen: Snapshot, release: Release) -> list[Workload]:
    """List the instances of a release's version."""
    return [w for w in seen.workloads if w.version == release.version]


def percent_of(seen: Snapshot, release: Release) -> int:
    """Tell how much of the traffic a release's version gets."""
    revisions = {r.id for r in seen.history if r.release.version == release.version}
    return sum(share.percent for share in seen.traffic if share.revision in revisions)


def instances_of(seen: Snapshot) -> set[tuple[str, int]]:
    """List how many instances are wanted of each revision."""
    return {(w.revision, w.desired) for w in seen.workloads if w.desired}
