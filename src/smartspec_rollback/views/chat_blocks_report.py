"""The progress of a rollback and its report as Block Kit.

Called by ``chat_blocks``. Progress is one post that is written anew as things happen, so it says
first where things stand.
"""

from datetime import datetime

from smartspec_rollback.domain.report import Moments, Report, StepRecord
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.domain.verdict import ObjectiveResult, Verdict
from smartspec_rollback.views import asking, wording
from smartspec_rollback.views.chat_blocks_plan import finding_lines
from smartspec_rollback.views.chat_layout import (
    Block,
    Detail,
    context,
    cut_note,
    header,
    listed,
    place,
    sections,
    titled,
)
from smartspec_rollback.views.chat_mrkdwn import code, prose, text
from smartspec_rollback.views.units import NONE, between, moment

_NEWEST = 5


def progress_blocks(told: Report, link: str, detail: Detail) -> list[Block]:
    """Write in some detail where a rollback stands: its steps, and what happened last."""
    newest = [_entry(entry, detail) for entry in told.journal[-_NEWEST:]]
    return [
        *sections([_outcome(told, detail), *_prewarm(told, detail)]),
        *titled("Steps", _steps(told, detail)),
        *titled("Last", newest),
        context(f"{_way(told, detail)} · {place(told.rollback.id, link, detail)}"),
    ]


def report_blocks(told: Report, link: str, detail: Detail) -> list[Block]:
    """Write the report in some detail: outcome and advice first."""
    judged = told.verdict
    return [
        header(f"Rollback Report: {told.rollback.failed_deployment_id}"),
        *sections([_outcome(told, detail), *_about(told, detail)]),
        *titled("What to do next", _told(told.advice, detail)),
        *titled("Afterwards", _told(told.afterwards, detail)),
        *titled("Hold", _hold(told, detail)),
        *titled("Times", _times(told.moments)),
        *titled("Verification", verdict_lines(judged, detail) if judged else []),
        *titled("Steps", [*_prewarm(told, detail), *_steps(told, detail)]),
        *titled("Approvals", _approvals(told, detail)),
        *titled("Safety Checks", finding_lines(told.plan.findings, detail)),
        *sections(cut_note(told.rollback.id, link, detail)),
        context(f"The whole report: {place(told.rollback.id, link, detail)}"),
    ]


def verdict_lines(judged: Verdict, detail: Detail) -> list[str]:
    """Write what was measured, and what that came to."""
    mark = wording.VERDICT_MARKS[judged.outcome]
    first = f"{mark} *{judged.outcome}:* {prose(judged.reason, limit=detail.text)}"
    results = [_objective(result, detail) for result in judged.objectives]
    notes = [f"• {prose(note, limit=detail.text)}" for note in judged.notes]
    return listed([first, *results, *notes], detail)


def _outcome(told: Report, detail: Detail) -> str:
    mark, sentence = wording.outcome(told)
    line = f"{mark} *{prose(sentence, limit=detail.text)}*"
    why = told.rollback.status_detail
    return f"{line}\n• {prose(why, limit=detail.text)}" if why else line


def _about(told: Report, detail: Detail) -> list[str]:
    rollback = told.rollback
    words, name = detail.text, detail.name
    requested = text(wording.person(rollback.requested_by), limit=name)
    lines = [
        f"*Status:* {rollback.status} (exit code {told.exit_code})",
        f"*Reason:* {text(rollback.reason, limit=words)}",
        f"*From Version:* {code(rollback.from_version, limit=name)}",
        f"*To Version:* {code(rollback.to_version, limit=name)}",
        f"*Risk:* {told.plan.risk}",
        f"*Target:* {text(str(rollback.target), limit=name)}",
        f"*Requested By:* {requested}, {moment(rollback.requested_at)}",
        f"*Rollback:* {code(rollback.id, limit=name)}",
        f"*Digest:* {code(told.digest, limit=80)}",
    ]
    if rollback.break_glass:
        lines.append("*Break Glass:* run without the ledger, from a local journal")
    return lines


def _way(told: Report, detail: Detail) -> str:
    rollback = told.rollback
    source = code(rollback.from_version, limit=detail.name)
    goal = code(rollback.to_version, limit=detail.name)
    return f"{source} → {goal} on {text(str(rollback.target), limit=detail.name)}"


def _told(lines: tuple[str, ...], detail: Detail) -> list[str]:
    return listed([f"• {prose(line, limit=detail.text)}" for line in lines], detail)


def _hold(told: Report, detail: Detail) -> list[str]:
    if told.hold is None:
        return []
    bad = code(told.rollback.from_version, limit=detail.name)
    lift = code(f"smartspec hold release {told.hold}", limit=detail.name + 30)
    return [f"• {bad} is on hold: the gate fails it until a person lifts that with {lift}."]


def _times(moments: Moments) -> list[str]:
    rows: list[tuple[str, datetime | None, datetime | None]] = [
        ("Deployed", moments.deployed, None),
        ("Detected", moments.detected, moments.deployed),
        ("Decided", moments.decided, moments.detected),
        ("Approved", moments.approved, moments.decided),
        ("Switched", moments.switched, moments.approved),
        ("Verified", moments.verified, moments.switched),
    ]
    lines = []
    for name, at, before in rows:
        since = between(before, at)
        lines.append(f"• {name}: {moment(at)}{f' (after {since})' if since != NONE else ''}")
    if not any(at for _, at, _ in rows):
        return []
    recovery = between(moments.deployed, moments.verified)
    return [*lines, f"*Failed-deployment recovery time* (deployed to verified): {recovery}"]


def _objective(result: ObjectiveResult, detail: Detail) -> str:
    objective = result.objective
    value = NONE if result.measured is None else objective.value_text(result.measured)
    name, why = (text(part, limit=detail.text) for part in (objective.name, result.reason))
    return f"• {wording.objective_mark(result)} {name}: {text(value, limit=60)} ({why})"


def _prewarm(told: Report, detail: Detail) -> list[str]:
    return [f"Prewarm: {prose(told.prewarm, limit=detail.text)}"] if told.prewarm else []


def _steps(told: Report, detail: Detail) -> list[str]:
    lines = []
    for number, step in enumerate(told.steps, start=1):
        title, took = prose(step.title, limit=detail.text), _took(step, detail)
        line = f"{number}.  {wording.step_mark(step.state)} {title} ({took})"
        if step.detail and detail.extras:
            line += f"\n    • {prose(step.detail, limit=detail.text)}"
        lines.append(line)
    return listed(lines, detail)


def _took(step: StepRecord, detail: Detail) -> str:
    state = text(step.state, limit=detail.name)
    if step.started is None:
        return state
    if step.ended is None:
        return f"{state} since {moment(step.started)}"
    return f"{state} in {between(step.started, step.ended)}"


def _approvals(told: Report, detail: Detail) -> list[str]:
    lines = []
    for decision in told.decisions:
        said = text(asking.answered(decision), limit=detail.text)
        why = f": {text(decision.reason, limit=detail.text)}" if decision.reason else ""
        other = "" if decision.digest == told.digest else " (another digest; not counted)"
        lines.append(f"• {said} at {moment(decision.at)}{other}{why}")
    return listed(lines, detail) or [f"• {asking.unanswered(told)}"]


def _entry(entry: JournalEntry, detail: Detail) -> str:
    sign = wording.entry_sign(entry.kind)
    return f"{sign} {moment(entry.at)}: {prose(entry.text, limit=detail.text)}"
