"""The plan as HTML: what people see before they approve it on the web.

Called by ``rollback``, the page that the console shows. What it says is what the
Markdown plan says, in the same words.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.step import VERIFY, Step
from smartspec_rollback.views import wording
from smartspec_rollback.views.html import parts
from smartspec_rollback.views.html.verdict import measured
from smartspec_rollback.views.markup import Html, Node, code, mark, outside, prose, tag
from smartspec_rollback.views.units import moment, span


def headline(plan: Plan) -> Html:
    """Say in one line whether the plan is safe, because of what, and how long it takes."""
    head = wording.headline(plan)
    return tag(
        "p",
        mark(head.mark, ""),
        " ",
        tag("strong", f"{head.word}:"),
        " ",
        prose(head.because),
        " ",
        prose(head.rest),
        class_=f"headline risk-{plan.risk}",
    )


def summary(plan: Plan) -> Html:
    """List what the plan is about, with its whole digest."""
    stated = plan.stated_reason
    said = (("Requester says", outside(stated)),) if stated and stated != plan.reason else ()
    return parts.facts(
        (
            ("Reason", outside(plan.reason)),
            *said,
            ("From version", code(plan.from_release.version)),
            ("To version", code(plan.to.release.version)),
            ("Known good", outside(plan.to.health or wording.NO_EVIDENCE)),
            ("Risk", plan.risk),
            ("Estimate", outside(wording.estimate(plan))),
            ("Target", outside(str(plan.target))),
            (
                "Requested by",
                (outside(wording.person(plan.requested_by)), f", {moment(plan.made_at)}"),
            ),
            ("Failed deployment", code(plan.failed_deployment_id)),
            ("Rollback", code(plan.rollback_id)),
            ("Digest", code(plan.digest)),
        )
    )


def steps(plan: Plan) -> Html:
    """List what will be done, with the undo of each step."""
    note = tag("p", prose(wording.prewarm_note(plan))) if plan.prewarm else None
    listed = tag("ol", (_step(step, plan) for step in plan.steps), class_="steps")
    return parts.section("Steps", note, listed, name="steps")


def passed_over(plan: Plan) -> Html:
    """List newer candidates that were passed over, and why."""
    return parts.section("Candidates passed over", parts.candidates(plan.rejected))


def consent(plan: Plan) -> Html:
    """Say whose approval it needs, or why it cannot be approved."""
    if not plan.blocking:
        return tag("p", outside(wording.consent(plan)))
    why = parts.findings(plan.blocking)
    return Html(tag("p", tag("strong", "Refused: this plan cannot be approved.")) + why)


def _step(step: Step, plan: Plan) -> Html:
    if step.kind == VERIFY:
        return tag("li", tag("p", prose(step.title)), parts.bullets(_verification(plan)))
    return tag(
        "li",
        tag("p", prose(step.title)),
        tag("p", tag("strong", prose(wording.danger(step.danger)))) if step.danger else None,
        tag("p", prose(wording.undo(step.undo)), class_="undo"),
        tag("p", "Afterwards: ", prose(step.afterwards)) if step.afterwards else None,
    )


def _verification(plan: Plan) -> Iterator[Node]:
    how = plan.verification
    yield (
        f"Warm up for {span(how.warm_up)}, then watch for {span(how.bake)}; "
        f"over after {span(how.deadline)} at the latest."
    )
    for probe in how.probes:
        yield ("Probe: ", code(probe.path), f" is answered with {probe.status}.")
    for command in how.commands:
        yield ("Command: ", code(command), " succeeds.")
    for objective in plan.objectives:
        usual = wording.baseline_value(objective, plan.baseline)
        advisory = "" if objective.required else " (advisory)"
        baseline = f" (when last healthy: {usual})" if usual else ""
        yield ("Objective: ", outside(objective.name), advisory, baseline)
    if not plan.objectives:
        yield "No objectives are configured: nothing is measured."
    if plan.baseline is not None:
        yield ("Baseline: ", outside(measured(plan.baseline)))
