"""Approval: who may consent, from wherever; every deny and every doubt stops."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.engine.acting import go, held, say, untouched

from smartspec_rollback.domain.approval import (
    UNATTENDED,
    Answer,
    Person,
    Policy,
    Question,
    Standing,
    why_not_unattended,
)
from smartspec_rollback.domain.finding import Finding, Outcome, Override, Risk
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.engine.approve import stands
from smartspec_rollback.errors import ProviderUnavailable, Refused
from smartspec_rollback.ports.channel import Reply
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.engine_parts import APPROVE, DENY, Bench
from smartspec_rollback.testing.fake_channel import FakeChannel
from smartspec_rollback.testing.samples import (
    TARGET,
    a_decision,
    a_digest,
    a_person,
    a_plan,
    a_verdict,
    later,
)

APPROVERS = ("alice", "bob", "carol")


def _policy(bench: Bench, **policy: Any) -> None:
    bench.settings = replace(bench.settings, policy=Policy(**policy))


class _Elsewhere(FakeChannel):
    """A channel nobody answers in; meanwhile other processes act, one at each look."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        super().__init__()
        self._acts = list(acts)

    def poll(self) -> Reply | None:
        """Let the next process act."""
        if self._acts:
            self._acts.pop(0)()
        return super().poll()


def test_quorum_is_of_distinct_people(bench: Bench) -> None:
    """One person who answers twice counts as two."""
    _policy(bench, approvers=APPROVERS, quorum=2, expires=5.0)
    bench.channel = _Elsewhere(
        lambda: say(bench, Answer.APPROVE, "bob"), lambda: say(bench, Answer.APPROVE, "bob")
    )
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.EXPIRED)
    assert untouched(bench)


def test_quorum_of_two_people(bench: Bench) -> None:
    """Two people's consent, given in different processes, is not enough."""
    _policy(bench, approvers=APPROVERS, quorum=2)
    bench.channel = _Elsewhere(
        lambda: say(bench, Answer.APPROVE, "bob"), lambda: say(bench, Answer.APPROVE, "carol")
    )
    report = go(bench)
    assert report.exit_code == 0
    decided = next(e.text for e in report.journal if e.kind is EntryKind.DECIDED)
    assert decided == "Approved by bob (command), carol (command)"


def test_no_self_approval_where_the_policy_says_so(bench: Bench) -> None:
    """Whoever asks for a rollback consents to it alone, against the policy."""
    _policy(bench, approvers=APPROVERS, self_approval=False, expires=5.0)
    bench.channel = FakeChannel(APPROVE)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.EXPIRED)
    assert any("Not counted: alice requested" in n.text for n in bench.channel.notices)


def test_who_asks_is_known_where_somebody_else_has_to_approve(bench: Bench) -> None:
    """Somebody asks by an account that nobody mapped, and approves by the one that is."""
    _policy(bench, approvers=APPROVERS, self_approval=False)
    bench.operator = Person(name="os:1000", account="os:1000")
    bench.channel = FakeChannel(APPROVE)
    with pytest.raises(Refused) as refused:
        go(bench)
    assert "nobody in `people`" in refused.value.what
    assert "os:1000" in refused.value.remedy
    assert untouched(bench)
    assert bench.store.active(TARGET) is None


def test_an_unknown_requester_is_no_trouble_where_anybody_may_approve(bench: Bench) -> None:
    """Without such a policy nobody has to write their account down first."""
    bench.operator = Person(name="os:1000", account="os:1000")
    bench.channel = FakeChannel(APPROVE)
    assert go(bench).exit_code == 0


def test_strangers_count_for_nothing(bench: Bench) -> None:
    """Somebody who is no approver rolls production back, or stops it being rolled back."""
    _policy(bench, approvers=APPROVERS, expires=5.0)
    mallory = Reply(answer=Answer.APPROVE, account="os:mallory")
    bench.channel = FakeChannel(mallory, replace(mallory, answer=Answer.DENY))
    assert go(bench).rollback.status is Status.EXPIRED
    with pytest.raises(AssertionError):
        say(bench, Answer.APPROVE)


def test_strangers_are_refused_by_command_too(bench: Bench) -> None:
    """The command line is a way around the policy."""
    refused: list[Exception] = []

    def try_it() -> None:
        with pytest.raises(Refused) as no:
            say(bench, Answer.APPROVE, "mallory")
        refused.append(no.value)

    _policy(bench, approvers=APPROVERS, expires=5.0)
    bench.channel = _Elsewhere(try_it)
    assert go(bench).rollback.status is Status.EXPIRED
    assert len(refused) == 1


def test_deny_wins_over_consent(bench: Bench) -> None:
    """A rollback goes ahead over somebody's no."""
    _policy(bench, approvers=APPROVERS, quorum=2)
    bench.channel = _Elsewhere(
        lambda: say(bench, Answer.APPROVE, "bob"),
        lambda: say(bench, Answer.DENY, "carol", reason="look first"),
    )
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.DENIED)
    assert report.rollback.status_detail == "denied by carol (command): look first"
    assert not any("denied: denied" in entry.text for entry in report.journal)
    assert untouched(bench)
    assert not held(bench)


