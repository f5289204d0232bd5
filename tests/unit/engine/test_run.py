"""Run: whatever is running or was done about a deployment is joined, never doubled."""

from pathlib import Path

import pytest
from tests.unit.engine.acting import (
    effects,
    go,
    held,
    only_rollback,
    prewarming,
    rolled_back,
    say,
    untouched,
)

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, Rollback, Status
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.step import SWITCH
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.approve import consent_unattended, question_of
from smartspec_rollback.engine.locate import deployment_in
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.engine.run import abandon, plan_rollback, resume, rollback
from smartspec_rollback.errors import (
    AnotherRunning,
    ApprovalMissing,
    ProviderUnavailable,
    Refused,
    StoreError,
    UnknownName,
    UsageError,
)
from smartspec_rollback.ports.channel import NoticeKind
from smartspec_rollback.ports.store import Change
from smartspec_rollback.testing.engine_parts import (
    APPROVE,
    FAILED_ID,
    Bench,
    asking_for,
    deploy,
    furnished,
)
from smartspec_rollback.testing.fake_channel import FakeChannel, MuteChannel
from smartspec_rollback.testing.fake_metrics import measured
from smartspec_rollback.testing.fake_world import SCALE_DOWN, START
from smartspec_rollback.testing.samples import BAD, GOOD, TARGET, a_release, a_verdict


def _left_behind(bench: Bench) -> str:
    """Open a rollback whose process dies before it does anything; return its id."""
    planned, plan = plan_rollback(bench.parts, bench.failed, asking_for())
    bench.store.open_rollback(planned, plan)
    return planned.id


def test_same_deployment_is_the_same_rollback(bench: Bench) -> None:
    """A second trigger rolls back what is rolled back already."""
    first, second = go(bench), go(bench)
    assert (second.exit_code, second.rollback.id) == (0, first.rollback.id)
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


def test_rolled_back_is_remembered_behind_many_dry_runs(bench: Bench) -> None:
    """Dry runs after a rollback hide it, so that the next trigger plans anew and is refused."""
    first = go(bench)
    for _ in range(7):
        go(bench, dry_run=True)
    assert go(bench).rollback.id == first.rollback.id


def test_a_dead_rollback_is_gone_on_with(bench: Bench) -> None:
    """A process that died before it asked blocks the Target, or is forgotten."""
    left = _left_behind(bench)
    report = go(bench)
    assert (report.exit_code, report.rollback.id) == (0, left)


def test_another_version_cannot_be_slipped_in(bench: Bench) -> None:
    """Attaching changes what people were asked to consent to."""
    _left_behind(bench)
    with pytest.raises(Refused) as refused:
        go(bench, target_version="v1.1.0")
    assert refused.value.exit_code == 3
    assert GOOD in refused.value.what
    assert untouched(bench)


def test_another_failed_deployment_has_to_wait(bench: Bench) -> None:
    """Two rollbacks of one Target fight each other."""
    left = _left_behind(bench)
    other = deploy(bench, "deploy-other", a_release(BAD), verdict=VerdictOutcome.FAIL)
    with pytest.raises(AnotherRunning) as running:
        rollback(bench.parts, other, Request(failed_deployment_id=other.id))
    assert running.value.rollback_id == left


def test_expired_one_is_closed_and_planned_anew(bench: Bench) -> None:
    """A process that died while it asked blocks the Target long after its question is over."""
    left = _left_behind(bench)
    bench.clock.advance(901)
    report = go(bench)
    assert (report.exit_code, report.rollback.id) != (0, left)
    assert report.exit_code == 0
    closed = bench.store.rollback(left)
    assert closed is not None
    assert closed.status is Status.EXPIRED


def test_denied_and_stale_ones_are_planned_anew(bench: Bench) -> None:
    """A dead rollback that was denied, or is about the past, keeps every later one out."""
    denied = _left_behind(bench)
    say(bench, Answer.DENY)
    stale = bench.store.active(TARGET)
    assert stale is not None
    assert go(bench).exit_code == 0
    found = bench.store.rollback(denied)
    assert found is not None
    assert found.status is Status.DENIED


def test_stale_one_makes_room_for_another_deployment(bench: Bench) -> None:
    """A dead question about what is no longer live keeps the next failure from being undone."""
    left = _left_behind(bench)
    other = deploy(bench, "deploy-other", a_release("v1.3.0"), verdict=VerdictOutcome.FAIL)
    bench.clock.advance(1)
    report = rollback(bench.parts, other, Request(failed_deployment_id=other.id))
    assert (report.exit_code, report.rollback.to_version) == (0, GOOD)
    closed = bench.store.rollback(left)
    assert closed is not None
    assert closed.status is Status.STALE


