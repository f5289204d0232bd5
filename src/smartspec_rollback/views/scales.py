"""Where times and values lie on a chart: pure arithmetic of ``charts``, and nothing else's.

A gate may have judged hours before a rollback took a minute. So the time axis is cut where
nothing was measured and nothing happened for long: such a gap gets a fixed width, and says how
long it was.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_LEAST_GAP = timedelta(seconds=30)
_LEAST_SPAN = timedelta(seconds=1)
_GAP_SHARE = 0.25
_NICE = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Stretch:
    """A stretch of time drawn to scale from ``left`` to ``right``; a cut one is not to scale."""

    start: datetime
    end: datetime
    left: float
    right: float
    cut: bool = False


@dataclass(frozen=True)
class TimeScale:
    """The time axis: stretches side by side, in order, without holes."""

    stretches: tuple[Stretch, ...]

    def x(self, at: datetime) -> float:
        """Tell where a time lies; what is before or after all lies at the edge."""
        for stretch in self.stretches:
            if at <= stretch.end:
                share = (at - stretch.start) / (stretch.end - stretch.start)
                width = stretch.right - stretch.left
                return round(stretch.left + max(0.0, share) * width, 1)
        return self.stretches[-1].right


def time_scale(
    spans: Iterable[tuple[datetime, datetime]], *, left: float, right: float, cut: float
) -> TimeScale:
    """Lay ``spans`` out between ``left`` and ``right``; long gaps get the width ``cut`` each.

    ValueError without any span.
    """
    shown = _merged(sorted(spans))
    gaps = len(shown) - 1
    whole = sum((end - start).total_seconds() for start, end in shown)
    per_second = (right - left - cut * gaps) / whole
    stretches: list[Stretch] = []
    at = left
    for start, end in shown:
        if stretches:
            before = stretches[-1].end
            stretches.append(Stretch(before, start, at, at + cut, cut=True))
            at += cut
        width = (end - start).total_seconds() * per_second
        stretches.append(Stretch(start, end, at, at + width))
        at += width
    return TimeScale(tuple(stretches))


def _merged(spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Join spans between which little time passes, compared with all that is shown."""
    if not spans:
        raise ValueError("nothing to lay out")
    measured = sum(((end - start) for start, end in spans), timedelta())
    least = max(_LEAST_GAP, measured * _GAP_SHARE)
    merged = [spans[0]]
    for start, end in spans[1:]:
        last_start, last_end = merged[-1]
        if start - last_end <= least:
            merged[-1] = (last_start, max(last_end, end))
        else:
            merged.append((start, end))
    return [(start, max(end, start + _LEAST_SPAN)) for start, end in merged]


def nice_top(values: Iterable[float]) -> float:
    """Choose where the value axis ends: a round number not below any value; 1 without values."""
    highest = max((v for v in values if math.isfinite(v)), default=0.0)
    if highest <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(highest))
    return next(step * size for step in (*_NICE, 20.0) if step * size >= highest)
