"""The fake platform's faults do what tests of the engine rely on."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.snapshot import Fence, Inspection
from smartspec_rollback.domain.step import ProgressState, Step
from smartspec_rollback.errors import (
    AnotherRunning,
    FenceConflict,
    ProviderError,
    ProviderUnavailable,
)
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.platform import Guards, InspectsReleases, Prewarms
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_platform import BarePlatform, FakePlatform
from smartspec_rollback.testing.samples import BAD, GOOD, TARGET, a_release

CLOCK = FakeClock()


def _platform(path: Path | None = None) -> FakePlatform:
    platform = FakePlatform(TARGET, clock=CLOCK, path=path)
    platform.add(a_release(GOOD))
    platform.deploy(a_release(BAD), deployment_id="deploy-12345")
    return platform


def _steps(platform: FakePlatform) -> tuple[Step, ...]:
    return platform.plan(platform.observe(TARGET), to=a_release(GOOD))


def _apply(platform: FakePlatform, step: Step, *, operation: str = "") -> None:
    fingerprint = platform.observe(TARGET).fingerprint
    fence = Fence(operation=operation or f"op-{step.id}", token=7, fingerprint=fingerprint)
    platform.apply(step, fence=fence, deadline=Deadline.after(CLOCK, 60))


def test_effects_are_told_by_operation() -> None:
    """A test cannot tell an effect done twice from one done once."""
    platform = _platform()
    for step in _steps(platform):
        for _ in range(2):
            _apply(platform, step)
    done = [(e.operation, e.kind, e.token) for e in platform.effects]
    assert done == [
        ("op-start-instances", "start-instances", 7),
        ("op-switch-traffic", "switch-traffic", 7),
        ("op-scale-down", "scale-down", 7),
    ]


def test_prewarm_and_discard_are_effects() -> None:
    """A test cannot tell whether a denied rollback left something running."""
    platform = _platform()
    for _ in range(2):
        platform.prewarm(TARGET, a_release(GOOD), operation="op-prewarm")
    for _ in range(2):
        platform.discard(TARGET, a_release(GOOD), operation="rb-1.prewarm")
    assert [e.kind for e in platform.effects] == ["prewarm", "discard"]


@pytest.mark.parametrize("after_effect", [False, True])
def test_ordered_failure_comes_once(*, after_effect: bool) -> None:
    """A lost answer and a refused request cannot be told apart in tests."""
    platform = _platform()
    step = _steps(platform)[0]
    platform.fail_next("apply", ProviderUnavailable("cut off"), after_effect=after_effect)
    with pytest.raises(ProviderUnavailable, match="cut off"):
        _apply(platform, step)
    assert len(platform.effects) == (1 if after_effect else 0)
    _apply(platform, step)
    assert len(platform.effects) == 1


def test_release_that_does_not_boot_fails() -> None:
    """A release that exits at boot stays pending for ever, or takes traffic."""
    platform = _platform()
    platform.refuse_to_boot(GOOD)
    start, switch, _ = _steps(platform)
    _apply(platform, start)
    assert platform.settled(start).state is ProgressState.FAILED
    with pytest.raises(FenceConflict, match="instances ready"):
        _apply(platform, switch)
    platform.prewarm(TARGET, a_release(GOOD), operation="op-prewarm")
    seen = platform.prewarmed(TARGET, a_release(GOOD))
    assert (seen.progress.state, seen.addresses) == (ProgressState.FAILED, ())


def test_step_that_never_settles_stays_pending() -> None:
    """The engine's timeouts cannot be tested."""
    platform = _platform()
    platform.never_settle("start-instances")
    start = _steps(platform)[0]
    _apply(platform, start)
    CLOCK.advance(86400)
    assert platform.settled(start).state is ProgressState.PENDING


def test_silent_platform_is_unknown_and_unavailable() -> None:
    """A platform that does not answer looks like one where nothing happened."""
    platform = _platform()
    start = _steps(platform)[0]
    platform.say_nothing()
    assert platform.settled(start).state is ProgressState.UNKNOWN
    with pytest.raises(ProviderUnavailable):
        platform.observe(TARGET)
    platform.say_nothing(silent=False)
    assert platform.settled(start).state is ProgressState.PENDING


