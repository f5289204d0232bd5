"""Quantiles and summaries: what baselines are made of."""

from datetime import timedelta
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.samples import SUMMARY_QUANTILES, Samples, quantile, summarise
from smartspec_rollback.testing.samples import NOON

latencies = st.lists(st.floats(0, 10), min_size=1, max_size=300).map(lambda v: tuple(sorted(v)))


@given(values=latencies, thousandths=st.integers(1, 999))
def test_a_quantile_is_the_exact_order_statistic(
    values: tuple[float, ...], thousandths: int
) -> None:
    """One rank too high is another request's latency; interpolation is nobody's."""
    q = Fraction(thousandths, 1000)
    assert quantile(values, float(q)) == values[ceil(q * len(values)) - 1]


def test_binary_fractions_do_not_move_the_rank() -> None:
    """0.07 * 100 is more than 7 in binary; the 7th of 100 values is meant."""
    hundred = tuple(float(n) for n in range(1, 101))
    assert [quantile(hundred, q) for q in (0.07, 0.55, 0.99)] == [7.0, 55.0, 99.0]
    assert quantile(tuple(float(n) for n in range(1, 1001)), 99.9 / 100) == 999.0


def test_the_ends_are_the_ends() -> None:
    """Nothing below the smallest and nothing beyond the largest."""
    assert (quantile((1.0, 2.0), 0.0), quantile((1.0, 2.0), 1.0)) == (1.0, 2.0)
    with pytest.raises(ValueError, match="no values"):
        quantile((), 0.5)


@given(values=latencies, errors=st.integers(0, 5))
def test_a_summary_keeps_counts_and_growing_quantiles(
    values: tuple[float, ...], errors: int
) -> None:
    """A baseline that loses errors or order would compare with the wrong window."""
    samples = Samples(
        source="probe",
        start=NOON,
        end=NOON + timedelta(minutes=1),
        requests=len(values) + errors,
        errors=errors,
        latencies=tuple(reversed(values)),
    )
    summary = summarise(samples)
    assert (summary.requests, summary.errors) == (samples.requests, errors)
    assert tuple(kept.q for kept in summary.quantiles) == SUMMARY_QUANTILES
    seconds = [kept.seconds for kept in summary.quantiles]
    assert seconds == sorted(seconds)
    assert set(seconds) <= set(values)


def test_a_window_without_answers_has_no_quantiles() -> None:
    """A zero latency made of nothing would be the best baseline ever."""
    silent = Samples(source="probe", start=NOON, end=NOON, requests=3, errors=3, latencies=())
    assert summarise(silent).quantiles == ()
