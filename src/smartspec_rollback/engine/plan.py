"""Plan: turn a resolution, a Snapshot and findings into one immutable plan with a digest."""

from datetime import timedelta
from statistics import median

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.facts import Facts
from smartspec_rollback.domain.finding import Finding, Outcome, summarise_risk
from smartspec_rollback.domain.plan import Estimate, Plan
from smartspec_rollback.domain.rollback import EntryKind, Rollback, Status
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.step import VERIFY, Repeat, Step
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource
from smartspec_rollback.engine.parts import Parts, Request
from smartspec_rollback.engine.resolve import Resolution
from smartspec_rollback.ports.platform import Prewarms
from smartspec_rollback.ports.store import Store

_REMEMBERED = 5
_SCHEMA = 8


def make_plan(
    parts: Parts,
    request: Request,
    facts: Facts,
    resolution: Resolution,
    findings: tuple[Finding, ...],
) -> Plan:
    """Decide everything that executing will need; nothing is done yet."""
    seen, to = facts.snapshot, resolution.chosen
    prewarm = may_prewarm(parts, facts, findings)
    steps = _steps(parts, seen, resolution, prewarm=prewarm)
    return Plan(
        rollback_id=facts.rollback_id,
        failed_deployment_id=facts.failed.id,
        target=parts.target,
        reason=_reason(parts, request, facts.failed_verdict),
        stated_reason=request.reason,
        from_release=_from(facts.failed, seen).release,
        to=to,
        rejected=resolution.rejected,
        findings=findings,
        overrides=tuple(f.override for f in findings if f.override is not None),
        risk=summarise_risk(
            findings,
            target_has_evidence=to.health is not None,
            dangerous=any(step.danger for step in steps),
        ),
        failing_now=facts.reading.failing if facts.reading else None,
        prewarm=prewarm,
        steps=steps,
        verification=parts.settings.verification,
        objectives=parts.settings.objectives,
        baseline=parts.store.baseline(parts.target, to.release),
        policy=parts.settings.policy,
        estimate=_estimate(parts),
        fingerprint=seen.fingerprint,
        requested_by=parts.operator,
        made_at=facts.now,
    )


def may_prewarm(parts: Parts, facts: Facts, findings: tuple[Finding, ...]) -> bool:
    """Say whether the target may be started while people read.

    Only where its owners want it, the platform can, nothing blocks, and the schema check passed:
    the old version may do work when it boots.
    """
    schema_passed = any(f.number == _SCHEMA and f.outcome is Outcome.PASSED for f in findings)
    return (
        parts.settings.prewarm
        and isinstance(parts.platform, Prewarms)
        and facts.prewarm_obstacle is None
        and schema_passed
        and not any(f.blocks for f in findings)
    )


def _from(failed: Deployment, seen: Snapshot) -> Deployment:
    """Prefer what the platform shows of the failed release: it knows digests a record may lack."""
    live = seen.live
    if live is None or live.release.version != failed.release.version:
        return failed
    return Deployment(
        id=failed.id,
        target=failed.target,
        release=live.release,
        at=failed.at,
        recorded_by=failed.recorded_by,
    )


def _steps(
    parts: Parts,
    seen: Snapshot,
    resolution: Resolution,
    *,
    prewarm: bool,
) -> tuple[Step, ...]:
    release = resolution.chosen.release
    if prewarm and isinstance(parts.platform, Prewarms):
        seen = parts.platform.promised(seen, release)
    return (
        *parts.platform.plan(seen, to=release),
        verify_step(parts, release.version, parts.settings.verification),
    )


def verify_step(parts: Parts, version: str, verification: Verification) -> Step:
    """Make the last step of every plan; the engine runs it itself."""
    return Step(
        id=VERIFY,
        kind=VERIFY,
        title=f"Run verification tests on `{version}`.",
        target=parts.target,
        parameters=parameters(
            warm_up=f"{verification.warm_up:g}s",
            bake=f"{verification.bake:g}s",
            deadline=f"{verification.deadline:g}s",
        ),
        expected=parameters(verdict=VerdictOutcome.PASS),
        undo="Nothing to undo: it only looks.",
        repeat=Repeat.IDEMPOTENT,
        timeout=verification.deadline,
    )


def _reason(parts: Parts, request: Request, newest: Verdict | None) -> str:
    if newest is not None and newest.outcome is VerdictOutcome.FAIL:
        if newest.source is VerdictSource.GATE:
            return f"Quality gate failed ({newest.reason})"
        if newest.source is VerdictSource.PERSON:
            return f"Marked failed by {newest.by} ({newest.reason})"
        return f"Verification failed ({newest.reason})"
    return request.reason or f"Requested by {parts.operator.name}; no recorded failure"


def _estimate(parts: Parts) -> Estimate:
    """Expect what the last rollbacks of this Target took; without any, the configured times."""
    done = parts.store.rollbacks(parts.target, status=Status.SUCCEEDED, limit=_REMEMBERED)
    spans = [span.total_seconds() for r in done if (span := lasted(parts.store, r)) is not None]
    if spans:
        few = f"the last {len(spans)} rollbacks" if len(spans) > 1 else "the last rollback"
        return Estimate(seconds=round(median(spans), 1), basis=f"median of {few} of {parts.target}")
    verification = parts.settings.verification
    return Estimate(
        seconds=verification.warm_up + verification.bake,
        basis="configured warm-up and bake time; no earlier rollback to learn from",
    )


def lasted(store: Store, rollback: Rollback) -> timedelta | None:
    """Measure a rollback from its first step's intent to its verdict; None where it has none."""
    journal = store.journal(rollback.id)
    starts = [e.at for e in journal if e.kind is EntryKind.STEP_INTENT]
    ends = [e.at for e in journal if e.kind is EntryKind.VERDICT]
    return max(ends[-1] - starts[0], timedelta(0)) if starts and ends else None
