"""Verdicts as HTML: the outcome, and a table of what was measured against what bound.

Called by ``report`` and by the console's page of a deployment.
"""

from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.verdict import ObjectiveResult, Verdict
from smartspec_rollback.views import wording
from smartspec_rollback.views.html import parts
from smartspec_rollback.views.markdown_verdict import bound, measured
from smartspec_rollback.views.markup import Html, Node, mark, outside, prose, tag
from smartspec_rollback.views.units import NONE, moment

__all__ = ["measured", "verdict"]

_HEADINGS = ("Objective", "Outcome", "Measured", "Bound", "Samples", "Baseline", "Why")


def verdict(judged: Verdict, *, baseline: Summary | None = None) -> Html:
    """Write a verdict; ``baseline`` is what its Target measured when it was last healthy."""
    sign = mark(wording.VERDICT_MARKS[judged.outcome], "")
    said = tag("strong", f"{judged.outcome}:")
    window = judged.measured
    results = judged.objectives
    rows = [_row(result, baseline) for result in results]
    return Html(
        tag("p", sign, " ", said, " ", prose(judged.reason))
        + tag("p", "Judged by ", outside(judged.by), f" ({judged.source}) at {moment(judged.at)}.")
        + (tag("p", "Measured: ", outside(measured(window)), ".") if window else "")
        + (parts.table(_HEADINGS, rows, caption="Objectives") if rows else "")
        + parts.bullets(map(prose, judged.notes))
    )


def _row(result: ObjectiveResult, baseline: Summary | None) -> tuple[Node, ...]:
    objective = result.objective
    value = NONE if result.measured is None else objective.value_text(result.measured)
    return (
        outside(objective.name),
        (mark(wording.objective_mark(result), ""), " ", str(result.outcome)),
        value,
        bound(objective),
        result.samples,
        wording.baseline_value(objective, baseline) or NONE,
        prose(result.reason),
    )
