"""The threshold judge: whether a release kept its objectives in one window.

Called by the quality gate and, through ``recovery``, after a rollback.

Each objective is a bound on requests: at most the share 1 - q may be slower than the bound of a
latency quantile, at most the share ``at_most`` may fail. So k of n requests are bad, and:

- **pass** needs positive evidence: the measured value (an exact order statistic, or k/n) keeps the
  bound, and there were enough *good* requests for the bound to mean something: the
  ceil(1 / allowed share), so 100 for a p99, and never fewer than 30. Counting good ones makes the
  rule monotone: one more bad request never turns an inconclusive result into a pass.
- **fail** needs evidence too: the bound is broken, and so many bad requests would be seen at most
  once in twenty windows if the true share were exactly the allowed one (exact binomial test, see
  ``binomial``). A bound of 0 % fails on any error.
- everything else is **inconclusive**.

Latencies are those of answered requests; a request that was never answered counts as an error and
has none. Naive rules ("above the threshold") raise 80 to 94 % false alarms in an hour of looking
every minute at a healthy service near its bound; that is why a broken bound alone is not a fail.
"""

import math

from smartspec_rollback.domain.objective import Metric, Objective
from smartspec_rollback.domain.samples import Samples, quantile
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import ObjectiveResult, VerdictOutcome
from smartspec_rollback.judging.binomial import significantly_more
from smartspec_rollback.judging.judgement import Judgement
from smartspec_rollback.judging.soundness import why_no_bound, why_not_believed

_FEWEST = 30
"""Good requests without which nothing passes, however loose the bound."""

_PASS, _FAIL, _INCONCLUSIVE = (
    VerdictOutcome.PASS,
    VerdictOutcome.FAIL,
    VerdictOutcome.INCONCLUSIVE,
)


class _Count(Value):
    """Bad requests among all that count, what was measured, and the share that may be bad."""

    bad: int
    good: int
    of: int
    measured: float
    allowed: float
    called: str


def judge(samples: Samples, objectives: tuple[Objective, ...], /) -> Judgement:
    """Judge one window of samples by the objectives measured from its source.

    Any required objective that fails makes it fail; else any that is inconclusive makes it
    inconclusive; a pass needs every required one kept, and at least one. What is only advisory is
    told in the notes.
    """
    if not objectives:
        return Judgement(outcome=_INCONCLUSIVE, reason="no objective is configured")
    if problem := why_not_believed(samples):
        nothing = tuple(_unmeasured(o, problem) for o in objectives)
        return Judgement(outcome=_INCONCLUSIVE, reason=problem, objectives=nothing)
    ordered = tuple(sorted(samples.latencies))
    results = tuple(_result(objective, samples, ordered) for objective in objectives)
    outcome, reason = _overall([r for r in results if r.objective.required])
    return Judgement(outcome=outcome, reason=reason, objectives=results, notes=_notes(results))


def _overall(required: list[ObjectiveResult]) -> tuple[VerdictOutcome, str]:
    if failed := [r for r in required if r.outcome is _FAIL]:
        return _FAIL, ", ".join(dict.fromkeys(r.objective.breach for r in failed))
    if unclear := [r for r in required if r.outcome is _INCONCLUSIVE]:
        return _INCONCLUSIVE, "; ".join(dict.fromkeys(r.reason for r in unclear))
    if not required:
        return _INCONCLUSIVE, "every objective is only advisory"
    if len(required) == 1:
        return _PASS, "the objective was kept"
    return _PASS, f"all {len(required)} objectives kept"


def _notes(results: tuple[ObjectiveResult, ...]) -> tuple[str, ...]:
    return tuple(
        f"advisory: {r.reason}"
        for r in results
        if not r.objective.required and r.outcome is not _PASS
    )


def _result(objective: Objective, samples: Samples, ordered: tuple[float, ...]) -> ObjectiveResult:
    if problem := why_no_bound(objective):
        return _unmeasured(objective, f"{objective.name}: {problem}")
    if objective.metric is Metric.ERROR_RATE:
        return _weighed(objective, _errors(objective, samples))
    if not ordered:
        return _unmeasured(objective, f"{objective.metric_text}: no request was answered")
    return _weighed(objective, _slow(objective, ordered, samples.requests - samples.errors))


def _errors(objective: Objective, samples: Samples) -> _Count:
    return _Count(
        bad=samples.errors,
        good=samples.requests - samples.errors,
        of=samples.requests,
        measured=samples.errors / samples.requests,
        allowed=objective.at_most,
        called="failed",
    )


def _slow(objective: Objective, ordered: tuple[float, ...], answered: int) -> _Count:
    q = objective.quantile or 0.0  # why_no_bound made sure that there is one
    bad = sum(1 for latency in ordered if latency > objective.at_most)
    return _Count(
        bad=bad,
        good=min(len(ordered) - bad, answered),  # what failed fast is not good
        of=len(ordered),
        measured=quantile(ordered, q),
        allowed=1.0 - q,
        called="took longer",
    )


def _weighed(objective: Objective, count: _Count) -> ObjectiveResult:
    outcome, reason = _decided(objective, count)
    return ObjectiveResult(
        objective=objective,
        outcome=outcome,
        measured=count.measured,
        samples=count.of,
        reason=reason,
    )


def _decided(objective: Objective, count: _Count) -> tuple[VerdictOutcome, str]:
    limit = objective.limit_text
    said = f"{objective.metric_text} measured {objective.value_text(count.measured)}"
    if count.measured > objective.at_most:
        # 200.04ms reads as 200ms, and "200ms, above 200ms" as a mistake.
        just = objective.value_text(count.measured) == objective.value_text(objective.at_most)
        bad = f"{said}, {'just ' if just else ''}above {limit}"
        if count.allowed <= 0 or significantly_more(count.bad, count.of, count.allowed):
            return _FAIL, f"{bad}: {count.bad} of {count.of} requests {count.called}"
        few = f"{count.bad} of {count.of} requests {count.called}, too few to tell"
        return _INCONCLUSIVE, f"{bad}, but {few}"
    good, needed = count.good, good_requests_needed(count.allowed)
    if good < needed:
        short = f"a pass takes {needed} good requests and there were {good}"
        return _INCONCLUSIVE, f"{said}, but {short}"
    return _PASS, f"{said} over {count.of} requests, within {limit}"


def good_requests_needed(allowed: float) -> int:
    """Tell how many good requests a pass takes where the share ``allowed`` may be bad."""
    if allowed <= 0:
        return _FEWEST
    # 1 - 0.99 is a little more than 0.01 in binary; rounding keeps 100 from becoming 101 or 99.
    return max(_FEWEST, math.ceil(round(1.0 / allowed, 6)))


def _unmeasured(objective: Objective, reason: str) -> ObjectiveResult:
    return ObjectiveResult(
        objective=objective, outcome=_INCONCLUSIVE, measured=None, samples=0, reason=reason
    )
