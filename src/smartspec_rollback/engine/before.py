"""Before: ask, prewarm, and check everything once more; nothing of production changes yet.

Called by ``drive``. Ends in execution, or raises Stopped with the status to close the rollback in.
"""

from typing import assert_never

from smartspec_rollback.domain.approval import (
    UNATTENDED,
    Answer,
    Decision,
    Standing,
    may_answer,
    standing,
)
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.engine import report
from smartspec_rollback.engine.approve import POLL, Asking, say, stands, unattended_refusal
from smartspec_rollback.engine.execute import begin
from smartspec_rollback.engine.pausing import Going, Pause
from smartspec_rollback.engine.running import Running, Stopped
from smartspec_rollback.errors import AnotherRunning, ApprovalMissing, ProviderError
from smartspec_rollback.ports.channel import NoticeKind

_CANCELLED = "stopped on request before anything was done"
_TOO_LATE = "it was approved, but the approval expired before execution could begin"


def come_to_execute(run: Running, *, just_planned: bool) -> Going[None]:
    """Bring the rollback from its recorded status into execution, or raise Stopped.

    ``just_planned``: this process looked at production a moment ago; it looks again before acting.
    """
    if not just_planned:
        still_valid(run)
    run.prewarming.begin()
    if run.status is not Status.APPROVED:
        yield from _ask(run)
    yield from _prewarm_passed(run)
    _begin(run)


def still_valid(run: Running) -> None:
    """Raise Stopped for a plan that was denied, has expired or gone stale; nothing was done."""
    now, decisions = run.parts.clock.now(), run.parts.store.decisions(run.rollback.id)
    if standing(run.question, decisions, now=now) is Standing.DENIED:
        raise Stopped(Status.DENIED, _denied_text(run))
    if now >= run.question.expires_at:
        approved = run.status is Status.APPROVED
        raise Stopped(Status.EXPIRED, _TOO_LATE if approved else "nobody approved in time")
    saved = run.parts.store.plan(run.rollback.id)
    if saved is None or saved.digest != run.rollback.plan_digest:
        raise Stopped(Status.STALE, "the saved plan is not the one that was shown")
    try:
        seen = run.parts.platform.observe(run.plan.target)
    except ProviderError as error:
        raise Stopped(Status.FAILED, error.what) from error
    if seen.fingerprint != run.plan.fingerprint:
        live = seen.live.release.version if seen.live else "nothing"
        raise Stopped(
            Status.STALE,
            f"production changed since the plan was made: {live} is live",
        )


def _ask(run: Running) -> Going[None]:
    """Ask and wait; approvals and denials are journalled, whoever gave them."""
    asking = Asking(run.parts, run.question, run.plan)
    is_open = asking.look() is Standing.OPEN
    if is_open and run.status is Status.PLANNED:
        run.move(EntryKind.ASKED, Status.AWAITING_APPROVAL, _asking_text(run))
    shown = report.build(run.parts.store, run.rollback.id)
    say(run.parts, NoticeKind.PLAN, run.rollback.id, run.parts.reports.plan_text(shown))
    if is_open:
        asking.put()
    try:
        found = yield from _wait(run, asking)
    finally:
        asking.withdraw()
    match found:
        case Standing.APPROVED:
            run.move(EntryKind.DECIDED, Status.APPROVED, _approved_text(run, asking.decisions))
        case Standing.DENIED:
            raise Stopped(Status.DENIED, _denied_text(run))
        case Standing.EXPIRED:
            raise Stopped(Status.EXPIRED, "nobody approved in time")
        case Standing.OPEN:
            raise Stopped(Status.CANCELLED, _CANCELLED)
        case _:
            assert_never(found)


def _wait(run: Running, asking: Asking) -> Going[Standing]:
    """Wait until the question is settled; a prewarm that fails ends it too."""

    def over() -> bool:
        return run.prewarming.is_news or run.parts.stop() or asking.look() is not Standing.OPEN

    while (found := asking.look()) is Standing.OPEN:
        boot = run.prewarming.poll()
        if boot is not None and not boot.ready:
            raise Stopped(Status.REFUSED, boot.detail)
        if run.parts.stop():
            return Standing.OPEN
        yield Pause(POLL, over)
    return found


def _prewarm_passed(run: Running) -> Going[None]:
    if not run.prewarming.wanted:
        return
    boot = yield from run.prewarming.wait()
    if boot is None:
        raise Stopped(Status.CANCELLED, _CANCELLED)
    if not boot.ready:
        raise Stopped(Status.REFUSED, boot.detail)
    try:
        boot = run.prewarming.still_ready()
    except ProviderError as error:
        raise Stopped(Status.FAILED, error.what) from error
    if not boot.ready:
        raise Stopped(Status.REFUSED, f"the prewarmed target is not ready: {boot.detail}")


def _begin(run: Running) -> None:
    """Take the platform's guard, look once more, and enter execution."""
    try:
        run.guard()
    except AnotherRunning as other:
        raise Stopped(Status.REFUSED, other.what) from other
    except ProviderError as error:
        raise Stopped(Status.FAILED, error.what) from error
    still_valid(run)
    _still_approved(run)
    if run.parts.stop():
        raise Stopped(Status.CANCELLED, _CANCELLED)
    try:
        begin(run.parts, run.journal, run.rollback, run.plan)
    except ApprovalMissing as missing:
        raise Stopped(Status.DENIED, missing.what) from missing
    run.status = Status.EXECUTING


def _still_approved(run: Running) -> None:
    """Refuse an approval that does not count any more: it was unattended, and the verdict changed.

    A process that takes over finds the rollback approved; what that rested on may be long ago.
    """
    decisions = run.parts.store.decisions(run.rollback.id)
    if stands(run.parts, run.question, run.plan, decisions) is not Standing.APPROVED:
        why = unattended_refusal(run.parts, run.plan) or "nobody approved this plan"
        raise Stopped(Status.REFUSED, f"the approval does not count any more: {why}")


def _counted(run: Running, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Leave out what people said who may not say it."""
    return tuple(
        d
        for d in decisions
        if d.digest == run.question.digest and may_answer(run.question, d.person, d.answer) is None
    )


def _approved_text(run: Running, decisions: tuple[Decision, ...]) -> str:
    """Name who approved; where no person's word sufficed, who started it unattended."""
    given = [d for d in _counted(run, decisions) if d.answer is Answer.APPROVE]
    people = standing(run.question, decisions, now=run.parts.clock.now()) is Standing.APPROVED
    said = [
        f"{d.person.name} ({d.channel})" if people else d.person.name
        for d in given
        if (d.channel != UNATTENDED) is people
    ]
    if people:
        return f"Approved by {', '.join(said)}"
    return f"Approved unattended (--auto-approve, started by {', '.join(said)})"


def _denied_text(run: Running) -> str:
    said = [
        f"{d.person.name} ({d.channel})" + (f": {d.reason}" if d.reason else "")
        for d in _counted(run, run.parts.store.decisions(run.rollback.id))
        if d.answer is Answer.DENY
    ]
    return f"denied by {', '.join(said)}"


def _asking_text(run: Running) -> str:
    decisions = run.parts.store.decisions(run.rollback.id)
    wanted = run.parts.auto_approve or any(d.channel == UNATTENDED for d in decisions)
    why = unattended_refusal(run.parts, run.plan) if wanted else None
    policy = run.plan.policy
    whom = ", ".join(policy.approvers) or "any identified person"
    approvals = "1 approval" if policy.quorum == 1 else f"{policy.quorum} approvals"
    text = f"Asking {whom} for {approvals}"
    return f"{text}; not unattended, since {why}" if why else text
