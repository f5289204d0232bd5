"""Killed at every write and around every effect, then run again: it always ends right."""

import signal
from pathlib import Path

import pytest
from tests.crash.harness import SCENARIOS, Survivors, check, finish, make, run, writes_of

from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.testing.fake_world import PREWARM, SCALE_DOWN, START

_EFFECTS = {"cold": (START, SWITCH, SCALE_DOWN), "prewarm": (PREWARM, SWITCH, SCALE_DOWN)}
_MOMENTS = [
    (scenario, f"{side}:{number}")
    for scenario in SCENARIOS
    for number in range(1, writes_of(scenario) + 1)
    for side in ("before", "after")
] + [
    (scenario, f"{side} {kind}")
    for scenario, kinds in _EFFECTS.items()
    for kind in kinds
    for side in ("before", "after")
]


@pytest.mark.parametrize(("scenario", "moment"), _MOMENTS)
def test_killed_and_run_again(scenario: str, moment: str, tmp_path: Path) -> None:
    """A process that dies here leaves production half done, does an effect twice, or forgets."""
    make(tmp_path)
    killed = run(tmp_path, scenario, "--kill", moment)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    survivors = Survivors(tmp_path)
    check(tmp_path, finish(tmp_path, scenario), survivors)
