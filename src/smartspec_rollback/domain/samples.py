"""What a metrics source measured: raw enough to judge, small enough to keep."""

import math
from datetime import datetime

from smartspec_rollback.domain.series import Series
from smartspec_rollback.domain.values import Value


class Samples(Value):
    """Requests seen in a window.

    ``latencies`` are seconds, in order of time: one per request answered without error, and the
    time waited for each that was given up, so that hanging never looks fast. ``errors`` counts
    requests that failed or were answered 5xx. ``problem`` says why the source could not measure;
    then nothing else may be believed. ``series`` is the same over time, from sources that know it.
    """

    source: str
    start: datetime
    end: datetime
    requests: int
    errors: int
    latencies: tuple[float, ...]
    problem: str | None = None
    series: Series | None = None


class Quantile(Value):
    """The latency in ``seconds`` that the share ``q`` of requests did not exceed."""

    q: float
    seconds: float


class Summary(Value):
    """Samples condensed for the ledger; a Baseline is the summary of a healthy window."""

    source: str
    start: datetime
    end: datetime
    requests: int
    errors: int
    quantiles: tuple[Quantile, ...]


SUMMARY_QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def quantile(sorted_values: tuple[float, ...], q: float) -> float:
    """Take the smallest value that at least the share ``q`` does not exceed; no interpolation."""
    if not sorted_values:
        raise ValueError("no values")
    # 0.07 * 100 is a little more than 7 in binary; rounding keeps that from moving the rank.
    rank = math.ceil(round(q * len(sorted_values), 6))
    return sorted_values[max(1, rank) - 1]


def summarise(samples: Samples) -> Summary:
    """Condense samples to counts and fixed quantiles."""
    ordered = tuple(sorted(samples.latencies))
    return Summary(
        source=samples.source,
        start=samples.start,
        end=samples.end,
        requests=samples.requests,
        errors=samples.errors,
        quantiles=tuple(Quantile(q=q, seconds=quantile(ordered, q)) for q in SUMMARY_QUANTILES)
        if ordered
        else (),
    )
