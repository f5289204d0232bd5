"""Readiness: ask whether a Target could be gone back on now, by planning it and nothing else.

Called by ``operations.readiness``. Nothing is saved, started or sent: the plan is a dry run's, and
is forgotten. Whatever goes wrong while looking is an answer too: unknown, with the reason.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.finding import Finding, Outcome, summarise_risk
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.readiness import NOT_ASKED, Drill, Readiness, Ready, judged
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.engine.locate import RECORDED_BY_PLATFORM, why_not_live
from smartspec_rollback.engine.parts import Parts, Request
from smartspec_rollback.engine.plan import lasted
from smartspec_rollback.engine.run import plan_rollback
from smartspec_rollback.errors import Refused, SmartSpecError
from smartspec_rollback.ports.store import Store

_SAID = 2
_ALL_PASSED = "every check that can be made beforehand passed"
_NO_EVIDENCE = "there is no evidence that the target was ever healthy"


def look(parts: Parts, *, lasts: float) -> Readiness:
    """Answer for one Target; the answer counts for ``lasts`` seconds. Our errors are answers."""
    answer = unanswered(parts.target, "nobody looked", at=parts.clock.now(), lasts=lasts)
    try:
        newest = parts.store.live(parts.target)
        answer = replace(
            answer,
            newest_id=newest.deployment.id if newest else None,
            drill=last_drill(parts.store, parts.target),
        )
        seen = parts.platform.observe(parts.target)
        live = _live(parts.store, seen, newest.deployment if newest else None)
        if live is None:
            return replace(answer, outcome=Ready.NOTHING_LIVE, why="nothing is live")
        running = seen.live.release.version if seen.live else None
        answer = replace(answer, live_version=running, live_deployment_id=live.id)
        # Saved nowhere and approved by nobody, so it matters to nobody who asks.
        _, plan = plan_rollback(parts, live, Request(failed_deployment_id=live.id, dry_run=True))
        return _planned(answer, plan)
    except Refused as error:
        return replace(answer, outcome=Ready.NOT_READY, why=_sentence(error))
    except SmartSpecError as error:
        return replace(answer, outcome=Ready.UNKNOWN, why=_sentence(error))


def unanswered(target: Target, why: str, *, at: datetime, lasts: float) -> Readiness:
    """Make the answer of somebody who could not look: unknown."""
    until = at + timedelta(seconds=lasts)
    return Readiness(target=target, at=at, fresh_until=until, outcome=Ready.UNKNOWN, why=why)


def last_drill(store: Store, target: Target) -> Drill | None:
    """Find the newest rollback of a Target that was executed and judged; None without any."""
    executed = [
        each
        for status in (Status.SUCCEEDED, Status.UNSTABLE)
        for each in store.rollbacks(target, status=status, limit=1)
    ]
    last = max(executed, key=lambda each: each.updated_at, default=None)
    if last is None:
        return None
    took = lasted(store, last)
    return Drill(
        rollback_id=last.id,
        at=last.updated_at,
        from_version=last.from_version,
        to_version=last.to_version,
        seconds=None if took is None else took.total_seconds(),
        status=last.status,
    )


def _live(store: Store, seen: Snapshot, newest: Deployment | None) -> Deployment | None:
    """Tell which deployment is live: by the platform's word, with what the ledger knows of it.

    Where nothing is live, the ``newest`` of the ledger: then the checks say what is wrong.
    """
    live = seen.live
    if live is None:
        return newest
    known = store.deployment(live.deployment_id) if live.deployment_id else None
    if known is not None and known.deployment.target == seen.target:
        return known.deployment
    if newest is not None and why_not_live(newest, seen) is None:
        return newest
    return Deployment(
        id=live.deployment_id or live.id,
        target=seen.target,
        release=live.release,
        at=live.deployed_at or seen.at,
        revision=live.id,
        recorded_by=RECORDED_BY_PLATFORM,
    )


def _planned(answer: Readiness, plan: Plan) -> Readiness:
    """Say what a plan's findings come to."""
    asked = tuple(f for f in plan.findings if f.number not in NOT_ASKED)
    left = tuple(f for f in asked if f.outcome is not Outcome.PASSED)
    healthy = plan.to.health is not None
    outcome = judged(asked, target_has_evidence=healthy)
    dangerous = any(step.danger for step in plan.steps)
    return replace(
        answer,
        outcome=outcome,
        why=_why(outcome, left),
        to_version=plan.to.release.version,
        to_deployment_id=plan.to.deployment_id,
        health=plan.to.health,
        risk=summarise_risk(asked, target_has_evidence=healthy, dangerous=dangerous),
        findings=left,
        not_asked=tuple(f.check for f in plan.findings if f.number in NOT_ASKED),
        steps=tuple(step.title for step in plan.steps),
        estimate=plan.estimate,
        fingerprint=plan.fingerprint,
    )


def _why(outcome: Ready, left: tuple[Finding, ...]) -> str:
    match outcome:
        case Ready.NOT_READY:
            grave = tuple(f for f in left if f.outcome is Outcome.BLOCKING)
        case Ready.UNKNOWN:
            grave = tuple(f for f in left if f.outcome is Outcome.UNKNOWN)
        case _:
            grave = left
    if not grave:
        return _ALL_PASSED if outcome is Ready.READY else _NO_EVIDENCE
    said = " ".join(f.summary for f in grave[:_SAID])
    more = len(grave) - _SAID
    return f"{said} And {more} more." if more > 0 else said


def _sentence(error: SmartSpecError) -> str:
    return f"{error.what} ({error.where})" if error.where else error.what
