"""Whether Targets could be gone back on, for people: Markdown in a pipe, plain lines at a terminal.

Called by ``cli`` and by whoever else shows answers. ``sentence``, ``drill`` and ``change`` are
sentences in which backticks mark names; they are to be escaped like everything else.
"""

from collections.abc import Iterator, Sequence

from smartspec_rollback.domain.readiness import Change, Changed, Drill, Readiness, Ready
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.views.escape import clean, prose, text
from smartspec_rollback.views.plain import listing
from smartspec_rollback.views.tables import table
from smartspec_rollback.views.units import NONE, moment, span
from smartspec_rollback.views.wording import ATTENTION, BLOCKING, MARKS, PASSED, UNKNOWN

SIGNS = {
    Ready.READY: PASSED,
    Ready.ATTENTION: ATTENTION,
    Ready.NOT_READY: BLOCKING,
    Ready.UNKNOWN: UNKNOWN,
    Ready.NOTHING_LIVE: NONE,
}
NOBODY = "No service is configured."
NO_DRILL = "Never rolled back here: nothing but the checks says that it works."
UNTRIED = (
    "Nothing was started to answer: whether the target still boots is tried when a rollback "
    "prewarms it, and shown by a drill."
)
_HEADINGS = ("Target", "Ready", "Live", "Back to", "Takes", "Risk", "Last drill")


def sentence(answer: Readiness) -> str:
    """Say in one sentence whether a Target could be gone back on, how long that takes, and why."""
    match answer.outcome:
        case Ready.NOTHING_LIVE:
            return "Nothing is live."
        case Ready.UNKNOWN:
            return f"Not known: {_ended(answer.why)}"
        case Ready.NOT_READY:
            return f"Could not go back now: {_ended(answer.why)}"
        case Ready.READY | Ready.ATTENTION:
            took = span(answer.estimate.seconds) if answer.estimate else None
            how = f"about {took} without the time to approve" if took else "how long is not known"
            return f"Could go back to `{answer.to_version}` now ({how}): {_ended(answer.why)}"


def drill(last: Drill | None) -> str:
    """Say when going back was last done, and what came of it."""
    if last is None:
        return NO_DRILL
    how = "verified stable" if last.status is Status.SUCCEEDED else "not verified stable"
    took = f" in {span(last.seconds)}" if last.seconds is not None else ""
    way = f"`{last.from_version}` → `{last.to_version}`"
    return f"Last went back {moment(last.at)} ({last.rollback_id}): {way}{took}, {how}."


def change(each: Change) -> str:
    """Say what changed."""
    name = f"{each.what} `{each.name}`" if each.what is Changed.FINDING else each.what
    return f"{name}: {each.before} → {each.after}"


def markdown(answers: Sequence[Readiness]) -> str:
    """Write answers as Markdown: a table, then each that is not simply ready."""
    if not answers:
        return f"# Readiness\n\n{NOBODY}\n"
    rows = [
        [text(target), sign, *map(text, rest)]
        for target, sign, *rest in (_row(answer) for answer in answers)
    ]
    parts = [f"# Readiness\n\n{table(_HEADINGS, rows)}"]
    for answer in answers:
        lines = "\n".join(f"- {prose(line)}" for line in _lines(answer))
        parts.append(
            f"## {text(str(answer.target))}\n\n"
            f"{SIGNS[answer.outcome]} {prose(sentence(answer))}\n\n{lines}"
        )
    return "\n\n".join((*parts, UNTRIED)) + "\n"


def plain(answers: Sequence[Readiness], *, width: int) -> str:
    """Write answers for a person at a terminal ``width`` columns wide."""
    if not answers:
        return f"{NOBODY}\n"
    parts = [listing(_HEADINGS, [_row(answer) for answer in answers], width=width)]
    for answer in answers:
        head = f"{SIGNS[answer.outcome]} {clean(str(answer.target))}: {_unmarked(sentence(answer))}"
        parts.append(
            "\n".join((head, *(f"   {_unmarked(line)}" for line in _lines(answer)))) + "\n"
        )
    return "\n".join((*parts, f"{UNTRIED}\n"))


def _row(answer: Readiness) -> tuple[str, ...]:
    return (
        clean(str(answer.target)),
        f"{SIGNS[answer.outcome]} {answer.outcome.replace('-', ' ')}",
        clean(answer.live_version or NONE),
        clean(answer.to_version or NONE),
        span(answer.estimate.seconds) if answer.estimate else NONE,
        str(answer.risk or NONE),
        moment(answer.drill.at) if answer.drill else NONE,
    )


def _lines(answer: Readiness) -> Iterator[str]:
    """Say what stands behind an answer; nothing of a plan where there is none."""
    for finding in answer.findings:
        todo = f" To do: {_ended(finding.remedy)}" if finding.remedy else ""
        yield f"{MARKS[finding.outcome]} {finding.check}: {_ended(finding.summary)}{todo}"
    if answer.to_version is not None:
        yield f"Health of `{answer.to_version}`: {_ended(answer.health or 'no evidence')}"
    if answer.estimate is not None:
        yield f"Takes about {span(answer.estimate.seconds)}: {_ended(answer.estimate.basis)}"
    if answer.outcome is not Ready.NOTHING_LIVE:
        yield drill(answer.drill)
    if answer.since is not None:
        what = "; ".join(map(change, answer.changes)) or "the first answer"
        yield f"So since {moment(answer.since)} ({what})."


def _ended(words: str) -> str:
    return f"{words.strip().rstrip('.')}."


def _unmarked(line: str) -> str:
    return clean(line).replace("`", "")
