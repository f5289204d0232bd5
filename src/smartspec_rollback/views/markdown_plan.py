"""The plan as Markdown: the form that people approve, byte for byte.

Called by ``markdown``. The lines of the contract stand here in their order; everything else
stands between them. No clock, no environment: ``smartspec show`` prints the very same bytes.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from smartspec_rollback.domain.candidate import Candidate
from smartspec_rollback.domain.finding import Finding, Outcome
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.step import VERIFY
from smartspec_rollback.views import wording
from smartspec_rollback.views.escape import TEXT_LIMIT, code, prose, text
from smartspec_rollback.views.markdown_verdict import measured
from smartspec_rollback.views.units import abbreviated, moment, span


def plan(decided: Plan, *, question: bool = True, unattended: str | None = None) -> str:
    """Write the plan; it ends with the question, or with why it cannot be approved.

    Without ``question`` it is the plan of a dry run, and says so. ``unattended`` says instead of
    the question who started what nobody is asked about.
    """
    lines = [
        f"# Rollback Plan: {text(decided.failed_deployment_id)}",
        "",
        _headline(decided),
        "",
        *_summary(decided),
        "",
        "## ⚠️ Safety Checks",
        "",
        *finding_lines(decided.findings),
        "",
    ]
    if decided.rejected:
        lines += ["## Candidates passed over", "", *candidate_lines(decided.rejected), ""]
    closing = [f"**{prose(unattended)}**"] if unattended else _closing(decided, question=question)
    lines += ["## Steps", "", *_steps(decided), "", *closing]
    return "\n".join(lines) + "\n"


def _headline(decided: Plan) -> str:
    head = wording.headline(decided)
    return f"{head.mark} **{head.word}:** {prose(head.because)} {prose(head.rest)}"


def _summary(decided: Plan) -> list[str]:
    digest = decided.digest
    return [
        f"**Reason:** {text(decided.reason)}",
        f"**From Version:** {code(decided.from_release.version)}",
        f"**To Version:** {code(decided.to.release.version)}",
        f"**Known Good:** {text(decided.to.health or wording.NO_EVIDENCE)}",
        f"**Risk:** {decided.risk}",
        f"**Estimate:** {text(wording.estimate(decided))}",
        f"**Target:** {text(str(decided.target))}",
        (
            f"**Requested By:** {text(wording.person(decided.requested_by))}, "
            f"{moment(decided.made_at)}"
        ),
        f"**Rollback:** {code(decided.rollback_id)}",
        f"**Digest:** {code(digest)} (short: {code(abbreviated(digest))})",
    ]


def finding_lines(
    findings: Iterable[Finding], *, since: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Write findings as a list: mark and statement, evidence and remedy indented below.

    ``since`` says by the check's name what became of a finding that did not pass.
    """
    lines: list[str] = []
    for finding in wording.ordered(tuple(findings)):
        lines.append(f"- [{wording.MARKS[finding.outcome]}] {prose(finding.summary)}")
        if finding.override is not None:
            override = finding.override
            lines.append(f"    - **Overridden** by {text(override.by)}: {text(override.reason)}")
        lines += [
            f"    - {text(e.fact)}: {code(e.value, limit=TEXT_LIMIT)} ({text(e.source)})"
            for e in finding.evidence
        ]
        if finding.outcome is not Outcome.PASSED:
            if finding.remedy:
                lines.append(f"    - To do: {prose(finding.remedy)}")
            lines.append(f"    - Check: {code(finding.check)}")
            if finding.check in since:
                lines.append(f"    - {prose(since[finding.check])}")
    return lines


def candidate_lines(considered: Iterable[Candidate]) -> list[str]:
    """Write candidates as a list, the first ten and how many more there are."""
    everyone = tuple(considered)
    lines = []
    for candidate in everyone[: wording.CANDIDATES_SHOWN]:
        origin = candidate.deployment_id or candidate.revision
        known = f"{text(origin)}, {candidate.origin}" if origin else str(candidate.origin)
        why = "; ".join(prose(reason) for reason in candidate.rejected) or "acceptable"
        lines.append(f"- {code(candidate.release.version)} ({known}): {why}")
    more = len(everyone) - wording.CANDIDATES_SHOWN
    return [*lines, f"- and {more} more"] if more > 0 else lines


def _steps(decided: Plan) -> list[str]:
    lines = [prose(wording.prewarm_note(decided)), ""] if decided.prewarm else []
    for number, step in enumerate(decided.steps, start=1):
        lines.append(f"{number}.  {prose(step.title)}")
        if step.danger:
            lines.append(f"    - {prose(wording.danger(step.danger))}")
        if step.kind == VERIFY:
            lines += [f"    - {detail}" for detail in _verification(decided)]
        else:
            lines.append(f"    - {prose(wording.undo(step.undo))}")
            if step.afterwards:
                lines.append(f"    - Afterwards: {prose(step.afterwards)}")
    return lines


def _verification(decided: Plan) -> Iterable[str]:
    how = decided.verification
    yield (
        f"Warm up for {span(how.warm_up)}, then watch for {span(how.bake)}; "
        f"over after {span(how.deadline)} at the latest."
    )
    for probe in how.probes:
        yield f"Probe: {code(probe.path)} is answered with {probe.status}."
    for command in how.commands:
        yield f"Command: {code(command)} succeeds."
    for objective in decided.objectives:
        usual = wording.baseline_value(objective, decided.baseline)
        advisory = "" if objective.required else " (advisory)"
        baseline = f" (when last healthy: {text(usual)})" if usual else ""
        yield f"Objective: {text(objective.name)}{advisory}{baseline}"
    if not decided.objectives:
        yield "No objectives are configured: nothing is measured."
    if decided.baseline is not None:
        yield f"Baseline: {text(measured(decided.baseline))}"


def _closing(decided: Plan, *, question: bool) -> list[str]:
    if decided.blocking:
        lines = ["**Refused: this plan cannot be approved.**", ""]
        for finding in decided.blocking:
            lines.append(f"- [{wording.BLOCKING}] {prose(finding.summary)}")
            if finding.remedy:
                lines.append(f"    - To do: {prose(finding.remedy)}")
        return lines if question else [*lines, "", "Dry run: nothing was changed."]
    if not question:
        return ["Dry run: nothing was changed."]
    approve = code(f"smartspec approve {decided.rollback_id}")
    deny = code(f"smartspec deny {decided.rollback_id}")
    return [
        f"{text(wording.consent(decided))} From elsewhere: {approve} or {deny}.",
        "",
        "**Approve this plan? (yes/no)**",
    ]