def test_one_that_is_executing_keeps_others_out(bench: Bench) -> None:
    """A half-done rollback is forgotten, and another deployment's rollback starts beside it."""
    bench.platform.never_settle(SWITCH)
    assert go(bench).rollback.status is Status.INTERRUPTED
    other = deploy(bench, "deploy-other", a_release("v1.3.0"), verdict=VerdictOutcome.FAIL)
    with pytest.raises(AnotherRunning):
        rollback(bench.parts, other, Request(failed_deployment_id=other.id))


def test_report_lost_with_its_process_is_written_by_the_next(bench: Bench) -> None:
    """A process that dies between the verdict and the report leaves an incident untold for ever."""
    bench.reports.broken = OSError("as if it had died here")
    first = go(bench)
    assert (first.exit_code, bench.reports.published) == (0, [])
    bench.reports.broken = None
    again = go(bench)
    assert (again.exit_code, again.rollback.id) == (0, first.rollback.id)
    assert [r.rollback.id for r in bench.reports.published] == [first.rollback.id]
    go(bench)
    assert len(bench.reports.published) == 1


def test_ledger_that_never_heard_of_the_service_proves_nothing(tmp_path: Path) -> None:
    """A ledger that was lost and made anew ticks that nothing is held and nothing runs."""
    bench = Bench(tmp_path)
    bench.platform.deploy(a_release(GOOD), deployment_id="deploy-1")
    bench.clock.advance(60)
    bench.platform.deploy(a_release(BAD), deployment_id=FAILED_ID)
    failed = deployment_in(bench.platform.observe(TARGET), FAILED_ID)
    assert failed is not None
    _, plan = plan_rollback(bench.parts, failed, asking_for())
    unknown = {f.check for f in plan.findings if f.outcome is Outcome.UNKNOWN}
    assert {"target-not-held", "nothing-else-running"} <= unknown
    bench.store.close()


def test_abandoned_frees_the_target_and_keeps_the_hold(bench: Bench) -> None:
    """An incident finished by hand blocks every later rollback of the service for ever."""
    bench.platform.never_settle(SWITCH)
    stopped = go(bench)
    report = abandon(bench.parts, stopped.rollback.id, reason="finished by hand")
    assert (report.exit_code, report.rollback.status) == (5, Status.ABANDONED)
    assert "finished by hand" in report.rollback.status_detail
    assert held(bench)
    assert bench.store.active(TARGET) is None
    assert bench.store.holder(stopped.rollback.id) is None


def test_only_what_stopped_in_the_middle_is_abandoned(bench: Bench) -> None:
    """A finished rollback is rewritten as abandoned, or a waiting one skips being denied."""
    done = go(bench)
    with pytest.raises(Refused, match="succeeded"):
        abandon(bench.parts, done.rollback.id, reason="by mistake")
    assert only_rollback(bench) is Status.SUCCEEDED


def test_what_somebody_drives_is_not_abandoned(bench: Bench) -> None:
    """A rollback is given up under the hands of the process that is executing it."""
    bench.platform.never_settle(SWITCH)
    stopped = go(bench)
    claim = bench.store.claim(stopped.rollback.id, holder="another", at=bench.clock.now())
    assert claim is not None
    with pytest.raises(AnotherRunning):
        abandon(bench.parts, stopped.rollback.id, reason="impatience")
    assert only_rollback(bench) is Status.INTERRUPTED


def test_unstable_verifies_again(bench: Bench) -> None:
    """After "not verified stable", the same command does it all again or does nothing."""
    bench.metrics._script = [measured(latency=0.5)]
    first = go(bench)
    assert (first.exit_code, first.rollback.status) == (7, Status.UNSTABLE)
    bench.metrics._script = [measured()]
    second = go(bench)
    assert (second.exit_code, second.rollback.id) == (0, first.rollback.id)
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


def test_redeployed_after_a_rollback_is_planned_anew(bench: Bench) -> None:
    """A deployment that came back after its rollback is reported as rolled back still."""
    first = go(bench)
    bench.platform.deploy(a_release(BAD), deployment_id=FAILED_ID)
    second = go(bench)
    assert second.rollback.id != first.rollback.id
    assert rolled_back(bench)


@pytest.mark.parametrize("wants_prewarm", [True, False])
def test_dry_run_changes_nothing(bench: Bench, *, wants_prewarm: bool) -> None:
    """Looking at a plan starts instances, takes the Target, or asks people."""
    if wants_prewarm:
        prewarming(bench)
    report = go(bench, dry_run=True)
    assert (report.exit_code, report.rollback.status) == (0, Status.DRY_RUN)
    assert bench.store.active(TARGET) is None
    assert untouched(bench)
    assert effects(bench) == []
    assert bench.channel.questions == []
    assert bench.recorder.plans[-1].plan == report.plan


