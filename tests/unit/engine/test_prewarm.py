"""Prewarm: what does not boot is never switched to, and nothing is left running beside."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import (
    effects,
    go,
    held,
    prewarming,
    rolled_back,
    say,
    untouched,
    when,
)

from smartspec_rollback.domain.approval import Answer, Policy
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Claim, EntryKind, JournalEntry, Status
from smartspec_rollback.domain.settings import Probe, Verification
from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import parameter
from smartspec_rollback.engine.run import plan_rollback
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.channel import Reply
from smartspec_rollback.ports.platform import Prewarmed
from smartspec_rollback.ports.store import Change
from smartspec_rollback.testing.engine_parts import APPROVE, DENY, Bench, asking_for
from smartspec_rollback.testing.fake_channel import FakeChannel
from smartspec_rollback.testing.fake_world import DISCARD, PREWARM, SCALE_DOWN, START
from smartspec_rollback.testing.samples import GOOD, a_release


class _AnswersOnce(FakeChannel):
    """A channel whose answer comes only once something is so."""

    def __init__(self, reply: Reply, ready: Callable[[], bool]) -> None:
        super().__init__(reply)
        self._ready = ready

    def poll(self) -> Reply | None:
        """Answer, if it is time."""
        return super().poll() if self._ready() else None


@pytest.fixture(name="warm")
def _warm(bench: Bench) -> Bench:
    """Supply a bench whose owners want a prewarm, and patient approvers."""
    prewarming(bench)
    bench.settings = replace(bench.settings, policy=Policy(expires=1e6))
    return bench


def _after_it_ran(warm: Bench, reply: Reply) -> None:
    """Let people answer once the prewarm has had its effect."""
    warm.channel = _AnswersOnce(reply, lambda: PREWARM in effects(warm))


def test_switches_to_what_runs_already(warm: Bench) -> None:
    """A prewarmed rollback starts everything again, or journals no proof that it booted."""
    report = go(warm)
    assert report.exit_code == 0
    assert effects(warm) == [PREWARM, SWITCH, SCALE_DOWN]
    assert rolled_back(warm)
    assert "ready beside the live version" in str(report.prewarm)


def test_does_not_boot(warm: Bench) -> None:
    """Traffic is sent to a version that does not start today, since somebody approved."""
    warm.platform.refuse_to_boot(GOOD)
    report = go(warm)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert "does not boot" in report.rollback.status_detail
    assert untouched(warm)
    assert not held(warm)


def test_fails_its_tests(warm: Bench) -> None:
    """A version that starts, but fails its smoke tests, gets the traffic."""
    tests = Verification(probes=(Probe(path="/healthz"),), commands=("./smoke.sh",))
    warm.settings = replace(warm.settings, verification=tests)
    warm.smoke.failing["./smoke.sh"] = "exit status 1"
    report = go(warm)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert "./smoke.sh" in report.rollback.status_detail
    assert untouched(warm)
    assert parameter(warm.smoke.environments[0], "SMARTSPEC_PREWARM") == "1"


def test_no_address_to_test_at(warm: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that had nowhere to run count as passed, and the target gets the traffic."""
    warm.settings = replace(warm.settings, verification=Verification(probes=(Probe(path="/"),)))
    observed = warm.platform.prewarmed

    def nowhere(target: Target, release: Release) -> Prewarmed:
        return replace(observed(target, release), addresses=())

    monkeypatch.setattr(warm.platform, "prewarmed", nowhere)
    report = go(warm)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert "names no address" in report.rollback.status_detail


def test_platform_that_fails_to_start_it(warm: Bench) -> None:
    """An error while prewarming hangs the rollback, or is forgotten."""
    warm.platform.fail_next("prewarm", ProviderError("no memory"))
    assert go(warm).rollback.status is Status.REFUSED
    warm.platform.fail_next("prewarm", RuntimeError("a bug"))
    report = go(warm)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert untouched(warm)


def test_died_while_people_read(warm: Bench) -> None:
    """What was ready when it was tested has died since, and gets the traffic."""

    def break_it() -> bool:
        ready = any(e.kind is EntryKind.PREWARM_READY for e in warm.recorder.entries)
        if ready:
            warm.platform.discard(warm.failed.target, a_release(GOOD), operation="rb-1.prewarm")
        return ready

    warm.channel = _AnswersOnce(APPROVE, break_it)
    report = go(warm)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert untouched(warm)


def test_denied(warm: Bench) -> None:
    """After a "no" the old version keeps running beside the live one."""
    _after_it_ran(warm, DENY)
    assert go(warm).rollback.status is Status.DENIED
    assert effects(warm) == [PREWARM, DISCARD]
    assert untouched(warm)


