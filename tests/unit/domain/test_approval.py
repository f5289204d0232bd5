"""Who may consent, when consent counts, and when nobody need be asked."""

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.approval import (
    UNATTENDED,
    Answer,
    Decision,
    Policy,
    Question,
    Standing,
    may_answer,
    standing,
    why_not_unattended,
)
from smartspec_rollback.domain.finding import Finding, Outcome, Override, Risk
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.testing.samples import NOON, TARGET, a_finding, a_person, a_verdict, later

EXPIRES = 900.0
PEOPLE = ("alice", "bob", "carol", "dave")


def asked(policy: Policy | None = None, *, by: str = "alice", overridden: bool = False) -> Question:
    """Ask about a plan at noon."""
    return Question(
        rollback_id="rb-1",
        digest="sha256:plan",
        target=TARGET,
        requested_by=a_person(by),
        asked_at=NOON,
        expires_at=later(EXPIRES),
        policy=policy or Policy(),
        overridden=overridden,
    )


def said(
    name: str = "bob", answer: Answer = Answer.APPROVE, *, after: float = 10, **changed: Any
) -> Decision:
    """Answer it, some seconds later."""
    decision = Decision(
        rollback_id="rb-1",
        digest="sha256:plan",
        target=TARGET,
        answer=answer,
        person=a_person(name),
        channel="terminal",
        at=later(after),
    )
    return msgspec.structs.replace(decision, **changed)


decisions = st.lists(
    st.builds(
        said,
        st.sampled_from(PEOPLE),
        st.sampled_from(Answer),
        after=st.integers(-100, 1100),
        digest=st.sampled_from(["sha256:plan", "sha256:other"]),
        channel=st.sampled_from(["terminal", UNATTENDED]),
    ),
    max_size=8,
).map(tuple)
policies = st.builds(
    Policy,
    approvers=st.sampled_from([(), ("alice", "bob"), ("bob", "carol", "dave")]),
    quorum=st.integers(0, 3),
    self_approval=st.booleans(),
)


@given(given_=decisions, policy=policies, overridden=st.booleans(), now=st.integers(0, 2000))
def test_consent_is_never_counted_too_generously(
    given_: tuple[Decision, ...], policy: Policy, now: int, *, overridden: bool
) -> None:
    """Approved means: enough distinct people who may, in time, of this digest, and no deny."""
    question = asked(policy, overridden=overridden)
    at = standing(question, given_, now=later(now))
    allowed = [d for d in given_ if may_answer(question, d.person, d.answer) is None]
    denied = any(d.answer is Answer.DENY for d in allowed)
    consenting = {
        d.person.name
        for d in allowed
        if d.answer is Answer.APPROVE
        and d.digest == question.digest
        and d.channel != UNATTENDED
        and NOON <= d.at < question.expires_at
    }
    assert (at is Standing.DENIED) == denied
    if at is Standing.APPROVED:
        assert len(consenting) >= max(1, policy.quorum)
        assert not policy.approvers or consenting <= set(policy.approvers)
    if at is Standing.OPEN:
        assert now < EXPIRES
    if at is Standing.EXPIRED:
        assert now >= EXPIRES


