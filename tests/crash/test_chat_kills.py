"""Killed between any two writes, whoever tells and hears a room next makes it right: once each.

The homeserver is a real Synapse.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.harness import surroundings
from tests.matrix_room import MatrixRoom, Relay
from tests.synapse import NAME, Homeserver
from tests.unit.operations.telling import Driven

from smartspec_rollback.operations.place import MARK
from smartspec_rollback.ports.store import Delivery
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.messenger_room import Shown
from smartspec_rollback.testing.store_rollbacks_contract import OTHER

RUNNER = Path(__file__).with_name("chat_runner.py")
BOB = f"matrix:@bob:{NAME}"
TELLING = (1, 2, 3, 4, 6, 8)
"""Writes of whoever tells: an intent and a ref for each of four messages; refs are even."""
HEARING = 3
"""Writes of whoever hears an answer: that it was heard, the decision, that it was replied to."""


@pytest.fixture
def room(homeserver: Homeserver) -> Iterator[MatrixRoom]:
    """Supply a room."""
    with Relay(homeserver.port) as relay:
        yield MatrixRoom(homeserver, relay)


@pytest.fixture
def ledger(tmp_path: Path, room: MatrixRoom) -> Path:
    """Supply a ledger with a rollback that ended, and one that waits for approval."""
    clock = FakeClock(SystemClock().now())
    with SqliteStore.open(tmp_path / "smartspec.db") as store:
        before = Delivery(
            place=f"matrix:{room.id}",
            key=MARK,
            rollback_id="",
            ref=None,
            digest="",
            at=clock.now(),
        )
        store.deliver(before)
        Driven(store, clock).whole()
        Driven(store, clock, "rb-2", OTHER).ask()
    return tmp_path


def run(ledger: Path, room: MatrixRoom, *, answers: int = 0, write: int = 0) -> int:
    """Run a process that tells and hears; it may kill itself."""
    words = (str(ledger), room.relay.url, room.id, str(answers), str(write))
    folder = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, str(RUNNER), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={
            **surroundings(),
            "MATRIX_TOKEN": room.bot.token,
            "PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}",
        },
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stdout + done.stderr
    return done.returncode


def posts(room: MatrixRoom) -> list[Shown]:
    """List what stands in the room, but for replies."""
    return [each for each in room.shown() if not each.calls]


def check(ledger: Path, room: MatrixRoom) -> None:
    """Insist that everything stands there once, in order, and that the ledger knows it."""
    plan, progress, report, waiting = posts(room)
    assert "Rollback: rb-1" in plan.text
    assert progress.thread == plan.ref
    assert report.text.startswith("Rollback Report")
    assert "Rollback: rb-2" in waiting.text
    place = f"matrix:{room.id}"
    with SqliteStore.open(ledger / "smartspec.db") as store:
        keys = ("rb-1/plan", "rb-1/progress", "rb-1/report", "rb-2/plan")
        found = [store.delivery(place, key) for key in keys]
        assert [each.ref for each in found if each is not None] == [
            plan.ref,
            progress.ref,
            report.ref,
            waiting.ref,
        ]


@pytest.mark.parametrize("write", TELLING)
def test_killed_while_telling(write: int, ledger: Path, room: MatrixRoom) -> None:
    """If it fails, a kill loses a message, doubles it, or makes it unanswerable."""
    assert run(ledger, room, write=write) == -signal.SIGKILL
    assert run(ledger, room) == 0
    check(ledger, room)


@pytest.mark.parametrize("write", range(1, HEARING + 1))
def test_killed_while_hearing(write: int, ledger: Path, room: MatrixRoom) -> None:
    """If it fails, a kill loses an approval, or counts or answers it twice."""
    room.hear_from_now()
    assert run(ledger, room) == 0
    room.react(posts(room)[-1].ref, "👍", account=BOB)
    assert run(ledger, room, answers=1, write=write) == -signal.SIGKILL
    assert run(ledger, room, answers=1) == 0
    check(ledger, room)
    with SqliteStore.open(ledger / "smartspec.db") as store:
        (decision,) = store.decisions("rb-2")
    assert decision.person.account == BOB
    (reply,) = room.told(BOB)
    assert reply.startswith(("Counted: bob's approval", "bob's approval"))
