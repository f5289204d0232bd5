"""What a test may do to the production that a ``FakePlatform`` pretends to run.

``FakePlatform`` inherits this; tests call it: deploy, interfere, and order faults.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Inspection, Operation, Revision, Share
from smartspec_rollback.domain.target import Target
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_world import Effect, Group, Pace, World, revision_id


class Keeper:
    """Keeps a World, changed by one thread and one process at a time."""

    def __init__(self, path: Path | None) -> None:
        """Keep it in the file ``path``, or in memory without one."""
        self._path = path
        self._lock = threading.RLock()
        self._memory = World()

    def read(self) -> World:
        """Return the World as it is now; a replaced file is always a whole one."""
        if self._path is None:
            return self._memory
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=World)
        except FileNotFoundError:
            return World()

    def change(self, change: Callable[[World], World]) -> None:
        """Replace the World by what ``change`` makes of it; left alone if that raises."""
        with self._exclusive():
            world = change(self.read())
            if self._path is None:
                self._memory = world
                return
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            fresh.write_bytes(msgspec.json.encode(world))
            fresh.replace(self._path)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._lock:
            if self._path is None:
                yield
                return
            with self._path.with_name(self._path.name + ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield


class FakeProduction:
    """Production of one Target, made up.

    ``boot_seconds`` is how long instances take to get ready, ``settle_seconds`` how long
    everything else takes, both by ``clock``. ``path`` keeps production in a file, so that another
    process sees the same. ``hook`` is called with ``before KIND`` and ``after KIND`` around every
    effect; a crash test kills the process there. ``inspections`` scripts answers by version,
    ``kept_configurations`` what a version ran with: its plan puts that back first.
    """

    def __init__(
        self,
        target: Target,
        *,
        clock: Clock | None = None,
        path: Path | None = None,
        instances: int = 3,
        boot_seconds: float = 0.0,
        settle_seconds: float = 0.0,
        front_door: str | None = None,
        hook: Callable[[str], None] | None = None,
    ) -> None:
        self.target = target
        self.front_door = front_door
        self.hook = hook
        self.inspections: dict[str, Inspection] = {}
        self.kept_configurations: dict[str, str] = {}
        self._clock = clock or FakeClock()
        self._kept = Keeper(path)
        self._pace = Pace(instances=instances, boot=boot_seconds, settle=settle_seconds)
        self._faults: list[tuple[str, BaseException, bool]] = []
        self._silent = False

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Everything that was really done through the port, in order."""
        return self._kept.read().effects

    def add(self, *releases: Release) -> None:
        """Make releases startable."""
        self._kept.change(
            lambda w: replace(
                w, releases=(*(r for r in w.releases if r not in releases), *releases)
            )
        )

    def deploy(self, release: Release, *, deployment_id: str | None = None) -> None:
        """Put a release live, as a pipeline would, at once and with all traffic."""
        self.add(release)
        now = self._clock.now()
        revision = Revision(
            id=revision_id(release), release=release, deployed_at=now, deployment_id=deployment_id
        )
        group = Group(
            revision=revision.id,
            version=release.version,
            desired=self._pace.instances,
            before=self._pace.instances,
            since=now,
        )
        self._kept.change(
            lambda w: replace(
                w,
                history=(revision, *w.history),
                groups=(*(g for g in w.groups if g.prewarmed and g.revision != revision.id), group),
                traffic=(Share(revision=revision.id, percent=100),),
                traffic_since=None,
            )
        )

    def interfere(
        self,
        *,
        deploy: Release | None = None,
        traffic: Mapping[str, int] | None = None,
        operation: str | None = None,
        configuration: str | None = None,
    ) -> None:
        """Change production behind everybody's back; without arguments, its configuration.

        ``traffic`` maps versions to per cent, ``operation`` is somebody else's running operation.
        """
        if deploy is not None:
            self.deploy(deploy)
        if traffic is not None:
            shares = tuple(
                Share(revision=revision_id(self._newest(version)), percent=percent)
                for version, percent in traffic.items()
            )
            self._kept.change(lambda w: replace(w, traffic=shares))
        if operation is not None:
            other = Operation(holder=operation, id=operation, since=self._clock.now())
            self._kept.change(lambda w: replace(w, operation=other))
        if configuration is not None or (deploy, traffic, operation) == (None, None, None):
            fresh = configuration or "configuration-changed-by-somebody-else"
            self._kept.change(lambda w: replace(w, configuration=fresh))

    def crash_instance(self) -> None:
        """Let an instance crash and come back: moves the resource version and nothing else."""
        self._kept.change(lambda w: replace(w, noise=w.noise + 1))

    def forget(self, version: str) -> None:
        """Delete a version's artifact, as a registry's clean-up does."""
        self._kept.change(
            lambda w: replace(w, releases=tuple(r for r in w.releases if r.version != version))
        )

    def refuse_to_boot(self, version: str) -> None:
        """Let every instance of a version exit at boot from now on."""
        self._kept.change(lambda w: replace(w, broken=(*w.broken, version)))

    def never_settle(self, kind: str) -> None:
        """Let steps of a kind stay pending for ever once they were sent."""
        self._kept.change(lambda w: replace(w, stuck=(*w.stuck, kind)))

    def fail_next(self, method: str, error: BaseException, *, after_effect: bool = False) -> None:
        """Let the next call of a port's method raise; ``after_effect``: having done its work."""
        self._faults.append((method, error, after_effect))

    def say_nothing(self, *, silent: bool = True) -> None:
        """Stop answering: ``settled`` says unknown, everything else is unavailable."""
        self._silent = silent

    # What the port's methods share

    def _newest(self, version: str) -> Release:
        matching = [r for r in self._kept.read().releases if r.version == version]
        if not matching:
            raise ProviderError(
                f"{version} is not there", where=f"the fake platform of {self.target}"
            )
        return matching[-1]

    def _answer(self, method: str, target: Target) -> BaseException | None:
        """Raise what was ordered for ``method``, or return what to raise after its effect."""
        if self._silent:
            raise ProviderUnavailable("the platform does not answer", where="the fake platform")
        if target != self.target:
            raise ProviderError(
                f"there is no {target}", where=f"the fake platform of {self.target}"
            )
        for fault in self._faults:
            if fault[0] == method:
                self._faults.remove(fault)
                if fault[2]:
                    return fault[1]
                raise fault[1]
        return None

    def _effect(self, kind: str, change: Callable[[World], World]) -> None:
        if self.hook:
            self.hook(f"before {kind}")
        self._kept.change(change)
        if self.hook:
            self.hook(f"after {kind}")
