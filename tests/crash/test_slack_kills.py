"""Killed between any two writes, whoever tells and hears Slack next makes it right: once each.

Slack's own SDK runs in the killed process; the workspace is the strict one of the tests.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.harness import surroundings
from tests.crash.test_chat_kills import HEARING, RUNNER, TELLING
from tests.unit.operations.telling import Driven
from tests.unit.providers.channels.slack_rooms import a_workspace

from smartspec_rollback.operations.place import MARK
from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.ports.store import Delivery
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.slack.workspace import BOB, CHANNEL, Workspace
from smartspec_rollback.testing.store_rollbacks_contract import OTHER

PLACE = f"slack:{CHANNEL}"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Supply a workspace; nothing may be refused for its form."""
    with a_workspace() as workspace:
        yield workspace
        assert workspace.refused == []


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Supply a ledger with a rollback that ended, and one that waits for approval."""
    clock = FakeClock(SystemClock().now())
    mark = Delivery(place=PLACE, key=MARK, rollback_id="", ref=None, digest="", at=clock.now())
    with SqliteStore.open(tmp_path / "smartspec.db") as store:
        store.deliver(mark)
        Driven(store, clock).whole()
        Driven(store, clock, "rb-2", OTHER).ask()
    return tmp_path


def begin(
    ledger: Path, workspace: Workspace, *, answers: int = 0, write: int = 0
) -> "subprocess.Popen[str]":
    """Begin a process that tells and hears; it may kill itself."""
    words = (str(ledger), workspace.url, CHANNEL, str(answers), str(write))
    folder = Path(__file__).parent.parent.parent
    return subprocess.Popen(
        [sys.executable, str(RUNNER), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **surroundings(),
            "SLACK_BOT_TOKEN": workspace.state.bot_token,
            "SLACK_APP_TOKEN": workspace.state.app_token,
            "PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}",
        },
    )


def listening(ledger: Path, workspace: Workspace, *, write: int = 0) -> "subprocess.Popen[str]":
    """Begin a process that ends with one answer, and wait until Slack would tell it."""
    sockets = workspace.server.sockets
    before = sockets.opened
    process = begin(ledger, workspace, answers=1, write=write)
    sockets.wait_for_opened(before + 1)
    return process


def end(process: "subprocess.Popen[str]") -> int:
    """Wait until it ended; how."""
    said, _ = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode


def check(ledger: Path, workspace: Workspace) -> None:
    """Insist that everything stands there once, in order, and that the ledger knows it."""
    plan, progress, report, waiting = workspace.shown()
    assert plan.text.startswith("Rollback Plan")
    assert progress.thread == plan.ref
    assert report.text.startswith("Rollback Report")
    assert "Rollback: rb-2" in waiting.text
    with SqliteStore.open(ledger / "smartspec.db") as store:
        keys = ("rb-1/plan", "rb-1/progress", "rb-1/report", "rb-2/plan")
        found = [store.delivery(PLACE, key) for key in keys]
    refs = [plan.ref, progress.ref, report.ref, waiting.ref]
    assert [each.ref for each in found if each is not None] == refs


@pytest.mark.parametrize("write", TELLING)
def test_killed_while_telling(write: int, ledger: Path, workspace: Workspace) -> None:
    """If it fails, a kill loses a message, doubles it, or makes it unanswerable."""
    assert end(begin(ledger, workspace, write=write)) == -signal.SIGKILL
    assert end(begin(ledger, workspace)) == 0
    check(ledger, workspace)


@pytest.mark.parametrize("write", range(1, HEARING + 1))
def test_killed_while_hearing(write: int, ledger: Path, workspace: Workspace) -> None:
    """If it fails, a kill loses an approval that Slack was told of, or counts it twice."""
    assert end(begin(ledger, workspace)) == 0
    waiting = workspace.shown()[-1].ref
    dying = listening(ledger, workspace, write=write)
    pressed = workspace.press(waiting, Press.APPROVE, account=BOB)
    assert end(dying) == -signal.SIGKILL
    next_one = listening(ledger, workspace)
    if not pressed.answered.is_set():  # Slack shows that it failed, and people press again
        workspace.press(waiting, Press.APPROVE, account=BOB).wait()
    assert end(next_one) == 0
    check(ledger, workspace)
    with SqliteStore.open(ledger / "smartspec.db") as store:
        (decision,) = store.decisions("rb-2")
    assert decision.person.account == f"slack:{BOB}"
    assert all("bob's approval" in each for each in workspace.told(BOB))
    assert workspace.told(BOB)
