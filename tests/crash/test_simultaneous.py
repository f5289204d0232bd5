"""Many triggers for one failed deployment: one rollback."""

import subprocess
from pathlib import Path

import pytest
from tests.crash.harness import PATIENCE, SCENARIOS, check, command, make, surroundings

from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import TARGET

_PROCESSES = 20


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_twenty_at_once_make_one_rollback(scenario: str, tmp_path: Path) -> None:
    """Two pipelines and a person who react at once roll back twice, or some of them fail."""
    make(tmp_path)
    started = [
        subprocess.Popen(
            command(tmp_path, scenario, "--patient"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=surroundings(),
        )
        for _ in range(_PROCESSES)
    ]
    said = [process.communicate(timeout=PATIENCE)[0] for process in started]
    assert [process.returncode for process in started] == [0] * _PROCESSES, said
    (rollback_id,) = {text.splitlines()[-1].split()[1] for text in said}
    check(tmp_path, rollback_id)
    with SqliteStore.open(tmp_path / "smartspec.db") as store:
        (only,) = store.rollbacks(TARGET, limit=100)
        assert only.id == rollback_id
