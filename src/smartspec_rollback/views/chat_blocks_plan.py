"""The plan as Block Kit, with the buttons that answer it while it is asked about.

Called by ``chat_blocks``. The lines of the contract stand here in their order. A plan of high risk
has no button that approves at once: its button asks for the short form of the digest.
"""

from collections import Counter
from collections.abc import Sequence

from smartspec_rollback.domain.finding import Finding, Outcome
from smartspec_rollback.domain.plan import SHORT, Plan, short_digest
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.step import VERIFY, Step
from smartspec_rollback.ports.buttons import Bound, Press
from smartspec_rollback.views import asking, wording
from smartspec_rollback.views.chat_layout import (
    Block,
    Detail,
    actions,
    binding,
    button,
    context,
    cut_note,
    header,
    listed,
    place,
    sections,
    titled,
)
from smartspec_rollback.views.chat_mrkdwn import code, prose, text
from smartspec_rollback.views.chat_text import needs_digest
from smartspec_rollback.views.units import moment


def plan_blocks(told: Report, link: str, detail: Detail) -> list[Block]:
    """Write the plan in some detail: the question with its buttons, or what became of it."""
    decided = told.plan
    return [
        header(f"Rollback Plan: {decided.failed_deployment_id}"),
        *sections([_headline(decided, detail), *_summary(told, detail)]),
        *titled("⚠️ Safety Checks", finding_lines(decided.findings, detail)),
        *titled("Candidates passed over", _passed_over(decided, detail)),
        *titled("Steps", _steps(decided, detail)),
        *sections(cut_note(decided.rollback_id, link, detail)),
        *_closing(told, link, detail),
    ]


def finding_lines(findings: Sequence[Finding], detail: Detail) -> list[str]:
    """Write findings, what is open before what passed; those left out are counted by mark."""
    ordered = wording.ordered(tuple(findings))
    left = Counter(wording.MARKS[f.outcome] for f in ordered[detail.lines :])
    rest = ": " + ", ".join(f"{n} {mark}" for mark, n in left.items()) if left else ""
    heads = [_finding(finding, detail) for finding in ordered]
    return [line for group in heads[: detail.lines] for line in group] + (
        [f"… and {len(heads) - detail.lines} more{rest}"] if left else []
    )


def _finding(finding: Finding, detail: Detail) -> list[str]:
    limit = detail.text
    lines = [f"[{wording.MARKS[finding.outcome]}] {prose(finding.summary, limit=limit)}"]
    if finding.override is not None:
        by, why = finding.override.by, finding.override.reason
        lines.append(f"    • *Overridden* by {text(by, limit=limit)}: {text(why, limit=limit)}")
    is_open = finding.outcome is not Outcome.PASSED
    if detail.evidence:
        third = limit // 3
        lines += [
            f"    • {text(e.fact, limit=third)}: {code(e.value, limit=third)} "
            f"({text(e.source, limit=third)})"
            for e in finding.evidence
        ]
    if detail.extras and is_open:
        if finding.remedy:
            lines.append(f"    • To do: {prose(finding.remedy, limit=limit)}")
        lines.append(f"    • Check: {code(finding.check, limit=detail.name)}")
    return lines


def _headline(decided: Plan, detail: Detail) -> str:
    head = wording.headline(decided)
    because, rest = (prose(part, limit=detail.text) for part in (head.because, head.rest))
    return f"{head.mark} *{head.word}:* {because} {rest}"


def _summary(told: Report, detail: Detail) -> list[str]:
    decided, rollback = told.plan, told.rollback
    words, name = detail.text, detail.name
    requested = text(wording.person(decided.requested_by), limit=name)
    return [
        f"*Reason:* {text(decided.reason, limit=words)}",
        f"*From Version:* {code(decided.from_release.version, limit=name)}",
        f"*To Version:* {code(decided.to.release.version, limit=name)}",
        f"*Known Good:* {text(decided.to.health or wording.NO_EVIDENCE, limit=words)}",
        f"*Risk:* {decided.risk}",
        f"*Estimate:* {text(wording.estimate(decided), limit=words)}",
        f"*Target:* {text(str(decided.target), limit=name)}",
        f"*Requested By:* {requested}, {moment(decided.made_at)}",
        f"*Rollback:* {code(rollback.id, limit=name)}",
        f"*Expires:* {moment(rollback.expires_at)}",
        f"*Digest:* {code(told.digest, limit=80)}",
    ]


