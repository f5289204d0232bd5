"""Verify: the target runs, its tests pass, and the system is as healthy as it was.

In this order, and each has to hold: what the platform shows, the service's own tests, the
objectives over the bake time against the baseline, and the platform once more, since a release
can die while it is watched. Anything that cannot be learnt is inconclusive.
"""

from collections.abc import Iterator

import msgspec

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.release import same_release
from smartspec_rollback.domain.samples import Samples, summarise
from smartspec_rollback.domain.series import condensed, joined
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource
from smartspec_rollback.engine.measuring import STOPPED, measure
from smartspec_rollback.engine.parts import Judged, Parts
from smartspec_rollback.engine.smoke import run_tests
from smartspec_rollback.engine.watching import watched
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window

_STEP = "verify"
_POLL = 0.02


def verify(parts: Parts, plan: Plan, *, deployment_id: str) -> Verdict:
    """Test, watch and judge the target; ``deployment_id`` is the rollback's own deployment."""
    deadline = Deadline.after(parts.clock, plan.verification.deadline)
    try:
        seen = parts.platform.observe(plan.target)
        if wrong := _not_the_target(plan, seen):
            return _verdict(parts, deployment_id, VerdictOutcome.FAIL, wrong)
        with watched(parts, plan):
            if failure := _first_failing_test(parts, plan, seen, deadline):
                return _verdict(parts, deployment_id, VerdictOutcome.FAIL, failure)
            _warm_up(parts, plan, deadline)
        if parts.stop():
            return _verdict(parts, deployment_id, VerdictOutcome.INCONCLUSIVE, STOPPED)
        judged, samples = _bake(parts, plan, seen, deadline)
        if wrong := _not_the_target(plan, parts.platform.observe(plan.target)):
            return _verdict(parts, deployment_id, VerdictOutcome.FAIL, wrong)
    except ProviderError as error:
        return _verdict(parts, deployment_id, VerdictOutcome.INCONCLUSIVE, error.what)
    except Exception as error:  # noqa: BLE001 - production was changed: never a crash, never a pass
        reason = f"unexpected {type(error).__name__} while verifying"
        return _verdict(parts, deployment_id, VerdictOutcome.INCONCLUSIVE, reason)
    if parts.stop() and judged.outcome is not VerdictOutcome.FAIL:
        return _verdict(parts, deployment_id, VerdictOutcome.INCONCLUSIVE, STOPPED)
    verdict = _verdict(parts, deployment_id, judged.outcome, judged.reason)
    return msgspec.structs.replace(
        verdict,
        objectives=judged.objectives,
        notes=judged.notes,
        measured=summarise(samples) if samples.problem is None else None,
        series=condensed(samples.series) or msgspec.UNSET,
    )


def _not_the_target(plan: Plan, seen: Snapshot) -> str | None:
    """Say what differs between what runs and what should; None if nothing does."""
    wanted = plan.to.release
    if seen.live is None or same_release(seen.live.release, wanted) is False:
        live = seen.live.release.version if seen.live else "nothing"
        return f"{live} is live instead of {wanted.version}"
    share = sum(s.percent for s in seen.traffic if s.revision == seen.live.id)
    if share != 100:  # noqa: PLR2004 - per cent
        return f"{wanted.version} gets {share}% of the traffic"
    if not any(w.ready for w in seen.workloads if w.revision == seen.live.id):
        return f"no instance of {wanted.version} is ready"
    for workload in seen.workloads:
        if workload.revision == seen.live.id and workload.ready < workload.desired:
            return f"{workload.ready} of {workload.desired} instances of {wanted.version} are ready"
        left_over = workload.version == plan.from_release.version and not workload.prewarmed
        if workload.revision != seen.live.id and left_over and workload.running:
            return f"{workload.running} instances of {workload.version} still run"
    return None


def _first_failing_test(
    parts: Parts,
    plan: Plan,
    seen: Snapshot,
    deadline: Deadline,
) -> str | None:
    tests = plan.verification
    if not tests.probes and not tests.commands:
        return None
    if seen.front_door is None:
        raise ProviderError("the platform names no front door to test through")
    for result in run_tests(parts, plan, base_url=seen.front_door, deadline=deadline):
        parts.listener.progress(_STEP, f"{result.name}: {'passed' if result.passed else 'failed'}")
        if not result.passed:
            return f"its test {result.name} failed: {result.detail}"
    return None


def _bake(
    parts: Parts,
    plan: Plan,
    seen: Snapshot,
    deadline: Deadline,
) -> tuple[Judged, Samples]:
    """Watch for the bake time, and on while the evidence is too thin, until the deadline."""
    collected: Samples | None = None
    for window in _windows(plan, seen):
        parts.listener.progress(_STEP, f"watching for {window.seconds:g}s")
        fresh = measure(parts, window, deadline=deadline)
        collected = fresh if collected is None else merge(collected, fresh)
        judged = parts.judges.judge_recovery(collected, plan.objectives, baseline=plan.baseline)
        thin = judged.outcome is VerdictOutcome.INCONCLUSIVE and collected.problem is None
        if not thin or not plan.objectives or deadline.expired or parts.stop():
            return judged, collected
        deadline.pause(_POLL)
    raise AssertionError("windows never end")


def _windows(plan: Plan, seen: Snapshot) -> Iterator[Window]:
    longest = max((o.window or 0.0 for o in plan.objectives), default=0.0)
    seconds = max(plan.verification.bake, longest)
    while True:
        yield Window(target=plan.target, front_door=seen.front_door, seconds=seconds)


def _warm_up(parts: Parts, plan: Plan, deadline: Deadline) -> None:
    over = Deadline.after(parts.clock, min(plan.verification.warm_up, deadline.remaining))
    while not over.expired and not parts.stop():
        parts.listener.progress(_STEP, f"warming up for {over.remaining:.0f}s more")
        over.pause(0.25)


def merge(first: Samples, second: Samples) -> Samples:
    """Put two windows together; a problem in either is a problem of both."""
    return Samples(
        source=first.source,
        start=min(first.start, second.start),
        end=max(first.end, second.end),
        requests=first.requests + second.requests,
        errors=first.errors + second.errors,
        latencies=first.latencies + second.latencies,
        problem=first.problem or second.problem,
        series=joined(first.series, second.series),
    )


def _verdict(parts: Parts, deployment_id: str, outcome: VerdictOutcome, reason: str) -> Verdict:
    return Verdict(
        deployment_id=deployment_id,
        outcome=outcome,
        source=VerdictSource.VERIFICATION,
        reason=reason,
        at=parts.clock.now(),
        by=parts.operator.name,
    )