def test_only_what_matters_changes_the_fingerprint() -> None:
    """Tests of stale plans pass for the wrong reason."""
    platform = _platform()
    seen = platform.observe(TARGET)
    platform.crash_instance()
    platform.interfere(operation="deploy-999")
    noisy = platform.observe(TARGET)
    assert noisy.resource_version != seen.resource_version
    assert noisy.operation is not None
    assert noisy.fingerprint == seen.fingerprint
    prints = {seen.fingerprint}
    platform.interfere(configuration="another")
    prints.add(platform.observe(TARGET).fingerprint)
    platform.interfere(traffic={BAD: 90, GOOD: 10})
    prints.add(platform.observe(TARGET).fingerprint)
    platform.interfere(deploy=a_release("v1.2.2"))
    prints.add(platform.observe(TARGET).fingerprint)
    assert len(prints) == 4
    with pytest.raises(AnotherRunning, match="deploy-999"):
        platform.guard(TARGET, holder="rb-1")


def test_deployment_ids_are_remembered() -> None:
    """An incident's first use, with an empty ledger, cannot be tested."""
    platform = _platform()
    live = platform.observe(TARGET).live
    assert live is not None
    assert live.deployment_id == "deploy-12345"


def test_deleted_artifact_is_missed() -> None:
    """A release whose artifact is gone is started all the same."""
    platform = _platform()
    start = _steps(platform)[0]
    platform.forget(GOOD)
    assert platform.find(TARGET, GOOD) is None
    assert platform.inspect(TARGET, a_release(GOOD)).artifact_present is False
    with pytest.raises(ProviderError, match="nothing was done"):
        _apply(platform, start)
    assert platform.effects == ()


def test_inspections_can_be_scripted() -> None:
    """The checks on artifacts, configuration and capacity cannot be tested."""
    platform = _platform()
    scripted = replace(
        platform.inspect(TARGET, a_release(GOOD)), missing_secrets=("DATABASE_PASSWORD",)
    )
    platform.inspections[GOOD] = scripted
    seen: Inspection = platform.inspect(TARGET, a_release(GOOD))
    assert seen.missing_secrets == ("DATABASE_PASSWORD",)


def test_other_targets_are_unknown() -> None:
    """A mistaken Target is served with somebody else's production."""
    with pytest.raises(ProviderError, match="there is no"):
        _platform().observe(replace(TARGET, environment="staging"))


def test_bare_platform_has_no_abilities() -> None:
    """The findings of platforms without abilities cannot be tested."""
    platform = _platform()
    bare = BarePlatform(platform)
    assert not isinstance(bare, InspectsReleases | Prewarms | Guards)
    assert isinstance(platform, InspectsReleases)
    assert isinstance(platform, Prewarms)
    assert isinstance(platform, Guards)
    start = bare.plan(bare.observe(TARGET), to=a_release(GOOD))[0]
    fence = Fence(operation="op", token=1, fingerprint=bare.observe(TARGET).fingerprint)
    bare.apply(start, fence=fence, deadline=Deadline.after(CLOCK, 60))
    assert bare.settled(start).state is ProgressState.DONE


@pytest.mark.parametrize(("moment", "effects"), [("before", 0), ("after", 1)])
def test_killed_process_leaves_production_as_it_was(
    tmp_path: Path, moment: str, effects: int
) -> None:
    """Crash tests see another production after the crash than before it."""
    path = tmp_path / "production.json"
    platform = _platform(path)
    code = f"""
import os, signal
from pathlib import Path
from smartspec_rollback.domain.snapshot import Fence
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_platform import FakePlatform
from smartspec_rollback.testing.samples import GOOD, TARGET, a_release

def die(point):
    if point == "{moment} start-instances":
        os.kill(os.getpid(), signal.SIGKILL)

platform = FakePlatform(TARGET, path=Path({str(path)!r}), hook=die)
seen = platform.observe(TARGET)
step = platform.plan(seen, to=a_release(GOOD))[0]
fence = Fence(operation="op-1", token=1, fingerprint=seen.fingerprint)
platform.apply(step, fence=fence, deadline=Deadline.after(FakeClock(), 60))
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(platform.effects) == effects
    _apply(platform, _steps(_platform(tmp_path / "other.json"))[0], operation="op-1")
    assert len(platform.effects) == 1
