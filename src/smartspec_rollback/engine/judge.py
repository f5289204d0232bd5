"""Judge: the quality gate measures a fresh deployment; a person may say it without measuring.

Missing data, and a deployment that is not what runs, are inconclusive; never a pass.
"""

from datetime import datetime, timedelta

import msgspec

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.samples import summarise
from smartspec_rollback.domain.series import condensed
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource
from smartspec_rollback.engine.locate import RECORDED_BY_PLATFORM, why_not_live
from smartspec_rollback.engine.measuring import STOPPED, measure
from smartspec_rollback.engine.parts import Parts
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.ports.store import Store

_STEP = "gate"


def gate(parts: Parts, deployment: Deployment) -> Verdict:
    """Judge a deployment and record the Verdict before returning it.

    A deployment that only the platform knew is recorded too, so that the verdict has a home.
    """
    _see_it_recorded(parts.store, deployment, by=parts.operator)
    verdict = _judge(parts, deployment)
    parts.store.record_verdict(verdict)
    return verdict


def mark(
    store: Store,
    deployment: Deployment,
    outcome: VerdictOutcome,
    reason: str,
    *,
    by: Person,
    at: datetime,
) -> Verdict:
    """Record a person's own Verdict on a deployment, and return it."""
    _see_it_recorded(store, deployment, by=by)
    verdict = Verdict(
        deployment_id=deployment.id,
        outcome=outcome,
        source=VerdictSource.PERSON,
        reason=reason,
        at=at,
        by=by.name,
    )
    store.record_verdict(verdict)
    return verdict


def _see_it_recorded(store: Store, deployment: Deployment, *, by: Person) -> None:
    if store.deployment(deployment.id) is None:
        found = msgspec.structs.replace(deployment, recorded_by=RECORDED_BY_PLATFORM)
        store.record_deployment(found, by=by)


def _judge(parts: Parts, deployment: Deployment) -> Verdict:
    if hold := parts.store.hold_on(parts.target, deployment.release):
        return _held(parts, deployment, hold)
    try:
        seen = parts.platform.observe(parts.target)
        if wrong := why_not_live(deployment, seen):
            return _verdict(parts, deployment, VerdictOutcome.INCONCLUSIVE, wrong)
        if seen.live is not None and (hold := parts.store.hold_on(parts.target, seen.live.release)):
            return _held(parts, deployment, hold)
        _warm_up(parts, deployment)
        measured = _measure(parts, deployment, seen)
        if wrong := why_not_live(deployment, parts.platform.observe(parts.target)):
            return _verdict(parts, deployment, VerdictOutcome.INCONCLUSIVE, wrong)
    except ProviderError as error:
        return _verdict(parts, deployment, VerdictOutcome.INCONCLUSIVE, error.what)
    if parts.stop() and measured.outcome is not VerdictOutcome.FAIL:
        return _verdict(parts, deployment, VerdictOutcome.INCONCLUSIVE, STOPPED)
    return measured


def _held(parts: Parts, deployment: Deployment, hold: Hold) -> Verdict:
    return _verdict(
        parts,
        deployment,
        VerdictOutcome.FAIL,
        f"{deployment.release.version} is on hold since {hold.placed_at:%Y-%m-%d %H:%M} UTC: "
        f"{hold.reason}",
    )


def _measure(parts: Parts, deployment: Deployment, seen: Snapshot) -> Verdict:
    settings = parts.settings
    longest = max((o.window or 0.0 for o in settings.objectives), default=0.0)
    seconds = max(settings.verification.bake, longest)
    parts.listener.progress(_STEP, f"measuring {deployment.release.version} for {seconds:g}s")
    samples = measure(
        parts,
        Window(target=parts.target, front_door=seen.front_door, seconds=seconds),
        deadline=Deadline.after(parts.clock, settings.verification.deadline),
    )
    judged = parts.judges.judge(samples, settings.objectives)
    return msgspec.structs.replace(
        _verdict(parts, deployment, judged.outcome, judged.reason),
        objectives=judged.objectives,
        notes=judged.notes,
        measured=summarise(samples) if samples.problem is None else None,
        series=condensed(samples.series) or msgspec.UNSET,
    )


def _warm_up(parts: Parts, deployment: Deployment) -> None:
    """Let a release that has just gone live warm up, before it is measured."""
    warm = deployment.at + timedelta(seconds=parts.settings.verification.warm_up)
    left = (warm - parts.clock.now()).total_seconds()
    over = Deadline.after(parts.clock, min(left, parts.settings.verification.warm_up))
    while not over.expired and not parts.stop():
        parts.listener.progress(_STEP, f"warming up for {over.remaining:.0f}s more")
        over.pause(0.25)


def _verdict(
    parts: Parts,
    deployment: Deployment,
    outcome: VerdictOutcome,
    reason: str,
) -> Verdict:
    return Verdict(
        deployment_id=deployment.id,
        outcome=outcome,
        source=VerdictSource.GATE,
        reason=reason,
        at=parts.clock.now(),
        by=parts.operator.name,
    )
