"""What the crash suite stands on: making production, running processes, and the invariants.

Called by the tests beside it and by ``random_kills``.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from smartspec_rollback.domain.rollback import EntryKind, Rollback, Status
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.engine_parts import FAILED_ID, furnished
from smartspec_rollback.testing.fake_platform import FakePlatform
from smartspec_rollback.testing.samples import BAD, GOOD, TARGET, a_release, later

RUNNER = Path(__file__).with_name("runner.py")
ATTEMPTS = 6
PATIENCE = 60.0
"""Seconds one process may take before it counts as hanging."""

SCENARIOS = ("cold", "prewarm")


def make(folder: Path) -> None:
    """Make production with a bad release live, and a ledger that says so, in a new ``folder``."""
    bench = furnished(folder, clock=FakeClock(later(0)), production=folder / "production.json")
    bench.store.close()


def surroundings() -> dict[str, str]:
    """Let processes keep their compiled modules; compiling takes longer than a whole rollback."""
    return {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def command(folder: Path, scenario: str, *options: str) -> list[str]:
    """Say how to run one process of the suite."""
    return [sys.executable, str(RUNNER), str(folder), "--scenario", scenario, *options]


def run(folder: Path, scenario: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run one process to its end, whatever that is."""
    return subprocess.run(
        command(folder, scenario, *options),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=surroundings(),
    )


def finish(folder: Path, scenario: str, *, first: int = 1) -> str:
    """Run the same command until it ends well; return the rollback's id."""
    said: list[str] = []
    for attempt in range(first, first + ATTEMPTS):
        done = run(folder, scenario, "--attempt", str(attempt))
        said.append(f"{done.returncode}: {done.stdout}{done.stderr}")
        if done.returncode == 0:
            return done.stdout.splitlines()[-1].split()[1]
    raise AssertionError("it never ended well:\n" + "\n".join(said))


class Survivors:
    """What the ledger held right after a kill; nothing of it may ever be missing."""

    def __init__(self, folder: Path) -> None:
        with SqliteStore.open(folder / "smartspec.db") as store:
            self._audit = store.audit_log(limit=10_000)
            self._rollbacks = tuple(r.id for r in store.rollbacks(limit=100))
            self._journals = {r: store.journal(r) for r in self._rollbacks}

    def check(self, store: SqliteStore) -> None:
        """Insist that everything is still there, unchanged and in order."""
        assert store.audit_log(limit=10_000)[-len(self._audit) :] == self._audit
        for rollback_id, entries in self._journals.items():
            assert store.journal(rollback_id)[: len(entries)] == entries


def check(folder: Path, rollback_id: str, *survivors: Survivors) -> None:
    """Insist on every invariant of a rollback that was killed and run again."""
    with SqliteStore.open(folder / "smartspec.db") as store:
        _check_ledger(store, rollback_id)
        for before in survivors:
            before.check(store)
        _check_seen(store, folder / "seen")
    _check_production(folder)


def _check_ledger(store: SqliteStore, rollback_id: str) -> None:
    found = store.rollback(rollback_id)
    assert found is not None
    assert found.status is Status.SUCCEEDED
    assert store.holder(rollback_id) is None
    assert store.hold_on(TARGET, a_release(BAD)) is not None
    entries, fault = store.verify_audit()
    assert fault is None, fault
    assert entries > 0
    others = [r for r in store.rollbacks(TARGET, limit=100) if r.id != rollback_id]
    assert not [r for r in others if _executed(store, r)]
    assert store.active(TARGET) is None
    recorded = store.live(TARGET)
    assert recorded is not None
    assert recorded.deployment.rollback_of == FAILED_ID


def _executed(store: SqliteStore, rollback: Rollback) -> bool:
    return any(e.kind is EntryKind.STEP_INTENT for e in store.journal(rollback.id))


def _check_seen(store: SqliteStore, seen: Path) -> None:
    for line in seen.read_text().splitlines():
        rollback_id, number, kind = line.split()
        (entry, *_) = store.journal(rollback_id, after=int(number) - 1)
        assert (entry.seq, entry.kind) == (int(number), kind)


def _check_production(folder: Path) -> None:
    platform = FakePlatform(
        TARGET, clock=FakeClock(later(1e7)), path=folder / "production.json", settle_seconds=1.0
    )
    seen = platform.observe(TARGET)
    assert seen.live is not None
    assert seen.live.release.version == GOOD
    assert [(s.revision, s.percent) for s in seen.traffic] == [(seen.live.id, 100)]
    assert {w.version: w.ready for w in seen.workloads} == {GOOD: 3, BAD: 0}
    assert {w.version: w.running for w in seen.workloads} == {GOOD: 3, BAD: 0}
    assert not any(w.prewarmed for w in seen.workloads)
    assert seen.operation is None
    done = [(e.operation, e.kind) for e in platform.effects]
    kinds = [kind for _, kind in done]
    assert len(set(done)) == len(done), done
    assert len(set(kinds)) == len(kinds), done


@cache
def writes_of(scenario: str) -> int:
    """Count the writes of a whole rollback that nobody kills."""
    folder = Path(mkdtemp(prefix="smartspec-crash-"))
    try:
        make(folder)
        done = run(folder, scenario)
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout.splitlines()[-1].split()[2])
    finally:
        shutil.rmtree(folder)
