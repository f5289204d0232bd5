"""Run: from a request to a report. Reads top to bottom as a rollback happens.

The command line, a pipeline, and whatever comes later call ``rollback`` and ``resume``; both end
with a Report, whose exit code says whether production was touched.
"""

from contextlib import suppress
from datetime import timedelta

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, Rollback, Status
from smartspec_rollback.engine import report
from smartspec_rollback.engine.approve import consent_unattended, question_of, unattended_refusal
from smartspec_rollback.engine.assess import assess, gather
from smartspec_rollback.engine.attach import attach
from smartspec_rollback.engine.drive import drive, save_closed
from smartspec_rollback.engine.parts import Parts, Request
from smartspec_rollback.engine.plan import make_plan
from smartspec_rollback.engine.resolve import resolve
from smartspec_rollback.errors import (
    AnotherRunning,
    ApprovalMissing,
    Refused,
    UnknownName,
    UsageError,
)

_TRIES = 3


def rollback(parts: Parts, failed: Deployment, request: Request) -> Report:
    """Roll ``failed`` back, or attach to the rollback that is doing so already.

    Refused and its kinds where nothing may be done; nothing was changed then.
    """
    if request.break_glass and not request.reason:
        raise UsageError("--break-glass needs a reason")
    for _ in range(_TRIES):
        if not request.dry_run and (found := _already(parts, failed, request)):
            return found
        planned, plan = plan_rollback(parts, failed, request)
        if request.dry_run or plan.blocking:
            status = Status.REFUSED if plan.blocking else Status.DRY_RUN
            return save_closed(parts, planned, plan, status, dry_run=request.dry_run)
        _somebody_can_decide(parts, plan, request)
        try:
            parts.store.open_rollback(planned, plan)
        except AnotherRunning:
            continue
        parts.listener.planned(report.build(parts.store, planned.id))
        if request.auto_approve and unattended_refusal(parts, plan) is None:
            consent_unattended(parts, question_of(planned, plan))
        return drive(parts, planned.id) or attach(parts, planned.id)
    raise AnotherRunning(f"another rollback of {parts.target} keeps starting and ending")


def resume(parts: Parts, rollback_id: str) -> Report:
    """Go on with a rollback from where its journal and the platform say it stands."""
    found = parts.store.rollback(rollback_id)
    if found is None:
        raise UnknownName("rollback", rollback_id, remedy="`smartspec history` lists them")
    return drive(parts, rollback_id) or attach(parts, rollback_id)


def plan_rollback(parts: Parts, failed: Deployment, request: Request) -> tuple[Rollback, Plan]:
    """Look, resolve, assess and plan; changes nothing anywhere."""
    rollback_id = parts.new_id()
    seen = parts.platform.observe(parts.target)
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


def _already(parts: Parts, failed: Deployment, request: Request) -> Report | None:
    """Find what is being done, or was done, about this failed deployment.

    None where a new plan is due: nothing was begun, or what was begun is closed by now.
    """
    active = parts.store.active(parts.target)
    if active is not None:
        return _join(parts, active, failed, request)
    done = parts.store.rollbacks(parts.target, failed_deployment_id=failed.id, limit=5)
    last = next((r for r in done if r.status in (Status.SUCCEEDED, Status.UNSTABLE)), None)
    if last is None or not _still_live(parts, last):
        return None
    if request.target_version not in (None, last.to_version):
        return None
    if last.status is Status.UNSTABLE:
        return drive(parts, last.id) or attach(parts, last.id)
    return report.build(parts.store, last.id)


def _join(
    parts: Parts,
    active: Rollback,
    failed: Deployment,
    request: Request,
) -> Report | None:
    if active.failed_deployment_id != failed.id:
        if _expired_unattended(parts, active) and drive(parts, active.id):
            return None
        raise AnotherRunning(
            f"{active.id} is rolling {active.target} back from {active.from_version} to "
            f"{active.to_version} (failed deployment {active.failed_deployment_id}, "
            f"requested by {active.requested_by.name}, {active.status})",
            remedy=f"`smartspec show {active.id}`; `smartspec resume {active.id}` if it is dead",
        )
    if request.target_version not in (None, active.to_version):
        raise Refused(
            f"{active.id} already goes back to {active.to_version}; "
            f"attaching to it cannot change that to {request.target_version}",
            remedy=f"`smartspec deny {active.id}` before it executes, then ask again",
        )
    plan = parts.store.plan(active.id)
    if request.auto_approve and plan is not None and unattended_refusal(parts, plan) is None:
        # It may be executing already; then there is nothing left to consent to.
        with suppress(Refused):
            consent_unattended(parts, question_of(active, plan))
    joined = drive(parts, active.id) or attach(parts, active.id)
    closed_on_arrival = joined.rollback.status in (Status.EXPIRED, Status.STALE)
    return None if closed_on_arrival and active.status in ACTIVE else joined


def _expired_unattended(parts: Parts, active: Rollback) -> bool:
    """Say whether a rollback waits for nothing any more: it expired, and its process died."""
    waiting = active.status in (Status.PLANNED, Status.AWAITING_APPROVAL, Status.APPROVED)
    return waiting and active.expires_at <= parts.clock.now()


def _still_live(parts: Parts, last: Rollback) -> bool:
    live = parts.platform.observe(parts.target).live
    plan = parts.store.plan(last.id)
    return (
        live is not None and plan is not None and live.release.identity == plan.to.release.identity
    )


def _somebody_can_decide(parts: Parts, plan: Plan, request: Request) -> None:
    """Refuse at once where nobody can be asked and the question may not be skipped."""
    if parts.channels:
        return
    why = unattended_refusal(parts, plan) if request.auto_approve else None
    if request.auto_approve and why is None:
        return
    raise ApprovalMissing(
        "nobody can be asked: there is no terminal here and no channel is configured"
        + (f", and --auto-approve does not apply: {why}" if why else ""),
        where=f"services.{parts.target.service}.{parts.target.environment}.channel",
        remedy="run it at a terminal, or configure a channel",
    )
