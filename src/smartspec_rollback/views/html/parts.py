"""What HTML plans and reports are made of: facts, findings, candidates, decisions, steps, lines.

Called by the other modules of this package, and by the console's pages.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from smartspec_rollback.domain.approval import Decision
from smartspec_rollback.domain.candidate import Candidate
from smartspec_rollback.domain.finding import FIX_TO_REVIEW, Finding, Outcome
from smartspec_rollback.domain.report import StepRecord
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.views import asking, wording
from smartspec_rollback.views.escape import TEXT_LIMIT
from smartspec_rollback.views.markup import Html, Node, block, code, mark, outside, prose, tag
from smartspec_rollback.views.units import between, moment

_STATES = {"pending", "running", "done", "failed"}


def section(title: str, *children: Node, name: str = "") -> Html:
    """Make a section with its heading; nothing at all where it would be empty."""
    held = tuple(child for child in children if child)
    if not held:
        return Html("")
    return tag("section", tag("h2", title, id=name or None), held)


def facts(pairs: Iterable[tuple[str, Node]]) -> Html:
    """List facts with their names."""
    return tag("dl", (tag("div", tag("dt", name), tag("dd", what)) for name, what in pairs))


def table(headings: Sequence[str], rows: Iterable[Sequence[Node]], *, caption: str) -> Html:
    """Make a table that can be scrolled by itself where the screen is narrow."""
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption, class_="hidden"),
            tag("thead", tag("tr", (tag("th", each, scope="col") for each in headings))),
            tag("tbody", (tag("tr", (tag("td", each) for each in row)) for row in rows)),
        ),
        class_="scroll",
        tabindex=0,
        role="group",
        aria_label=caption,
    )


def bullets(items: Iterable[Node]) -> Html:
    """List items; nothing where there are none."""
    held = tuple(items)
    return tag("ul", (tag("li", item) for item in held)) if held else Html("")


def findings(found: Iterable[Finding], *, since: Mapping[str, str] = MappingProxyType({})) -> Html:
    """List findings: mark and statement, evidence and remedy below.

    ``since`` says by the check's name what became of a finding that did not pass.
    """
    return tag(
        "ul",
        (_finding(each, since.get(each.check, "")) for each in wording.ordered(tuple(found))),
        class_="findings",
    )


def _finding(finding: Finding, since: str) -> Html:
    passed = finding.outcome is Outcome.PASSED
    override = finding.override
    return tag(
        "li",
        tag(
            "p",
            mark(wording.MARKS[finding.outcome], str(finding.outcome)),
            " ",
            prose(finding.summary),
        ),
        tag(
            "p",
            tag("strong", "Overridden"),
            " by ",
            outside(override.by),
            ": ",
            outside(override.reason),
        )
        if override
        else None,
        tag("p", "To do: ", prose(finding.remedy)) if finding.remedy and not passed else None,
        tag("p", prose(since)) if since and not passed else None,
        tag(
            "details",
            tag("summary", "Evidence of ", code(finding.check)),
            bullets(map(_evidence, finding.evidence)) or tag("p", "None was recorded."),
            open=not passed,
        ),
        class_=f"finding finding-{finding.outcome}",
    )


def _evidence(evidence: Evidence) -> Node:
    if evidence.fact == FIX_TO_REVIEW:
        return (outside(evidence.fact), ":", block(evidence.value))
    value = code(evidence.value, limit=TEXT_LIMIT)
    return (outside(evidence.fact), ": ", value, " (", outside(evidence.source), ")")


def candidates(considered: Sequence[Candidate]) -> Html:
    """List candidates that were passed over: the first ten, and how many more there are."""
    items: list[Node] = [_candidate(each) for each in considered[: wording.CANDIDATES_SHOWN]]
    more = len(considered) - wording.CANDIDATES_SHOWN
    return bullets([*items, f"and {more} more"] if more > 0 else items)


def _candidate(candidate: Candidate) -> Node:
    origin = candidate.deployment_id or candidate.revision
    known: Node = (outside(origin), ", ", str(candidate.origin)) if origin else candidate.origin
    why: Node = [("; " if n else "", prose(each)) for n, each in enumerate(candidate.rejected)]
    return (code(candidate.release.version), " (", known, "): ", why or "acceptable")


def decisions(given: Sequence[Decision], *, digest: str) -> Html:
    """List who answered what; nothing where nobody did."""
    return bullets(_decision(each, digest) for each in given)


def _decision(decision: Decision, digest: str) -> Node:
    other = "" if decision.digest == digest else " (another digest; not counted)"
    why: Node = (": ", outside(decision.reason)) if decision.reason else None
    return (outside(asking.answered(decision)), " at ", moment(decision.at), other, why)


def steps(records: Sequence[StepRecord]) -> Html:
    """List the steps with what became of them."""
    return tag("ol", (_step(each) for each in records), class_="steps")


def _step(step: StepRecord) -> Html:
    state = step.state if step.state in _STATES else "unknown"
    return tag(
        "li",
        tag("p", prose(step.title)),
        tag("p", mark(wording.step_mark(step.state), ""), " ", _times(step), class_="state"),
        tag("p", prose(step.detail)) if step.detail else None,
        tag("p", prose(wording.undo(step.undo)), class_="undo"),
        class_=f"step step-{state}",
    )


def _times(step: StepRecord) -> Node:
    state = outside(step.state)
    if step.started is None:
        return state
    if step.ended is None:
        return (state, f" since {moment(step.started)}")
    took = between(step.started, step.ended)
    return (state, f" in {took}: {moment(step.started)} to {moment(step.ended)}")


def journal(entries: Sequence[JournalEntry]) -> Html:
    """Write the journal as a table; nothing where it is empty."""
    if not entries:
        return Html("")
    rows = [(entry.seq, moment(entry.at), str(entry.kind), prose(entry.text)) for entry in entries]
    return table(("#", "Time", "Kind", "What"), rows, caption="Journal")
