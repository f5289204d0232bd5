"""Run: from a request to a report. Reads top to bottom as a rollback happens.

The command line, a pipeline, and whatever comes later call ``rollback`` and ``resume``; both end
with a Report, whose exit code says whether production was touched.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec

from smartspec_rollback.domain.approval import Standing
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.release import same_release
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, ANSWERABLE, Rollback, Status
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.engine import report
from smartspec_rollback.engine.approve import (
    consent_unattended,
    question_of,
    requester_known,
    stands,
    unattended_refusal,
)
from smartspec_rollback.engine.assess import assess, gather
from smartspec_rollback.engine.attach import attach
from smartspec_rollback.engine.drive import close_abandoned, close_if_over, drive
from smartspec_rollback.engine.listening import Sheltered
from smartspec_rollback.engine.parts import Parts, Request
from smartspec_rollback.engine.pausing import to_the_end
from smartspec_rollback.engine.plan import make_plan
from smartspec_rollback.engine.resolve import resolve
from smartspec_rollback.errors import (
    AnotherRunning,
    ApprovalMissing,
    Refused,
    StoreError,
    UnknownName,
    UsageError,
)
from smartspec_rollback.ports.platform import Guards

_TRIES = 3


@dataclass(frozen=True)
class Begun:
    """A rollback that is there to be driven; ``fresh`` if this process planned it a moment ago."""

    rollback_id: str
    fresh: bool


def rollback(parts: Parts, failed: Deployment, request: Request) -> Report:
    """Roll ``failed`` back, or attach to the rollback that is doing so already.

    Refused and its kinds where nothing may be done; nothing was changed then.
    """
    parts = replace(parts, listener=Sheltered(parts.listener), auto_approve=request.auto_approve)
    begun = begin(parts, failed, request)
    if isinstance(begun, Report):
        return begun
    ended = _follow(parts, begun)
    if begun.fresh and ended.rollback.status is Status.STALE:
        done = _done(parts, failed, request)
        return ended if done is None else _follow(parts, done)
    return ended


def begin(parts: Parts, failed: Deployment, request: Request) -> Report | Begun:
    """Do all that comes before driving: find what runs already, or look, check, plan and save.

    A Report where it ends with the plan: a dry run, or one that is refused. Errors as ``rollback``.
    """
    if request.break_glass and not request.reason:
        raise UsageError("--break-glass needs a reason")
    for _ in range(_TRIES):
        if not request.dry_run and (found := _already(parts, failed, request)):
            return found
        planned, plan = plan_rollback(parts, failed, request)
        # Somebody may have rolled back while this was planning; then the plan is about the past.
        if not request.dry_run and (found := _already(parts, failed, request)):
            return found
        if request.dry_run or plan.blocking:
            status = Status.REFUSED if plan.blocking else Status.DRY_RUN
            return _save_closed(parts, planned, plan, status, dry_run=request.dry_run)
        _somebody_can_decide(parts, plan, request)
        try:
            parts.store.open_rollback(planned, plan)
        except AnotherRunning:
            continue
        if request.auto_approve and unattended_refusal(parts, plan) is None:
            consent_unattended(parts, question_of(planned, plan))
        parts.listener.planned(report.build(parts.store, planned.id))
        return Begun(planned.id, fresh=True)
    raise AnotherRunning(f"another rollback of {parts.target} keeps starting and ending")


def resume(parts: Parts, rollback_id: str) -> Report:
    """Go on with a rollback from where its journal and the platform say it stands."""
    parts = replace(parts, listener=Sheltered(parts.listener))
    found = parts.store.rollback(rollback_id)
    if found is None:
        raise UnknownName("rollback", rollback_id, remedy="`smartspec history` lists them")
    return _follow(parts, Begun(rollback_id, fresh=False))


def abandon(parts: Parts, rollback_id: str, *, reason: str) -> Report:
    """Give up a rollback that stopped in the middle; production stays as it is.

    The Target is free again, the hold stays. Refused where it is not in the middle, AnotherRunning
    while a living process drives it.
    """
    parts = replace(parts, listener=Sheltered(parts.listener))
    close_abandoned(parts, rollback_id, why=f"abandoned by {parts.operator.name}: {reason}")
    return report.build(parts.store, rollback_id)


def _follow(parts: Parts, begun: Begun) -> Report:
    """Drive a rollback to its end in this thread, or follow whoever drives it."""
    driven = to_the_end(drive(parts, begun.rollback_id, just_planned=begun.fresh), parts.clock)
    return driven or to_the_end(attach(parts, begun.rollback_id), parts.clock)


def _save_closed(
    parts: Parts,
    planned: Rollback,
    plan: Plan,
    status: Status,
    *,
    dry_run: bool,
) -> Report:
    """Save a plan that will not be carried out: a dry run, or one that is refused.

    A ledger that cannot be written does not stop a dry run from being shown.
    """
    blocking = "; ".join(f.summary for f in plan.blocking)
    closed = msgspec.structs.replace(planned, status=status, status_detail=blocking)
    shown = report.unsaved(closed, plan)
    try:
        parts.store.open_rollback(closed, plan)
        shown = report.build(parts.store, closed.id)
    except StoreError as error:
        if not dry_run:
            raise
        parts.listener.progress("ledger", f"the plan was not saved: {error.what}")
    parts.listener.planned(shown)
    return shown


def plan_rollback(parts: Parts, failed: Deployment, request: Request) -> tuple[Rollback, Plan]:
    """Look, resolve, assess and plan; nothing of production changes."""
    rollback_id = parts.new_id()
    seen = parts.platform.observe(parts.target)
    seen = _without_leftovers(parts, seen, dry_run=request.dry_run)
    resolution = resolve(parts, failed, seen, version=request.target_version)
    facts = gather(
        parts,
        request,
        rollback_id=rollback_id,
        failed=failed,
        seen=seen,
        chosen=resolution.chosen,
    )
    findings = assess(parts, request, facts)
    plan = make_plan(parts, request, facts, resolution, findings)
    planned = Rollback(
        id=rollback_id,
        target=parts.target,
        failed_deployment_id=failed.id,
        from_version=plan.from_release.version,
        to_version=plan.to.release.version,
        reason=plan.reason,
        plan_digest=plan.digest,
        status=Status.PLANNED,
        requested_by=parts.operator,
        requested_at=facts.now,
        expires_at=facts.now + timedelta(seconds=plan.policy.expires),
        updated_at=facts.now,
        break_glass=request.break_glass,
    )
    return planned, plan


def _without_leftovers(parts: Parts, seen: Snapshot, *, dry_run: bool) -> Snapshot:
    """Look past the guard of a rollback of ours that is closed; it could not let go in time."""
    platform, operation = parts.platform, seen.operation
    if not isinstance(platform, Guards) or operation is None or operation.id is None:
        return seen
    closed = parts.store.rollback(operation.id)
    if closed is None or closed.status in ACTIVE or parts.store.holder(closed.id) is not None:
        return seen
    if not dry_run:
        platform.unguard(parts.target, holder=closed.id)
    return msgspec.structs.replace(seen, operation=None)


def _already(parts: Parts, failed: Deployment, request: Request) -> Begun | None:
    """Find what is being done, or was done, about this failed deployment.

    None where a new plan is due: nothing was begun, or what was begun is closed by now.
    """
    active = parts.store.active(parts.target)
    if active is not None:
        return _join(parts, active, failed, request)
    return _done(parts, failed, request)


def _done(parts: Parts, failed: Deployment, request: Request) -> Begun | None:
    """Find a rollback of this deployment that was executed, and whose target is still live."""
    executed = [
        each
        for status in (Status.SUCCEEDED, Status.UNSTABLE)
        for each in parts.store.rollbacks(
            parts.target, failed_deployment_id=failed.id, status=status, limit=1
        )
    ]
    last = max(executed, key=lambda each: each.updated_at, default=None)
    if last is None or not _still_live(parts, last):
        return None
    if request.target_version not in (None, last.to_version):
        return None
    return Begun(last.id, fresh=False)


def _join(
    parts: Parts,
    active: Rollback,
    failed: Deployment,
    request: Request,
) -> Begun | None:
    """Attach to the active rollback; None where it was over, and is closed by now."""
    if active.status in ANSWERABLE and close_if_over(parts, active.id):
        return None
    if active.failed_deployment_id != failed.id:
        raise AnotherRunning(
            f"{active.id} is rolling {active.target} back from {active.from_version} to "
            f"{active.to_version} (failed deployment {active.failed_deployment_id}, "
            f"requested by {active.requested_by.name}, {active.status})",
            remedy=f"`smartspec show {active.id}`; `smartspec resume {active.id}` if it is dead",
            rollback_id=active.id,
        )
    if request.target_version not in (None, active.to_version):
        raise Refused(
            f"{active.id} already goes back to {active.to_version}; "
            f"attaching to it cannot change that to {request.target_version}",
            remedy=f"`smartspec deny {active.id}` before it executes, then ask again",
        )
    plan = parts.store.plan(active.id)
    if plan is not None and active.status in ANSWERABLE:
        _consent_or_ask(parts, active, plan, request)
    return Begun(active.id, fresh=False)


def _consent_or_ask(parts: Parts, active: Rollback, plan: Plan, request: Request) -> None:
    """Add an unattended consent where it counts; else see that somebody can be asked at all."""
    question = question_of(active, plan)
    if request.auto_approve and unattended_refusal(parts, plan) is None:
        # It may be executing already; then there is nothing left to consent to.
        with suppress(Refused):
            consent_unattended(parts, question)
    decisions = parts.store.decisions(active.id)
    dead = parts.store.holder(active.id) is None
    if dead and stands(parts, question, plan, decisions) is Standing.OPEN:
        _somebody_can_decide(parts, plan, request)


def _still_live(parts: Parts, last: Rollback) -> bool:
    live, plan = parts.platform.observe(parts.target).live, parts.store.plan(last.id)
    return (
        live is not None
        and plan is not None
        and same_release(live.release, plan.to.release) is not False
    )


def _somebody_can_decide(parts: Parts, plan: Plan, request: Request) -> None:
    """Refuse at once where nobody's answer would count and the question may not be skipped."""
    why = unattended_refusal(parts, plan) if request.auto_approve else None
    if request.auto_approve and why is None:
        return
    if parts.channels:
        requester_known(plan)
        return
    if request.break_glass:
        raise ApprovalMissing(
            "nobody can be asked: there is no terminal here, and --break-glass asks nowhere else",
            remedy="run it at a terminal",
        )
    raise ApprovalMissing(
        "nobody can be asked: there is no terminal here and no channel is configured"
        + (f", and --auto-approve does not apply: {why}" if why else ""),
        where=f"services.{parts.target.service}.{parts.target.environment}.channel",
        remedy="run it at a terminal, or configure a channel",
    )
