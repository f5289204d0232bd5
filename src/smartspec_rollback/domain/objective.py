"""Objectives (SLOs): what a release must keep to, and how their short form reads.

Called by the configuration loader; ``judging`` evaluates them.
"""

import math
import re
from enum import StrEnum

from smartspec_rollback.domain.values import Value

_SHORT = re.compile(
    r"(?P<metric>p(?P<quantile>\d{1,2}(?:\.\d+)?)\s+latency|error\s+rate|availability)"
    r"\s*(?P<comparison><=|>=)\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|%)",
    re.ASCII,
)


_ROUGHLY = 9.9995
"""Seconds from which a latency no longer fits four digits of milliseconds."""


class Metric(StrEnum):
    """What is measured."""

    LATENCY = "latency"
    ERROR_RATE = "error rate"


class Objective(Value):
    """A bound that measurements must not exceed.

    ``at_most`` is in seconds for latency and a share (0 to 1) for the error rate. ``quantile``
    (0 to 1, exclusive) belongs to latency. ``window`` is how many seconds are measured; None
    means the bake time. A failed objective that is not ``required`` is only advisory.
    """

    name: str
    metric: Metric
    at_most: float
    quantile: float | None = None
    source: str = "probe"
    window: float | None = None
    required: bool = True

    @property
    def breach(self) -> str:
        """Say it the way it reads when it fails: ``p99 latency > 200ms``."""
        return f"{self.metric_text} > {self.limit_text}"

    @property
    def metric_text(self) -> str:
        """Name the metric for people: ``p99 latency``."""
        if self.quantile is None:
            return str(self.metric)
        return f"p{self.quantile * 100:g} {self.metric}"

    @property
    def limit_text(self) -> str:
        """Write the bound for people: ``200ms``, ``1%``."""
        # Twelve digits: exactly what the owners wrote, without the noise of binary fractions.
        return self._text(self.at_most, ".12g")

    def value_text(self, value: float) -> str:
        """Write a measured value in this objective's unit."""
        if self.metric is Metric.LATENCY and abs(value) >= _ROUGHLY:
            return f"{value:.6g}s"
        return self._text(value, ".4g" if self.metric is Metric.LATENCY else ".3g")

    def _text(self, value: float, digits: str) -> str:
        if self.metric is Metric.LATENCY:
            return f"{value * 1000:{digits}}ms"
        return f"{value * 100:{digits}}%"


def parse_objective(text: str) -> Objective:
    """Read the short form of an objective, such as ``p99 latency <= 200ms``.

    A ValueError says what is wrong; the loader adds file, line and key.
    """
    match = _SHORT.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not an objective; write for example 'p99 latency <= 200ms', "
            "'error rate <= 1%' or 'availability >= 99.9%'",
        )
    metric, comparison, unit = match["metric"], match["comparison"], match["unit"]
    number = float(match["number"])
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]!r}: the number is too large")
    name = " ".join(text.split())
    if match["quantile"]:
        quantile = round(float(match["quantile"]) / 100, 12)
        if comparison != "<=" or unit == "%" or not 0 < quantile < 1:
            raise ValueError(f"{text!r}: a latency objective reads 'p99 latency <= 200ms'")
        if number <= 0:
            raise ValueError(f"{text!r}: a latency of 0 cannot be kept")
        seconds = number / 1000 if unit == "ms" else number
        return Objective(name=name, metric=Metric.LATENCY, at_most=seconds, quantile=quantile)
    if unit != "%" or number > 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{text!r}: a share is given in per cent, from 0% to 100%")
    is_availability = metric.startswith("availability")
    if comparison != (">=" if is_availability else "<="):
        raise ValueError(f"{text!r}: write 'error rate <= 1%' or 'availability >= 99.9%'")
    share = round(1 - number / 100, 12) if is_availability else number / 100
    return Objective(name=name, metric=Metric.ERROR_RATE, at_most=share)
