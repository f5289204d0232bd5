"""Whether samples and objectives may be believed at all, before anything is judged by them."""

import math

from smartspec_rollback.domain.objective import Metric, Objective
from smartspec_rollback.domain.samples import Samples, Summary


def why_not_believed(samples: Samples) -> str | None:
    """Say why nothing can be judged by these samples, or None if they are sound.

    Sound samples have a latency for every request that did not fail, at most one per request, and
    every latency is a finite number that is not negative.
    """
    if samples.problem is not None:
        return f"{samples.source} could not measure: {samples.problem}"
    if samples.requests == 0 and not samples.latencies and samples.errors == 0:
        return "no traffic was measured"
    answered = len(samples.latencies)
    if not 0 <= samples.errors <= samples.requests:
        return _damaged(f"{samples.errors} errors in {samples.requests} requests", samples)
    if not samples.requests - samples.errors <= answered <= samples.requests:
        return _damaged(f"{answered} latencies of {samples.requests} requests", samples)
    if samples.end < samples.start:
        return _damaged("the window ends before it starts", samples)
    if not all(math.isfinite(latency) and latency >= 0 for latency in samples.latencies):
        return _damaged("a latency is negative or no number", samples)
    return None


def why_no_baseline(baseline: Summary | None) -> str | None:
    """Say why there is nothing to compare with, or None if the baseline is sound."""
    if baseline is None:
        return "no baseline was recorded while this release was healthy"
    if baseline.requests < 1 or not 0 <= baseline.errors <= baseline.requests:
        return "the recorded baseline is damaged"
    if not all(
        0 < b.q < 1 and math.isfinite(b.seconds) and b.seconds >= 0 for b in baseline.quantiles
    ):
        return "the recorded baseline is damaged"
    return None


def why_no_bound(objective: Objective) -> str | None:
    """Say why nothing can be measured against this objective, or None if it is sound."""
    if not math.isfinite(objective.at_most) or objective.at_most < 0:
        return "its bound is no number"
    if objective.metric is Metric.LATENCY:
        if objective.quantile is None or not 0 < objective.quantile < 1:
            return "it names no quantile"
    elif objective.at_most > 1:
        return "its bound is no share"
    return None


def _damaged(what: str, samples: Samples) -> str:
    return f"the samples of {samples.source} are damaged: {what}"
