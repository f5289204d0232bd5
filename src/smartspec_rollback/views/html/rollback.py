"""The console's page of a rollback: how it stands, the question, the plan, charts and report.

Called by the console. ``shown`` is the part that changes while it runs; it is the same for all who
look, so it is written once for all of them. ``question`` is each viewer's own.
"""

from collections.abc import Mapping

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.plan import SHORT
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import (
    ACTIVE,
    ANSWERABLE,
    RESUMABLE,
    STOPPED,
    UNDER_WAY,
    EntryKind,
    Status,
)
from smartspec_rollback.views import wording
from smartspec_rollback.views.html import plan, report
from smartspec_rollback.views.html.layout import Viewer, address, button, field, link
from smartspec_rollback.views.html.parts import section
from smartspec_rollback.views.markup import Html, Node, code, prose, tag
from smartspec_rollback.views.units import moment

NEWEST = 60
"""How many journal entries the page shows; the report has them all."""


def shown(told: Report) -> Html:
    """Write how the rollback stands now; once it is over, with the whole report."""
    if told.rollback.status in ANSWERABLE:
        parts: tuple[Html, ...] = (report.outcome(told), _expiry(told), report.approvals(told))
    elif told.rollback.status in ACTIVE:
        parts = (
            *(report.outcome(told), _advice(told), report.approvals(told)),
            *(report.steps(told), report.journal(told, newest=NEWEST)),
        )
    else:
        parts = (
            *(report.outcome(told), report.advice(told), report.hold(told), report.drawn(told)),
            *(report.times(told), report.verification(told), report.approvals(told)),
            *(report.steps(told), report.journal(told, newest=NEWEST)),
        )
    return Html("".join(parts))


def _advice(told: Report) -> Html:
    """Say what to do where it stopped; while it goes on, the server sees to that."""
    return Html("") if told.rollback.status in UNDER_WAY else report.advice(told)


def is_over(told: Report) -> bool:
    """Tell whether nothing more will change: it is closed, and its report is written."""
    last = told.journal[-1].kind if told.journal else None
    closed = told.rollback.status not in ACTIVE
    return closed and last in (None, EntryKind.REPORTED, EntryKind.PLANNED)


def title(told: Report) -> str:
    """Name the page."""
    return f"{told.rollback.id}: {told.rollback.status}"


def announcement(told: Report) -> str:
    """Say in one plain sentence how it stands, for screen readers."""
    _, sentence = wording.outcome(told)
    done = sum(step.state == "done" for step in told.steps)
    steps = f" {done} of {len(told.steps)} steps are done." if done else ""
    return f"{sentence.replace('`', '')}{steps}"


def body(
    told: Report,
    viewer: Viewer,
    *,
    refusals: Mapping[Answer, str | None],
    may_request: bool = False,
    notice: Node = None,
) -> Html:
    """Write the page; ``refusals`` say of each answer why this viewer may not give it, or None.

    ``may_request``: they may go on with one that stopped, or give it up.
    """
    running = told.rollback.status in ACTIVE
    here = ("rollbacks", told.rollback.id)
    return Html(
        (tag("div", notice, role="alert", class_="notice") if notice else "")
        + tag(
            "div",
            _following(told) if running else None,
            tag("div", shown(told), id="shown"),
            id="live",
            data_events=address(*here, "events") if not is_over(told) else None,
        )
        + (_further(told, viewer) if may_request else "")
        + _plan(told)
        + _question(told, viewer, refusals)
        + _reports(told)
    )


def _further(told: Report, viewer: Viewer) -> Html:
    """Let a person go on with a rollback that stopped, or give it up."""
    status, here = told.rollback.status, ("rollbacks", told.rollback.id)
    if status not in RESUMABLE:
        return Html("")
    again = "Verify again" if status is Status.UNSTABLE else "Go on from where it stopped"
    return section(
        "Go on",
        button(again, address(*here, "resume"), viewer, kind="main"),
        button(
            "Give it up; production stays as it is",
            address(*here, "abandon"),
            viewer,
            fields=field("Why it is given up", "reason", at="abandon", required=True),
        )
        if status in STOPPED
        else None,
    )


def _plan(told: Report) -> Html:
    """Write the plan; folded up once the question is over."""
    asks = told.rollback.status in ANSWERABLE
    return tag(
        "section",
        tag("h2", "Plan"),
        tag("p", tag("a", "Go to the question", href="#question")) if asks else None,
        plan.headline(told.plan),
        tag(
            "details",
            tag("summary", "The whole plan"),
            plan.summary(told.plan),
            report.checks(told),
            plan.steps(told.plan),
            plan.passed_over(told.plan),
            open=asks or told.rollback.status not in ACTIVE,
        ),
    )


def _following(told: Report) -> Html:
    return Html(
        tag("p", "", id="announced", role="status", class_="hidden")
        + tag("p", "", id="progress", class_="soft")
        + tag(
            "p",
            tag("span", "", id="link"),
            " ",
            link("Reload the page", "rollbacks", told.rollback.id),
            class_="soft",
        )
    )


def _expiry(told: Report) -> Html:
    if told.rollback.status not in ANSWERABLE:
        return Html("")
    needs = plan.consent(told.plan)
    until = moment(told.rollback.expires_at)
    return Html(needs + tag("p", f"The question stands until {until}.", class_="soft"))


def _question(told: Report, viewer: Viewer, refusals: Mapping[Answer, str | None]) -> Html:
    """Ask for the answer, where it is open; else say why this viewer cannot give it."""
    if told.rollback.status not in ANSWERABLE or told.plan.blocking:
        return Html("")
    forms = {Answer.APPROVE: _approve, Answer.DENY: _deny}
    why = dict.fromkeys(each for each in refusals.values() if each is not None)
    asked = (
        (form(told, viewer) for answer, form in forms.items() if refusals[answer] is None),
        (tag("p", prose(each), class_="soft") for each in why),
    )
    return tag(
        "section", tag("h2", "Approve this plan?", tabindex=-1), asked, id="question", class_="card"
    )


def _approve(told: Report, viewer: Viewer) -> Html:
    high = told.plan.risk is Risk.HIGH
    typed = field(
        f"The risk is high. Type the first {SHORT} digits of the plan's digest",
        "typed",
        at="approve",
        required=True,
        autocomplete="off",
        spellcheck="false",
        maxlength=64,
        aria_describedby="digest",
    )
    return button(
        "Approve",
        address("rollbacks", told.rollback.id, "approve"),
        viewer,
        fields=(
            tag("p", "Digest of this plan: ", tag("span", code(told.digest), id="digest")),
            tag("input", type="hidden", name="digest", value=told.digest),
            tag("p", "You may be asked to log in once more.", class_="soft") if high else None,
            typed if high else None,
            field("Remark", "reason", at="approve", maxlength=500),
        ),
        kind="main",
    )


def _deny(told: Report, viewer: Viewer) -> Html:
    return button(
        "Deny",
        address("rollbacks", told.rollback.id, "deny"),
        viewer,
        fields=(
            tag("input", type="hidden", name="digest", value=told.digest),
            field("Why not", "reason", at="deny", maxlength=500),
        ),
    )


def _reports(told: Report) -> Html:
    here = ("rollbacks", told.rollback.id)
    return section(
        "Report",
        tag(
            "ul",
            tag("li", link("As one HTML file, with charts", *here, "report.html")),
            tag("li", link("As Markdown", *here, "report.md")),
            tag("li", link("As JSON", *here, "report.json")),
        ),
    )
