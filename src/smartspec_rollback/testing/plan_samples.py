"""Samples of a rollback: its steps, findings, candidates and plan, and what people answered.

Tests import them from ``samples``, which says how they are made.
"""

from datetime import datetime, timedelta

from smartspec_rollback.domain.approval import Answer, Decision, Person, Policy
from smartspec_rollback.domain.candidate import Candidate, Origin
from smartspec_rollback.domain.finding import Finding, Outcome, Risk
from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.plan import Estimate, Plan
from smartspec_rollback.domain.readiness import Readiness, Ready
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.domain.settings import Verification
from smartspec_rollback.domain.step import VERIFY, Repeat, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.testing.ledger_samples import (
    BAD,
    GOOD,
    NOON,
    TARGET,
    a_digest,
    a_person,
    a_release,
    a_summary,
    an_objective,
)


def a_step(
    step_id: str = "1-switch",
    kind: str = "switch",
    *,
    title: str | None = None,
    target: Target = TARGET,
    undo: str = "switch the traffic back",
    repeat: Repeat = Repeat.IDEMPOTENT,
    timeout: float = 30.0,
) -> Step:
    """Make a step from the bad version to the good one; ``timeout`` is in seconds."""
    return Step(
        id=step_id,
        kind=kind,
        title=title or f"Switch production traffic from `{BAD}` to `{GOOD}`.",
        target=target,
        parameters=parameters(to=GOOD),
        expected=parameters(live=GOOD),
        undo=undo,
        repeat=repeat,
        timeout=timeout,
    )


def some_steps(target: Target = TARGET) -> tuple[Step, ...]:
    """Make the three steps of the simplest plan: switch, scale down, verify."""
    return (
        a_step(target=target),
        a_step(
            "2-scale-down",
            "scale-down",
            title=f"Scale down `{BAD}` instances to 0.",
            target=target,
            undo=f"start the `{BAD}` instances again",
        ),
        a_step(
            "3-verify",
            VERIFY,
            title=f"Run verification tests on `{GOOD}`.",
            target=target,
            undo="",
            timeout=1800.0,
        ),
    )


def a_finding(
    check: str = "known-good",
    outcome: Outcome = Outcome.PASSED,
    *,
    number: int = 1,
    summary: str = "The target was verified healthy.",
) -> Finding:
    """Make a finding."""
    return Finding(check=check, number=number, outcome=outcome, summary=summary)


def a_candidate(
    version: str = GOOD,
    *,
    release: Release | None = None,
    deployment_id: str | None = "deploy-12344",
    health: str | None = "gate passed at 2026-03-01 12:00 UTC, live for 1d",
    rejected: tuple[str, ...] = (),
) -> Candidate:
    """Make a candidate that the ledger remembers as healthy."""
    return Candidate(
        release=release or a_release(version),
        origin=Origin.LEDGER,
        deployment_id=deployment_id,
        deployed_at=NOON - timedelta(days=1),
        health=health,
        rejected=rejected,
    )


def a_plan(
    rollback_id: str = "rb-1",
    *,
    failed_deployment_id: str = "deploy-12345",
    target: Target = TARGET,
    reason: str = "Quality gate failed (p99 latency > 200ms)",
    from_release: Release | None = None,
    to: Candidate | None = None,
    findings: tuple[Finding, ...] | None = None,
    risk: Risk = Risk.LOW,
    prewarm: bool = False,
    steps: tuple[Step, ...] | None = None,
    verification: Verification | None = None,
    objectives: tuple[Objective, ...] | None = None,
    policy: Policy | None = None,
    fingerprint: str | None = None,
    requested_by: Person | None = None,
    made_at: datetime = NOON,
) -> Plan:
    """Make a plan from the bad version to the good one."""
    return Plan(
        rollback_id=rollback_id,
        failed_deployment_id=failed_deployment_id,
        target=target,
        reason=reason,
        from_release=from_release or a_release(BAD),
        to=to or a_candidate(),
        rejected=(),
        findings=(a_finding(),) if findings is None else findings,
        overrides=(),
        risk=risk,
        failing_now=None,
        prewarm=prewarm,
        steps=some_steps(target) if steps is None else steps,
        verification=verification or Verification(),
        objectives=(an_objective(),) if objectives is None else objectives,
        baseline=a_summary(),
        policy=policy or Policy(),
        estimate=Estimate(seconds=42.0, basis="3 earlier rollbacks of checkout/production"),
        fingerprint=fingerprint or a_digest("seen"),
        requested_by=requested_by or a_person(),
        made_at=made_at,
    )


def a_rollback(
    rollback_id: str = "rb-1",
    *,
    plan: Plan | None = None,
    status: Status = Status.PLANNED,
    status_detail: str = "",
    expires_in: float = 900.0,
    break_glass: bool = False,
) -> Rollback:
    """Make the rollback of ``plan``, or of a sample plan; ``expires_in`` is in seconds."""
    plan = plan or a_plan(rollback_id)
    return Rollback(
        id=plan.rollback_id,
        target=plan.target,
        failed_deployment_id=plan.failed_deployment_id,
        from_version=plan.from_release.version,
        to_version=plan.to.release.version,
        reason=plan.reason,
        plan_digest=plan.digest,
        status=status,
        status_detail=status_detail,
        requested_by=plan.requested_by,
        requested_at=plan.made_at,
        expires_at=plan.made_at + timedelta(seconds=expires_in),
        updated_at=plan.made_at,
        break_glass=break_glass,
    )


def a_decision(
    plan: Plan | None = None,
    answer: Answer = Answer.APPROVE,
    *,
    person: Person | None = None,
    digest: str | None = None,
    target: Target | None = None,
    channel: str = "terminal",
    at: datetime = NOON,
    reason: str = "",
) -> Decision:
    """Make one person's answer to ``plan``, or to a sample plan."""
    plan = plan or a_plan()
    return Decision(
        rollback_id=plan.rollback_id,
        digest=digest or plan.digest,
        target=target or plan.target,
        answer=answer,
        person=person or a_person("bob"),
        channel=channel,
        at=at,
        reason=reason,
    )


def a_readiness(
    *,
    outcome: Ready = Ready.READY,
    why: str = "every check that can be made beforehand passed",
    at: datetime = NOON,
    findings: tuple[Finding, ...] = (),
) -> Readiness:
    """Make the answer that the Target could be gone back on; it counts for ten minutes."""
    return Readiness(
        target=TARGET,
        at=at,
        fresh_until=at + timedelta(minutes=10),
        outcome=outcome,
        why=why,
        newest_id="deploy-12345",
        live_version=BAD,
        live_deployment_id="deploy-12345",
        to_version=GOOD,
        to_deployment_id="deploy-12344",
        health="gate passed at 2026-03-02 11:00 UTC, live for 1h",
        risk=Risk.LOW,
        findings=findings,
        not_asked=("will-it-help", "target-boots"),
        steps=("Switch production traffic from `v1.2.1` to `v1.2.0`.",),
        estimate=Estimate(seconds=45.0, basis="median of the last 2 rollbacks"),
        fingerprint=a_digest("snapshot"),
        since=at,
    )