def _passed_over(decided: Plan, detail: Detail) -> list[str]:
    lines = []
    for candidate in decided.rejected:
        why = "; ".join(prose(reason, limit=detail.text) for reason in candidate.rejected)
        version = code(candidate.release.version, limit=detail.name)
        lines.append(f"• {version}: {why or 'acceptable'}")
    most = min(wording.CANDIDATES_SHOWN, detail.lines)
    return lines if len(lines) <= most else [*lines[:most], f"… and {len(lines) - most} more"]


def _steps(decided: Plan, detail: Detail) -> list[str]:
    lines = []
    for number, step in enumerate(decided.steps, start=1):
        lines.append("\n".join(_step(number, step, detail)))
    shown = listed(lines, detail)
    note = wording.prewarm_note(decided)
    return [f"• {prose(note, limit=max(detail.text, 250))}", *shown] if decided.prewarm else shown


def _step(number: int, step: Step, detail: Detail) -> list[str]:
    lines = [f"{number}.  {prose(step.title, limit=detail.text)}"]
    if step.danger:
        lines.append(f"    • {prose(wording.danger(step.danger), limit=detail.text)}")
    if detail.extras and step.kind != VERIFY:
        lines.append(f"    • {prose(wording.undo(step.undo), limit=detail.text)}")
        if step.afterwards:
            lines.append(f"    • Afterwards: {prose(step.afterwards, limit=detail.text)}")
    return lines


def _closing(told: Report, link: str, detail: Detail) -> list[Block]:
    where = context(f"The whole plan: {place(told.rollback.id, link, detail)}")
    answers = [
        f"• {text(asking.answered(d), limit=detail.text)} at {moment(d.at)}"
        for d in told.decisions[-detail.lines :]
        if d.digest == told.digest
    ]
    if told.rollback.status is not Status.AWAITING_APPROVAL:
        mark, sentence = wording.outcome(told)
        why = told.rollback.status_detail
        lines = [f"{mark} *{prose(sentence, limit=detail.text)}*", *answers]
        if why:
            lines.append(f"• {prose(why, limit=detail.text)}")
        return [*sections(lines), where]
    return [*sections([*_question(told, detail), *answers]), *_buttons(told), where]


def _question(told: Report, detail: Detail) -> list[str]:
    who = f"Who: {text(wording.consent(told.plan), limit=max(detail.text, 100))}"
    if not needs_digest(told):
        return [who, "*Approve this plan? (yes/no)*"]
    short = code(short_digest(told.digest), limit=SHORT)
    how = f"High risk: to approve, type {short}, the first {SHORT} digits of the digest."
    return [who, how, "*Approve this plan? (yes/no)*"]


def _buttons(told: Report) -> list[Block]:
    way, _ = asking.gist(told.plan)
    bound = Bound(rollback_id=told.rollback.id, digest=told.digest, gist=way.replace("`", "")[:300])
    value = binding(bound)
    if value is None:
        command = code(f"smartspec approve {told.rollback.id}", limit=200)
        return sections([f"Answer by {command}: its id is too long for a button."])
    hint = f"of {told.rollback.id}: {told.rollback.from_version} to {told.rollback.to_version}"
    high = needs_digest(told)
    approve = button(
        Press.CONFIRM if high else Press.APPROVE,
        "Approve…" if high else "Approve",
        value,
        style="primary",
        hint=f"Approve the plan {hint}",
    )
    deny = button(Press.DENY, "Deny", value, style="danger", hint=f"Deny the plan {hint}")
    return [actions("answer", [approve, deny])]
