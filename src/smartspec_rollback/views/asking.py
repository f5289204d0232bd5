"""What people are asked, and what goes unasked: sentences in which backticks mark names.

Called by the Markdown and terminal views and by ``cli``. Pure.
"""

from smartspec_rollback.domain.approval import UNATTENDED, Answer, Decision
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ANSWERABLE, EntryKind
from smartspec_rollback.views import wording


def gist(plan: Plan) -> tuple[str, str]:
    """Say what consent is asked for: versions, place and risk; and the reason."""
    way = f"`{plan.from_release.version}` → `{plan.to.release.version}` on {plan.target}"
    return f"{way} · {plan.risk} risk", plan.reason


def unattended(report: Report) -> str | None:
    """Say who started what goes on unasked; None where people are asked, or were."""
    if any(entry.kind is EntryKind.ASKED for entry in report.journal):
        return None
    given = (d for d in report.decisions if d.channel == UNATTENDED and d.digest == report.digest)
    return next((f"{answered(decision)}." for decision in given), None)


def answered(decision: Decision) -> str:
    """Say who answered what, and by what; ``--auto-approve`` is nobody's answer."""
    if decision.channel == UNATTENDED:
        return f"Approved unattended (--auto-approve, started by {decision.person.name})"
    said = "approved" if decision.answer is Answer.APPROVE else "denied"
    return f"{wording.person(decision.person)} {said} by {decision.channel}"


def unanswered(report: Report) -> str:
    """Say that nobody answered; while the question may stand, not that nobody was asked."""
    if report.rollback.status in ANSWERABLE:
        return "Nobody has answered yet."
    return "Nobody was asked, or nobody answered."
