"""What a chart shows, in words and numbers: its legend, its description, its table.

Called by ``charts`` alone; pure.
"""

from collections.abc import Iterator
from datetime import datetime

from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.views.chart_points import Phase, thinned
from smartspec_rollback.views.markup import Html, tag
from smartspec_rollback.views.units import between, moment

Happened = tuple[tuple[str, datetime], ...]
"""The moments that a chart marks, in their order, each with its name."""


def legend(objective: Objective, happened: Happened) -> Html:
    """Name what the numbers and forms of the chart stand for."""
    marked = (
        tag("li", f"{number} {name}: ", tag("span", moment(at), class_="number"))
        for number, (name, at) in enumerate(happened, start=1)
    )
    return tag(
        "ol",
        marked,
        tag("li", f"dashed line: at most {objective.limit_text}"),
        tag("li", "cross: above the bound"),
        class_="legend",
    )


def table(objective: Objective, phases: tuple[Phase, ...]) -> Html:
    """Write the same numbers as a table."""
    headings = ("Phase", "From", "For", objective.metric_text, "Requests", "Errors")
    return tag(
        "details",
        tag("summary", f"The numbers of this chart ({objective.metric_text})"),
        tag(
            "div",
            tag(
                "table",
                tag("thead", tag("tr", (tag("th", each, scope="col") for each in headings))),
                tag("tbody", _rows(objective, phases)),
            ),
            class_="scroll",
            tabindex=0,
            role="group",
            aria_label="Table",
        ),
    )


def _rows(objective: Objective, phases: tuple[Phase, ...]) -> Iterator[Html]:
    for phase in phases:
        for dot in thinned(phase.dots):
            value = "not known" if dot.value is None else objective.value_text(dot.value)
            yield tag(
                "tr",
                tag("td", phase.name),
                tag("td", moment(dot.start)),
                tag("td", between(dot.start, dot.end)),
                tag("td", value, " (above the bound)" if dot.breach else None),
                tag("td", dot.requests),
                tag("td", dot.errors),
            )


def summary(objective: Objective, phases: tuple[Phase, ...]) -> str:
    """Say in words what the chart shows."""
    said = [f"At most {objective.limit_text} is allowed."]
    for phase in phases:
        values = [dot.value for dot in phase.dots if dot.value is not None]
        if not values:
            said.append(f"{phase.when} nothing was measured.")
            continue
        above = sum(dot.breach for dot in phase.dots)
        said.append(
            f"{phase.when} it was "
            f"{objective.value_text(min(values))} to "
            f"{objective.value_text(max(values))}, above the bound in {above} of "
            f"{len(values)} points."
        )
    return " ".join(said)
