"""The platform contract catches platforms that break their promises."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Inspection, Snapshot
from smartspec_rollback.domain.step import Progress, ProgressState, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import FenceConflict
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_platform import FakePlatform
from smartspec_rollback.testing.platform_contract import PlatformContract
from smartspec_rollback.testing.samples import BAD, GOOD, TARGET, a_release


class IgnoresFences(FakePlatform):
    """Acts on whatever is there."""

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Renew the fence."""
        fresh = replace(fence, fingerprint=self.observe(TARGET).fingerprint)
        super().apply(step, fence=fresh, deadline=deadline)


class ForgetsOperations(FakePlatform):
    """Refuses to be asked again for what it has done."""

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Compare the fence first."""
        if fence.fingerprint != self.observe(TARGET).fingerprint:
            raise FenceConflict
        super().apply(step, fence=fence, deadline=deadline)


class CallsItDone(FakePlatform):
    """Believes that everything is done."""

    def settled(self, step: Step, /) -> Progress:
        """Say so."""
        return Progress(state=ProgressState.DONE, detail=step.title)


class DeploysTwice(FakePlatform):
    """Does the work of a repeated operation again."""

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Forget that it was done."""
        super().apply(step, fence=fence, deadline=deadline)
        if step.kind == "switch-traffic":
            self.deploy(a_release(GOOD))


class Restless(FakePlatform):
    """Has another fingerprint at every look."""

    def observe(self, target: Target, /) -> Snapshot:
        """Change something."""
        self.crash_instance()
        self.interfere(configuration=f"look {self._kept.read().noise}")
        return super().observe(target)


class KnowsEverything(FakePlatform):
    """Calls every release present and unchanged."""

    def inspect(self, target: Target, release: Release, /) -> Inspection:
        """Say yes."""
        seen = super().inspect(target, a_release(GOOD))
        return replace(seen, artifact=release.artifact)


class PromisesNothing(FakePlatform):
    """Plans the start of what will be prewarmed."""

    def promised(self, seen: Snapshot, _: Release, /) -> Snapshot:
        """Change nothing."""
        return seen


class KeepsWhatWasPrewarmed(FakePlatform):
    """Leaves instances running that nobody asked for."""

    def discard(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Do nothing."""


class LetsTrafficThrough(FakePlatform):
    """Shows traffic on what is being prewarmed."""

    def prewarm(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Send it a tenth."""
        super().prewarm(target, release, operation=operation)
        self.interfere(traffic={BAD: 90, GOOD: 10})


class OpenDoor(FakePlatform):
    """Lets everybody in."""

    def guard(self, target: Target, /, *, holder: str) -> None:
        """Throw out whoever has the guard."""
        operation = self.observe(target).operation
        if operation is not None:
            super().unguard(target, holder=operation.holder)
        super().guard(target, holder=holder)


class SeesNoOldInstances(FakePlatform):
    """Says that the old instances are gone while they run."""

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Leave the old ones out."""
        if step.kind != "scale-down":
            super().apply(step, fence=fence, deadline=deadline)

    def settled(self, step: Step, /) -> Progress:
        """Say done once the traffic has moved."""
        moved = self._kept.read().traffic_since is not None
        if step.kind == "scale-down" and moved and self._asked():
            return Progress(state=ProgressState.DONE, detail="0 instances still running")
        return super().settled(step)

    def _asked(self) -> bool:
        self.crash_instance()
        return self._kept.read().noise > 1


def _call(test: Callable[..., None], platform: FakePlatform, clock: FakeClock) -> None:
    supplied: dict[str, Any] = {
        "platform": platform,
        "target": TARGET,
        "live": a_release(BAD),
        "deployable": a_release(GOOD),
        "interfere": platform.interfere,
        "clock": clock,
    }
    test(**{name: supplied[name] for name in inspect.signature(test).parameters})


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (IgnoresFences, PlatformContract.test_stale_fence_stops_every_step),
        (ForgetsOperations, PlatformContract.test_whole_way),
        (CallsItDone, PlatformContract.test_whole_way),
        (DeploysTwice, PlatformContract.test_whole_way),
        (SeesNoOldInstances, PlatformContract.test_whole_way),
        (CallsItDone, PlatformContract.test_what_serves_is_not_removed),
        (Restless, PlatformContract.test_observing_changes_nothing),
        (KnowsEverything, PlatformContract.test_unknown_release_is_not_called_present),
        (PromisesNothing, PlatformContract.test_prewarmed_way_needs_no_start),
        (KeepsWhatWasPrewarmed, PlatformContract.test_prewarm_takes_no_traffic_and_goes_again),
        (LetsTrafficThrough, PlatformContract.test_prewarm_takes_no_traffic_and_goes_again),
        (OpenDoor, PlatformContract.test_guard_excludes_and_names_its_holder),
    ],
)
def test_broken_promise_is_caught(broken: type[FakePlatform], test: Callable[..., None]) -> None:
    """A platform that breaks this promise is let loose on production."""
    clock = FakeClock()
    platform = broken(TARGET, clock=clock)
    platform.add(a_release(GOOD))
    platform.deploy(a_release(BAD))
    bound = getattr(PlatformContract(), test.__name__)
    with pytest.raises((AssertionError, FenceConflict, pytest.fail.Exception)):
        _call(bound, platform, clock)
