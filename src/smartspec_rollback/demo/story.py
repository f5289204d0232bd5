"""The story: a good release, a slow one, a gate that fails, and the way back, under load.

Each chapter runs a command as a person or a pipeline would, in a process of its own. Where no
person sits at a terminal, a second process approves, as a colleague would.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from smartspec_rollback.demo.folder import make_folder, still_runs
from smartspec_rollback.demo.load import Counted, Load
from smartspec_rollback.errors import SmartSpecError

GOOD, BAD = ("v1.2.0", "deploy-12344"), ("v1.2.1", "deploy-12345")
_APPROVE_WITHIN = 60.0
_READING = 3.0
"""Seconds a colleague reads a plan before approving it."""

_SOAK = 3.0
_REPORTS = Path(".smartspec") / "reports"
_ROLLED_BACK, _REFUSED = 0, 3

PROGRAM = str(Path(sys.executable).with_name("smartspec"))
"""The umbrella command of this very installation."""


class Teller(Protocol):
    """Who tells the story to whoever watches."""

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        ...

    def command(self, words: Sequence[str]) -> None:
        """Show a command before it runs; its own output follows."""
        ...


@dataclass(frozen=True)
class Summary:
    """How it ended."""

    requests: int
    failed: int
    by_version: dict[str, int]
    approval_to_switch: float | None
    report: str
    exit_code: int


def _ended(running: "subprocess.Popen[bytes]") -> int:
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


class Story:
    """One run of the demo in one folder."""

    def __init__(self, folder: Path, teller: Teller) -> None:
        self._folder = folder
        self._teller = teller
        if still_runs(folder):
            self.stop()
        self.url = make_folder(folder)
        self._load = Load(f"{self.url}/cart", connections=8, rate=150)

    def tell(self) -> Summary:
        """Tell it from beginning to end; SmartSpecError where a command ends unexpectedly."""
        self._deploy(*GOOD, title="A healthy release goes live, and users arrive")
        self._load.start()
        try:
            return self._incident()
        finally:
            self._load.stop()

    def stop(self) -> None:
        """Stop everything that was started."""
        self._run("local", "down")

    def _incident(self) -> Summary:
        lived = time.monotonic()
        self._gate(GOOD[1], expect=0)
        time.sleep(max(0.0, _SOAK - (time.monotonic() - lived)))
        self._deploy(*BAD, title="The next release goes live; it is slow, and nobody knows yet")
        self._gate(BAD[1], expect=1)
        self._teller.chapter("Production is hurting: back to the last known good version")
        report = self._rollback()
        counted = self._load.stop()
        return self._summary(report, counted)

    def _deploy(self, version: str, deployment_id: str, *, title: str) -> None:
        self._teller.chapter(title)
        if version == GOOD[0]:
            self._run("local", "up")
        self._run("local", "deploy", "--version", version, "--id", deployment_id)

    def _gate(self, deployment_id: str, *, expect: int) -> None:
        words = ("smartspec_quality_gate", "--deployment-id", deployment_id)
        self._teller.command(words)
        code = _ended(self._started("gate", *words[1:]))
        if code != expect:
            raise SmartSpecError(f"the gate ended with {code} instead of {expect}")

    def _rollback(self) -> Path:
        """Roll back; a person who says no is an ending of the story too."""
        words = ("smartspec_rollback", "--failed-deployment-id", BAD[1])
        self._teller.command(words)
        running = self._started("rollback", *words[1:])
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            self._approve(running)
        code = _ended(running)
        if code not in (_ROLLED_BACK, _REFUSED):
            raise SmartSpecError(
                f"the rollback ended with {code} instead of {_ROLLED_BACK}",
                remedy=f"the report in {self._folder / _REPORTS} says why",
            )
        return next((self._folder / _REPORTS).glob("rb-*.md"))

    def _approve(self, running: "subprocess.Popen[bytes]") -> None:
        """Read the plan in the channel's file, as a colleague would, and approve it by command."""
        until = time.monotonic() + _APPROVE_WITHIN
        while (rollback_id := self._asked()) is None:
            if running.poll() is not None or time.monotonic() > until:
                return
            time.sleep(0.1)
        time.sleep(_READING)
        self._run("approve", rollback_id)

    def _asked(self) -> str | None:
        try:
            lines = (self._folder / "incident-channel.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return None
        plans = [n for n in map(json.loads, lines) if n["kind"] == "plan"]
        return str(plans[-1]["rollback_id"]) if plans else None

    def _run(self, *words: str) -> None:
        self._teller.command(("smartspec", *words))
        code = _ended(self._started(*words))
        if code != 0:
            raise SmartSpecError(f"`smartspec {' '.join(words)}` ended with {code}")

    def _started(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a command of this very installation, whatever PATH says."""
        return subprocess.Popen([PROGRAM, *words], cwd=self._folder)

    def _summary(self, report: Path, counted: Counted) -> Summary:
        document = json.loads(report.with_suffix(".json").read_text())
        moments = document["moments"]
        taken: float | None = None
        if moments["approved"] and moments["switched"]:
            start, end = (datetime.fromisoformat(moments[m]) for m in ("approved", "switched"))
            taken = (end - start).total_seconds()
        return Summary(
            requests=counted.sent,
            failed=counted.failed,
            by_version=counted.by_version,
            approval_to_switch=taken,
            report=os.path.relpath(report),
            exit_code=document["exit_code"],
        )
