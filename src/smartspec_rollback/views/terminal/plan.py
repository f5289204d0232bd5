"""The plan on a terminal: what somebody woken at three o'clock has to see first, first.

Called by ``cli`` through ``terminal``. It shows what the Markdown shows, in the same order; the
full evidence of passed checks and the whole digest are left to ``smartspec show``.
"""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from smartspec_rollback.domain.candidate import Candidate
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.step import VERIFY, Step
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import clean
from smartspec_rollback.views.terminal import style
from smartspec_rollback.views.units import abbreviated, span


def render_plan(
    plan: Plan, console: Console, *, question: bool = True, unattended: str | None = None
) -> None:
    """Show the plan; last comes who may approve it and how, or why nobody is asked.

    The question itself is put by whoever can take the answer. Without ``question`` it is the plan
    of a dry run; ``unattended`` says who started what nobody is asked about.
    """
    for part in _parts(plan):
        console.print(part)
    closing = [Text(clean(unattended), style=style.STRONG)] if unattended else None
    for part in closing or _closing(plan, question=question):
        console.print(part)


def _parts(plan: Plan) -> Iterable[RenderableType]:
    head = wording.headline(plan)
    yield Text(f"Rollback Plan: {clean(plan.failed_deployment_id)}", style=style.STRONG)
    yield style.banner(head.mark, head.word, head.because, head.rest)
    yield style.facts(_facts(plan))
    yield style.heading("Safety Checks")
    yield from style.findings(plan.findings)
    if plan.rejected:
        yield style.heading("Candidates passed over")
        yield from candidate_lines(plan.rejected)
    yield style.heading("Steps")
    if plan.prewarm:
        yield style.inset(style.sentence(wording.prewarm_note(plan)))
    for number, step in enumerate(plan.steps, start=1):
        yield _step(number, step, plan)
    yield ""


def _facts(plan: Plan) -> Iterable[tuple[str, Text]]:
    arrow = Text.assemble(
        style.name(plan.from_release.version), " → ", style.name(plan.to.release.version)
    )
    requested = wording.person(plan.requested_by)
    yield "Reason", style.sentence(plan.reason)
    yield "Target", style.sentence(str(plan.target))
    yield "Version", arrow
    yield "Known good", style.sentence(plan.to.health or wording.NO_EVIDENCE)
    yield "Estimate", style.sentence(wording.estimate(plan))
    yield "Requested by", style.sentence(requested)
    yield "Rollback", Text(f"{clean(plan.rollback_id)}, digest {abbreviated(plan.digest)}")


def candidate_lines(considered: tuple[Candidate, ...]) -> Iterable[RenderableType]:
    """List candidates with the reasons against each, the first ten."""
    for candidate in considered[: wording.CANDIDATES_SHOWN]:
        why = "; ".join(candidate.rejected) or "acceptable"
        line = Text.assemble(style.name(candidate.release.version), ": ", style.sentence(why))
        yield style.bullet(wording.NOTED, line)
    more = len(considered) - wording.CANDIDATES_SHOWN
    if more > 0:
        yield style.bullet(wording.NOTED, Text(f"and {more} more"))


def _step(number: int, step: Step, plan: Plan) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, justify="right", min_width=4)
    grid.add_column(overflow="fold", ratio=1)
    grid.add_row(f"{number}.", style.sentence(step.title))
    if step.kind == VERIFY:
        grid.add_row("", Text(_verification(plan), style=style.FAINT))
    else:
        if step.danger:
            grid.add_row("", style.sentence(wording.danger(step.danger)))
        grid.add_row("", style.sentence(wording.undo(step.undo), style=style.FAINT))
    if step.afterwards:
        grid.add_row("", style.sentence(f"Afterwards: {step.afterwards}", style=style.FAINT))
    return grid


def _verification(plan: Plan) -> str:
    how = plan.verification
    tests = len(how.probes) + len(how.commands)
    objectives = "; ".join(clean(objective.name) for objective in plan.objectives)
    tested = f"{tests} test{'' if tests == 1 else 's'}, then " if tests else ""
    watched = f"watch for {span(how.bake)}: {objectives or 'no objectives are configured'}"
    return f"{tested}{watched}"


def _closing(plan: Plan, *, question: bool) -> Iterable[RenderableType]:
    if plan.blocking:
        yield Text(f"{wording.BLOCKING} Refused: this plan cannot be approved.", style="bold red")
        for finding in plan.blocking:
            yield style.bullet(wording.BLOCKING, style.sentence(finding.summary))
            if finding.remedy:
                yield style.about(style.labelled("to do", finding.remedy, style=style.STRONG))
    if not question:
        yield Text("Dry run: nothing was changed.", style=style.STRONG)
    elif not plan.blocking:
        yield style.sentence(wording.consent(plan), style=style.FAINT)
        answer = f"`smartspec approve {plan.rollback_id}` or `smartspec deny {plan.rollback_id}`"
        yield style.sentence(f"From elsewhere: {answer}", style=style.FAINT)
        evidence = f"Evidence in full: `smartspec show {plan.rollback_id}`"
        yield style.sentence(evidence, style=style.FAINT)