@given(given_=decisions, policy=policies, order=st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_counts(
    given_: tuple[Decision, ...], policy: Policy, order: Random
) -> None:
    """A replayed request must never make a quorum."""
    shuffled = list(given_ + given_)
    order.shuffle(shuffled)
    question = asked(policy)
    assert standing(question, tuple(shuffled), now=later(1)) is standing(
        question, given_, now=later(1)
    )


@pytest.mark.parametrize(
    "other",
    [
        {"rollback_id": "rb-2"},
        {"digest": "sha256:other"},
        {"target": Target(service="checkout", environment="staging")},
        {"at": later(-1)},
        {"at": later(EXPIRES)},
        {"channel": UNATTENDED},
    ],
)
def test_consent_to_something_else_does_not_count(other: dict[str, Any]) -> None:
    """An approval is bound to one digest, one Target and one span of time."""
    assert standing(asked(), (said(),), now=later(20)) is Standing.APPROVED
    assert standing(asked(), (said(**other),), now=later(20)) is Standing.OPEN


def test_a_deny_wins_over_any_number_of_approvals() -> None:
    """One person who knows better must be able to stop it, also after the quorum."""
    answers = (said("bob"), said("carol"), said("dave", Answer.DENY, after=20))
    assert standing(asked(), answers, now=later(30)) is Standing.DENIED


def test_a_quorum_of_none_still_takes_one_person() -> None:
    """A zero in a policy must not become a consent nobody gave."""
    assert standing(asked(Policy(quorum=0)), (), now=later(1)) is Standing.OPEN


def test_an_approval_in_time_still_counts_after_the_deadline() -> None:
    """Expiry ends the question, not the answer."""
    assert standing(asked(), (said(),), now=later(EXPIRES + 1)) is Standing.APPROVED
    assert standing(asked(), (), now=later(EXPIRES)) is Standing.EXPIRED


@pytest.mark.parametrize(
    ("policy", "overridden", "name", "answer", "may"),
    [
        (Policy(), False, "alice", Answer.APPROVE, True),
        (Policy(self_approval=False), False, "alice", Answer.APPROVE, False),
        (Policy(self_approval=False), False, "alice", Answer.DENY, True),
        (Policy(self_approval=False), False, "bob", Answer.APPROVE, True),
        (Policy(approvers=("bob",)), False, "alice", Answer.APPROVE, False),
        (Policy(approvers=("bob",)), False, "alice", Answer.DENY, False),
        (Policy(approvers=("alice", "bob")), True, "alice", Answer.APPROVE, False),
        (Policy(approvers=("alice", "bob")), True, "bob", Answer.APPROVE, True),
        (Policy(approvers=("alice",)), True, "alice", Answer.APPROVE, True),
    ],
)
def test_who_may_answer(
    policy: Policy, name: str, answer: Answer, *, overridden: bool, may: bool
) -> None:
    """Listed people, and not oneself where the policy or an override says so."""
    why_not = may_answer(asked(policy, overridden=overridden), a_person(name), answer)
    assert (why_not is None) == may
    assert may or (why_not is not None and name in why_not)


FAIL = a_verdict()


@given(
    outcome=st.none() | st.sampled_from(VerdictOutcome),
    risk=st.sampled_from(Risk),
    up_to=st.none() | st.sampled_from(Risk),
    overridden=st.booleans(),
    reason_needed=st.booleans(),
    reason_given=st.booleans(),
)
def test_unattended_only_on_a_fail_at_a_risk_the_policy_allows(
    *,
    outcome: VerdictOutcome | None,
    risk: Risk,
    up_to: Risk | None,
    overridden: bool,
    reason_needed: bool,
    reason_given: bool,
) -> None:
    """This rule alone stands between a pipeline and production at night."""
    finding = msgspec.structs.replace(
        a_finding(outcome=Outcome.ATTENTION),
        reason_needed=reason_needed,
        override=Override(check="known-good", reason="r", by="alice") if overridden else None,
    )
    why_not = why_not_unattended(
        Policy(auto_approve_up_to=up_to),
        newest=None if outcome is None else a_verdict(outcome=outcome),
        risk=risk,
        findings=(finding,),
        reason_given=reason_given,
    )
    allowed = (
        outcome is VerdictOutcome.FAIL
        and up_to is not None
        and risk is not Risk.HIGH
        and risk.rank <= up_to.rank
        and not overridden
        and (reason_given or not reason_needed)
    )
    assert (why_not is None) == allowed
    assert why_not is None or why_not


def test_what_needs_a_reason_is_named() -> None:
    """The pipeline's log has to say which check wants `--reason`."""
    freeze = Finding(
        check="change-freeze", number=23, outcome=Outcome.ATTENTION, summary="x", reason_needed=True
    )
    why_not = why_not_unattended(
        Policy(), newest=FAIL, risk=Risk.MEDIUM, findings=(freeze,), reason_given=False
    )
    assert why_not == "change-freeze needs a reason (--reason TEXT)"
    assert Policy().expires == timedelta(minutes=15).total_seconds()
