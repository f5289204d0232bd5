"""Reports and verdicts on a terminal: what it came to and what to do, then the details.

Called by ``cli`` through ``terminal``. The journal is left to the written report.
"""

from collections.abc import Iterable

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from smartspec_rollback.domain.report import Moments, Report, StepRecord
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.views import asking, wording
from smartspec_rollback.views.escape import clean
from smartspec_rollback.views.terminal import style
from smartspec_rollback.views.units import NONE, between, moment


def render_report(report: Report, console: Console) -> None:
    """Show the outcome, advice, hold, steps, verdict and times of a rollback."""
    for part in _parts(report):
        console.print(part)


def render_verdict(verdict: Verdict, console: Console, *, baseline: Summary | None = None) -> None:
    """Show a verdict with its objectives."""
    for part in _verdict(verdict, baseline):
        console.print(part)


def _parts(report: Report) -> Iterable[RenderableType]:
    rollback = report.rollback
    mark, said = wording.outcome(report)
    word, _, rest = said.partition(": ")
    if not rest:
        word, _, rest = said.partition("; ")
    yield Text(f"Rollback Report: {clean(rollback.failed_deployment_id)}", style=style.STRONG)
    yield style.banner(mark, word, rest[:1].upper() + rest[1:], rollback.status_detail)
    for advice in report.advice:
        yield style.bullet(wording.BEGUN, style.sentence(advice))
    yield style.facts(_facts(report))
    yield style.heading("Steps")
    for number, step in enumerate(report.steps, start=1):
        yield from _step(number, step)
    if report.afterwards:
        yield style.heading("Afterwards")
    for said in report.afterwards:
        yield style.bullet(wording.BEGUN, style.sentence(said))
    if report.verdict is not None:
        yield style.heading("Verification")
        yield from _verdict(report.verdict, report.plan.baseline)
    if report.moments.deployed or report.moments.decided:
        yield style.heading("Times")
        yield style.facts(_times(report.moments))


def _facts(report: Report) -> Iterable[tuple[str, Text]]:
    rollback = report.rollback
    yield "Reason", style.sentence(rollback.reason)
    yield "Target", style.sentence(str(rollback.target))
    yield (
        "Version",
        Text.assemble(style.name(rollback.from_version), " → ", style.name(rollback.to_version)),
    )
    for decision in report.decisions:
        why = f": {decision.reason}" if decision.reason else ""
        yield (
            "Answer",
            style.sentence(f"{asking.answered(decision)} at {moment(decision.at)}{why}"),
        )
    if report.hold is not None:
        yield (
            "On hold",
            style.sentence(
                f"`{rollback.from_version}`, until `smartspec hold release {report.hold}`"
            ),
        )
    yield "Rollback", Text(f"{clean(rollback.id)}, {rollback.status}, exit code {report.exit_code}")


def _step(number: int, step: StepRecord) -> Iterable[RenderableType]:
    took = f" ({between(step.started, step.ended)})" if step.started and step.ended else ""
    title = Text.assemble(f"{number}. ", style.sentence(step.title), (took, style.FAINT))
    yield style.bullet(wording.step_mark(step.state), title)
    if step.state != "done":
        yield style.about(style.labelled(clean(step.state), step.detail or "nothing was done"))
        if step.state != "pending":
            yield style.about(style.sentence(wording.undo(step.undo)))


def _verdict(verdict: Verdict, baseline: Summary | None) -> Iterable[RenderableType]:
    mark = wording.VERDICT_MARKS[verdict.outcome]
    said = Text.assemble((f"{verdict.outcome}: ", style.STRONG), style.sentence(verdict.reason))
    yield style.bullet(mark, said)
    by = f"judged by {clean(verdict.by)} ({verdict.source}) at {moment(verdict.at)}"
    yield style.about(Text(by, style=style.FAINT))
    if verdict.objectives:
        yield _objectives(verdict, baseline)
    for note in verdict.notes:
        yield style.about(style.sentence(note))


def _objectives(verdict: Verdict, baseline: Summary | None) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("Outcome", no_wrap=True)
    for title in ("Objective", "Measured", "Bound", "Samples", "Baseline"):
        table.add_column(title, overflow="fold")
    for result in verdict.objectives:
        objective, mark = result.objective, wording.objective_mark(result)
        measured = NONE if result.measured is None else objective.value_text(result.measured)
        table.add_row(
            Text(f"{mark} {result.outcome}", style=style.MARK_STYLES[mark]),
            style.sentence(objective.name),
            measured,
            f"≤ {objective.limit_text}",
            str(result.samples),
            wording.baseline_value(objective, baseline) or NONE,
        )
    return table


def _times(moments: Moments) -> Iterable[tuple[str, Text]]:
    rows = (
        ("Deployed", moments.deployed, None),
        ("Detected", moments.detected, moments.deployed),
        ("Decided", moments.decided, moments.detected),
        ("Approved", moments.approved, moments.decided),
        ("Switched", moments.switched, moments.approved),
        ("Verified", moments.verified, moments.switched),
    )
    for label, at, before in rows:
        if at is not None:
            since = f" (after {between(before, at)})" if before else ""
            yield label, Text(f"{moment(at)}{since}")
    yield "Recovery time", Text(between(moments.deployed, moments.verified), style=style.STRONG)
