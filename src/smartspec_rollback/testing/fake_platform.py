"""A platform in memory, for tests of whatever drives a platform.

Implements ``Platform`` and all its abilities, and passes ``PlatformContract`` like a real one.
``effects`` records what was really done and by which operation, so that a test can say "no
effect twice". Everything a test may do to it stands in ``testing.fake_production``.
"""

from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Fence, Inspection, Operation, Snapshot, Workload
from smartspec_rollback.domain.step import SWITCH, Progress, ProgressState, Repeat, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.errors import AnotherRunning, FenceConflict, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.platform import Platform, Prewarmed
from smartspec_rollback.testing.fake_captures import FakeCaptures
from smartspec_rollback.testing.fake_world import (
    DISCARD,
    PREWARM,
    RESTORE,
    SCALE_DOWN,
    START,
    World,
    applied,
    boot_progress,
    configured,
    discarded,
    prewarming,
    progress,
    revision_id,
    snapshot,
    switch_progress,
    workload,
)

STEP_SECONDS = 60.0


class FakePlatform(FakeCaptures):
    """Pretends to run one Target; constructed and steered as ``FakeProduction`` says.

    ``repeats`` changes what a kind of step promises about being repeated.
    """

    name: ClassVar[str] = "fake"
    repeats: Mapping[str, Repeat] = {
        RESTORE: Repeat.IDEMPOTENT,
        START: Repeat.IDEMPOTENT,
        SWITCH: Repeat.IDEMPOTENT,
        SCALE_DOWN: Repeat.OBSERVABLE,
    }

    def observe(self, target: Target, /) -> Snapshot:
        """Look, and change nothing."""
        self._answer("observe", target)
        return self._snapshot(self._kept.read())

    def plan(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """List the steps; the start is left out where ``to`` is ready in ``seen``."""
        self._answer("plan", seen.target)
        if seen.live is None:
            raise ProviderError(f"nothing is live on {seen.target}", where=self.name)
        old, new = seen.live.release.version, to.version
        wanted = self._wanted(seen)
        back = self._to_restore(to)
        facts = parameters(
            revision=revision_id(to),
            version=new,
            previous=seen.live.id,
            instances=wanted,
            configuration=back,
        )
        titles = {
            RESTORE: (f"Put the configuration of `{new}` back.", "Put the other one back."),
            START: (f"Start `{new}` instances.", f"Scale down `{new}` instances to 0 again."),
            SWITCH: (
                f"Switch production traffic from `{old}` to `{new}`.",
                f"Switch production traffic back to `{old}`.",
            ),
            SCALE_DOWN: (f"Scale down `{old}` instances to 0.", f"Start `{old}` instances again."),
        }
        if back is None:
            del titles[RESTORE]
        if any(w.revision == revision_id(to) and w.ready >= wanted for w in seen.workloads):
            del titles[START]
        return tuple(
            Step(
                id=kind,
                kind=kind,
                title=title,
                target=seen.target,
                parameters=facts,
                undo=undo,
                repeat=self.repeats[kind],
                timeout=STEP_SECONDS,
                moves_traffic=kind == SWITCH,
                leaves=replace(seen, configuration=configured(back)).fingerprint
                if kind == RESTORE and back is not None
                else "",
            )
            for kind, (title, undo) in titles.items()
        )

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Do one step behind its fence; a repeated operation whose effect is there does nothing."""
        afterwards = self._answer("apply", step.target)
        if deadline.expired:
            raise FenceConflict("the deadline is over; nothing was done", where=step.title)

        def change(world: World) -> World:
            world = self._remembering(world, step)
            ready = self._ready(world, step.parameter("revision"))
            seen = self._snapshot(world)
            return applied(world, step, fence, seen, ready=ready, now=self._clock.now())

        self._effect(step.kind, change)
        if afterwards is not None:
            raise afterwards

    def settled(self, step: Step, /) -> Progress:
        """Observe how far a step has come."""
        if self._silent:
            return Progress.unknown("the platform does not answer")
        self._answer("settled", step.target)
        world, now = self._kept.read(), self._clock.now()
        if step.kind == RESTORE:
            there = world.configuration == step.parameter("configuration")
            seen = progress(done=there, detail=f"the configuration is {world.configuration}")
        elif step.kind == START:
            seen = boot_progress(world, step.parameter("revision"), self._pace, now)
        elif step.kind == SWITCH:
            seen = switch_progress(world, step, self._pace, now)
        else:
            group = world.group(step.parameter("previous"))
            left = workload(world, group, self._pace, now).running if group else 0
            seen = progress(done=left == 0, detail=f"{left} instances still running")
        if seen.state is ProgressState.DONE and step.kind in world.stuck:
            return progress(done=False, detail="does not settle")
        return seen

    def find(self, target: Target, version: str, /) -> Release | None:
        """Look up a startable version; the one added last wins."""
        self._answer("find", target)
        matching = [r for r in self._kept.read().releases if r.version == version]
        kept = [r.release for r in self._recalled() if r.release.version == version]
        return (*reversed(matching), *kept, None)[0]

    def versions(self, target: Target, /) -> tuple[str, ...]:
        """Name the startable versions, in the order they were added."""
        self._answer("versions", target)
        kept = (each.release for each in self._recalled())
        return tuple(dict.fromkeys(r.version for r in (*self._kept.read().releases, *kept)))

    def inspect(self, target: Target, release: Release, /) -> Inspection:
        """Tell whether a release could be started, or what ``inspections`` scripts."""
        self._answer("inspect", target)
        if scripted := self.inspections.get(release.version):
            return scripted
        known = (*self._kept.read().releases, *(each.release for each in self._recalled()))
        there = any(r.artifact == release.artifact for r in known)
        same = any(r.identity == release.identity for r in known)
        return Inspection(
            artifact=release.artifact,
            artifact_present=there,
            artifact_unchanged=same if there and release.artifact_digest else None,
            configuration_unchanged=same if there and release.configuration_digest else None,
            restores=() if self._to_restore(release) is None else ("the configuration",),
            missing_configuration=() if there else None,
            missing_secrets=() if there else None,
            startable=self._pace.instances,
            wanted=self._pace.instances,
        )

    def declined(self, target: Target, release: Release, /) -> str | None:  # noqa: ARG002 - it always can
        """Say that nothing speaks against prewarming."""
        return None

    def prewarm(self, target: Target, release: Release, /, *, operation: str) -> None:
        """Start a release beside the live one; does nothing where it runs already."""
        afterwards = self._answer("prewarm", target)

        def change(world: World) -> World:
            wanted = self._wanted(self._snapshot(world))
            now = self._clock.now()
            return prewarming(world, release, operation=operation, wanted=wanted, now=now)

        self._effect(PREWARM, change)
        if afterwards is not None:
            raise afterwards

    def prewarmed(self, target: Target, release: Release, /) -> Prewarmed:
        """Observe how far it is; its addresses lead nowhere."""
        self._answer("prewarmed", target)
        world, revision = self._kept.read(), revision_id(release)
        return Prewarmed(
            progress=boot_progress(world, revision, self._pace, self._clock.now()),
            addresses=tuple(
                f"http://{release.version}-{n}.invalid" for n in range(self._ready(world, revision))
            ),
        )

    def discard(
        self,
        target: Target,
        release: Release,
        /,
        *,
        operation: str,  # noqa: ARG002 - nobody else is in this world
    ) -> None:
        """Remove what was prewarmed, unless it receives traffic."""
        afterwards = self._answer("discard", target)
        self._effect(DISCARD, lambda world: discarded(world, release))
        if afterwards is not None:
            raise afterwards

    def promised(self, seen: Snapshot, release: Release, /) -> Snapshot:
        """Say what ``seen`` will be once ``release`` is prewarmed."""
        revision, wanted = revision_id(release), self._wanted(seen)
        ready = Workload(
            revision=revision,
            version=release.version,
            desired=wanted,
            running=wanted,
            ready=wanted,
            prewarmed=True,
        )
        others = tuple(w for w in seen.workloads if w.revision != revision)
        return replace(seen, workloads=(*others, ready))

    def guard(self, target: Target, /, *, holder: str) -> None:
        """Hold the Target for ``holder``; AnotherRunning names who has it."""
        self._answer("guard", target)
        fresh = Operation(holder=holder, id=holder, since=self._clock.now())

        def change(world: World) -> World:
            if world.operation is None:
                return replace(world, operation=fresh)
            if world.operation.holder != holder:
                raise AnotherRunning(f"{target} is held by {world.operation.holder}")
            return world

        self._kept.change(change)

    def unguard(self, target: Target, /, *, holder: str) -> None:
        """Let go of the holder's own guard."""
        self._answer("unguard", target)

        def change(world: World) -> World:
            own = world.operation is not None and world.operation.holder == holder
            return replace(world, operation=None) if own else world

        self._kept.change(change)

    def _snapshot(self, world: World) -> Snapshot:
        now = self._clock.now()
        return snapshot(world, self.target, self._pace, now=now, front_door=self.front_door)

    def _ready(self, world: World, revision: str) -> int:
        group = world.group(revision)
        return workload(world, group, self._pace, self._clock.now()).ready if group else 0

    def _wanted(self, seen: Snapshot) -> int:
        live = seen.live.id if seen.live else None
        running = max((w.desired for w in seen.workloads if w.revision == live), default=0)
        return running or self._pace.instances


class BarePlatform:
    """A platform with the four methods only; checks that need an ability cannot be made."""

    name: ClassVar[str] = "bare"

    def __init__(self, platform: Platform) -> None:
        """Hide the abilities of ``platform``."""
        self._platform = platform

    def observe(self, target: Target, /) -> Snapshot:
        """Look, and change nothing."""
        return self._platform.observe(target)

    def plan(self, seen: Snapshot, /, *, to: Release) -> tuple[Step, ...]:
        """List the steps."""
        return self._platform.plan(seen, to=to)

    def apply(self, step: Step, /, *, fence: Fence, deadline: Deadline) -> None:
        """Start one step behind its fence."""
        self._platform.apply(step, fence=fence, deadline=deadline)

    def settled(self, step: Step, /) -> Progress:
        """Observe how far a step has come."""
        return self._platform.settled(step)
