"""Charts show what was measured, say it in words and numbers too, and hide no trouble."""

import re
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.golden import cases, charted
from tests.golden.html_shape import shape

from smartspec_rollback.domain.report import Charted, Report
from smartspec_rollback.testing.samples import NOON, an_objective, later
from smartspec_rollback.testing.series_samples import a_point, a_series
from smartspec_rollback.views.charts import charts
from smartspec_rollback.views.scales import nice_top, time_scale

SPANS = st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 500)), min_size=1, max_size=20)


def _told(measured: Charted) -> Report:
    return msgspec.structs.replace(charted.succeeded(), charted=measured)


@given(SPANS)
def test_times_lie_in_order_and_inside(spans: list[tuple[int, int]]) -> None:
    """A chart shows a moment before what happened before it."""
    times = [(later(start), later(start + length)) for start, length in spans]
    scale = time_scale(times, left=10, right=700, cut=20)
    ordered: list[datetime] = sorted({at for span in times for at in span})
    places = [scale.x(at) for at in ordered]
    assert places == sorted(places)
    assert 10 <= min(places) <= max(places) <= 700.1
    assert scale.stretches[0].left == 10
    assert scale.stretches[-1].right == pytest.approx(700)


def test_hours_in_which_nothing_happened_are_cut() -> None:
    """A minute of rollback is one pixel beside the hours since the gate."""
    scale = time_scale([(NOON, later(60)), (later(7200), later(7260))], left=0, right=100, cut=10)
    assert [stretch.cut for stretch in scale.stretches] == [False, True, False]
    assert scale.x(later(60)) == 45
    assert scale.x(later(7200)) == 55
    assert scale.x(NOON - timedelta(days=1)) == 0
    assert scale.x(later(99_999)) == 100
    with pytest.raises(ValueError, match="nothing"):
        time_scale([], left=0, right=1, cut=1)


@given(st.lists(st.floats(0, 1e6), max_size=9))
def test_no_value_lies_above_the_chart(values: list[float]) -> None:
    """The worst value is drawn lower than it was."""
    assert nice_top([*values, float("inf")]) >= max(values, default=0.0) * 0.999999


def test_a_chart_for_each_objective_with_words_and_numbers() -> None:
    """Who cannot see the chart learns nothing of it."""
    made = charts(charted.succeeded())
    assert len(made) == 2
    read = shape(made[0])
    assert "At most 200ms is allowed." in read.text
    assert "Before the rollback it was 450ms to 652.5ms, above the bound in 60 of 60" in read.text
    assert "After the rollback it was 30ms to 43.5ms, above the bound in 0 of 60" in read.text
    assert "not known" in read.text
    assert "5 switched: 2026-03-02 13:02:15 UTC" in read.text
    assert read.names == ["chart-1-title", "chart-1-desc"]
    assert "style" not in read.attributes
    assert len({*read.names, *shape(made[1]).names}) == 4


def test_breaches_are_crossed_and_silence_is_no_line() -> None:
    """Trouble is told by colour alone, or a line is drawn where nobody measured."""
    hole = a_point(1.0, requests=0, latency=None)
    series = a_series(a_point(0.0, latency=0.9), hole, a_point(2.0), a_point(3.0))
    drawn = charts(_told(Charted(after=(series,))))[0]
    assert drawn.count('class="breach"') == 1
    assert drawn.count("<polyline") == 2
    assert 'class="bound"' in drawn
    assert "Before the rollback nothing was measured." in shape(drawn).text


def test_without_measurements_there_is_no_chart() -> None:
    """An empty chart looks like a service without trouble."""
    assert charts(cases.succeeded()) == ()
    assert charts(_told(Charted(after=(a_series(a_point(requests=0, latency=None)),)))) == ()
    odd = charted.succeeded()
    plan = msgspec.structs.replace(odd.plan, objectives=(an_objective("p42 latency <= 1s"),))
    assert charts(msgspec.structs.replace(odd, plan=plan)) == ()


def test_a_line_never_goes_back_in_time() -> None:
    """Samples that overlap are drawn as a tangle that nobody can read."""
    points = (a_point(n * 0.4, latency=0.1 * n) for n in range(6))
    (chart, *_) = charts(_told(Charted(during=(a_series(*points),))))
    (line,) = re.findall(r'points="([^"]*)"', chart)
    across = [float(pair.split(",")[0]) for pair in line.split()]
    assert across == sorted(across)


@given(st.lists(st.tuples(st.floats(0, 9), st.integers(0, 99)), min_size=1, max_size=300))
def test_everything_drawn_lies_on_the_chart(measured: list[tuple[float, int]]) -> None:
    """A spike is cut off, or drawn over the words beside the chart."""
    points = (
        a_point(float(n), latency=value, errors=min(10, errors))
        for n, (value, errors) in enumerate(measured)
    )
    for chart in charts(_told(Charted(during=(a_series(*points),)))):
        for line in re.findall(r'points="([^"]*)"', chart):
            corners = [tuple(map(float, pair.split(","))) for pair in line.split()]
            assert all(60 <= x <= 712 and 40 <= y <= 240 for x, y in corners)
        assert len(chart) < 200_000
