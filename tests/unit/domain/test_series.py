"""Series are made smaller and put together without losing what went wrong."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.samples import SUMMARY_QUANTILES
from smartspec_rollback.domain.series import (
    MAX_POINTS,
    Point,
    Series,
    condensed,
    joined,
    value_of,
)
from smartspec_rollback.domain.values import canonical
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.testing.samples import a_verdict, an_objective, later
from smartspec_rollback.testing.series_samples import a_point, a_series

COUNTS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=400)


def _series(counts: list[tuple[int, int]]) -> Series:
    points = tuple(
        a_point(float(n), requests=good + bad, errors=bad, latency=n / 1000 if good else None)
        for n, (good, bad) in enumerate(counts)
    )
    return msgspec.structs.replace(a_series(), points=points)


@given(COUNTS)
def test_condensing_keeps_counts_time_and_the_worst(counts: list[tuple[int, int]]) -> None:
    """A long rollback hides its errors, or its slowest moment, in a chart."""
    whole = _series(counts)
    small = condensed(whole)
    assert small is not None
    assert len(small.points) <= MAX_POINTS
    assert sum(p.requests for p in small.points) == sum(p.requests for p in whole.points)
    assert sum(p.errors for p in small.points) == sum(p.errors for p in whole.points)
    assert (small.start, small.end) == (whole.start, whole.end)

    def worst(points: tuple[Point, ...]) -> float:
        return max((max(p.latencies, default=0.0) for p in points), default=0.0)

    assert worst(small.points) == worst(whole.points)


def test_joined_windows_stay_in_order_and_at_their_time() -> None:
    """What was measured late is drawn early."""
    late, early = a_series(start=later(60)), a_series()
    both = joined(late, early)
    assert both == joined(early, late)
    assert both is not None
    assert both.begins(both.points[0]) == early.start
    assert both.begins(both.points[10]) == later(60)
    assert both.end == later(70)
    assert joined(None, early) == joined(early, None) == early
    assert joined(None, None) is None


def test_a_value_that_is_not_known_is_none() -> None:
    """Silence is drawn as health."""
    rate, p99, odd = map(
        an_objective, ("error rate <= 1%", "p99 latency <= 200ms", "p42 latency <= 200ms")
    )
    good, silent = a_point(errors=5), a_point(requests=0, latency=None)
    series = a_series(good, silent)
    assert value_of(series, good, rate) == 0.5
    assert value_of(series, good, p99) == 0.05
    assert value_of(series, good, odd) is None
    assert value_of(series, silent, rate) is value_of(series, silent, p99) is None
    assert value_of(series, a_point(latency=None), p99) is None


def test_verdicts_of_old_stay_what_they_are() -> None:
    """An old verdict gets another document, and an import takes it for a second one."""
    old = canonical(a_verdict())
    assert b"series" not in old
    assert canonical(msgspec.json.decode(old, type=Verdict)) == old


def test_a_drawn_verdict_is_stored_small() -> None:
    """Verdicts are read with every list of deployments; a huge one slows them all."""
    points = tuple(a_point(n / 2, seconds=0.5, latency=0.123456) for n in range(MAX_POINTS))
    drawn = msgspec.structs.replace(a_verdict(), series=a_series(*points))
    document = canonical(drawn)
    assert len(document) < 12_000
    assert msgspec.json.decode(document, type=Verdict) == drawn
    assert len(SUMMARY_QUANTILES) == len(points[0].latencies)
