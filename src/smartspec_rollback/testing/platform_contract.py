"""What every platform must do, as tests: inherit ``PlatformContract`` and supply its fixtures.

Called by the tests of each platform. Whatever is real about the platform (a proxy, a cluster)
belongs to the fixtures; every wait polls with a deadline, so a slow platform passes too.

``smartspec_rollback`` moves production through these promises only, so each test says what would
go wrong in an incident if the promise were broken.
"""

import msgspec
import pytest

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.step import SWITCH, ProgressState, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import FenceConflict, ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.platform import Platform
from smartspec_rollback.testing.platform_abilities import AbilitiesContract
from smartspec_rollback.testing.platform_captures import CapturesContract
from smartspec_rollback.testing.platform_fixtures import (
    ALL,
    Interfere,
    fence_of,
    instances_of,
    percent_of,
)


class PlatformContract(AbilitiesContract, CapturesContract):
    """Promises of ``Platform``, and of each ability the platform has.

    Supply the fixtures ``platform``, ``target``, ``live`` (the release that has all traffic),
    ``deployable`` (another one that could be started), ``interfere`` and ``clock``.
    """

    # Looking

    def test_observing_changes_nothing(
        self, platform: Platform, target: Target, live: Release
    ) -> None:
        """Two looks at an unchanged production differ: then every plan would be stale at once."""
        first, second = platform.observe(target), platform.observe(target)
        assert first.fingerprint == second.fingerprint
        assert first.target == target
        assert first.live is not None
        assert first.live.release.version == live.version
        assert first.history[0] == first.live
        assert percent_of(first, live) == ALL
        assert all(0 <= w.ready <= w.running for w in first.workloads)
        assert first.operation is None

    def test_snapshots_are_data(self, platform: Platform, target: Target) -> None:
        """A Snapshot that cannot be stored and read again loses the evidence of a plan."""
        seen = platform.observe(target)
        assert msgspec.json.decode(msgspec.json.encode(seen), type=Snapshot) == seen

    def test_somebody_else_is_noticed(
        self, platform: Platform, target: Target, interfere: Interfere
    ) -> None:
        """A change made by somebody else is not seen: a stale plan would be carried out."""
        before = platform.observe(target)
        interfere()
        assert platform.observe(target).fingerprint != before.fingerprint

    # Planning

    def test_plan_is_data_in_the_words_people_know(
        self, platform: Platform, target: Target, live: Release, deployable: Release
    ) -> None:
        """A step that cannot be stored, repeated or taken back leaves people alone with it."""
        seen = platform.observe(target)
        steps = platform.plan(seen, to=deployable)
        assert platform.plan(seen, to=deployable) == steps
        assert platform.observe(target).fingerprint == seen.fingerprint
        assert msgspec.json.decode(msgspec.json.encode(steps), type=tuple[Step, ...]) == steps
        assert len({step.id for step in steps}) == len(steps)
        assert all(step.undo and step.timeout > 0 and step.target == target for step in steps)
        assert all("\n" not in step.title for step in steps)
        assert any(step.moves_traffic for step in steps)
        assert not any(step.moves_traffic and step.leaves for step in steps)
        titles = [step.title for step in steps]
        switch = f"Switch production traffic from `{live.version}` to `{deployable.version}`."
        down = f"Scale down `{live.version}` instances to 0."
        assert titles.index(f"Start `{deployable.version}` instances.") < titles.index(switch)
        assert titles.index(switch) < titles.index(down)
        assert steps[titles.index(switch)].moves_traffic
        assert steps[titles.index(switch)].id == SWITCH

    # Acting

    def test_whole_way(
        self,
        platform: Platform,
        target: Target,
        live: Release,
        deployable: Release,
        clock: Clock,
    ) -> None:
        """The steps, applied one by one, do not lead to the target having all traffic.

        Or a step is called done before it was sent, or sending it again after a crash has a
        second effect, or one that moves no traffic changes what the next step's fence compares
        in another way than the plan foresaw.
        """
        for number, step in enumerate(platform.plan(platform.observe(target), to=deployable)):
            assert platform.settled(step).state is ProgressState.PENDING, step.title
            fence = fence_of(platform, target, f"operation-{number}")
            platform.apply(step, fence=fence, deadline=Deadline.after(clock, step.timeout))
            self.await_done(platform, step, clock)
            done = platform.observe(target)
            foreseen = step.leaves or fence.fingerprint
            assert step.moves_traffic or done.fingerprint == foreseen, step.title
            platform.apply(step, fence=fence, deadline=Deadline.after(clock, step.timeout))
            self.await_done(platform, step, clock)
            again = platform.observe(target)
            assert again.fingerprint == done.fingerprint, step.title
            assert instances_of(again) == instances_of(done), step.title
            assert again.history == done.history, step.title
        self.assert_all_on(platform.observe(target), deployable, instead_of=live)

    def test_stale_fence_stops_every_step(
        self,
        platform: Platform,
        target: Target,
        deployable: Release,
        clock: Clock,
        interfere: Interfere,
    ) -> None:
        """A step is done although production changed: it would act on what nobody approved."""
        steps = platform.plan(platform.observe(target), to=deployable)
        fence = fence_of(platform, target, "operation-stale")
        interfere()
        before = platform.observe(target)
        for step in steps:
            with pytest.raises(FenceConflict):
                platform.apply(step, fence=fence, deadline=Deadline.after(clock, step.timeout))
        after = platform.observe(target)
        assert after.fingerprint == before.fingerprint
        assert instances_of(after) == instances_of(before)

    def test_what_serves_is_not_removed(
        self,
        platform: Platform,
        target: Target,
        live: Release,
        deployable: Release,
        clock: Clock,
    ) -> None:
        """Steps sent out of order scale away what has traffic, or send traffic to nothing."""
        for step in reversed(platform.plan(platform.observe(target), to=deployable)[1:]):
            fence = fence_of(platform, target, f"operation-early-{step.id}")
            with pytest.raises(ProviderError):
                platform.apply(step, fence=fence, deadline=Deadline.after(clock, step.timeout))
            assert platform.settled(step).state is not ProgressState.DONE
        self.assert_serving(platform.observe(target), live)