def test_dry_run_without_a_ledger_to_write(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk keeps people from even seeing the plan."""

    def refuse(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(bench.store, "open_rollback", refuse)
    report = go(bench, dry_run=True)
    assert report.exit_code == 0
    assert report.steps
    with pytest.raises(StoreError):
        go(bench)


def test_blocked_dry_run_says_so(bench: Bench) -> None:
    """A plan that would be refused looks like one that may proceed."""
    bench.platform.forget(GOOD)
    report = go(bench, target_version=GOOD, dry_run=True)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert report.advice


def test_nobody_to_ask_is_refused_at_once(bench: Bench) -> None:
    """Without terminal and channel the command hangs, or goes ahead unasked."""
    bench.channels = ()
    with pytest.raises(ApprovalMissing) as missing:
        go(bench)
    assert missing.value.exit_code == 3
    assert "channel" in missing.value.where
    assert bench.store.active(TARGET) is None
    assert untouched(bench)


def test_break_glass_is_asked_at_a_terminal_only(bench: Bench) -> None:
    """People configure a channel that --break-glass does not use, while production is down."""
    bench.channels = ()
    with pytest.raises(ApprovalMissing) as missing:
        go(bench, break_glass=True, reason="the ledger's disk died")
    assert missing.value.remedy == "run it at a terminal"
    assert "channel" not in str(missing.value)
    assert untouched(bench)


def test_nobody_to_ask_about_a_dead_rollback_either(bench: Bench) -> None:
    """Taking over a dead rollback with nobody to ask waits for an answer that cannot come."""
    _left_behind(bench)
    bench.channels = ()
    with pytest.raises(ApprovalMissing):
        go(bench)
    assert untouched(bench)


def test_unattended_where_the_gate_failed(bench: Bench) -> None:
    """A pipeline cannot roll back a deployment that its own gate failed."""
    bench.channels = ()
    report = go(bench, auto_approve=True)
    assert report.exit_code == 0
    assert [d.channel for d in report.decisions] == ["auto-approve"]
    decided = next(e.text for e in report.journal if e.kind is EntryKind.DECIDED)
    assert decided == "Approved unattended (--auto-approve, started by alice)"
    assert [d.channel for d in bench.recorder.plans[0].decisions] == ["auto-approve"]


def test_unattended_falls_back_to_asking(tmp_path: Path) -> None:
    """An inconclusive gate rolls production back with nobody asked, or blocks people who are."""
    bench = furnished(tmp_path, gate=VerdictOutcome.INCONCLUSIVE)
    report = go(bench, auto_approve=True)
    assert report.exit_code == 0
    assert [d.channel for d in report.decisions] == ["fake"]
    assert "not unattended" in next(e.text for e in report.journal if e.kind is EntryKind.ASKED)
    bench.store.close()


def test_nothing_is_said_of_what_nobody_wanted(bench: Bench) -> None:
    """People who never gave --auto-approve read why it does not apply."""
    bench.store.record_verdict(
        a_verdict(FAILED_ID, VerdictOutcome.INCONCLUSIVE, at=bench.clock.now())
    )
    report = go(bench)
    asked = next(e.text for e in report.journal if e.kind is EntryKind.ASKED)
    assert "unattended" not in asked
    decided = next(e.text for e in report.journal if e.kind is EntryKind.DECIDED)
    assert decided.startswith("Approved by ")


def test_unattended_consent_to_a_dead_rollback(bench: Bench) -> None:
    """A pipeline that runs again after its runner died waits for people."""
    left = _left_behind(bench)
    bench.channels = (MuteChannel(),)
    report = go(bench, auto_approve=True)
    assert (report.exit_code, report.rollback.id) == (0, left)


def test_unattended_consent_that_counts_no_more(bench: Bench) -> None:
    """A gate that passes meanwhile, and a consent of yesterday still rolls production back."""
    bench.channels = ()
    wanted: list[bool] = []
    bench.stop = lambda: bool(wanted)

    def healthy_again(report: Report) -> None:
        passed = a_verdict(FAILED_ID, VerdictOutcome.PASS, at=bench.clock.now())
        bench.store.record_verdict(passed)
        wanted.append(True)
        bench.recorder.plans.append(report)

    bench.recorder.planned = healthy_again  # type: ignore[method-assign] # to act just then
    report = go(bench, auto_approve=True)
    assert (report.exit_code, report.rollback.status) == (3, Status.CANCELLED)
    assert untouched(bench)


def test_verdict_that_changed_after_the_approval(bench: Bench) -> None:
    """A process takes over an unattended approval whose reason has gone."""
    left = _left_behind(bench)
    now = bench.clock.now()
    planned, plan = bench.store.rollback(left), bench.store.plan(left)
    assert planned is not None
    assert plan is not None
    consent_unattended(bench.parts, question_of(planned, plan))
    claim = bench.store.claim(left, holder="dead", at=now)
    assert claim is not None
    approved = Change(kind=EntryKind.DECIDED, text="approved", status=Status.APPROVED)
    bench.store.append(claim, approved, at=now)
    bench.store.release(claim)
    bench.store.record_verdict(a_verdict(FAILED_ID, VerdictOutcome.PASS, at=now))
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert "does not count any more" in report.rollback.status_detail
    assert untouched(bench)


def test_break_glass_needs_a_reason(bench: Bench) -> None:
    """The emergency path leaves no trace of why it was taken."""
    with pytest.raises(UsageError):
        go(bench, break_glass=True)


def test_stop_before_anything(bench: Bench) -> None:
    """Ctrl-C at the question leaves an active rollback behind, or changes production."""
    bench.channel = FakeChannel()
    bench.stop = lambda: bool(bench.channel.questions)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.CANCELLED)
    assert untouched(bench)
    assert not held(bench)
    bench.stop = lambda: False
    bench.channel = FakeChannel(APPROVE)
    assert go(bench).exit_code == 0


def test_unreachable_before_anything(bench: Bench) -> None:
    """A platform that cannot be reached is reported as a change, or blocks the Target."""
    bench.platform.fail_next("guard", ProviderUnavailable("connection refused"))
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (4, Status.FAILED)
    assert not held(bench)
    assert go(bench).exit_code == 0


def test_somebody_else_holds_the_platform(bench: Bench) -> None:
    """A deployment that runs beside the ledger is run over."""
    bench.platform.interfere(operation="pipeline-9")
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert "nothing-else-running" in [f.check for f in report.plan.blocking]


def test_guard_taken_while_people_read(bench: Bench) -> None:
    """A deployment that starts while people read the plan is run over."""

    class Late(FakeChannel):
        def poll(self) -> None:
            bench.platform.interfere(operation="pipeline-9")
            say(bench, Answer.APPROVE)

    bench.channel = Late()
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.REFUSED)
    assert "pipeline-9" in report.rollback.status_detail


def test_production_changed_while_people_read(bench: Bench) -> None:
    """An approval is spent on something else than what was shown."""

    class Late(FakeChannel):
        def poll(self) -> None:
            bench.platform.interfere()
            say(bench, Answer.APPROVE)

    bench.channel = Late()
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.STALE)
    assert EntryKind.HOLD_PLACED not in [e.kind for e in report.journal]
    assert only_rollback(bench) is Status.STALE


def test_crashing_instances_do_not_make_a_plan_stale(bench: Bench) -> None:
    """A crash loop, the very reason to roll back, makes every plan stale."""

    class Late(FakeChannel):
        def poll(self) -> None:
            bench.platform.crash_instance()
            say(bench, Answer.APPROVE)

    bench.channel = Late()
    assert go(bench).exit_code == 0


def test_resume_knows_what_it_is_asked(bench: Bench) -> None:
    """A wrong id is taken for something to go on with."""
    with pytest.raises(UnknownName):
        resume(bench.parts, "rb-none")
    report = go(bench)
    assert resume(bench.parts, report.rollback.id).exit_code == 0


def test_channels_are_told(bench: Bench) -> None:
    """The incident channel does not learn of the plan and how it ended."""
    mute, broken = MuteChannel(), MuteChannel(broken=True)
    bench.channels = (bench.channel, broken, mute)
    assert go(bench).exit_code == 0
    assert [n.kind for n in mute.notices] == [NoticeKind.PLAN, NoticeKind.REPORT]
    assert any("could not be told" in text for _, text in bench.recorder.told)


def test_planned_while_somebody_else_finished(bench: Bench) -> None:
    """A trigger that planned just before another one finished rolls back what is good."""
    planned: list[str] = []
    observe = bench.platform.observe

    def late(target: Target, /) -> Snapshot:
        seen = observe(target)
        if not planned:
            planned.append("once")
            go(bench)
        return seen

    bench.platform.observe = late  # type: ignore[method-assign] # somebody is quicker
    report = go(bench)
    assert report.exit_code == 0
    assert only_rollback(bench) is Status.SUCCEEDED
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]


def test_opened_when_somebody_else_had_just_finished(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trigger that opens its rollback a moment too late is refused, though all is well."""
    opened = bench.store.open_rollback
    quicker: list[str] = []

    def late(planned: Rollback, plan: Plan, /) -> None:
        if not quicker:
            quicker.append(planned.id)
            go(bench)
        opened(planned, plan)

    monkeypatch.setattr(bench.store, "open_rollback", late)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (0, Status.SUCCEEDED)
    assert effects(bench) == [START, SWITCH, SCALE_DOWN]
