"""Attach: others see the same rollback, may answer it, and go on if its process dies."""

import threading
import time
from pathlib import Path

from msgspec.structs import replace
from tests.unit.engine.acting import effects, rolled_back, untouched

from smartspec_rollback.domain.approval import Policy
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.engine.attach import attach
from smartspec_rollback.engine.pausing import to_the_end
from smartspec_rollback.engine.run import plan_rollback, rollback
from smartspec_rollback.testing.engine_parts import (
    APPROVE,
    DENY,
    Bench,
    asking_for,
    furnished,
)
from smartspec_rollback.testing.fake_channel import FakeChannel
from smartspec_rollback.testing.fake_world import SCALE_DOWN, START
from smartspec_rollback.testing.samples import TARGET

_PATIENCE = 30.0


def _second(first: Bench) -> Bench:
    """Make another operator's bench on the same ledger and production."""
    other = Bench(first.folder, clock=first.clock, holder="second", prefix="second")
    other.platform = first.platform
    other.settings = first.settings
    return other


def _in_thread(bench: Bench, ended: list[Report]) -> threading.Thread:
    def work() -> None:
        ended.append(rollback(bench.parts, bench.failed, asking_for()))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _is_asking(bench: Bench) -> bool:
    active = bench.store.active(TARGET)
    return active is not None and active.status is Status.AWAITING_APPROVAL


def _pair(
    tmp_path: Path, first_says: FakeChannel, second_says: FakeChannel
) -> tuple[Bench, list[Report]]:
    """Run the command twice at once, the first a question ahead; return how both ended."""
    first = furnished(tmp_path)
    # Each look moves the fake time on, and a thread that starts late must find the question open.
    first.settings = replace(first.settings, policy=Policy(expires=1e9))
    second = _second(first)
    first.channel, second.channel = first_says, second_says
    ended: list[Report] = []
    driving = _in_thread(first, ended)
    until = time.monotonic() + _PATIENCE
    while not ended and not _is_asking(first) and time.monotonic() < until:
        time.sleep(0.005)
    for thread in (driving, _in_thread(second, ended)):
        thread.join(_PATIENCE)
        assert not thread.is_alive()
    return first, ended


def test_two_at_once_see_one_rollback(tmp_path: Path) -> None:
    """Two operators at once roll back twice, or one of them is turned away."""
    first, ended = _pair(tmp_path, FakeChannel(APPROVE), FakeChannel())
    assert [r.exit_code for r in ended] == [0, 0]
    assert len({r.rollback.id for r in ended}) == 1
    assert effects(first) == [START, SWITCH, SCALE_DOWN]
    assert rolled_back(first)


def test_second_operator_may_answer(tmp_path: Path) -> None:
    """Only whoever came first can consent."""
    _, ended = _pair(tmp_path, FakeChannel(), FakeChannel(APPROVE))
    assert [r.exit_code for r in ended] == [0, 0]


def _dead(tmp_path: Path) -> tuple[Bench, str]:
    bench = furnished(tmp_path)
    planned, plan = plan_rollback(bench.parts, bench.failed, asking_for())
    bench.store.open_rollback(planned, plan)
    return bench, planned.id


def test_follower_takes_over_from_the_dead(tmp_path: Path) -> None:
    """The process that drives dies, and those who follow wait for ever."""
    bench, left = _dead(tmp_path)
    report = to_the_end(attach(bench.parts, left), bench.parts.clock)
    assert report.exit_code == 0
    assert rolled_back(bench)


def test_follower_hears_everything_and_may_leave(tmp_path: Path) -> None:
    """A follower misses what happened, or ends the rollback by leaving."""
    bench, left = _dead(tmp_path)
    claim = bench.store.claim(left, holder="living", at=bench.clock.now())
    assert claim is not None
    second = _second(bench)
    second.stop = lambda: True
    report = to_the_end(attach(second.parts, left), bench.parts.clock)
    assert (report.exit_code, report.rollback.status) == (3, Status.PLANNED)
    bench.store.release(claim)
    active = bench.store.active(TARGET)
    assert active is not None
    assert active.id == left


def test_follower_of_a_denied_one(tmp_path: Path) -> None:
    """A follower's "no" is not heard, or it plans anew what was just denied."""
    first, ended = _pair(tmp_path, FakeChannel(), FakeChannel(DENY, DENY))
    assert {r.rollback.status for r in ended} == {Status.DENIED}
    assert untouched(first)


def test_what_ended_is_not_driven_again(tmp_path: Path) -> None:
    """Following a rollback that has ended does something."""
    bench, left = _dead(tmp_path)
    to_the_end(attach(bench.parts, left), bench.parts.clock)
    done = len(bench.store.journal(left))
    report = to_the_end(attach(_second(bench).parts, left), bench.parts.clock)
    assert report.exit_code == 0
    assert len(bench.store.journal(left)) == done
    assert bench.recorder.entries[-1].kind is EntryKind.REPORTED
