"""Execute: place the hold, do the steps in order, and say where that ended.

If this process dies on any line, the journal says which step was begun, and the platform says
whether it was done; ``carry_out`` called again goes on from there and does nothing twice.
"""

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import EntryKind, Rollback, Status
from smartspec_rollback.domain.step import VERIFY
from smartspec_rollback.engine.journal import Journal
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.engine.running import Stopped
from smartspec_rollback.engine.stepping import Stepping
from smartspec_rollback.engine.watching import watched
from smartspec_rollback.ports.store import Change


def begin(parts: Parts, journal: Journal, rollback: Rollback, plan: Plan) -> None:
    """Enter execution: place the hold on the bad release, unless somebody denied meanwhile."""
    hold = None
    if parts.store.hold_on(plan.target, plan.from_release) is None:
        hold = Hold(
            id=f"hold-{rollback.id}",
            target=plan.target,
            release=plan.from_release,
            reason=plan.reason,
            placed_at=parts.clock.now(),
            placed_by=plan.requested_by.name,
            rollback_id=rollback.id,
        )
    journal.write(
        Change(
            kind=EntryKind.HOLD_PLACED if hold else EntryKind.STATUS,
            text=f"Executing; {plan.from_release.version} is on hold",
            status=Status.EXECUTING,
            place_hold=hold,
            unless_denied=True,
        ),
    )


def carry_out(parts: Parts, journal: Journal, rollback: Rollback, plan: Plan) -> None:
    """Do every step that is not done yet, then move to VERIFYING; Stopped where it cannot go on."""
    with watched(parts, plan):
        for number, step in enumerate(plan.steps, start=1):
            if step.kind == VERIFY:
                continue
            if parts.stop():
                raise Stopped(
                    Status.INTERRUPTED,
                    f"stopped on request before {step.id}",
                    untouched=Status.CANCELLED,
                )
            Stepping(parts, journal, plan, step, f"{rollback.id}.{number}.{step.id}").run()
    journal.write(
        Change(
            kind=EntryKind.STATUS,
            text=f"All steps are done; verifying {plan.to.release.version}",
            status=Status.VERIFYING,
            deployment=Deployment(
                id=rollback.id,
                target=plan.target,
                release=plan.to.release,
                at=parts.clock.now(),
                revision=plan.to.revision,
                recorded_by=plan.requested_by.name,
                rollback_of=plan.failed_deployment_id,
            ),
        ),
    )


def stands_in(journal: Journal, stop: Stopped) -> Status:
    """Say which status a run that stopped is in: it is closed only if nothing was applied."""
    if stop.status is Status.INTERRUPTED and not journal.applied():
        return stop.untouched
    return stop.status


def halt(journal: Journal, plan: Plan, stop: Stopped) -> None:
    """Write where the run stopped; the hold goes only if it is certain that nothing was done."""
    status = stands_in(journal, stop)
    lift = not journal.applied() and journal.last(EntryKind.HOLD_PLACED) is not None
    journal.write(
        Change(
            kind=EntryKind.HOLD_LIFTED if lift else EntryKind.STATUS,
            text=f"{status}: {stop.detail}",
            status=status,
            status_detail=stop.detail,
            lift_hold=f"hold-{plan.rollback_id}" if lift else None,
        ),
    )
