"""One process of the crash suite: runs the whole rollback, and may kill itself on the way.

Started by ``harness``. Production is a file, the ledger is on disk, time passes at once. Every
journal entry that the engine heard of is written to ``seen`` before anything else happens, so
that the harness can tell a lost one. The last line of output says how it ended.
"""

import argparse
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from smartspec_rollback.domain.approval import Decision, Policy
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import Claim, JournalEntry, Rollback
from smartspec_rollback.engine.run import rollback
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.ports.store import Change
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import START
from smartspec_rollback.testing.engine_parts import (
    SETTINGS,
    Bench,
    Recorder,
    YieldingClock,
    asking_for,
)
from smartspec_rollback.testing.samples import later

PACE = 1.5
"""Seconds that booting and settling take, so that a crash can fall in between."""

SLOW_SETTINGS = replace(SETTINGS, policy=Policy(expires=1e6))


class Moment:
    """Counts what happens, and kills this process at one of it: ``before:7``, ``after switch``."""

    def __init__(self, deadly: str | None) -> None:
        self._deadly = deadly
        self.writes = 0

    def next_write(self) -> str:
        """Give the coming write its number."""
        self.writes += 1
        return str(self.writes)

    def pass_by(self, name: str) -> None:
        """Die here, if this is the moment."""
        if name == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)


class KillingStore(SqliteStore):
    """The ledger; every write of a rollback is a moment to die before, and one after."""

    moment: Moment

    def open_rollback(self, rollback: Rollback, plan: Plan, /) -> None:
        """Open."""
        number = self.moment.next_write()
        self.moment.pass_by(f"before:{number}")
        super().open_rollback(rollback, plan)
        self.moment.pass_by(f"after:{number}")

    def claim(self, rollback_id: str, /, *, holder: str, at: datetime) -> Claim | None:
        """Claim."""
        number = self.moment.next_write()
        self.moment.pass_by(f"before:{number}")
        claim = super().claim(rollback_id, holder=holder, at=at)
        self.moment.pass_by(f"after:{number}")
        return claim

    def append(self, claim: Claim, change: Change, /, *, at: datetime) -> JournalEntry:
        """Append."""
        number = self.moment.next_write()
        self.moment.pass_by(f"before:{number}")
        entry = super().append(claim, change, at=at)
        self.moment.pass_by(f"after:{number}")
        return entry

    def decide(self, decision: Decision, /) -> bool:
        """Decide."""
        number = self.moment.next_write()
        self.moment.pass_by(f"before:{number}")
        fresh = super().decide(decision)
        self.moment.pass_by(f"after:{number}")
        return fresh

    def release(self, claim: Claim, /) -> None:
        """Give back."""
        number = self.moment.next_write()
        self.moment.pass_by(f"before:{number}")
        super().release(claim)
        self.moment.pass_by(f"after:{number}")


class Witness(Recorder):
    """Writes down every entry it hears of; what is in the file was told to somebody."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("a")

    def entry(self, entry: JournalEntry, /) -> None:
        """Write it down."""
        super().entry(entry)
        self._file.write(f"{entry.rollback_id} {entry.seq} {entry.kind}\n")
        self._file.flush()


class PatientClock(YieldingClock):
    """Lets a little real time pass, so that somebody else has a moment to interfere."""

    def sleep(self, seconds: float, /) -> None:
        """Let ``seconds`` pass, at most a hundredth of a second of it for real."""
        time.sleep(min(seconds, 0.01))
        super().sleep(seconds)


def main() -> int:
    """Roll back and say how it ended."""
    asked = _arguments()
    moment = Moment(asked.kill)
    KillingStore.moment = moment
    clock = (PatientClock if asked.patient else YieldingClock)(later(0))
    clock.advance(max(0.0, (START - clock.now()).total_seconds()) + 4000.0 + 300.0 * asked.attempt)
    bench = Bench(
        asked.folder,
        clock=clock,
        settings=replace(SLOW_SETTINGS, prewarm=asked.scenario != "cold"),
        production=asked.folder / "production.json",
        boot_seconds=PACE,
        settle_seconds=PACE,
        hook=moment.pass_by,
        open_store=KillingStore.open,
        holder=f"process {os.getpid()}",
        prefix=f"rb-{os.getpid()}",
    )
    bench.recorder = Witness(asked.folder / "seen")
    print("ready", flush=True)  # noqa: T201 - the harness waits for it
    failed = bench.failed
    try:
        report = rollback(bench.parts, failed, asking_for(auto_approve=asked.scenario != "cold"))
    except SmartSpecError as error:
        print(f"{error.exit_code} - {moment.writes} {error.what}")  # noqa: T201 - for the harness
        return error.exit_code
    bench.store.close()
    detail = f"{report.rollback.status} {report.rollback.status_detail}"
    print(f"{report.exit_code} {report.rollback.id} {moment.writes} {detail}")  # noqa: T201 - same
    return report.exit_code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenario", choices=["cold", "prewarm"], required=True)
    parser.add_argument("--attempt", type=int, default=0)
    parser.add_argument("--kill", help="a moment: before:N, after:N, or what a hook is told")
    parser.add_argument("--patient", action="store_true", help="let some real time pass")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
