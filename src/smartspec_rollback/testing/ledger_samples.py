"""Samples of what the ledger remembers: releases, deployments, what was measured, and verdicts.

Tests import them from ``samples``, which says how they are made.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.objective import Objective, parse_objective
from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.samples import Quantile, Summary
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When everything happens, unless a test says otherwise."""

TARGET = Target(service="checkout", environment="production")
"""Where everything happens, unless a test says otherwise."""

BAD = "v1.2.1"
GOOD = "v1.2.0"


def later(seconds: float) -> datetime:
    """Tell the time ``seconds`` after noon."""
    return NOON + timedelta(seconds=seconds)


def a_digest(text: str) -> str:
    """Digest a text, as ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def a_person(name: str = "alice", *, account: str | None = None) -> Person:
    """Make a person, known by an OS account."""
    return Person(name=name, account=account or f"os:{name}")


def a_release(
    version: str = GOOD,
    *,
    artifact: str | None = None,
    artifact_digest: str | None = None,
    configuration: str = "",
) -> Release:
    """Make a release; another ``configuration`` text makes it another release."""
    reference = artifact or f"releases/{version}"
    return Release(
        version=version,
        artifact=reference,
        artifact_digest=artifact_digest or a_digest(reference),
        configuration_digest=a_digest(configuration),
    )


def a_capture(
    deployment_id: str = "deploy-12345", version: str = BAD, *, document: str = '{"kept":true}'
) -> Capture:
    """Make a capture of the release of a deployment."""
    return Capture(
        target=TARGET,
        release=a_release(version),
        deployment_id=deployment_id,
        at=NOON,
        platform="fake",
        document=document,
    )


def a_deployment(
    deployment_id: str = "deploy-12345",
    version: str = BAD,
    *,
    target: Target = TARGET,
    release: Release | None = None,
    at: datetime = NOON,
    phase: Phase = Phase.LIVE,
    revision: str | None = None,
    commit: str | None = None,
    recorded_by: str = "pipeline",
    rollback_of: str | None = None,
) -> Deployment:
    """Make a deployment of ``version``, or of ``release`` where that is given."""
    return Deployment(
        id=deployment_id,
        target=target,
        release=release or a_release(version),
        at=at,
        phase=phase,
        revision=revision,
        commit=commit,
        recorded_by=recorded_by,
        rollback_of=rollback_of,
    )


def an_objective(text: str = "p99 latency <= 200ms") -> Objective:
    """Make an objective from its short form."""
    return parse_objective(text)


def a_summary(
    *,
    requests: int = 1000,
    errors: int = 0,
    p99: float = 0.05,
    start: datetime = NOON,
    seconds: float = 60.0,
    source: str = "probe",
) -> Summary:
    """Make the summary of a window; the median is a fifth of ``p99`` seconds."""
    return Summary(
        source=source,
        start=start,
        end=start + timedelta(seconds=seconds),
        requests=requests,
        errors=errors,
        quantiles=(Quantile(q=0.5, seconds=p99 / 5), Quantile(q=0.99, seconds=p99)),
    )


def a_verdict(
    deployment_id: str = "deploy-12345",
    outcome: VerdictOutcome = VerdictOutcome.FAIL,
    *,
    source: VerdictSource = VerdictSource.GATE,
    reason: str | None = None,
    at: datetime = NOON,
    by: str = "gate",
    measured: Summary | None = None,
) -> Verdict:
    """Make a verdict with a reason that fits its outcome."""
    reasons = {
        VerdictOutcome.PASS: "every objective was kept",
        VerdictOutcome.FAIL: "p99 latency > 200ms",
        VerdictOutcome.INCONCLUSIVE: "too few requests",
    }
    return Verdict(
        deployment_id=deployment_id,
        outcome=outcome,
        source=source,
        reason=reasons[outcome] if reason is None else reason,
        at=at,
        by=by,
        measured=measured,
    )


def a_hold(
    hold_id: str = "hold-1",
    release: Release | None = None,
    *,
    target: Target = TARGET,
    reason: str = "p99 latency > 200ms",
    placed_at: datetime = NOON,
    placed_by: str = "alice",
    rollback_id: str | None = None,
) -> Hold:
    """Make a hold on the bad release."""
    return Hold(
        id=hold_id,
        target=target,
        release=release or a_release(BAD),
        reason=reason,
        placed_at=placed_at,
        placed_by=placed_by,
        rollback_id=rollback_id,
    )
