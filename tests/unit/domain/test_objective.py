"""How objectives read, and that what was written is what is measured and shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.objective import Metric, Objective, parse_objective

tenths = st.integers(1, 9999).map(lambda n: f"{n / 10:g}")


@given(number=tenths, space=st.sampled_from(["", " ", "  "]))
def test_a_latency_bound_is_shown_as_it_was_written(number: str, space: str) -> None:
    """`p99 latency > 200ms` in a plan must quote the owners' own number."""
    objective = parse_objective(f" p99 latency{space}<={space}{number}ms ")
    assert objective.metric is Metric.LATENCY
    assert objective.quantile == 0.99
    assert objective.at_most == pytest.approx(float(number) / 1000)
    assert objective.breach == f"p99 latency > {number}ms"


@given(number=st.integers(0, 1000).map(lambda n: f"{n / 10:g}"))
def test_an_error_bound_is_shown_as_it_was_written(number: str) -> None:
    """The same for shares, which are stored as 0 to 1."""
    objective = parse_objective(f"error rate <= {number}%")
    assert objective.metric is Metric.ERROR_RATE
    assert 0 <= objective.at_most <= 1
    assert objective.breach == f"error rate > {number}%"


@given(nines=st.integers(0, 1000))
def test_availability_is_the_error_rate_turned_round(nines: int) -> None:
    """Two ways to write one bound must not judge differently."""
    available = parse_objective(f"availability >= {nines / 10:g}%")
    errors = parse_objective(f"error rate <= {(1000 - nines) / 10:g}%")
    assert available.at_most == pytest.approx(errors.at_most, abs=1e-12)
    assert available.breach == errors.breach


@pytest.mark.parametrize(
    ("text", "quantile", "seconds", "limit"),
    [
        ("p50 latency <= 2s", 0.5, 2.0, "2000ms"),
        ("p99.9 latency <= 0.5s", 0.999, 0.5, "500ms"),
        ("p95 latency <= 1234.5ms", 0.95, 1.2345, "1234.5ms"),
        ("p99 latency <= 30s", 0.99, 30.0, "30000ms"),
    ],
)
def test_units(text: str, quantile: float, seconds: float, limit: str) -> None:
    """A factor of 1000 would pass or fail everything; a quantile one bit off misses its rank."""
    objective = parse_objective(text)
    assert (objective.quantile, objective.at_most) == (quantile, seconds)
    assert objective.limit_text == limit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ms"),
        (0.0123456, "12.35ms"),
        (0.2, "200ms"),
        (9.999, "9999ms"),
        (12.3456, "12.3456s"),
    ],
)
def test_measured_latencies_read_without_exponents(seconds: float, text: str) -> None:
    """`1.235e+04ms` is no number for people in an incident."""
    assert parse_objective("p99 latency <= 1s").value_text(seconds) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p99",
        "p99 latency < 200ms",
        "p99 latency >= 200ms",
        "p99 latency <= 200",
        "p99 latency <= 200%",
        "p99 latency <= 0ms",
        "p99 latency <= -1ms",
        "p0 latency <= 200ms",
        "p100 latency <= 200ms",
        "p99.99999999999999999999 latency <= 200ms",
        "p99 latency <= nan ms",
        f"p99 latency <= {'9' * 400}ms",
        "error rate <= 101%",
        "error rate >= 1%",
        "error rate <= 1ms",
        "availability <= 99%",
        "availability >= 100.1%",
        "latency <= 200ms",
        "p99 latency <= 200ms and more",
        "p٩٩ latency <= 200ms",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """An objective that is misread watches nothing, and nobody notices."""
    with pytest.raises(ValueError, match=r"latency|error rate|per cent|too large"):
        parse_objective(text)


@given(text=st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever people write ends in an objective, or in a ValueError that the loader explains."""
    try:
        objective = parse_objective(text)
    except ValueError:
        return
    assert isinstance(objective, Objective)
