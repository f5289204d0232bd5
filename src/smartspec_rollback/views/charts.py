"""Charts of an objective before, during and after a rollback, as SVG inside HTML.

Called by the HTML views. Pure: no clock, no script, no colours of its own (classes, which a style
sheet colours for light and dark). What is told by colour is told by form or words too, and every
chart has the same numbers as a table.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.report import Moments, Report
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.views import chart_words
from smartspec_rollback.views.chart_points import Dot, Phase, measured, phases_of, runs
from smartspec_rollback.views.markup import Html, outside, tag
from smartspec_rollback.views.scales import Stretch, TimeScale, nice_top, time_scale
from smartspec_rollback.views.units import between

_WIDTH, _HEIGHT = 720, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 708, 56, 236
_CUT = 30.0
_NEAR = 16.0
_CROSS = 3.5
_ROW = 14


def charts(told: Report) -> tuple[Html, ...]:
    """Draw a chart for every objective of the plan for which anything was measured over time."""
    drawn = (
        _figure(
            number,
            objective,
            tuple(phases_of(told.charted, objective)),
            tuple(_happened(told.moments)),
        )
        for number, objective in enumerate(told.plan.objectives, start=1)
    )
    return tuple(chart for chart in drawn if chart is not None)


def of_verdict(judged: Verdict, *, deployed: datetime) -> tuple[Html, ...]:
    """Draw a chart for every objective of a verdict whose window is known over time."""
    series = judged.series
    if not series:
        return ()
    drawn = (
        _figure(
            number,
            result.objective,
            (measured(series, result.objective),),
            (("deployed", deployed), ("judged", judged.at)),
        )
        for number, result in enumerate(judged.objectives, start=1)
    )
    return tuple(chart for chart in drawn if chart is not None)


def _figure(
    number: int,
    objective: Objective,
    phases: tuple[Phase, ...],
    happened: chart_words.Happened,
) -> Html | None:
    """Draw one objective; None where nothing of it was measured over time."""
    if not any(dot.value is not None for phase in phases for dot in phase.dots):
        return None
    chart = _Chart(f"chart-{number}", objective, phases, happened)
    return tag(
        "figure",
        tag("figcaption", outside(objective.name)),
        tag(
            "div", chart.svg(), class_="chart-scroll", tabindex=0, role="group", aria_label="Chart"
        ),
        chart_words.legend(objective, happened),
        chart_words.table(objective, phases),
        class_="chart",
    )


def _happened(moments: Moments) -> Iterator[tuple[str, datetime]]:
    for name in ("deployed", "detected", "decided", "approved", "switched", "verified"):
        at: datetime | None = getattr(moments, name)
        if at is not None:
            yield name, at


class _Chart:
    """One chart: its scales, and the parts drawn with them."""

    def __init__(
        self,
        name: str,
        objective: Objective,
        phases: tuple[Phase, ...],
        happened: chart_words.Happened,
    ) -> None:
        self._name = name
        self._objective = objective
        self._phases = phases
        self._happened = happened
        dots = [dot for phase in phases for dot in phase.dots]
        spans = [(dot.start, dot.end) for dot in dots] + [(at, at) for _, at in happened]
        self._time: TimeScale = time_scale(spans, left=_LEFT, right=_RIGHT, cut=_CUT)
        values = [dot.value for dot in dots if dot.value is not None]
        self._top = nice_top([*values, objective.at_most * 1.2])

    def svg(self) -> Html:
        """Draw it."""
        title, told = f"{self._name}-title", f"{self._name}-desc"
        return tag(
            "svg",
            tag("title", self._objective.metric_text, " over time", id=title),
            tag("desc", chart_words.summary(self._objective, self._phases), id=told),
            tag("g", (self._bands(), self._axes(), self._cuts()), aria_hidden="true"),
            tag("g", (self._bound(), self._marks(), self._lines()), aria_hidden="true"),
            viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
            role="img",
            aria_labelledby=f"{title} {told}",
            focusable="false",
        )

    def _y(self, value: float) -> float:
        share = min(max(value / self._top, 0.0), 1.0)
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)

    def _bands(self) -> Iterator[Html]:
        for phase in self._phases:
            if not phase.dots:
                continue
            left = self._time.x(phase.dots[0].start)
            right = max(self._time.x(dot.end) for dot in phase.dots)
            width = max(right - left, 1.0)
            yield tag(
                "rect",
                x=left,
                y=_TOP,
                width=round(width, 1),
                height=_BOTTOM - _TOP,
                class_=f"band band-{phase.name}",
            )
            yield tag(
                "text",
                phase.name,
                x=round(left + width / 2, 1),
                y=_HEIGHT - 6,
                class_="phase",
                text_anchor="middle",
            )

    def _axes(self) -> Iterator[Html]:
        for share in (0.0, 0.5, 1.0):
            y = self._y(self._top * share)
            yield tag("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid")
            shown = self._objective.value_text(self._top * share) if share else "0"
            yield tag("text", shown, x=_LEFT - 6, y=y + 4, text_anchor="end", class_="tick")
        free = 0.0
        for stretch in self._time.stretches:
            if stretch.cut or stretch.left < free:
                continue
            yield tag(
                "text",
                _clock(stretch.start),
                x=round(stretch.left, 1),
                y=_BOTTOM + 16,
                class_="tick",
            )
            free = stretch.left + 62
        last = self._time.stretches[-1]
        if last.right - last.left > 130:  # noqa: PLR2004 - two labels need this much room
            yield tag(
                "text",
                f"{_clock(last.end)} UTC",
                x=_RIGHT,
                y=_BOTTOM + 16,
                text_anchor="end",
                class_="tick",
            )

    def _cuts(self) -> Iterator[Html]:
        for stretch in self._time.stretches:
            if stretch.cut:
                yield from _cut(stretch)

    def _bound(self) -> Iterator[Html]:
        y = self._y(self._objective.at_most)
        yield tag("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="bound")
        yield tag(
            "text",
            f"at most {self._objective.limit_text}",
            x=_RIGHT,
            y=y - 4,
            text_anchor="end",
            class_="bound-label",
        )

    def _marks(self) -> Iterator[Html]:
        """Mark the moments by numbers; those that lie close together stand in rows."""
        taken = [float("-inf")] * 3
        for number, (_, at) in enumerate(self._happened, start=1):
            x = self._time.x(at)
            row = next((r for r, used in enumerate(taken) if x - used >= _NEAR), 0)
            taken[row] = x
            y = _TOP - 8 - row * _ROW
            yield tag("line", x1=x, x2=x, y1=y, y2=_BOTTOM, class_="moment")
            yield tag("circle", cx=x, cy=y - 2, r=7, class_="moment-dot")
            yield tag(
                "text", str(number), x=x, y=y + 2, text_anchor="middle", class_="moment-number"
            )

    def _lines(self) -> Iterator[Html]:
        for phase in self._phases:
            for run in runs(phase.dots):
                points = " ".join(f"{x},{y}" for x, y in self._corners(run))
                yield tag("polyline", points=points, class_=f"line line-{phase.name}")
            for dot in phase.dots:
                if dot.breach and dot.value is not None:
                    yield self._crossed(dot, dot.value)

    def _corners(self, run: list[Dot]) -> Iterator[tuple[float, float]]:
        reached = 0.0
        for dot in run:
            y = self._y(dot.value or 0.0)
            for at in (dot.start, dot.end):
                reached = max(reached, self._time.x(at))  # what overlaps draws no line back in time
                yield reached, y

    def _crossed(self, dot: Dot, value: float) -> Html:
        x = round((self._time.x(dot.start) + self._time.x(dot.end)) / 2, 1)
        y, c = self._y(value), _CROSS
        return tag(
            "path",
            d=f"M{x - c:.1f} {y - c:.1f}l{2 * c} {2 * c}m0 {-2 * c}l{-2 * c} {2 * c}",
            class_="breach",
        )


def _cut(stretch: Stretch) -> Iterator[Html]:
    middle = round((stretch.left + stretch.right) / 2, 1)
    yield tag(
        "rect",
        x=round(stretch.left, 1),
        y=_TOP,
        width=_CUT,
        height=_BOTTOM - _TOP,
        class_="cut",
    )
    yield tag(
        "text",
        between(stretch.start, stretch.end),
        x=middle,
        y=_BOTTOM - 6,
        text_anchor="start",
        class_="cut-label",
        transform=f"rotate(-90 {middle} {_BOTTOM - 6})",
    )


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"
