"""Where the demo's stories play: its folder, its database, its load, and the commands it runs.

Used by ``story``. Each command runs as a person or a pipeline would run it, in a process of its
own. Where no person sits at a terminal, a second process approves, as a colleague would.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from smartspec_rollback.demo import folder as demo_folder
from smartspec_rollback.demo.database import ShopDatabase, end_left
from smartspec_rollback.demo.load import Load
from smartspec_rollback.errors import SmartSpecError

FAILED = "deploy-12345"
"""The deployment that every story is about."""

ROLLED_BACK, REFUSED = 0, 3

_PROGRAMS = Path(sys.executable).parent
PROGRAM = str(_PROGRAMS / "smartspec")
"""The umbrella command of this very installation."""

_ROLL_BACK = ("smartspec_rollback", "--failed-deployment-id", FAILED)

_APPROVE_WITHIN = 60.0
_READING = 3.0
"""Seconds a colleague reads a plan before approving it."""

_REPORTS = Path(".smartspec") / "reports"
_TARGET = ("--service", "checkout", "--environment", "production")


class Teller(Protocol):
    """Who tells the story to whoever watches."""

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        ...

    def command(self, words: Sequence[str]) -> None:
        """Show a command before it runs; its own output follows."""
        ...


def ended(running: "subprocess.Popen[bytes]") -> int:
    """Wait for a command and return its exit code; Ctrl-C waits too, and is passed on then.

    The terminal interrupts the command as well, and it ends in good order; to stop production
    under its hands would leave it half done.
    """
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            code = running.wait()
        except KeyboardInterrupt as again:
            interrupt = again
            continue
        if interrupt is not None:
            raise interrupt
        return code


class Commands:
    """Runs the commands of this very installation in the demo's folder, whatever PATH says."""

    def __init__(self, folder: Path, teller: Teller) -> None:
        self._folder = folder
        self._teller = teller

    def run(self, *words: str, expect: int = 0) -> None:
        """Run a command; SmartSpecError where it does not end as expected."""
        code = ended(self.start(*words))
        if code != expect:
            raise SmartSpecError(
                f"`{' '.join(words)}` ended with {code} instead of {expect}",
                remedy="what it said stands above; where this machine was too busy to answer the "
                "demo's users in time, run the demo again when it is not",
            )

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Show a command and start it."""
        self._teller.command(words)
        program = sys.executable if words[0] == "python" else str(_PROGRAMS / words[0])
        return subprocess.Popen([program, *words[1:]], cwd=self._folder)


def stop_earlier(folder: Path, teller: Teller) -> bool:
    """Stop what an earlier demo left running in this folder; False where none ever played."""
    if not demo_folder.is_ours(folder):
        return False
    try:
        if demo_folder.still_runs(folder):
            Commands(folder, teller).run("smartspec", "local", "down")
    finally:
        end_left(folder)
    return True


class Stage:
    """One demo in one folder, a context manager: whatever it started ends with it, unless left."""

    def __init__(self, folder: Path, teller: Teller) -> None:
        """Make the folder anew, after ending what an earlier demo left running in it."""
        stop_earlier(folder, teller)
        self.folder = folder
        self.url = demo_folder.make_folder(folder)
        self._teller = teller
        self._commands = Commands(folder, teller)
        self._load = Load(f"{self.url}/cart", connections=8, rate=150)
        self._left = False
        self._database = ShopDatabase(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if not self._left:
                self._commands.run("smartspec", "local", "down")
        finally:
            self._database.stop()

    def leave(self) -> None:
        """Let everything go on running after this process, until ``stop_earlier``."""
        self._database.leave()
        self._left = True

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._teller.chapter(title)

    def up(self) -> None:
        """Start the proxy."""
        self._commands.run("smartspec", "local", "up")

    @contextmanager
    def users(self) -> Iterator[Load]:
        """Let users arrive, and go away at the end."""
        self._load.start()
        try:
            yield self._load
        finally:
            self._load.stop()

    def migrate(self, version: str, deployment_id: str, *, to: int) -> None:
        """Apply migrations as a pipeline does: recording the database before and after."""
        told = ("--id", deployment_id, *_TARGET, "--version", version)
        record = ("smartspec", "deployment", "record", *told)
        self._commands.run(*record, "--phase", "before-migrations")
        self.apply(to)
        self._commands.run(*record, "--phase", "after-migrations")

    def apply(self, to: int) -> None:
        """Apply the migrations up to this one, and record nothing."""
        self._commands.run("python", "migrate.py", "--to", str(to))

    def deploy(self, version: str, deployment_id: str) -> None:
        """Put a version live."""
        self._commands.run(
            "smartspec", "local", "deploy", "--version", version, "--id", deployment_id
        )

    def gate(self, deployment_id: str, *, expect: int) -> None:
        """Let the quality gate judge a deployment."""
        self._commands.run(
            "smartspec_quality_gate", "--deployment-id", deployment_id, expect=expect
        )

    def roll_back_unattended(self, *, expect: int) -> None:
        """Roll back as a pipeline does, where nobody can be asked."""
        self._commands.run(*_ROLL_BACK, "--auto-approve", expect=expect)

    def roll_back(self) -> Path:
        """Roll back, and return the report; a person who says no is an ending too."""
        seen = len(self._plans())
        running = self._commands.start(*_ROLL_BACK)
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            self._approve(running, seen)
        code = ended(running)
        if code not in (ROLLED_BACK, REFUSED):
            raise SmartSpecError(
                f"the rollback ended with {code} instead of {ROLLED_BACK}",
                remedy=f"the report in {self.folder / _REPORTS} says why",
            )
        reports = (self.folder / _REPORTS).glob("rb-*.md")
        return max(reports, key=lambda report: report.stat().st_mtime)

    def _approve(self, running: "subprocess.Popen[bytes]", seen: int) -> None:
        """Read the plan in the channel's file, as a colleague would, and approve it by command."""
        until = time.monotonic() + _APPROVE_WITHIN
        while len(plans := self._plans()) == seen:
            if running.poll() is not None or time.monotonic() > until:
                return
            time.sleep(0.1)
        time.sleep(_READING)
        self._commands.run("smartspec", "approve", plans[-1])

    def _plans(self) -> list[str]:
        """List the rollbacks whose plans stand in the channel."""
        try:
            lines = (self.folder / "incident-channel.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [str(n["rollback_id"]) for n in map(json.loads, lines) if n["kind"] == "plan"]
