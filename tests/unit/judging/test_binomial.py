"""The binomial test behind every verdict, compared with exact rational arithmetic."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.judging.binomial import LEVEL, significantly_more, upper_tail


def exact_tail(k: int, n: int, p: Fraction) -> Fraction:
    """Compute P(X >= k) without any rounding."""
    return sum(
        (comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(max(0, k), n + 1)), Fraction(0)
    )


@given(
    n=st.integers(1, 150),
    k=st.integers(-2, 152),
    thousandths=st.integers(1, 999),
)
def test_the_tail_is_exact(n: int, k: int, thousandths: int) -> None:
    """A wrong tail would make every fail and every inconclusive verdict wrong."""
    p = Fraction(thousandths, 1000)
    assert upper_tail(k, n, float(p)) == pytest.approx(float(exact_tail(k, n, p)), rel=1e-9)


@pytest.mark.parametrize(("p", "expected"), [(0.0, 0.0), (1.0, 1.0), (-0.5, 0.0), (1.5, 1.0)])
def test_certain_and_impossible_shares(p: float, expected: float) -> None:
    """A bound of 0 % or 100 % must not end in a logarithm of zero."""
    assert upper_tail(1, 10, p) == expected


def test_a_million_requests_neither_overflow_nor_underflow() -> None:
    """A busy service would break a naive sum of binomial coefficients."""
    assert upper_tail(10_000, 1_000_000, 0.01) == pytest.approx(0.5, abs=0.01)
    assert 0 <= upper_tail(20_000, 1_000_000, 0.01) < 1e-300
    assert upper_tail(5_000, 1_000_000, 0.01) == pytest.approx(1.0)


@pytest.mark.parametrize("p", [0.5, 0.1, 0.05, 0.01, 0.001])
@pytest.mark.parametrize("n", [1, 2, 5, 30, 100, 150, 600, 1200])
def test_at_the_bound_at_most_one_window_in_twenty_fails(p: float, n: int) -> None:
    """A release exactly at its bound must not be failed, and rolled back, more often than said.

    Computed, not simulated: the probability of all counts that the rule calls too many.
    """
    first = next((k for k in range(n + 1) if significantly_more(k, n, p)), n + 1)
    assert upper_tail(first, n, p) <= LEVEL
    assert all(significantly_more(k, n, p) for k in range(first, min(n, first + 20) + 1))


@given(n=st.integers(1, 10_000), p=st.floats(0.0001, 0.9999))
def test_one_bad_request_is_an_anecdote(n: int, p: float) -> None:
    """A single slow request after a deployment must never roll production back."""
    assert not significantly_more(1, n, p)
