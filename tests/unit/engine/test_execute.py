"""Execution: every way a step can fail ends in the status and exit code that tell the truth."""

import pytest
from tests.unit.engine.acting import (
    effects,
    go,
    held,
    rolled_back,
    serving,
    unguarded,
    untouched,
    when,
)

from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.step import SWITCH, Repeat
from smartspec_rollback.domain.values import parameter
from smartspec_rollback.engine.run import abandon, resume
from smartspec_rollback.errors import (
    FenceConflict,
    JournalLost,
    NotDone,
    ProviderError,
    ProviderUnavailable,
    StoreError,
)
from smartspec_rollback.testing.engine_parts import Bench
from smartspec_rollback.testing.fake_world import RESTORE, SCALE_DOWN, START
from smartspec_rollback.testing.samples import GOOD, a_release

_BEFORE = {START: None, SWITCH: f"after {START}", SCALE_DOWN: f"after {SWITCH}"}
LATER = (SWITCH, SCALE_DOWN)
EVERY = (START, *LATER)


def _fail(
    bench: Bench, step: str, *errors: BaseException, method: str = "apply", after: bool = False
) -> None:
    """Let a method of the platform fail from a step on, once per error."""

    def order() -> None:
        for error in errors:
            bench.platform.fail_next(method, error, after_effect=after)

    moment = _BEFORE[step]
    if moment is None:
        order()
    else:
        when(bench, moment, order)


def test_the_whole_way(bench: Bench) -> None:
    """A rollback does not end with the target alone serving, the bad version held, and proof."""
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (0, Status.SUCCEEDED)
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]
    assert rolled_back(bench)
    assert held(bench)
    assert bench.store.verify_audit()[1] is None


def test_certainly_not_done_at_first_changes_nothing(bench: Bench) -> None:
    """A first step that was not done leaves the release banned, or claims that something was."""
    _fail(bench, START, NotDone("the quota is used up"))
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (4, Status.FAILED)
    assert not held(bench)
    assert untouched(bench)


@pytest.mark.parametrize("step", LATER)
def test_certainly_not_done_later_is_partial(bench: Bench, step: str) -> None:
    """A later step that was not done hides that production was changed before."""
    _fail(bench, step, NotDone("the quota is used up"))
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (5, Status.INTERRUPTED)
    assert held(bench)
    assert go(bench).exit_code == 0
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


@pytest.mark.parametrize("step", EVERY)
def test_conflict_that_means_nothing_is_tried_again(bench: Bench, step: str) -> None:
    """A crashing instance moves the resource version, and an incident's rollback gives up."""
    _fail(bench, step, FenceConflict("the resource version moved"))
    assert go(bench).exit_code == 0
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


def test_conflict_before_anything_is_stale(bench: Bench) -> None:
    """Production changed just before the first step: it is done all the same, or stays banned."""
    when(bench, f"before {START}", bench.platform.interfere)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.STALE)
    assert not held(bench)
    assert untouched(bench)


def test_conflict_without_end_is_stale(bench: Bench) -> None:
    """A platform that refuses for ever is asked for ever."""
    _fail(bench, START, *[FenceConflict("no")] * 3)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.STALE)
    assert not held(bench)


@pytest.mark.parametrize("moment", [f"after {START}", f"before {SWITCH}", f"after {SWITCH}"])
def test_interference_between_steps_interrupts(bench: Bench, moment: str) -> None:
    """What somebody else put live in the middle of a rollback is silently swept away."""
    other = a_release("v1.3.0")
    when(bench, moment, lambda: bench.platform.interfere(deploy=other))
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (5, Status.INTERRUPTED)
    assert held(bench)
    assert serving(bench) == "v1.3.0"
    assert SCALE_DOWN not in effects(bench)


def test_a_step_leaves_what_the_plan_foresaw(bench: Bench) -> None:
    """Configuration that a step puts back makes the plan stale, or the next step unguarded."""
    bench.platform.kept_configurations[GOOD] = "what it ran with"
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (0, Status.SUCCEEDED)
    assert effects(bench) == [RESTORE, START, SWITCH, SCALE_DOWN]
    first = report.plan.steps[0]
    done = [e for e in bench.store.journal(report.rollback.id) if e.kind is EntryKind.STEP_DONE]
    assert first.leaves == parameter(done[0].data, "fingerprint") != report.plan.fingerprint


