"""The console's page of readiness: could every Target go back now, and how long would it take.

Called by the console. Unknown is never shown as ready.
"""

from collections.abc import Sequence

from smartspec_rollback.domain.readiness import Change, Drill, Readiness, Ready
from smartspec_rollback.views import wording
from smartspec_rollback.views.html import parts
from smartspec_rollback.views.html.layout import link, nothing
from smartspec_rollback.views.markup import Html, Node, code, mark, outside, prose, tag
from smartspec_rollback.views.units import NONE, moment, span

_SAID = {
    Ready.READY: (wording.PASSED, "Ready"),
    Ready.ATTENTION: (wording.ATTENTION, "Ready, with attention"),
    Ready.NOT_READY: (wording.BLOCKING, "Not ready"),
    Ready.UNKNOWN: (wording.UNKNOWN, "Not known"),
    Ready.NOTHING_LIVE: (wording.NOTED, "Nothing is live"),
}


def body(answers: Sequence[Readiness]) -> Html:
    """Write the answer for each Target."""
    if not answers:
        return nothing("There is no Target that you may see.")
    return Html("".join(map(_answer, answers)))


def _answer(answer: Readiness) -> Html:
    sign, word = _SAID[answer.outcome]
    return tag(
        "section",
        tag("h2", outside(str(answer.target))),
        tag("p", mark(sign, ""), " ", tag("strong", f"{word}:"), " ", prose(answer.why)),
        parts.facts(
            (
                ("Live", _live(answer)),
                ("Would go back to", code(answer.to_version) if answer.to_version else NONE),
                ("Known good", outside(answer.health) if answer.health else NONE),
                ("Would take", _takes(answer)),
                ("Risk", str(answer.risk) if answer.risk else NONE),
                ("Last drill", _drill(answer.drill)),
                ("Looked at", moment(answer.at)),
                ("So since", moment(answer.since)),
            )
        ),
        _changes(answer.changes),
        tag("details", tag("summary", "What did not pass"), parts.findings(answer.findings))
        if answer.findings
        else None,
        class_="card",
    )


def _live(answer: Readiness) -> Node:
    if answer.live_version is None:
        return NONE
    known = answer.live_deployment_id
    origin = (" (", link(outside(known), "deployments", known), ")") if known else None
    return (code(answer.live_version), origin)


def _takes(answer: Readiness) -> Node:
    if answer.estimate is None:
        return "not known"
    return ("about ", span(answer.estimate.seconds), " (", outside(answer.estimate.basis), ")")


def _drill(drill: Drill | None) -> Node:
    if drill is None:
        return "none; going back was never tried"
    took = f" in {span(drill.seconds)}" if drill.seconds is not None else ""
    way = (code(drill.from_version), " → ", code(drill.to_version))
    known = link(outside(drill.rollback_id), "rollbacks", drill.rollback_id)
    return (known, f": {drill.status}{took} at {moment(drill.at)}, ", way)


def _changes(changes: Sequence[Change]) -> Html:
    if not changes:
        return Html("")
    items = (
        (
            str(change.what),
            (" ", code(change.name)) if change.name else None,
            ": ",
            outside(change.before),
            " → ",
            outside(change.after),
        )
        for change in changes
    )
    return Html(tag("h3", "What changed since") + parts.bullets(items))
