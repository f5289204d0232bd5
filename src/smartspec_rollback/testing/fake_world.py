"""The production that a ``FakePlatform`` pretends to run: its state, and what may become of it.

Called by ``testing.fake_platform`` and ``testing.fake_production`` only. Pure: the World is a
value, time is a parameter.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import (
    Fence,
    Operation,
    Revision,
    Share,
    Snapshot,
    Workload,
)
from smartspec_rollback.domain.step import SWITCH, Progress, ProgressState, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value, digest, parameter
from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError

RESTORE = "restore-configuration"
START = "start-instances"
SCALE_DOWN = "scale-down"
PREWARM = "prewarm"
DISCARD = "discard"
ALL = 100


class Effect(Value):
    """One thing that was really done to production, by which operation; a discard has none."""

    operation: str
    kind: str
    revision: str
    token: int = 0


class Pace(Value):
    """How many instances a release has, and how many seconds booting and settling take."""

    instances: int
    boot: float
    settle: float


class Group(Value):
    """Instances of one revision: how many are wanted since when, and how many were before."""

    revision: str
    version: str
    desired: int
    before: int
    since: datetime
    prewarmed: bool = False


class World(Value):
    """Everything there is: releases that could be started, what runs, who has the guard.

    ``broken`` are versions that exit at boot, ``stuck`` kinds of steps that never settle,
    ``noise`` counts changes that mean nothing (a crashed instance).
    """

    uid: str = "uid-1"
    releases: tuple[Release, ...] = ()
    history: tuple[Revision, ...] = ()
    groups: tuple[Group, ...] = ()
    traffic: tuple[Share, ...] = ()
    traffic_since: datetime | None = None
    configuration: str = "configuration-1"
    operation: Operation | None = None
    effects: tuple[Effect, ...] = ()
    broken: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    noise: int = 0

    def group(self, revision: str) -> Group | None:
        """Return the instances of a revision."""
        return next((g for g in self.groups if g.revision == revision), None)

    def having(self, group: Group) -> "World":
        """Replace or add the instances of a revision."""
        others = tuple(g for g in self.groups if g.revision != group.revision)
        return replace(self, groups=(*others, group))

    def percent(self, revision: str) -> int:
        """Tell how much of the traffic a revision gets."""
        return sum(s.percent for s in self.traffic if s.revision == revision)

    def did(self, operation: str, kind: str) -> bool:
        """Tell whether an operation's effect was done before."""
        return any(e.operation == operation and e.kind == kind for e in self.effects)

    def released(self, revision: str) -> Release:
        """Return the startable release of a revision; ProviderError if it was deleted."""
        for release in self.releases:
            if revision_id(release) == revision:
                return release
        raise ProviderError(f"the artifact of {revision} is not there; nothing was done")


def revision_id(release: Release) -> str:
    """Name a release the way the made-up platform does, by content."""
    return f"revision-{release.identity.removeprefix('sha256:')[:12]}"


def workload(world: World, group: Group, pace: Pace, now: datetime) -> Workload:
    """Count the instances of one revision at ``now``."""
    age = (now - group.since).total_seconds()
    if group.desired == 0:
        left = 0 if age >= pace.settle else group.before
        return _workload(group, running=left, ready=left)
    if group.version in world.broken and not group.before:
        return _workload(group, running=0, ready=0)
    ready = group.desired if age >= pace.boot else min(group.before, group.desired)
    return _workload(group, running=group.desired, ready=ready)


def _workload(group: Group, *, running: int, ready: int) -> Workload:
    return Workload(
        revision=group.revision,
        version=group.version,
        desired=group.desired,
        running=running,
        ready=ready,
        prewarmed=group.prewarmed,
    )


def snapshot(
    world: World, target: Target, pace: Pace, *, now: datetime, front_door: str | None
) -> Snapshot:
    """Describe production at ``now``; what gets most traffic is live."""
    busiest = max(world.traffic, key=lambda share: share.percent, default=None)
    live = next((r for r in world.history if busiest and r.id == busiest.revision), None)
    return Snapshot(
        target=target,
        at=now,
        uid=world.uid,
        live=live,
        traffic=world.traffic,
        workloads=tuple(workload(world, group, pace, now) for group in world.groups),
        history=world.history,
        operation=world.operation,
        owners=(),
        template=digest(live.release if live else None),
        configuration=configured(world.configuration),
        resource_version=digest((len(world.effects), world.noise, world.traffic)),
        front_door=front_door,
    )


def configured(content: str) -> str:
    """Identify a configuration, as a Snapshot does."""
    return digest(content)


