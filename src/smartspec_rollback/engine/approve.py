"""Approve: ask, wait for answers from every place, and decide by the policy.

Answers always go through the store, whoever gave them, so that a person in another process, in
chat or at another terminal counts the same. A deny wins until the first step is sent.
"""

from datetime import datetime

from smartspec_rollback.domain.approval import (
    UNATTENDED,
    Answer,
    Decision,
    Person,
    Question,
    Standing,
    may_answer,
    standing,
    wants_another,
    why_not_unattended,
)
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.errors import ProviderError, Refused, StoreCorrupt
from smartspec_rollback.ports.channel import (
    AnswerableChannel,
    Channel,
    Notice,
    NoticeKind,
    Reply,
)
from smartspec_rollback.ports.store import Store

POLL = 0.02
"""Seconds between two looks for an answer."""

COMMAND = "command"
"""The channel of ``smartspec approve`` and ``smartspec deny``."""


def question_of(rollback: Rollback, plan: Plan) -> Question:
    """Say what is asked of the people around a rollback."""
    return Question(
        rollback_id=rollback.id,
        digest=plan.digest,
        target=plan.target,
        requested_by=plan.requested_by,
        asked_at=rollback.requested_at,
        expires_at=rollback.expires_at,
        policy=plan.policy,
        overridden=bool(plan.overrides),
    )


def unattended_refusal(parts: Parts, plan: Plan) -> str | None:
    """Say why this plan may not go unattended, by the newest verdict there is now."""
    return why_not_unattended(
        plan.policy,
        newest=parts.store.newest_verdict(plan.failed_deployment_id),
        risk=plan.risk,
        findings=plan.findings,
        reason_given=plan.stated_reason is not None,
    )


def requester_known(plan: Plan) -> None:
    """Refuse a plan that somebody else has to approve where nobody knows who asked for it.

    An account that `people` does not name may belong to anybody, the approver included.
    """
    policy, asks = plan.policy, plan.requested_by
    if asks.is_mapped or not wants_another(policy, overridden=bool(plan.overrides)):
        return
    raise Refused(
        f"{asks.name} is nobody in `people`, so nobody can tell whether somebody else approves, "
        "which the policy wants",
        where=f"services.{plan.target.service}.{plan.target.environment}.approval",
        remedy=f"add the account {asks.account} to a person in `people` of smartspec.yaml",
    )


def consent_unattended(parts: Parts, question: Question) -> None:
    """Record that ``--auto-approve`` was given; it counts only by its own rule."""
    decision = Decision(
        rollback_id=question.rollback_id,
        digest=question.digest,
        target=question.target,
        answer=Answer.APPROVE,
        person=parts.operator,
        channel=UNATTENDED,
        at=parts.clock.now(),
    )
    parts.store.decide(decision)


def answer(
    store: Store,
    rollback: Rollback,
    given: Answer,
    *,
    person: Person,
    at: datetime,
    reason: str = "",
    channel: str = COMMAND,
) -> bool:
    """Record an answer given by ``channel``, in whichever process; False if it was given before.

    Refused where the policy does not count this person, or the question is over.
    """
    plan = store.plan(rollback.id)
    if plan is None:
        raise StoreCorrupt(f"the plan of {rollback.id} is missing from the ledger")
    question = question_of(rollback, plan)
    if refusal := may_answer(question, person, given):
        raise Refused(refusal)
    if at >= question.expires_at:
        raise Refused(
            f"the question of {rollback.id} expired at {question.expires_at:%H:%M:%S} UTC"
        )
    return store.decide(
        Decision(
            rollback_id=rollback.id,
            digest=question.digest,
            target=question.target,
            answer=given,
            person=person,
            channel=channel,
            at=at,
            reason=reason,
        ),
    )


def stands(
    parts: Parts, question: Question, plan: Plan, decisions: tuple[Decision, ...]
) -> Standing:
    """Say where a question stands, counting an unattended consent where its rule allows it now."""
    found = standing(question, decisions, now=parts.clock.now())
    if found is not Standing.OPEN:
        return found
    consented = any(d.channel == UNATTENDED and d.digest == question.digest for d in decisions)
    if consented and unattended_refusal(parts, plan) is None:
        return Standing.APPROVED
    return found


class Asking:
    """A question that stands: put to every channel that can be answered in, then polled."""

    def __init__(self, parts: Parts, question: Question, plan: Plan) -> None:
        self._parts = parts
        self._question = question
        self._plan = plan
        self._mark: int | None = None
        self._decisions: tuple[Decision, ...] = ()
        self._asked: list[AnswerableChannel] = []
        self._failing: tuple[AnswerableChannel, str] | None = None

    def put(self) -> None:
        """Ask in every channel that can be answered in."""
        for channel in self._parts.channels:
            if isinstance(channel, AnswerableChannel) and self._ask(channel):
                self._asked.append(channel)

    def withdraw(self) -> None:
        """Take the question back everywhere."""
        for channel in self._asked:
            try:
                channel.withdraw()
            except ProviderError as error:
                _tell(self._parts, channel, error)
        self._asked.clear()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What has been answered so far."""
        return self._decisions

    def look(self) -> Standing:
        """Take in new answers and say where the question stands; never block."""
        for channel in self._asked:
            self._take(channel)
        mark = self._parts.store.version_mark()
        if mark != self._mark:
            self._mark = mark
            self._decisions = self._parts.store.decisions(self._question.rollback_id)
        return stands(self._parts, self._question, self._plan, self._decisions)

    def _ask(self, channel: AnswerableChannel) -> bool:
        """Ask in one channel; one that fails leaves all other ways of answering open."""
        try:
            channel.ask(self._question)
        except ProviderError as error:
            _tell(self._parts, channel, error)
            return False
        return True

    def _poll(self, channel: AnswerableChannel) -> Reply | None:
        try:
            return channel.poll()
        except ProviderError as error:
            if self._failing != (channel, error.what):
                self._failing = (channel, error.what)
                _tell(self._parts, channel, error)
            return None

    def _take(self, channel: AnswerableChannel) -> None:
        if (reply := self._poll(channel)) is None:
            return
        person = self._parts.identify(reply.account)
        if refusal := may_answer(self._question, person, reply.answer):
            say(
                self._parts,
                NoticeKind.PROGRESS,
                self._question.rollback_id,
                f"Not counted: {refusal}.",
            )
            self._ask(channel)
            return
        decision = Decision(
            rollback_id=self._question.rollback_id,
            digest=self._question.digest,
            target=self._question.target,
            answer=reply.answer,
            person=person,
            channel=channel.name,
            at=self._parts.clock.now(),
            reason=reply.reason,
        )
        try:
            self._parts.store.decide(decision)
        except Refused as refusal_late:
            say(self._parts, NoticeKind.PROGRESS, self._question.rollback_id, refusal_late.what)
        self._mark = None


def say(parts: Parts, kind: NoticeKind, rollback_id: str, text: str) -> None:
    """Post to every channel; a channel that fails never stops a rollback, and is told of."""
    for channel in (*parts.channels, *parts.notified):
        try:
            channel.post(Notice(kind=kind, rollback_id=rollback_id, text=text))
        except ProviderError as error:
            _tell(parts, channel, error)
        except Exception as error:  # noqa: BLE001 - never a reason to stop a rollback
            _tell(parts, channel, ProviderError(f"unexpected {type(error).__name__}"))


def _tell(parts: Parts, channel: Channel, error: ProviderError) -> None:
    parts.listener.progress("channel", f"{channel.name} could not be told: {error.what}")
