"""Runs the commands as a user does, and seeds ledgers for them. Used by the tests beside it.

``Typed`` runs in this process, which is quick; ``installed`` starts the installed program.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smartspec_rollback.cli.exits import execute
from smartspec_rollback.cli.gate import gate
from smartspec_rollback.cli.rollback import rollback
from smartspec_rollback.cli.umbrella import umbrella
from smartspec_rollback.domain.approval import Policy
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import EntryKind, Rollback, Status
from smartspec_rollback.ports.store import Change
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import a_hold, a_plan, a_rollback

PROGRAMS = {"smartspec": umbrella, "smartspec_rollback": rollback, "smartspec_quality_gate": gate}

CONFIGURATION = """\
services:
  checkout:
    production:
      platform: {kind: local, releases: releases/, listen: 127.0.0.1:1}
      database: none
      objectives: [p99 latency <= 200ms]
"""

LEDGER = ".smartspec/smartspec.db"


@dataclass(frozen=True)
class Result:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output; an error if there is anything else."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Typed:
    """Runs commands in this process, in a folder of the test's own."""

    folder: Path
    captured: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Result:
        """Run a command; one that doesn't name its program is ``smartspec``."""
        program, rest = (words[0], words[1:]) if words[0] in PROGRAMS else ("smartspec", words)
        self.captured.readouterr()
        code = execute(PROGRAMS[program], program, rest)
        out, err = self.captured.readouterr()
        return Result(code, out, err)

    @property
    def ledger(self) -> Path:
        """Where the ledger lies."""
        return self.folder / LEDGER


def installed(
    *words: str,
    folder: Path,
    environment: dict[str, str] | None = None,
    **streams: Any,
) -> Result:
    """Run an installed program to its end."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(words[0])), *words[1:]],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        check=False,
        timeout=60,
        **{
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **streams,
        },
    )
    return Result(
        done.returncode,
        (done.stdout or b"").decode(errors="replace"),
        (done.stderr or b"").decode(errors="replace"),
    )


def seed(
    ledger: Path, *, status: Status = Status.AWAITING_APPROVAL, approvers: tuple[str, ...] = ()
) -> tuple[Rollback, Plan]:
    """Write a rollback that was asked for just now, and that no process drives."""
    now = datetime.now(UTC)
    plan = msgspec.structs.replace(
        a_plan("rb-waiting", policy=Policy(approvers=approvers)), made_at=now
    )
    told = msgspec.structs.replace(
        a_rollback(plan=plan, status=status),
        requested_at=now,
        updated_at=now,
        expires_at=now + timedelta(minutes=15),
    )
    with SqliteStore.open(ledger) as store:
        store.open_rollback(told, plan)
    return told, plan


def place_hold(store: SqliteStore, deployment_id: str) -> None:
    """Place the hold hold-1 as a rollback does, by its journal; that rollback is over then."""
    entry = store.deployment(deployment_id)
    assert entry is not None
    plan = a_plan("rb-1", from_release=entry.deployment.release)
    store.open_rollback(a_rollback(plan=plan, status=Status.APPROVED), plan)
    now = datetime.now(UTC)
    claim = store.claim("rb-1", holder="a test", at=now)
    assert claim is not None
    hold = a_hold("hold-1", entry.deployment.release)
    for status in (Status.EXECUTING, Status.STALE):
        change = Change(
            kind=EntryKind.HOLD_PLACED,
            text="held",
            status=status,
            place_hold=hold if status is Status.EXECUTING else None,
        )
        store.append(claim, change, at=now)
