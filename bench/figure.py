"""One measured figure, and how a table of them is written.

Every measurement returns a tuple of these; ``run`` prints and saves them. Figures of one line
were taken in one run on one machine, by turns, so that whatever slows the machine hits both.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence

import msgspec

from smartspec_rollback.domain.values import Value


class Figure(Value):
    """What was measured, beside what it is compared with.

    ``bound`` says in words what has to hold; empty where a figure is only told.
    """

    what: str
    value: float
    unit: str
    baseline: float | None = None
    against: str = ""
    bound: str = ""
    holds: bool = True

    @property
    def ratio(self) -> float | None:
        """How many times the baseline it is."""
        return None if not self.baseline else self.value / self.baseline


def by_turns(
    *measured: Callable[[], float], times: int, warm_up: int = 1
) -> tuple[tuple[float, ...], ...]:
    """Measure each in turn, again and again; return each one's figures."""
    rounds = [tuple(each() for each in measured) for _ in range(warm_up + times)][warm_up:]
    return tuple(zip(*rounds, strict=True))


def middle(figures: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(figures)


def table(figures: Sequence[Figure]) -> str:
    """Write figures as a Markdown table."""
    head = ("what", "figure", "compared with", "ratio", "bound", "holds")
    rows = [head, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join((lines[0], rule, *lines[1:])) + "\n"


def documents(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """Write figures as JSON objects."""
    return [{**msgspec.to_builtins(f), "ratio": f.ratio} for f in figures]


def _cells(figure: Figure) -> tuple[str, ...]:
    compared = "" if figure.baseline is None else f"{figure.baseline:,.4g} {figure.unit}"
    return (
        figure.what,
        f"{figure.value:,.4g} {figure.unit}" if figure.value < 1000 else _large(figure),
        f"{compared} ({figure.against})" if figure.against else compared,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.bound or "(told only)",
        "" if not figure.bound else "yes" if figure.holds else "NO",
    )


def _large(figure: Figure) -> str:
    return f"{figure.value:,.0f} {figure.unit}"