@pytest.mark.parametrize("moment", [f"after {RESTORE}", f"before {START}"])
@pytest.mark.parametrize("what", ["configuration", "release"])
def test_somebody_else_beside_a_foreseen_change_interrupts(
    bench: Bench, moment: str, what: str
) -> None:
    """What is changed while a step changes something too counts as that step's own doing."""
    bench.platform.kept_configurations[GOOD] = "what it ran with"
    other = a_release("v1.3.0") if what == "release" else None
    when(bench, moment, lambda: bench.platform.interfere(deploy=other))
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (5, Status.INTERRUPTED)
    assert held(bench)
    assert effects(bench) == [RESTORE]


@pytest.mark.parametrize("after", [False, True])
def test_unreachable_while_configuration_goes_back(bench: Bench, *, after: bool) -> None:
    """A short outage of the platform puts configuration back twice, or ends the rollback."""
    bench.platform.kept_configurations[GOOD] = "what it ran with"
    _fail(bench, START, ProviderUnavailable("connection reset"), after=after)
    assert go(bench).exit_code == 0
    assert effects(bench) == [RESTORE, START, SWITCH, SCALE_DOWN]


def test_changed_configuration_between_steps_interrupts(bench: Bench) -> None:
    """Configuration changed while instances started, and traffic moves to what nobody approved."""
    when(bench, f"after {START}", bench.platform.interfere)
    assert go(bench).rollback.status is Status.INTERRUPTED
    assert effects(bench) == [START]


@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("after", [False, True])
def test_unreachable_for_a_moment(bench: Bench, step: str, *, after: bool) -> None:
    """A short outage ends a rollback, or lets it do a step twice."""
    _fail(bench, step, ProviderUnavailable("connection reset"), after=after)
    assert go(bench).exit_code == 0
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


@pytest.mark.parametrize("step", EVERY)
def test_unreachable_for_good_is_unknown(bench: Bench, step: str) -> None:
    """Nobody knows whether a step that got no answer was done, and the report says it was not."""
    _fail(bench, step, *[ProviderUnavailable("connection reset")] * 3)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (6, Status.UNKNOWN)
    assert held(bench)
    assert any(s.state == "unknown" for s in report.steps)
    assert go(bench).exit_code == 0


def test_a_step_nobody_knows_of_stays_so_once_abandoned(bench: Bench) -> None:
    """Giving up turns "nobody knows" into "failed", and people take it for not done."""
    _fail(bench, SWITCH, *[ProviderUnavailable("connection reset")] * 3)
    stopped = go(bench)
    report = abandon(bench.parts, stopped.rollback.id, reason="finished by hand")
    assert [s.state for s in report.steps if s.id == SWITCH] == ["unknown"]


@pytest.mark.parametrize("step", EVERY)
@pytest.mark.parametrize("error", [ProviderError("500"), RuntimeError("a bug"), ValueError("odd")])
def test_anything_else_is_unknown(bench: Bench, step: str, error: Exception) -> None:
    """An unforeseen error out of a step is reported as if nothing had been changed."""
    _fail(bench, step, error)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (6, Status.UNKNOWN)
    assert held(bench)
    assert go(bench).exit_code == 0
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


@pytest.mark.parametrize("step", EVERY)
def test_done_although_it_failed(bench: Bench, step: str) -> None:
    """A step whose answer got lost is sent again, or given up, although looking shows it done."""
    _fail(bench, step, ProviderError("gateway timeout"), after=True)
    assert go(bench).exit_code == 0
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


@pytest.mark.parametrize("step", EVERY)
def test_never_settles(bench: Bench, step: str) -> None:
    """A step that hangs is waited for without end, or counted as done."""
    bench.platform.never_settle(step)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (5, Status.INTERRUPTED)
    assert "not settled" in report.rollback.status_detail
    assert held(bench)


@pytest.mark.parametrize("step", EVERY)
def test_platform_falls_silent(bench: Bench, step: str) -> None:
    """A platform that stops answering in the middle of a step is believed to have done it."""
    when(bench, f"after {step}", bench.platform.say_nothing)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (6, Status.UNKNOWN)
    bench.platform.say_nothing(silent=False)
    assert go(bench).exit_code == 0
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


