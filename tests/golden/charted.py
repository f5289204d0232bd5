"""A report with everything measured over time, as the charts' tests and golden files draw it."""

import msgspec
from tests.golden import cases

from smartspec_rollback.domain.report import Charted, Moments, Report
from smartspec_rollback.domain.series import Point, Series
from smartspec_rollback.testing.samples import an_objective, later
from smartspec_rollback.testing.series_samples import a_point, a_series


def _points(count: int, *, seconds: float, latency: float, errors: int) -> tuple[Point, ...]:
    return tuple(
        a_point(
            n * seconds,
            seconds=seconds,
            errors=errors if n % 3 == 0 else 0,
            latency=latency * (1 + 0.15 * (n % 4)),
        )
        for n in range(count)
    )


def _series(start: float, *points: Point) -> Series:
    return a_series(*points, start=later(start))


def succeeded() -> Report:
    """Make the report of a good end, with what was measured before, during and after.

    The gate measured an hour before; during the rollback one second is not known.
    """
    told = cases.succeeded()
    hole = msgspec.structs.replace(a_point(3.0), requests=0, latencies=())
    during = (*_points(3, seconds=1.0, latency=0.3, errors=1), hole, a_point(4.0), a_point(5.0))
    objectives = (an_objective("p99 latency <= 200ms"), an_objective("error rate <= 1%"))
    return msgspec.structs.replace(
        told,
        plan=msgspec.structs.replace(told.plan, objectives=objectives),
        moments=Moments(
            deployed=later(0),
            detected=later(120),
            decided=later(3720),
            approved=later(3730),
            switched=later(3735),
            verified=later(3800),
        ),
        charted=Charted(
            before=(_series(60, *_points(60, seconds=1.0, latency=0.45, errors=1)),),
            during=(_series(3731, *during),),
            after=(_series(3738, *_points(60, seconds=1.0, latency=0.03, errors=0)),),
        ),
    )
