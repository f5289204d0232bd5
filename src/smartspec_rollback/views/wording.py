"""Words that all views share: marks, the one-line verdict, outcomes, times and spans.

Pure functions from values to plain sentences in which backticks mark names. The Markdown and
terminal views escape and lay them out; they don't say anything of their own about safety.
"""

from dataclasses import dataclass

from smartspec_rollback.domain.approval import Answer, Person, Policy, Question, may_answer
from smartspec_rollback.domain.candidate import Candidate, LedgerEntry
from smartspec_rollback.domain.finding import FIX_TO_REVIEW, Finding, Outcome, Risk
from smartspec_rollback.domain.objective import Metric, Objective
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.samples import Summary
from smartspec_rollback.domain.verdict import ObjectiveResult, VerdictOutcome, VerdictSource
from smartspec_rollback.views.units import span

PASSED, ATTENTION, BLOCKING, UNKNOWN = "✅", "⚠️", "❌", "❔"
MARKS = {
    Outcome.PASSED: PASSED,
    Outcome.ATTENTION: ATTENTION,
    Outcome.BLOCKING: BLOCKING,
    Outcome.UNKNOWN: UNKNOWN,
}
VERDICT_MARKS = {
    VerdictOutcome.PASS: PASSED,
    VerdictOutcome.FAIL: BLOCKING,
    VerdictOutcome.INCONCLUSIVE: UNKNOWN,
}
BEGUN, NOTED = "▶", "·"
CANDIDATES_SHOWN = 10
_SCHEMA, _DATA, _WILL_IT_HELP = range(8, 13), 13, 20
_REASONS_SHOWN = 2
_PLAIN_WORDS = frozenset(
    {
        *("A", "Another", "Configuration", "Data", "Deployed", "Metrics", "No", "Only"),
        *("Production", "Rollback", "Schema", "Secrets", "The", "There", "Whether"),
    }
)
NO_EVIDENCE = "no evidence of health"


@dataclass(frozen=True)
class Headline:
    """The one-line verdict in its parts: ``mark word: because. rest``."""

    mark: str
    word: str
    because: str
    rest: str

    def __str__(self) -> str:
        return f"{self.mark} {self.word}: {self.because} {self.rest}"


def headline(plan: Plan) -> Headline:
    """Say whether a plan is safe, because of what, how long it takes, and what fails now.

    Safe is said only where every check passed, the target has evidence of health and the risk is
    low; anything else says first why not.
    """
    open_findings = [f for f in ordered(plan.findings) if f.outcome is not Outcome.PASSED]
    rest = f"{_duration(plan)} {_failing(plan)}"
    if plan.blocking:
        why = _because([f.summary for f in plan.blocking])
        return Headline(BLOCKING, "Refused", why, f"{_instead(plan)}{_failing(plan)}")
    reasons = [_reason(f) for f in sorted(open_findings, key=lambda f: f.number != _WILL_IT_HELP)]
    if plan.to.health is None and not any(f.number == 1 for f in open_findings):
        reasons.insert(0, f"nobody has evidence that {_named(plan.to)} was healthy")
    reasons += [step.danger for step in plan.steps if step.danger]
    if plan.to.rejected:
        reasons.insert(0, f"{_named(plan.to)}: {'; '.join(plan.to.rejected)}")
    if not plan.findings:
        reasons.append("nothing was checked")
    if plan.risk is Risk.LOW and not reasons:
        count = len(plan.findings)
        checks = "The check passed" if count == 1 else f"All {count} checks passed"
        good = f"{_named(plan.to)} is known good."
        return Headline(PASSED, "Safe (low risk)", f"{checks}; {good}", rest)
    word = "Not shown to be safe" if plan.risk is Risk.HIGH else "Look first"
    because = _because(reasons) if reasons else "see the risk."
    return Headline(ATTENTION, f"{word} ({plan.risk} risk)", because, rest)


def _instead(plan: Plan) -> str:
    """Say what to do where the database is why going back is refused; empty where it is not."""
    of_database = [f for f in plan.blocking if f.number in _SCHEMA or f.number == _DATA]
    if not of_database:
        return ""
    fixes = any(e.fact == FIX_TO_REVIEW for f in of_database for e in f.evidence)
    forward = f"Roll forward instead: mend `{plan.from_release.version}`"
    return f"{forward}, or have the fix below reviewed and applied. " if fixes else f"{forward}. "


