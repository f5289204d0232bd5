"""Approvals: who consented to which digest, and the policy that says how many it takes.

Pure rules; ``engine.approve`` applies them, the store keeps the decisions.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from smartspec_rollback.domain.finding import Finding, Risk
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome


class Person(Value):
    """An identified person: ``name`` as in ``people:``, or the account itself where unmapped.

    ``account`` says by which proof they are known (``os:1000``), never by an environment variable.
    """

    name: str
    account: str

    @property
    def is_mapped(self) -> bool:
        """Whether ``people:`` says whose account this is."""
        return self.name != self.account


class Policy(Value):
    """How many approvals a rollback needs, whose, and how long the question stands.

    No ``approvers``: any identified person. ``expires`` is in seconds. ``auto_approve_up_to`` is
    the highest risk that may go unattended, None where nothing may.
    """

    approvers: tuple[str, ...] = ()
    quorum: int = 1
    expires: float = 900.0
    self_approval: bool = True
    auto_approve_up_to: Risk | None = Risk.MEDIUM


UNATTENDED = "auto-approve"
"""The channel of a consent nobody gave: it counts by the rule below, never towards a quorum."""


class Answer(StrEnum):
    """What somebody said to a plan."""

    APPROVE = "approve"
    DENY = "deny"


class Decision(Value):
    """One person's answer to one digest on one Target, by one channel, at one time."""

    rollback_id: str
    digest: str
    target: Target
    answer: Answer
    person: Person
    channel: str
    at: datetime
    reason: str = ""


class Standing(StrEnum):
    """Where the question stands."""

    OPEN = "open"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


class Question(Value):
    """What is asked: consent to ``digest`` on ``target`` before ``expires_at``.

    ``overridden``: a blocking finding was lifted, so where the policy names more than one
    approver the requester's own consent does not count.
    """

    rollback_id: str
    digest: str
    target: Target
    requested_by: Person
    asked_at: datetime
    expires_at: datetime
    policy: Policy
    overridden: bool = False


def wants_another(policy: Policy, *, overridden: bool) -> bool:
    """Tell whether somebody else than the requester has to approve."""
    return not policy.self_approval or (overridden and len(policy.approvers) > 1)


def may_answer(question: Question, person: Person, answer: Answer) -> str | None:
    """Say why ``person`` may not give ``answer``, or None if they may. Anyone listed may deny."""
    policy = question.policy
    if policy.approvers and person.name not in policy.approvers:
        return (
            f"{person.name} is not an approver of {question.target} ({', '.join(policy.approvers)})"
        )
    if answer is Answer.DENY or person.name != question.requested_by.name:
        return None
    if not policy.self_approval:
        return f"{person.name} requested this rollback; its policy wants somebody else's approval"
    if question.overridden and len(policy.approvers) > 1:
        return f"{person.name} requested this override; somebody else has to approve it"
    return None


def approvers_of(digest: str, decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Name who consented to a plan themselves, each once, in order; whether they may is not asked.

    What nobody said, an unattended start, names nobody.
    """
    return tuple(
        dict.fromkeys(
            d.person.name
            for d in decisions
            if d.answer is Answer.APPROVE and d.channel != UNATTENDED and d.digest == digest
        )
    )


def standing(question: Question, decisions: tuple[Decision, ...], *, now: datetime) -> Standing:
    """Count the decisions: a deny always wins, approvals are of distinct people and in time.

    Decisions of other digests, Targets or people who may not answer are not counted.
    """
    valid = [
        d
        for d in decisions
        if d.rollback_id == question.rollback_id
        and d.target == question.target
        and may_answer(question, d.person, d.answer) is None
    ]
    if any(d.answer is Answer.DENY for d in valid):
        return Standing.DENIED
    in_time = (d for d in valid if question.asked_at <= d.at < question.expires_at)
    approvers = approvers_of(question.digest, in_time)
    # A quorum of 0 would be a consent nobody gave.
    if len(approvers) >= max(1, question.policy.quorum):
        return Standing.APPROVED
    return Standing.EXPIRED if now >= question.expires_at else Standing.OPEN


def why_not_unattended(
    policy: Policy,
    *,
    newest: Verdict | None,
    risk: Risk,
    findings: tuple[Finding, ...],
    reason_given: bool,
) -> str | None:
    """Say why ``--auto-approve`` may not skip the question, or None if it may.

    Only the newest verdict counts, so a gate that was merely inconclusive, or passed since, never
    rolls production back unattended.
    """
    if any(f.override is not None for f in findings):
        return "a blocking finding was overridden; that always needs a person"
    if newest is None:
        return "no verdict says that this deployment failed"
    if newest.outcome is not VerdictOutcome.FAIL:
        return f"the newest verdict on this deployment is {newest.outcome}, not fail"
    if policy.auto_approve_up_to is None:
        return "the policy allows no unattended rollback (auto_approve_up_to: none)"
    if risk is Risk.HIGH:
        return "the risk is high; that always needs a person"
    if risk.rank > policy.auto_approve_up_to.rank:
        return f"the risk is {risk}, the policy allows up to {policy.auto_approve_up_to}"
    if not reason_given and (needing := [f.check for f in findings if f.reason_needed]):
        return f"{', '.join(needing)} needs a reason (--reason TEXT)"
    return None
