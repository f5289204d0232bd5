"""Verdicts as Markdown: the outcome, and a table of what was measured against what bound.

Called by ``markdown`` and ``markdown_report``.
"""

from smartspec_rollback.domain.objective import Objective
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.verdict import ObjectiveResult, Verdict
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import prose, text
from smartspec_rollback.views.tables import table
from smartspec_rollback.views.units import NONE, between, moment

_HEADINGS = ("", "Objective", "Outcome", "Measured", "Bound", "Samples", "Baseline", "Why")


def verdict(judged: Verdict, *, baseline: Summary | None = None) -> str:
    """Write a verdict as a document of its own, as the quality gate prints it."""
    title = f"# Verdict: {text(judged.deployment_id)}"
    return "\n".join([title, "", *verdict_lines(judged, baseline=baseline)]) + "\n"


def verdict_lines(judged: Verdict, *, baseline: Summary | None) -> list[str]:
    """Write a verdict's lines without a title, to stand in a document or below a heading."""
    mark = wording.VERDICT_MARKS[judged.outcome]
    lines = [f"{mark} **{judged.outcome}:** {prose(judged.reason)}", ""]
    lines.append(f"Judged by {text(judged.by)} ({judged.source}) at {moment(judged.at)}.")
    if judged.measured is not None:
        lines.append(f"Measured: {text(measured(judged.measured))}.")
    if judged.objectives:
        lines += ["", table(_HEADINGS, [_row(result, baseline) for result in judged.objectives])]
    if judged.notes:
        lines += ["", *(f"- {prose(note)}" for note in judged.notes)]
    return lines


def measured(window: Summary) -> str:
    """Say on what a verdict or a baseline rests; a plain sentence."""
    requests = "1 request" if window.requests == 1 else f"{window.requests} requests"
    errors = "1 error" if window.errors == 1 else f"{window.errors} errors"
    length = between(window.start, window.end)
    return f"{requests} with {errors} in {length} from {moment(window.start)} ({window.source})"


def bound(objective: Objective) -> str:
    """Write an objective's bound, and whether it is only advisory."""
    return f"at most {objective.limit_text}{'' if objective.required else ' (advisory)'}"


def _row(result: ObjectiveResult, baseline: Summary | None) -> tuple[str, ...]:
    objective = result.objective
    value = NONE if result.measured is None else objective.value_text(result.measured)
    return (
        wording.objective_mark(result),
        text(objective.name),
        str(result.outcome),
        text(value),
        text(bound(objective)),
        str(result.samples),
        text(wording.baseline_value(objective, baseline) or NONE),
        prose(result.reason),
    )
