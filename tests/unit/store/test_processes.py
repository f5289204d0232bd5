"""Several processes at one ledger, and processes that are killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from smartspec_rollback.domain.rollback import EntryKind
from smartspec_rollback.errors import ClaimLost
from smartspec_rollback.ports.store import Change
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import NOON, TARGET, a_plan, a_rollback

_HEAD = """
import sys, time
from pathlib import Path
from smartspec_rollback.errors import AnotherRunning
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import NOON, a_plan, a_rollback
store = SqliteStore.open(Path(sys.argv[1]))
"""

_OPEN = (
    _HEAD
    + """
print("ready", flush=True)
sys.stdin.readline()
try:
    store.open_rollback(a_rollback(sys.argv[2]), a_plan(sys.argv[2]))
    print("won")
except AnotherRunning as error:
    print(error.rollback_id)
"""
)

_CLAIM = (
    _HEAD
    + """
print(store.claim("rb-1", holder="the other process", at=NOON).token, flush=True)
sys.stdin.readline()
"""
)


def _start(script: str, path: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_of_twenty_processes_one_opens_the_rollback(path: Path) -> None:
    """If this fails, twenty pipelines that see one failure start more than one rollback."""
    processes = [_start(_OPEN, path, f"rb-{number}") for number in range(20)]
    assert {_line(process) for process in processes} == {"ready"}
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    (winner,) = [f"rb-{number}" for number, text in enumerate(said) if text == "won"]
    assert sorted(said) == sorted(["won", *[winner] * 19])
    with SqliteStore.open(path) as store:
        active = store.active(TARGET)
        assert active is not None
        assert active.id == winner
        assert store.verify_audit() == (2, None)


def test_a_killed_process_loses_its_claim_at_once(store: SqliteStore) -> None:
    """If this fails, a crashed rollback cannot be resumed, or is resumed beside a living one."""
    store.open_rollback(a_rollback(), a_plan())
    with _start(_CLAIM, store.path) as process:
        assert _line(process) == "1"
        assert store.claim("rb-1", holder="me", at=NOON) is None
        assert store.holder("rb-1") == "the other process"
        process.kill()
    assert store.holder("rb-1") is None
    claim = store.claim("rb-1", holder="me", at=NOON)
    assert claim is not None
    assert claim.token == 2


def test_a_child_process_does_not_keep_the_claim(store: SqliteStore) -> None:
    """If this fails, a service that a rollback started keeps it from ever being resumed."""
    store.open_rollback(a_rollback(), a_plan())
    claim = store.claim("rb-1", holder="me", at=NOON)
    assert claim is not None
    child = [sys.executable, "-c", "import sys; sys.stdin.readline()"]
    with subprocess.Popen(child, stdin=subprocess.PIPE, close_fds=False):
        store.release(claim)
        again = store.claim("rb-1", holder="me", at=NOON)
        assert again is not None
    with pytest.raises(ClaimLost):
        store.append(claim, Change(kind=EntryKind.ASKED, text="late"), at=NOON)


def test_released_locks_leave_no_files(store: SqliteStore) -> None:
    """If this fails, the folder of locks grows for ever."""
    store.open_rollback(a_rollback(), a_plan())
    claim = store.claim("rb-1", holder="me", at=NOON)
    assert claim is not None
    locks = store.path.parent / "locks"
    assert (locks / "rb-1.lock").exists()
    store.release(claim)
    assert [each.name for each in locks.iterdir()] == [".gate"]