def test_looking_fails_unexpectedly(bench: Bench) -> None:
    """A bug in looking crashes the run after production was touched."""
    _fail(bench, SWITCH, RuntimeError("a bug"), method="settled")
    report = go(bench)
    assert report.rollback.status in {Status.UNKNOWN, Status.SUCCEEDED}
    assert go(bench).exit_code == 0


def test_target_that_does_not_boot(bench: Bench) -> None:
    """Traffic is sent to instances that exit at boot."""
    bench.platform.refuse_to_boot(GOOD)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (5, Status.INTERRUPTED)
    assert effects(bench) == [START]


class _AskAPerson:
    """The repeats of a platform whose every step needs a person after a crash."""

    repeats = dict.fromkeys((START, SWITCH, SCALE_DOWN), Repeat.ASK)


def test_interrupted_step_that_needs_a_person(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that must not be repeated blindly is repeated after an interruption."""
    monkeypatch.setattr(bench.platform, "repeats", _AskAPerson.repeats, raising=True)
    _fail(bench, SWITCH, ProviderUnavailable("connection reset"))
    assert go(bench).rollback.status is Status.UNKNOWN
    again = go(bench)
    assert (again.exit_code, again.rollback.status) == (6, Status.UNKNOWN)
    assert effects(bench) == [START]


@pytest.mark.parametrize("asked_at", [f"before {START}", f"after {START}", f"after {SWITCH}"])
def test_stop_in_the_middle(bench: Bench, asked_at: str) -> None:
    """Ctrl-C leaves a step half observed, or cannot be gone on from."""
    wanted: list[bool] = []
    when(bench, asked_at, lambda: wanted.append(True))
    bench.stop = lambda: bool(wanted)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (5, Status.INTERRUPTED)
    assert "resume" in report.advice[0]
    wanted.clear()
    assert resume(bench.parts, report.rollback.id).exit_code == 0
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


def test_stop_after_the_last_step_is_not_verified(bench: Bench) -> None:
    """Ctrl-C once everything is applied says "partially applied", or passes without watching."""
    wanted: list[bool] = []
    when(bench, f"after {SCALE_DOWN}", lambda: wanted.append(True))
    bench.stop = lambda: bool(wanted)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (7, Status.UNSTABLE)
    wanted.clear()
    assert go(bench).exit_code == 0


def test_stop_just_before_the_first_step(bench: Bench) -> None:
    """Ctrl-C between entering execution and the first step leaves a hold on nothing done."""
    bench.stop = lambda: any(e.kind is EntryKind.HOLD_PLACED for e in bench.recorder.entries)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.CANCELLED)
    assert not held(bench)
    assert untouched(bench)


def test_full_disk_after_a_change(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal cannot be written after a step, and the exit code says nothing was changed."""

    def full() -> None:
        def refuse(*_: object, **__: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(bench.store, "append", refuse)
        monkeypatch.setattr(bench.store, "release", refuse)

    when(bench, f"after {SWITCH}", full)
    with pytest.raises(JournalLost) as lost:
        go(bench)
    assert lost.value.exit_code == 5
    assert SWITCH in lost.value.what


def test_listener_and_reports_that_fail(bench: Bench) -> None:
    """A closed pipe or an unwritable report folder breaks off a rollback in the middle."""

    class Closed:
        def entry(self, *_: object) -> None:
            raise BrokenPipeError

        progress = planned = entry

    bench.recorder = Closed()  # type: ignore[assignment] # it only has to fail
    bench.reports.broken = PermissionError(13, "Permission denied")
    assert go(bench).exit_code == 0


def test_guard_is_let_go_even_when_that_fails_at_first(bench: Bench) -> None:
    """A guard that could not be let go blocks every later rollback."""
    bench.platform.fail_next("unguard", ProviderUnavailable("connection reset"))
    _fail(bench, START, NotDone("the quota is used up"))
    assert go(bench).rollback.status is Status.FAILED
    assert not unguarded(bench)
    assert go(bench, dry_run=True).exit_code == 0
    assert not unguarded(bench), "a dry run changes nothing"
    assert go(bench).exit_code == 0
    assert rolled_back(bench)
