"""What a platform's optional abilities must do, as tests; ``PlatformContract`` inherits them.

An ability is asked for with isinstance: the tests of one that a platform lacks have nothing to
try.
"""

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import AnotherRunning
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.platform import Guards, InspectsReleases, Platform, Prewarms
from smartspec_rollback.testing.platform_fixtures import (
    PlatformFixtures,
    fence_of,
    percent_of,
    workloads_of,
)


class AbilitiesContract(PlatformFixtures):
    """Promises of ``InspectsReleases``, ``Prewarms`` and ``Guards``."""

    # Knowing releases that do not run

    def test_knows_its_releases(
        self, platform: Platform, target: Target, live: Release, deployable: Release
    ) -> None:
        """A version that could be started is not found, so the way back is missed."""
        if isinstance(platform, InspectsReleases):
            assert {live.version, deployable.version} <= set(platform.versions(target))
            found = platform.find(target, deployable.version)
            assert found is not None
            assert found.identity == deployable.identity
            known = platform.inspect(target, found)
            assert known.artifact_present is not False
            assert known.artifact_unchanged is not False

    def test_unknown_release_is_not_called_present(
        self, platform: Platform, target: Target, deployable: Release
    ) -> None:
        """A release nobody has is called present: production would be sent to nothing."""
        if isinstance(platform, InspectsReleases):
            assert platform.find(target, "v0.0.0-unheard-of") is None
            gone = replace(
                deployable,
                version="v0.0.0-unheard-of",
                artifact="v0.0.0-unheard-of",
                artifact_digest="sha256:" + "0" * 64,
            )
            assert platform.inspect(target, gone).artifact_present is not True
            swapped = replace(deployable, artifact_digest="sha256:" + "0" * 64)
            assert platform.inspect(target, swapped).artifact_unchanged is not True
            told = replace(deployable, configuration_digest="sha256:" + "0" * 64)
            assert platform.inspect(target, told).configuration_unchanged is not True

    # Prewarming

    def test_prewarm_takes_no_traffic_and_goes_again(
        self,
        platform: Platform,
        target: Target,
        live: Release,
        deployable: Release,
        clock: Clock,
    ) -> None:
        """Prewarming touches production, makes the plan stale, or cannot be taken back."""
        if not isinstance(platform, Prewarms) or platform.declined(target, deployable):
            return
        before = platform.observe(target)
        for _ in range(2):
            platform.prewarm(target, deployable, operation="prewarm-1")
        self.await_prewarmed(platform, target, deployable, clock)
        during = platform.observe(target)
        assert during.fingerprint == before.fingerprint
        assert percent_of(during, deployable) == 0
        assert [w.prewarmed for w in workloads_of(during, deployable)] == [True]
        assert workloads_of(during, live) == workloads_of(before, live)
        for _ in range(2):
            platform.discard(target, deployable, operation="prewarm-1")
        after = platform.observe(target)
        assert after.fingerprint == before.fingerprint
        assert sum(w.desired for w in workloads_of(after, deployable)) == 0
        assert not platform.prewarmed(target, deployable).addresses

    def test_prewarmed_way_needs_no_start(
        self,
        platform: Platform,
        target: Target,
        live: Release,
        deployable: Release,
        clock: Clock,
    ) -> None:
        """The promised Snapshot plans other steps than the real one, or discard removes traffic."""
        if not isinstance(platform, Prewarms) or platform.declined(target, deployable):
            return
        seen = platform.observe(target)
        promised = platform.promised(seen, deployable)
        assert promised.fingerprint == seen.fingerprint
        steps = platform.plan(promised, to=deployable)
        if any(step.leaves for step in steps):
            return  # nothing is prewarmed before the configuration it runs with is back
        start = f"Start `{deployable.version}` instances."
        assert start not in [step.title for step in steps]
        platform.prewarm(target, deployable, operation="prewarm-2")
        self.await_prewarmed(platform, target, deployable, clock)
        assert platform.plan(platform.observe(target), to=deployable) == steps
        for number, step in enumerate(steps):
            fence = fence_of(platform, target, f"operation-{number}")
            platform.apply(step, fence=fence, deadline=Deadline.after(clock, step.timeout))
            self.await_done(platform, step, clock)
            platform.discard(target, deployable, operation="prewarm-2")
            self.assert_serving(platform.observe(target), deployable)
        self.assert_all_on(platform.observe(target), deployable, instead_of=live)

    def test_discard_spares_what_is_live(
        self, platform: Platform, target: Target, live: Release
    ) -> None:
        """Discarding the live release takes production down."""
        if isinstance(platform, Prewarms):
            platform.discard(target, live, operation="prewarm-3")
            self.assert_serving(platform.observe(target), live)

    # Guarding

    def test_guard_excludes_and_names_its_holder(self, platform: Platform, target: Target) -> None:
        """Two rollbacks run at once, or the second cannot say who is in its way."""
        if not isinstance(platform, Guards):
            return
        before = platform.observe(target)
        for _ in range(2):
            platform.guard(target, holder="rollback-1")
        guarded = platform.observe(target)
        assert guarded.fingerprint == before.fingerprint
        assert guarded.operation is not None
        assert guarded.operation.holder == "rollback-1"
        with pytest.raises(AnotherRunning, match="rollback-1"):
            platform.guard(target, holder="rollback-2")
        platform.unguard(target, holder="rollback-2")
        with pytest.raises(AnotherRunning, match="rollback-1"):
            platform.guard(target, holder="rollback-2")
        for _ in range(2):
            platform.unguard(target, holder="rollback-1")
        assert platform.observe(target).operation is None
        platform.guard(target, holder="rollback-2")
        platform.unguard(target, holder="rollback-2")