def test_nothing_is_left_once_it_is_closed(warm: Bench) -> None:
    """A process that dies just after closing leaves instances and the guard to nobody."""
    _after_it_ran(warm, DENY)
    seen: list[bool] = []
    heard = warm.recorder.entry

    def look(entry: JournalEntry, /) -> None:
        heard(entry)
        if entry.kind is EntryKind.STATUS:
            seen.append(untouched(warm))

    warm.recorder.entry = look  # type: ignore[method-assign] # to look just then
    assert go(warm).rollback.status is Status.DENIED
    assert seen == [True]


def test_expired(warm: Bench) -> None:
    """Nobody answers, and the old version keeps running for ever."""
    warm.settings = replace(warm.settings, policy=Policy(expires=30.0))
    warm.channel = FakeChannel()
    assert go(warm).rollback.status is Status.EXPIRED
    assert untouched(warm)


def test_cancelled(warm: Bench) -> None:
    """Ctrl-C at the question leaves the old version running."""
    warm.channel = FakeChannel()
    warm.stop = lambda: PREWARM in effects(warm)
    report = go(warm)
    assert (report.exit_code, report.rollback.status) == (3, Status.CANCELLED)
    assert untouched(warm)


def test_stale(warm: Bench) -> None:
    """Production changes while people read, and the prewarmed version stays."""
    _after_it_ran(warm, APPROVE)
    when(warm, f"after {PREWARM}", warm.platform.interfere)
    assert go(warm).rollback.status is Status.STALE
    assert effects(warm) == [PREWARM, DISCARD]


def test_removing_is_tried_again(warm: Bench) -> None:
    """One lost connection, and the prewarmed version runs for ever."""
    _after_it_ran(warm, DENY)
    warm.platform.fail_next("discard", ProviderUnavailable("connection reset"))
    go(warm)
    assert untouched(warm)


def test_what_cannot_be_removed_is_told(warm: Bench) -> None:
    """Instances are left running, and nobody is told."""
    _after_it_ran(warm, DENY)
    for _ in range(5):
        warm.platform.fail_next("discard", ProviderUnavailable("connection reset"))
    report = go(warm)
    assert report.rollback.status is Status.DENIED
    assert "could not be removed" in str(report.prewarm)
    assert any("may still run" in line for line in report.advice)


def test_never_without_the_schema_check(warm: Bench) -> None:
    """The old version boots, and migrates, beside a database nobody compared."""
    warm.settings = replace(warm.settings, database=None)
    report = go(warm, dry_run=True)
    assert not report.plan.prewarm
    assert report.plan.steps[0].kind == START


def test_process_dies_and_the_approval_expires(warm: Bench) -> None:
    """A process dies while people read; what it prewarmed stays for ever."""
    warm.settings = replace(warm.settings, policy=Policy(expires=900.0))
    planned, plan = plan_rollback(warm.parts, warm.failed, asking_for())
    warm.store.open_rollback(planned, plan)
    claim = warm.store.claim(planned.id, holder="dead", at=warm.clock.now())
    assert claim is not None
    _journal_intent(warm, planned.id)
    warm.platform.prewarm(planned.target, plan.to.release, operation=f"{planned.id}.prewarm")
    warm.store.release(claim)
    warm.clock.advance(1000)
    warm.channel = FakeChannel(DENY)
    go(warm)
    assert untouched(warm)


def _journal_intent(warm: Bench, rollback_id: str) -> None:
    claim = Claim(rollback_id=rollback_id, holder="dead", token=1)
    change = Change(kind=EntryKind.PREWARM_INTENT, text="starting")
    warm.store.append(claim, change, at=warm.clock.now())


def test_target_that_died_before_the_switch_is_brought_back(warm: Bench) -> None:
    """Going on after an interruption switches to a prewarmed target that is gone."""
    for _ in range(3):
        warm.platform.fail_next("apply", ProviderUnavailable("connection reset"))
    assert go(warm).rollback.status is Status.UNKNOWN
    warm.platform.discard(warm.failed.target, a_release(GOOD), operation="rb-1.prewarm")
    assert go(warm).exit_code == 0
    assert rolled_back(warm)


def test_answers_by_command_end_the_wait(warm: Bench) -> None:
    """While a prewarm runs nobody else's answer is heard."""
    warm.channel = _AnswersOnce(APPROVE, lambda: False)
    when(warm, f"after {PREWARM}", lambda: None)

    def deny() -> bool:
        if PREWARM in effects(warm) and not warm.store.decisions("rb-1"):
            say(warm, Answer.DENY)
        return False

    warm.channel = _AnswersOnce(APPROVE, deny)
    assert go(warm).rollback.status is Status.DENIED
    assert untouched(warm)
