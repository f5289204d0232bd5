"""What stands in chats, as Markdown and as plain text: plan, progress, report, and answers.

Called by ``operations`` through its choice of forms, and by ``chat_html``, which lays the same
out as HTML. A post is bounded: what is too long loses its details first, and says where they are.
Pure: the same report gives the same bytes, so that an edit is made only where something changed.
"""

from collections.abc import Sequence

from smartspec_rollback.domain.approval import approvers_of
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.report import Report, StepRecord
from smartspec_rollback.domain.rollback import EntryKind, Status
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.ports.messenger import Content
from smartspec_rollback.views import asking, markdown, wording
from smartspec_rollback.views.chat_markdown import fitted, plain
from smartspec_rollback.views.escape import clean, code, prose, text
from smartspec_rollback.views.units import moment

LIMIT = 12_000
"""Bytes of one post, in UTF-8."""

_OPEN = frozenset({Status.PLANNED, Status.AWAITING_APPROVAL})
_SHOWN = 10


def plan(told: Report, *, link: str = "") -> Content:
    """Write the plan, and how its question stands."""
    return _content(plan_markdown(told, ways=(), link=link), whole(told, link), asked(told))


def progress(told: Report) -> Content:
    """Write how far the rollback is: every step with its state, and the newest word."""
    return _content(progress_markdown(told), "", headline(told))


def report(told: Report, *, link: str = "") -> Content:
    """Write the report."""
    return _content(report_markdown(told, link=link), whole(told, link), headline(told))


def verdict(judged: Verdict) -> Content:
    """Write what a gate found."""
    return _content(verdict_markdown(judged))


def choices(offered: Sequence[LedgerEntry], *, command: str, flag: str) -> Content:
    """List deployments to choose from, with what to type for each."""
    return _content(choices_markdown(offered, command=f"{command} {flag}"))


def said(*lines: str) -> Content:
    """Write sentences in which backticks mark names, a paragraph each."""
    return _content(said_markdown(*lines))


def needs_digest(told: Report) -> bool:
    """Tell whether an approval in chat has to name the digest: the risk is high."""
    return told.plan.risk is Risk.HIGH


def plan_markdown(told: Report, *, ways: Sequence[str], link: str) -> str:
    """Write the plan; while it is open, with the ``ways`` to answer it in this chat."""
    is_open = told.rollback.status in _OPEN
    lines = [markdown.plan(told.plan, unattended=_settled(told)).rstrip("\n")]
    if is_open:
        lines += ["", *(f"{prose(way)}\n" for way in ways), *_answers(told)]
    if link:
        lines += ["", f"More: {text(link)}"]
    return "\n".join(lines) + "\n"


def progress_markdown(told: Report) -> str:
    """Write how far the rollback is."""
    mark, sentence = wording.outcome(told)
    lines = [f"{mark} **{prose(sentence)}**", ""]
    if told.prewarm:
        lines += [f"Prewarm: {prose(told.prewarm)}", ""]
    lines += [_step(number, step) for number, step in enumerate(told.steps, start=1)]
    if told.journal:
        lines += ["", f"Newest: {markdown.progress(told.journal[-1])}"]
    return "\n".join(lines) + "\n"


def report_markdown(told: Report, *, link: str) -> str:
    """Write the report."""
    more = f"\nMore: {text(link)}\n" if link else ""
    return markdown.report(told).rstrip("\n") + "\n" + more


def verdict_markdown(judged: Verdict) -> str:
    """Write what a gate found."""
    return markdown.verdict(judged)


def choices_markdown(offered: Sequence[LedgerEntry], *, command: str) -> str:
    """List deployments to choose from."""
    if not offered:
        return "No deployment is known that could be taken back.\n"
    lines = ["Which deployment? The newest are:", ""]
    for entry in offered[:_SHOWN]:
        made = entry.deployment
        lines += [
            (
                f"- {code(made.release.version)} on {text(str(made.target))}, {moment(made.at)}, "
                f"{text(wording.health(entry))}"
            ),
            f"    - {code(f'{command} {made.id}')}",
        ]
    return "\n".join(lines) + "\n"


def said_markdown(*lines: str) -> str:
    """Write sentences, a paragraph each."""
    return "\n\n".join(prose(line, limit=2000) for line in lines) + "\n"


def headline(told: Report) -> str:
    """Say in one line how the rollback stands; where nothing can be edited, that is what counts."""
    mark, sentence = wording.outcome(told)
    return f"{mark} " + clean(f"{told.rollback.id}: {sentence.replace('`', '')}")


def asked(told: Report) -> str:
    """Say in one line what is asked, or how that was settled."""
    said_of_it = _settled(told) or wording.first_line(told.plan)
    return f"{clean(told.rollback.id)}: {_marked(said_of_it.replace('`', ''))}"


def _marked(sentence: str) -> str:
    """Clean a sentence of ours, but for the mark that it begins with."""
    for mark in (wording.PASSED, wording.ATTENTION, wording.BLOCKING, wording.UNKNOWN):
        if sentence.startswith(f"{mark} "):
            return f"{mark} " + clean(sentence.removeprefix(f"{mark} "))
    return clean(sentence)


def _content(written: str, whole: str = "", headline: str = "") -> Content:
    cut = fitted(written, limit=LIMIT, whole=whole)
    return Content(text=plain(cut), document=cut, headline=headline)


def whole(told: Report, link: str) -> str:
    """Say where what is cut off stands whole."""
    command = code(f"smartspec show {told.rollback.id}")
    return f"{command} or {text(link)}" if link else command


def _settled(told: Report) -> str | None:
    """Say how the question was settled; None while it stands."""
    status = told.rollback.status
    if status in _OPEN:
        return None
    if unasked := asking.unattended(told):
        return unasked
    decided = [e.text for e in told.journal if e.kind is EntryKind.DECIDED]
    if decided:
        return f"{decided[-1]}."
    mark, sentence = wording.outcome(told)
    detail = f" ({told.rollback.status_detail})" if told.rollback.status_detail else ""
    return f"{mark} {sentence}{detail}"


def _answers(told: Report) -> list[str]:
    """List the answers given so far, where more are needed."""
    given = approvers_of(told.digest, told.decisions)
    if not given:
        return []
    quorum = told.plan.policy.quorum
    return [f"{len(given)} of {quorum} approvals: {text(', '.join(given))}."]


def _step(number: int, step: StepRecord) -> str:
    detail = f" ({prose(step.detail)})" if step.detail and step.state != "done" else ""
    return f"{number}.  {wording.step_mark(step.state)} {prose(step.title)}{detail}"
