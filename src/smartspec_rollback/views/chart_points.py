"""What a chart shows of an objective: values in order of time, and where nothing is known.

Called by ``charts`` alone; pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.report import Charted
from smartspec_rollback.domain.series import Series, value_of

_PHASES = ("before", "during", "after")
_TABLE_ROWS = 40
_SHORT = 2.0


@dataclass(frozen=True)
class Dot:
    """A measured value: where it lies in time, and whether its bound was kept."""

    start: datetime
    end: datetime
    value: float | None
    requests: int
    errors: int
    breach: bool


@dataclass(frozen=True)
class Phase:
    """One line of the chart; ``when`` begins a sentence about it."""

    name: str
    when: str
    dots: tuple[Dot, ...]


def phases_of(seen: Charted, objective: Objective) -> Iterator[Phase]:
    """Tell what was measured of an objective before, during and after a rollback."""
    for name, held in zip(_PHASES, (seen.before, seen.during, seen.after), strict=True):
        dots = [dot for series in held for dot in _dots(series, objective)]
        when = f"{name.capitalize()} the rollback"
        yield Phase(name, when, tuple(sorted(dots, key=lambda dot: dot.start)))


def measured(series: Series, objective: Objective) -> Phase:
    """Tell what a verdict rests on."""
    return Phase("measured", "In that time", tuple(_dots(series, objective)))


def _dots(series: Series, objective: Objective) -> Iterator[Dot]:
    for point in series.points:
        value = value_of(series, point, objective)
        yield Dot(
            start=series.begins(point),
            end=series.ends(point),
            value=value,
            requests=point.requests,
            errors=point.errors,
            breach=value is not None and value > objective.at_most,
        )


def runs(dots: tuple[Dot, ...]) -> Iterator[list[Dot]]:
    """Split where nothing is known, so that no line is drawn through silence."""
    run: list[Dot] = []
    for dot in dots:
        gap = bool(run) and (dot.start - run[-1].end).total_seconds() > max(
            _SHORT, 2 * (run[-1].end - run[-1].start).total_seconds()
        )
        if run and (gap or dot.value is None):
            yield run
            run = []
        if dot.value is not None:
            run.append(dot)
    if run:
        yield run


def thinned(dots: tuple[Dot, ...]) -> tuple[Dot, ...]:
    """Choose which points stand in the table: every one, or the worst of neighbours."""
    size = -(-len(dots) // _TABLE_ROWS) or 1
    groups = (dots[first : first + size] for first in range(0, len(dots), size))
    return tuple(_worst(group) for group in groups)


def _worst(group: tuple[Dot, ...]) -> Dot:
    known = [dot.value for dot in group if dot.value is not None]
    return Dot(
        start=group[0].start,
        end=group[-1].end,
        value=max(known, default=None),
        requests=sum(dot.requests for dot in group),
        errors=sum(dot.errors for dot in group),
        breach=any(dot.breach for dot in group),
    )
