"""Assess: gather the facts, run the checks, and apply the one override a person may give."""

from datetime import datetime

import msgspec

from smartspec_rollback.domain.candidate import Candidate
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.facts import Facts, Reading
from smartspec_rollback.domain.finding import Finding, Outcome, Override
from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.snapshot import Inspection, Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.engine.database import look_into
from smartspec_rollback.engine.parts import Parts, Request
from smartspec_rollback.engine.resolve import held
from smartspec_rollback.errors import ProviderError, Refused, UnknownName, UsageError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.ports.platform import InspectsReleases, Prewarms

_GLANCE = 0.5
_WRONG = "acting would be wrong in itself"
_SOMETHING_ELSE = "what would run is not what was recorded; choose another version instead"
_NEVER_LIFTED = {
    "still-live": _WRONG,
    "target-differs": _WRONG,
    "nothing-else-running": _WRONG,
    "plan-is-fresh": _WRONG,
    "artifact-exists": _SOMETHING_ELSE,
    "configuration-restorable": _SOMETHING_ELSE,
}
"""Checks whose blocking finding no reason makes right, and why."""


def gather(
    parts: Parts,
    request: Request,
    *,
    rollback_id: str,
    failed: Deployment,
    seen: Snapshot,
    chosen: Candidate,
) -> Facts:
    """Gather what the checks decide on; what cannot be learnt stays None."""
    store, platform, target = parts.store, parts.platform, parts.target
    earlier = store.earlier(failed, limit=1)
    dependents = tuple(
        Target(service=name, environment=target.environment) for name in parts.settings.dependents
    )
    inspection = (
        platform.inspect(target, chosen.release) if isinstance(platform, InspectsReleases) else None
    )
    return Facts(
        now=parts.clock.now(),
        settings=parts.settings,
        rollback_id=rollback_id,
        failed=failed,
        failed_verdict=store.newest_verdict(failed.id),
        onset=store.first_failure(failed.id),
        before=earlier[0] if earlier else None,
        snapshot=seen,
        chosen=chosen,
        chosen_verdict=_conclusive(parts, chosen),
        target_hold=held(parts, chosen.release),
        inspection=inspection,
        prewarm_obstacle=_prewarm_obstacle(parts, chosen, inspection),
        boot=None,
        active=store.active(target),
        recent=store.rollbacks(target, limit=20),
        reading=_glance(parts, seen),
        dependents_since=store.since(dependents, failed.at) if dependents else (),
        reason_given=request.reason is not None,
        dry_run=request.dry_run,
        ledger_gap=_ledger_gap(parts, request),
        database=look_into(parts, failed, chosen.release),
    )


def _prewarm_obstacle(parts: Parts, chosen: Candidate, inspection: Inspection | None) -> str | None:
    """Say why the target cannot be prewarmed; None where it can, or nobody wants it."""
    if not parts.settings.prewarm:
        return None
    if inspection is not None and inspection.restores:
        return "it would start with another configuration than the plan puts back first"
    if not isinstance(parts.platform, Prewarms):
        return f"the platform {parts.platform.name} cannot prewarm"
    try:
        return parts.platform.declined(parts.target, chosen.release)
    except ProviderError as error:
        return error.what


def _ledger_gap(parts: Parts, request: Request) -> str | None:
    """Say why the ledger's silence proves nothing: it was not asked, or it never heard anything."""
    if request.break_glass:
        return "is not read under break-glass"
    if not parts.store.deployments(parts.target, limit=1):
        return f"has no record of {parts.target}"
    return None


def assess(parts: Parts, request: Request, facts: Facts) -> tuple[Finding, ...]:
    """Run every check on the facts; then lift the one finding an override names."""
    findings = parts.assess(facts)
    if request.override is None:
        return findings
    return lift(findings, request.override, reason=request.reason, by=parts.operator.name)


def lift(
    findings: tuple[Finding, ...],
    check: str,
    *,
    reason: str | None,
    by: str,
) -> tuple[Finding, ...]:
    """Lift the blocking finding of ``check``; UsageError where there is nothing to lift.

    Refused where the check says that acting would be wrong in itself.
    """
    if not reason:
        raise UsageError("--override needs a reason", remedy="add --reason TEXT; it is recorded")
    names = [f.check for f in findings]
    if check not in names:
        raise UnknownName(
            "check",
            check,
            nearest=nearest(check, names),
            remedy=f"the checks are {', '.join(names)}",
        )
    if check in _NEVER_LIFTED:
        raise Refused(
            f"{check} cannot be overridden: {_NEVER_LIFTED[check]}",
            remedy="`--target-version VERSION` names another version to go back to",
        )
    if not any(f.check == check and f.outcome is Outcome.BLOCKING for f in findings):
        raise UsageError(f"{check} does not block, so there is nothing to override")
    override = Override(check=check, reason=reason, by=by)
    return tuple(
        msgspec.structs.replace(f, override=override)
        if f.check == check and f.outcome is Outcome.BLOCKING
        else f
        for f in findings
    )


def _conclusive(parts: Parts, chosen: Candidate) -> Verdict | None:
    if chosen.deployment_id is None:
        return None
    entry = parts.store.deployment(chosen.deployment_id)
    return entry.conclusive if entry else None


def _glance(parts: Parts, seen: Snapshot) -> Reading:
    window = Window(target=parts.target, front_door=seen.front_door, seconds=_GLANCE)
    try:
        return parts.metrics.glance(window, deadline=Deadline.after(parts.clock, _GLANCE))
    except ProviderError as error:
        newest: datetime | None = None
        return Reading(source=parts.metrics.name, newest=newest, problem=error.what)
