"""The report as Markdown: what happened, what it means for production, what to do next.

Called by ``markdown``; saved beside the ledger, posted to channels, pasted into postmortems.
"""

from smartspec_rollback.domain.approval import Decision
from smartspec_rollback.domain.report import Moments, Report, StepRecord
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.views import asking, moments, wording
from smartspec_rollback.views.escape import code, prose, text
from smartspec_rollback.views.markdown_plan import candidate_lines, finding_lines
from smartspec_rollback.views.markdown_verdict import verdict_lines
from smartspec_rollback.views.tables import table
from smartspec_rollback.views.units import between, moment


def report(told: Report) -> str:
    """Write the whole report: outcome and advice first, the journal last."""
    sections = (
        _opening(told),
        _section("What to do next", [f"- {prose(advice)}" for advice in told.advice]),
        _section("Afterwards", [f"- {prose(said)}" for said in told.afterwards]),
        _section("Hold", _hold(told)),
        _section("Times", _times(told.moments)),
        _section("Safety Checks", finding_lines(told.plan.findings, since=moments.since(told))),
        _section("Approvals", _approvals(told)),
        _section("Steps", _steps(told)),
        _section("Verification", _verification(told)),
        _section("Candidates passed over", candidate_lines(told.plan.rejected)),
        _section("Journal", _journal(told.journal)),
    )
    return "\n".join(line for section in sections for line in section)


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""] if lines else []


def _opening(told: Report) -> list[str]:
    rollback, plan = told.rollback, told.plan
    mark, sentence = wording.outcome(told)
    detail = [prose(rollback.status_detail), ""] if rollback.status_detail else []
    lines = [
        f"# Rollback Report: {text(rollback.failed_deployment_id)}",
        "",
        f"{mark} **{prose(sentence)}** (status {rollback.status}, exit code {told.exit_code})",
        "",
        *detail,
        f"**Reason:** {text(rollback.reason)}",
        f"**From Version:** {code(rollback.from_version)}",
        f"**To Version:** {code(rollback.to_version)}",
        f"**Known Good:** {text(plan.to.health or wording.NO_EVIDENCE)}",
        f"**Risk:** {plan.risk}",
        f"**Target:** {text(str(rollback.target))}",
        (
            f"**Requested By:** {text(wording.person(rollback.requested_by))}, "
            f"{moment(rollback.requested_at)}"
        ),
        f"**Rollback:** {code(rollback.id)}",
        f"**Digest:** {code(told.digest)}",
    ]
    if rollback.break_glass:
        lines.append("**Break Glass:** run without the ledger, from a local journal")
    return [*lines, ""]


def _hold(told: Report) -> list[str]:
    if told.hold is None:
        return []
    bad, lift = code(told.rollback.from_version), code(f"smartspec hold release {told.hold}")
    return [f"{bad} is on hold: the gate fails it until a person lifts that with {lift}."]


def _times(told: Moments) -> list[str]:
    rows = moments.rows(told)
    if not rows:
        return []
    recovery = moments.recovery(told)
    return [
        table(moments.HEADINGS, rows),
        "",
        f"**Failed-deployment recovery time** (deployed to verified): {recovery}",
    ]


def _approvals(told: Report) -> list[str]:
    lines = [_decision(decision, told.digest) for decision in told.decisions]
    return lines or [asking.unanswered(told)]


def _decision(decision: Decision, digest: str) -> str:
    why = f": {text(decision.reason)}" if decision.reason else ""
    other = "" if decision.digest == digest else " (another digest; not counted)"
    return f"- {text(asking.answered(decision))} at {moment(decision.at)}{other}{why}"


def _steps(told: Report) -> list[str]:
    lines = [f"Prewarm: {prose(told.prewarm)}", ""] if told.prewarm else []
    for number, step in enumerate(told.steps, start=1):
        lines += [
            f"{number}.  {prose(step.title)}",
            f"    - {wording.step_mark(step.state)} {_step_times(step)}",
        ]
        if step.detail:
            lines.append(f"    - {prose(step.detail)}")
        lines.append(f"    - {prose(wording.undo(step.undo))}")
    return lines


def _step_times(step: StepRecord) -> str:
    state = text(step.state)
    if step.started is None:
        return state
    if step.ended is None:
        return f"{state} since {moment(step.started)}"
    return (
        f"{state} in {between(step.started, step.ended)}: "
        f"{moment(step.started)} to {moment(step.ended)}"
    )


def _verification(told: Report) -> list[str]:
    if told.verdict is None:
        return []
    return verdict_lines(told.verdict, baseline=told.plan.baseline)


def _journal(journal: tuple[JournalEntry, ...]) -> list[str]:
    rows = [
        (str(entry.seq), moment(entry.at), str(entry.kind), prose(entry.text)) for entry in journal
    ]
    return [table(("#", "Time", "Kind", "What"), rows)] if rows else []
