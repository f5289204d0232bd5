"""What was measured over time: few enough points to keep and to draw.

Made by metrics sources beside their Samples, kept with verdicts and of rollbacks while they run,
drawn by ``views.charts``. Nothing is ever judged by it: judging takes the Samples themselves.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from smartspec_rollback.domain.objective import Metric, Objective
from smartspec_rollback.domain.values import Value

MAX_POINTS = 120
"""More than that nobody sees on a screen; a verdict's document grows by some 7 KB at most."""


class Point(Value, array_like=True):
    """A short while of a series: ``seconds`` of it, ``after`` so many from its start.

    ``latencies`` are seconds, one for each of the series' quantiles; empty where nothing was
    answered.
    """

    after: float
    seconds: float
    requests: int
    errors: int
    latencies: tuple[float, ...] = ()


class Series(Value):
    """Points in order of time; no request in a point means that nothing is known of that while."""

    source: str
    start: datetime
    quantiles: tuple[float, ...]
    points: tuple[Point, ...]

    @property
    def end(self) -> datetime:
        """When the last point ends; the start where there is none."""
        return max((self.ends(point) for point in self.points), default=self.start)

    def begins(self, point: Point) -> datetime:
        """Tell when a point of this series begins."""
        return self.start + timedelta(seconds=point.after)

    def ends(self, point: Point) -> datetime:
        """Tell when a point of this series ends."""
        return self.start + timedelta(seconds=point.after + point.seconds)


def value_of(series: Series, point: Point, objective: Objective) -> float | None:
    """Read what an objective bounds from a point, in the objective's unit; None if not known."""
    if not point.requests:
        return None
    if objective.metric is Metric.ERROR_RATE:
        return point.errors / point.requests
    if objective.quantile not in series.quantiles or not point.latencies:
        return None
    return point.latencies[series.quantiles.index(objective.quantile)]


def joined(first: Series | None, second: Series | None) -> Series | None:
    """Put what one source measured in two windows together; the later one goes on after it."""
    if first is None or second is None:
        return first or second
    if second.start < first.start:
        first, second = second, first
    shift = (second.start - first.start).total_seconds()
    moved = (
        Point(
            after=round(point.after + shift, 3),
            seconds=point.seconds,
            requests=point.requests,
            errors=point.errors,
            latencies=point.latencies if second.quantiles == first.quantiles else (),
        )
        for point in second.points
    )
    return Series(
        source=first.source,
        start=first.start,
        quantiles=first.quantiles,
        points=(*first.points, *moved),
    )


def condensed(series: Series | None, *, limit: int = MAX_POINTS) -> Series | None:
    """Merge neighbours until there are at most ``limit`` points.

    Quantiles of what was merged cannot be known: the worst of them is kept, so that no trouble
    disappears.
    """
    if series is None or len(series.points) <= limit:
        return series
    size = math.ceil(len(series.points) / limit)
    return Series(
        source=series.source,
        start=series.start,
        quantiles=series.quantiles,
        points=tuple(_merged(group) for group in _groups(series.points, size)),
    )


def _groups(points: tuple[Point, ...], size: int) -> Iterator[tuple[Point, ...]]:
    for first in range(0, len(points), size):
        yield points[first : first + size]


def _merged(group: tuple[Point, ...]) -> Point:
    answered = [point.latencies for point in group if point.latencies]
    return Point(
        after=group[0].after,
        seconds=round(group[-1].after + group[-1].seconds - group[0].after, 3),
        requests=sum(point.requests for point in group),
        errors=sum(point.errors for point in group),
        latencies=tuple(max(each) for each in zip(*answered, strict=True)),
    )
