"""The report as HTML: what happened, what it means for production, what to do next.

Called by ``file`` for the report that is kept, and by the console for a rollback that still runs.
"""

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import UNDER_WAY
from smartspec_rollback.views import asking, charts, moments, wording
from smartspec_rollback.views.html import parts
from smartspec_rollback.views.html.verdict import verdict
from smartspec_rollback.views.markup import Html, code, mark, outside, prose, tag
from smartspec_rollback.views.units import moment


def outcome(told: Report) -> Html:
    """Say what the rollback came to, or how far it is."""
    sign, sentence = wording.outcome(told)
    rollback = told.rollback
    ended = "" if rollback.status in UNDER_WAY else f", exit code {told.exit_code}"
    detail = tag("p", prose(rollback.status_detail)) if rollback.status_detail else ""
    return Html(
        tag(
            "p",
            mark(sign, ""),
            " ",
            tag("strong", prose(sentence)),
            f" (status {rollback.status}{ended})",
            class_=f"headline status-{rollback.status}",
        )
        + detail
    )


def about(told: Report) -> Html:
    """List what the rollback is about."""
    rollback, plan = told.rollback, told.plan
    glass = [("Break glass", "run without the ledger, from a local journal")]
    return parts.facts(
        (
            ("Reason", outside(rollback.reason)),
            ("From version", code(rollback.from_version)),
            ("To version", code(rollback.to_version)),
            ("Known good", outside(plan.to.health or wording.NO_EVIDENCE)),
            ("Risk", plan.risk),
            ("Target", outside(str(rollback.target))),
            (
                "Requested by",
                (
                    outside(wording.person(rollback.requested_by)),
                    f", {moment(rollback.requested_at)}",
                ),
            ),
            ("Failed deployment", code(rollback.failed_deployment_id)),
            ("Rollback", code(rollback.id)),
            ("Digest", code(told.digest)),
            *(glass if rollback.break_glass else ()),
        )
    )


def advice(told: Report) -> Html:
    """Say what a person should do next, and what afterwards."""
    return Html(
        parts.section("What to do next", parts.bullets(map(prose, told.advice)))
        + parts.section("Afterwards", parts.bullets(map(prose, told.afterwards)))
    )


def hold(told: Report) -> Html:
    """Say that the bad version is on hold, where it is."""
    if told.hold is None:
        return Html("")
    lift = code(f"smartspec hold release {told.hold}")
    bad = code(told.rollback.from_version)
    said = tag(
        "p", bad, " is on hold: the gate fails it until a person lifts that with ", lift, "."
    )
    return parts.section("Hold", said)


def drawn(told: Report) -> Html:
    """Draw the objectives before, during and after, as far as they were measured over time."""
    return parts.section("Objectives over time", charts.charts(told), name="charts")


def times(told: Report) -> Html:
    """Write the moments of the incident and how long lay between them."""
    rows = moments.rows(told.moments)
    if not rows:
        return Html("")
    recovery = moments.recovery(told.moments)
    return parts.section(
        "Times",
        parts.table(moments.HEADINGS, rows, caption="Times"),
        tag("p", f"Failed-deployment recovery time (deployed to verified): {recovery}"),
    )


def checks(told: Report) -> Html:
    """List the safety checks, and what became of the boot test since."""
    found = parts.findings(told.plan.findings, since=moments.since(told))
    return parts.section("Safety checks", found)


def approvals(told: Report) -> Html:
    """List who answered what."""
    given = parts.decisions(told.decisions, digest=told.digest)
    return parts.section("Approvals", given or tag("p", asking.unanswered(told)))


def steps(told: Report) -> Html:
    """List the steps with what became of them."""
    prewarm = tag("p", "Prewarm: ", prose(told.prewarm)) if told.prewarm else None
    return parts.section("Steps", prewarm, parts.steps(told.steps))


def verification(told: Report) -> Html:
    """Write the verification's verdict, where there is one."""
    if told.verdict is None:
        return Html("")
    return parts.section("Verification", verdict(told.verdict, baseline=told.plan.baseline))


def passed_over(told: Report) -> Html:
    """List the candidates that were passed over."""
    return parts.section("Candidates passed over", parts.candidates(told.plan.rejected))


def journal(told: Report, *, newest: int | None = None) -> Html:
    """Write the journal; with ``newest``, only so many of its entries, and how many there are."""
    entries = told.journal if newest is None else told.journal[-newest:]
    left = len(told.journal) - len(entries)
    more = tag("p", f"{left} earlier entries are in the report.") if left else None
    return parts.section("Journal", more, parts.journal(entries), name="journal")


def body(told: Report) -> Html:
    """Write the whole report: outcome and advice first, the journal last."""
    title = tag("h1", "Rollback report: ", outside(told.rollback.failed_deployment_id))
    written = (
        *(title, outcome(told), about(told), advice(told), hold(told), drawn(told), times(told)),
        *(checks(told), approvals(told), steps(told), verification(told), passed_over(told)),
        journal(told),
    )
    return Html("".join(written))