def first_line(plan: Plan) -> str:
    """Write the headline on one line; plain text in which backticks mark names."""
    return str(headline(plan))


def ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Order findings for people: schema and data, then what blocks, asks for attention, passed."""
    severity = (Outcome.BLOCKING, Outcome.UNKNOWN, Outcome.ATTENTION, Outcome.PASSED)

    def place(finding: Finding) -> tuple[int, int]:
        if finding.number in _SCHEMA:
            return (0, 0)
        if finding.number == _DATA:
            return (1, 0)
        return (2, severity.index(finding.outcome))

    return tuple(sorted(findings, key=place))


def _named(candidate: Candidate) -> str:
    return f"`{candidate.release.version}`"


def _reason(finding: Finding) -> str:
    if finding.override is None:
        return finding.summary
    return f"{finding.summary.rstrip('. ')} (overridden by {finding.override.by})"


def _because(reasons: list[str]) -> str:
    first, *others = (reason.rstrip(". ") for reason in reasons[:_REASONS_SHOWN])
    shown = "; ".join((first, *map(_continued, others)))
    more = len(reasons) - _REASONS_SHOWN
    return f"{shown}; and {more} more." if more > 0 else f"{shown}."


def _continued(reason: str) -> str:
    """Begin a sentence in the middle of another; what may be a name keeps its capital."""
    word, space, rest = reason.partition(" ")
    return f"{word.lower()}{space}{rest}" if word in _PLAIN_WORDS else reason


def _duration(plan: Plan) -> str:
    if plan.estimate is None:
        return "How long it takes is not known."
    return f"Takes about {span(plan.estimate.seconds)}."


def _failing(plan: Plan) -> str:
    if plan.failing_now is None:
        return "What is failing now is not known."
    return f"Failing now: {plan.failing_now.rstrip('. ')}."


def estimate(plan: Plan) -> str:
    """Say how long a plan takes and what that rests on."""
    if plan.estimate is None:
        return "not known"
    return f"about {span(plan.estimate.seconds)} ({plan.estimate.basis})"


def undo(how: str) -> str:
    """Say how a step is taken back, or aloud that it cannot be."""
    return f"Undo: {how}" if how else "No undo."


def danger(why: str) -> str:
    """Say why a step needs a person's decision."""
    return f"High risk: {why}"


def prewarm_note(plan: Plan) -> str:
    """Say what a prewarm does before the first step."""
    return (
        f"Before the first step: {_named(plan.to)} is started beside the live version, without "
        "traffic, and must pass its readiness and smoke tests; if it does not, nothing is changed."
    )


def person(known: Person) -> str:
    """Name somebody, with the account they are known by where that says more."""
    return f"{known.name} ({known.account})" if known.is_mapped else known.name


def consent(plan: Plan) -> str:
    """Say whose approval a plan needs, how many, and within what time."""
    policy: Policy = plan.policy
    who = " or ".join(policy.approvers) if policy.approvers else "any identified person"
    count = "1 approval" if policy.quorum == 1 else f"{policy.quorum} approvals"
    question = Question(
        rollback_id=plan.rollback_id,
        digest=plan.digest,
        target=plan.target,
        requested_by=plan.requested_by,
        asked_at=plan.made_at,
        expires_at=plan.made_at,
        policy=policy,
        overridden=bool(plan.overrides),
    )
    note = may_answer(question, plan.requested_by, Answer.APPROVE)
    needs = f"Needs {count} by {who} within {span(policy.expires)}"
    return f"{needs} ({note})." if note else f"{needs}."


def baseline_value(objective: Objective, baseline: Summary | None) -> str | None:
    """Write what a baseline says about an objective, in its unit; None if it says nothing."""
    if baseline is None:
        return None
    if objective.metric is Metric.ERROR_RATE:
        if not baseline.requests:
            return None
        return objective.value_text(baseline.errors / baseline.requests)
    for held in baseline.quantiles:
        if held.q == objective.quantile:
            return objective.value_text(held.seconds)
    return None


