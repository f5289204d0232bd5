"""The recovery judge: whether a rolled-back system is as it was while last healthy.

Called by verification. Objectives come first, exactly as for a fresh deployment. Where a baseline
was recorded while the same release was healthy, keeping the objectives is not enough: a service
that used to answer in 12 ms and now takes 150 has not recovered, even if its bound is 200. So the
window is also compared with the baseline:

- errors: is the share above twice the baseline's (and above 0.1 %, so that a baseline without any
  error does not condemn a single one)?
- each latency objective: is the share slower than 1.5 times the baseline's quantile above twice
  the share that was slower then, *and* is the quantile worse by more than a tenth of the bound, so
  that a few milliseconds never matter?

"Above" means by the exact binomial test at 5 % (see ``binomial``). A yes is never a fail, which
belongs to the objectives, but it is never a pass either: the outcome is inconclusive.
The factors 2 and 1.5 are the margins at which "still bad" and "recovered" part in our simulations;
the baseline's own shares are taken as exact, which errs towards inconclusive.
"""

from smartspec_rollback.domain.objective import Metric, Objective
from smartspec_rollback.domain.samples import Quantile, Samples, Summary, quantile
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.judging.binomial import significantly_more
from smartspec_rollback.judging.judgement import Judgement
from smartspec_rollback.judging.soundness import why_no_baseline, why_no_bound, why_not_believed
from smartspec_rollback.judging.thresholds import judge

_TIMES_ERRORS = 2.0
_ERROR_FLOOR = 0.001
_TIMES_SLOW = 2.0
_TIMES_LATENCY = 1.5
_NOTICEABLE = 0.1
_SAME = 1e-9


def judge_recovery(
    samples: Samples,
    objectives: tuple[Objective, ...],
    /,
    *,
    baseline: Summary | None,
) -> Judgement:
    """Judge a window after a rollback by the objectives, and against the ``baseline``.

    Without a baseline the objectives decide alone, and a note says so.
    """
    verdict = judge(samples, objectives)
    missing = why_no_baseline(baseline)
    if baseline is None or missing is not None:
        return _with(verdict, notes=(f"{missing}; judged by the objectives alone",))
    if why_not_believed(samples) is not None:
        return verdict
    doubts = _doubts(samples, objectives, baseline)
    if not doubts:
        return verdict
    if verdict.outcome is VerdictOutcome.FAIL:
        return _with(verdict, notes=doubts)
    unclear = (verdict.reason,) if verdict.outcome is VerdictOutcome.INCONCLUSIVE else ()
    return Judgement(
        outcome=VerdictOutcome.INCONCLUSIVE,
        reason="; ".join((*unclear, *doubts)),
        objectives=verdict.objectives,
        notes=verdict.notes,
    )


def _with(verdict: Judgement, *, notes: tuple[str, ...]) -> Judgement:
    return Judgement(
        outcome=verdict.outcome,
        reason=verdict.reason,
        objectives=verdict.objectives,
        notes=(*verdict.notes, *notes),
    )


def _doubts(
    samples: Samples, objectives: tuple[Objective, ...], baseline: Summary
) -> tuple[str, ...]:
    ordered = tuple(sorted(samples.latencies))
    latency = (
        _slower(ordered, o, baseline)
        for o in objectives
        if o.metric is Metric.LATENCY and why_no_bound(o) is None
    )
    return tuple(dict.fromkeys(filter(None, (_more_errors(samples, baseline), *latency))))


def _more_errors(samples: Samples, baseline: Summary) -> str | None:
    then = baseline.errors / baseline.requests
    limit = max(_TIMES_ERRORS * then, _ERROR_FLOOR)
    if not significantly_more(samples.errors, samples.requests, limit):
        return None
    now = samples.errors / samples.requests
    return (
        f"error rate {now * 100:.3g}%, {then * 100:.3g}% while last healthy: "
        "not yet back to the baseline"
    )


def _slower(ordered: tuple[float, ...], objective: Objective, baseline: Summary) -> str | None:
    then = _kept(baseline, objective.quantile or 0.0)
    if then is None or not ordered:
        return None
    now = quantile(ordered, then.q)
    if now - then.seconds <= _NOTICEABLE * objective.at_most:
        return None
    slow = sum(1 for latency in ordered if latency > _TIMES_LATENCY * then.seconds)
    if not significantly_more(slow, len(ordered), _slow_share(then.q)):
        return None
    return (
        f"p{then.q * 100:g} latency {objective.value_text(now)}, "
        f"{objective.value_text(then.seconds)} while last healthy: not yet back to the baseline"
    )


def _kept(baseline: Summary, q: float) -> Quantile | None:
    """Find the quantile kept in the baseline to compare at: ``q``, else the next above, else below.

    The window is then looked at by that same quantile.
    """
    ordered = sorted(baseline.quantiles, key=lambda kept: kept.q)
    above = [kept for kept in ordered if kept.q >= q - _SAME]
    return above[0] if above else ordered[-1] if ordered else None


def _slow_share(q: float) -> float:
    """Take twice the share beyond ``q``, but for low quantiles at most halfway from it to all."""
    beyond = 1.0 - q
    return min(_TIMES_SLOW * beyond, (1.0 + beyond) / 2)