def boot_progress(world: World, revision: str, pace: Pace, now: datetime) -> Progress:
    """Say how far the instances of a revision have come."""
    group = world.group(revision)
    if group is None or group.desired == 0:
        return Progress.pending("not started")
    seen = workload(world, group, pace, now)
    if seen.running < group.desired:
        return Progress.failed(f"{group.version} exits at boot")
    return progress(
        done=seen.ready >= group.desired,
        detail=f"{seen.ready} of {group.desired} instances ready",
    )


def progress(*, done: bool, detail: str) -> Progress:
    """Say done or pending."""
    return Progress(state=ProgressState.DONE if done else ProgressState.PENDING, detail=detail)


def prewarming(
    world: World, release: Release, *, operation: str, wanted: int, now: datetime
) -> World:
    """Start a release without traffic, unless it runs."""
    revision = revision_id(release)
    group = world.group(revision)
    if group is not None and group.desired:
        return world
    version = world.released(revision).version
    fresh = Group(
        revision=revision, version=version, desired=wanted, before=0, since=now, prewarmed=True
    )
    return _recorded(
        world.having(fresh), Effect(operation=operation, kind=PREWARM, revision=revision)
    )


def discarded(world: World, release: Release) -> World:
    """Remove what was prewarmed, unless it receives traffic."""
    group = world.group(revision_id(release))
    if group is None or not group.prewarmed or world.percent(group.revision):
        return world
    left = replace(world, groups=tuple(g for g in world.groups if g != group))
    return _recorded(left, Effect(operation="", kind=DISCARD, revision=group.revision))


def applied(
    world: World, step: Step, fence: Fence, seen: Snapshot, *, ready: int, now: datetime
) -> World:
    """Do one step; FenceConflict where the precondition does not hold, and nothing is done.

    ``seen`` describes ``world``, ``ready`` is how many instances of the step's revision are.
    """
    if world.did(fence.operation, step.kind) and _is_there(world, step):
        return world
    if seen.fingerprint != fence.fingerprint:
        raise FenceConflict("production changed; nothing was done", where=step.title)
    revision, previous = step.parameter("revision"), step.parameter("previous")
    wanted = int(step.parameter("instances"))
    configuration = parameter(step.parameters, "configuration", world.configuration)
    if step.kind == RESTORE:
        changed = replace(world, configuration=configuration)
    elif step.kind == START:
        if configuration != world.configuration:
            raise NotDone("the configuration is not back yet; nothing was done")
        changed = _sized(world, world.released(revision), wanted, now)
    elif step.kind == SWITCH:
        if ready < wanted:
            raise FenceConflict(f"only {ready} of {wanted} instances ready; nothing was done")
        changed = _switched(world, revision, now)
    else:
        if world.percent(previous):
            raise FenceConflict("it still receives traffic; nothing was done", where=step.title)
        changed = _emptied(world, previous, now)
    return _recorded(
        changed,
        Effect(operation=fence.operation, kind=step.kind, revision=revision, token=fence.token),
    )


def _recorded(world: World, effect: Effect) -> World:
    return replace(world, effects=(*world.effects, effect))


def _is_there(world: World, step: Step) -> bool:
    group = world.group(step.parameter("revision"))
    previous = world.group(step.parameter("previous"))
    if step.kind == RESTORE:
        return world.configuration == step.parameter("configuration")
    if step.kind == START:
        return group is not None and group.desired > 0
    if step.kind == SWITCH:
        return world.percent(step.parameter("revision")) == ALL
    return previous is None or previous.desired == 0


def _sized(world: World, release: Release, wanted: int, now: datetime) -> World:
    revision = revision_id(release)
    old = world.group(revision)
    return world.having(
        Group(
            revision=revision,
            version=release.version,
            desired=wanted,
            before=old.desired if old else 0,
            since=now,
        )
    )


def _switched(world: World, revision: str, now: datetime) -> World:
    group = world.group(revision)
    taken = world if group is None else world.having(replace(group, prewarmed=False))
    known = tuple(r for r in world.history if r.id == revision)
    live = (
        replace(known[0], deployed_at=now)
        if known
        else Revision(id=revision, release=world.released(revision), deployed_at=now)
    )
    return replace(
        taken,
        history=(live, *world.history),
        traffic=(Share(revision=revision, percent=ALL),),
        traffic_since=now,
    )


def _emptied(world: World, revision: str, now: datetime) -> World:
    group = world.group(revision)
    if group is None:
        return world
    return world.having(replace(group, desired=0, before=group.desired, since=now))


def switch_progress(world: World, step: Step, pace: Pace, now: datetime) -> Progress:
    """Say how much of the traffic has moved, once every part of the front door knows."""
    percent = world.percent(step.parameter("revision"))
    since = world.traffic_since
    over = since is None or now >= since + timedelta(seconds=pace.settle)
    return progress(
        done=percent == ALL and over,
        detail=f"{percent}% of traffic goes to {step.parameter('version')}",
    )