def objective_mark(result: ObjectiveResult) -> str:
    """Mark an objective's result; a failed one that is only advisory asks for attention."""
    if result.outcome is VerdictOutcome.FAIL and not result.objective.required:
        return ATTENTION
    return VERDICT_MARKS[result.outcome]


def outcome(report: Report) -> tuple[str, str]:
    """Say in one sentence what a rollback came to and what that means for production, with mark."""
    rollback = report.rollback
    source, goal = f"`{rollback.from_version}`", f"`{rollback.to_version}`"
    match rollback.status:
        case Status.SUCCEEDED:
            return PASSED, f"Rolled back: production runs {goal} and was verified stable."
        case Status.UNSTABLE:
            failed = report.verdict is not None and report.verdict.outcome is VerdictOutcome.FAIL
            found = "its verification failed" if failed else "it could not be shown to be stable"
            mark = BLOCKING if failed else ATTENTION
            return mark, f"Applied, but not verified stable: production runs {goal}, and {found}."
        case Status.VERIFYING:
            return UNKNOWN, f"Applied, not verified yet: production was moved to {goal}."
        case Status.UNKNOWN:
            return (
                UNKNOWN,
                f"Outcome unknown: a person must look whether production runs {source} or {goal}.",
            )
        case Status.INTERRUPTED:
            return (
                BLOCKING,
                f"Partially applied: production is between {source} and {goal}; see the steps.",
            )
        case Status.ABANDONED:
            return (
                BLOCKING,
                f"Abandoned: production is between {source} and {goal}, in a person's hands.",
            )
        case Status.EXECUTING:
            return ATTENTION, f"Being executed: production is between {source} and {goal}."
        case Status.DRY_RUN:
            may = "would be refused" if report.plan.blocking else "may proceed"
            return (
                headline(report.plan).mark,
                f"Dry run: nothing was changed; the plan {may}.",
            )
        case _:
            return _unchanged(rollback.status)


def _unchanged(status: Status) -> tuple[str, str]:
    words = {
        Status.PLANNED: (ATTENTION, "Planned, not asked yet"),
        Status.AWAITING_APPROVAL: (ATTENTION, "Waiting for approval"),
        Status.APPROVED: (ATTENTION, "Approved, not started yet"),
        Status.REFUSED: (BLOCKING, "Refused"),
        Status.DENIED: (BLOCKING, "Denied"),
        Status.EXPIRED: (BLOCKING, "Expired without approval"),
        Status.STALE: (BLOCKING, "Stale: production is not what the plan was made for"),
        Status.CANCELLED: (BLOCKING, "Cancelled"),
        Status.FAILED: (BLOCKING, "Failed before anything was changed"),
    }
    mark, what = words[status]
    return mark, f"{what}; this rollback changed nothing in production."


def entry_sign(kind: EntryKind) -> str:
    """Choose the sign before a journal entry: begun, done, failed, or merely noted.

    A verdict is only noted: its kind does not say which way it went.
    """
    match kind:
        case EntryKind.STEP_INTENT | EntryKind.PREWARM_INTENT | EntryKind.ASKED:
            return BEGUN
        case EntryKind.STEP_DONE | EntryKind.PREWARM_READY:
            return PASSED
        case EntryKind.STEP_FAILED | EntryKind.PREWARM_FAILED:
            return BLOCKING
        case _:
            return NOTED


def health(entry: LedgerEntry) -> str:
    """Say what the ledger knows of a deployment's health, in a few words."""
    if entry.hold is not None:
        return f"on hold: {entry.hold.reason}"
    judged = entry.conclusive
    if judged is None:
        return "not judged"
    if judged.outcome is VerdictOutcome.FAIL:
        return f"failed: {judged.reason}"
    return {
        VerdictSource.GATE: "gate passed",
        VerdictSource.PERSON: f"marked healthy by {judged.by}",
        VerdictSource.VERIFICATION: "verified after a rollback",
    }[judged.source]


def step_mark(state: str) -> str:
    """Mark a step's state: pending, running, done or failed; anything else is unknown."""
    return {"pending": NOTED, "running": BEGUN, "done": PASSED, "failed": BLOCKING}.get(
        state, UNKNOWN
    )