def test_deny_here(bench: Bench) -> None:
    """A "no" at the terminal changes something all the same."""
    bench.channel = FakeChannel(DENY)
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.DENIED)
    assert "not now" in report.rollback.status_detail


def test_deny_at_the_last_moment(bench: Bench) -> None:
    """A deny between the approval and the first step is overlooked."""
    platform = bench.platform
    guard = platform.guard

    def deny_first(*args: Any, **kwargs: Any) -> None:
        say(bench, Answer.DENY, "bob")
        guard(*args, **kwargs)

    platform.guard = deny_first  # type: ignore[method-assign] # to act just then
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.DENIED)
    assert untouched(bench)


def test_timeouts_deny(bench: Bench) -> None:
    """Nobody answers, and that counts as consent, or blocks for ever."""
    _policy(bench, expires=3.0)
    bench.channel = FakeChannel()
    report = go(bench)
    assert (report.exit_code, report.rollback.status) == (3, Status.EXPIRED)
    assert untouched(bench)
    assert bench.channel.withdrawn == 1


def test_channel_that_fails_leaves_other_ways_open(bench: Bench) -> None:
    """A chat that is down stops a rollback that somebody approves elsewhere."""

    class Down(FakeChannel):
        def ask(self, question: Question, /) -> None:
            super().ask(question)
            if len(self.questions) == 1:
                raise ProviderUnavailable("chat is down")

        def poll(self) -> Reply | None:
            raise ProviderUnavailable("chat is down")

    class Flaky(_Elsewhere):
        def poll(self) -> Reply | None:
            super().poll()
            raise ProviderUnavailable("chat is flaky")

    bench.channels = (Down(), Flaky(lambda: say(bench, Answer.APPROVE)))
    assert go(bench).exit_code == 0
    assert any("chat is flaky" in text for _, text in bench.recorder.told)


def test_second_process_answers_through_the_store(bench: Bench) -> None:
    """Only the terminal that asked can answer."""

    def other_process() -> None:
        with SqliteStore.open(bench.store.path) as theirs:
            mine, bench.store = bench.store, theirs
            say(bench, Answer.APPROVE)
            bench.store = mine

    bench.channel = _Elsewhere(other_process)
    report = go(bench)
    assert report.exit_code == 0
    assert [d.person.name for d in report.decisions] == ["bob"]


def test_consent_to_another_plan_counts_for_nothing(bench: Bench) -> None:
    """An approval of one plan carries over to another."""
    plan = a_plan(failed_deployment_id="deploy-unjudged", policy=Policy(approvers=APPROVERS))
    question = Question(
        rollback_id=plan.rollback_id,
        digest=plan.digest,
        target=plan.target,
        requested_by=a_person(),
        asked_at=later(0),
        expires_at=later(9e9),
        policy=plan.policy,
    )
    good = a_decision(plan, at=later(1))
    for decision, expected in (
        (good, Standing.APPROVED),
        (replace(good, digest=a_digest("another")), Standing.OPEN),
        (replace(good, rollback_id="rb-other"), Standing.OPEN),
        (replace(good, at=later(-1)), Standing.OPEN),
        (replace(good, channel=UNATTENDED), Standing.OPEN),
    ):
        assert stands(bench.parts, question, plan, (decision,)) is expected


RISKS = {None: 0, Risk.LOW: 1, Risk.MEDIUM: 2, Risk.HIGH: 2}


@pytest.mark.parametrize("outcome", [None, *VerdictOutcome])
@pytest.mark.parametrize("risk", list(Risk))
@pytest.mark.parametrize("limit", [None, *Risk])
def test_unattended_rule(outcome: VerdictOutcome | None, risk: Risk, limit: Risk | None) -> None:
    """Production is rolled back unattended without a failed verdict, or at a risk above policy."""
    said = why_not_unattended(
        Policy(auto_approve_up_to=limit),
        newest=None if outcome is None else a_verdict(outcome=outcome),
        risk=risk,
        findings=(),
        reason_given=False,
    )
    may = outcome is VerdictOutcome.FAIL and risk.rank <= RISKS[limit]
    assert (said is None) is may


def test_unattended_never_with_an_override_or_without_a_needed_reason() -> None:
    """A pipeline lifts what blocks, or rolls back in a freeze without a word."""
    finding = Finding(
        check="c", number=25, outcome=Outcome.ATTENTION, summary="", reason_needed=True
    )
    lifted = replace(
        finding, outcome=Outcome.BLOCKING, override=Override(check="c", reason="r", by="alice")
    )
    for findings, reason_given, may in (
        ((finding,), False, False),
        ((finding,), True, True),
        ((lifted,), True, False),
    ):
        said = why_not_unattended(
            Policy(),
            newest=a_verdict(),
            risk=Risk.LOW,
            findings=findings,
            reason_given=reason_given,
        )
        assert (said is None) is may
