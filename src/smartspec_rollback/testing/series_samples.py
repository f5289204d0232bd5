"""Series for tests: what was measured over time, made up, and the same on every run."""

from datetime import datetime

from smartspec_rollback.domain.samples import SUMMARY_QUANTILES
from smartspec_rollback.domain.series import Point, Series
from smartspec_rollback.testing.samples import NOON


def a_point(
    after: float = 0.0,
    *,
    seconds: float = 1.0,
    requests: int = 10,
    errors: int = 0,
    latency: float | None = 0.05,
) -> Point:
    """Make a point; every quantile is ``latency`` seconds, None where nothing was answered."""
    latencies = () if latency is None else (latency,) * len(SUMMARY_QUANTILES)
    return Point(
        after=after, seconds=seconds, requests=requests, errors=errors, latencies=latencies
    )


def a_series(*points: Point, start: datetime = NOON, source: str = "probe") -> Series:
    """Make a series of these points, or of ten seconds in which all was well."""
    return Series(
        source=source,
        start=start,
        quantiles=SUMMARY_QUANTILES,
        points=points or tuple(a_point(float(second)) for second in range(10)),
    )
