"""The console's page of a deployment: its newest verdict, and the way back from it.

Called by the console.
"""

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.views import charts, wording
from smartspec_rollback.views.html import lists, parts
from smartspec_rollback.views.html.layout import Viewer, button, field
from smartspec_rollback.views.html.verdict import verdict
from smartspec_rollback.views.markup import Html, code, outside, tag
from smartspec_rollback.views.units import moment


def body(
    entry: LedgerEntry,
    judged: Verdict | None,
    rollbacks: tuple[Rollback, ...],
    viewer: Viewer,
    *,
    may_request: bool,
) -> Html:
    """Write what is known of a deployment; with a form where the viewer may ask for a rollback."""
    made = entry.deployment
    said = verdict(judged) if judged else tag("p", "Nobody judged it.")
    drawn = charts.of_verdict(judged, deployed=made.at) if judged else ()
    held = entry.hold
    return Html(
        parts.facts(
            (
                ("Target", outside(str(made.target))),
                ("Version", code(made.release.version)),
                ("Artifact", code(made.release.artifact)),
                ("Phase", made.phase),
                ("At", moment(made.at)),
                ("Health", outside(wording.health(entry))),
                ("Recorded by", outside(made.recorded_by)),
                *((("Revision", code(made.revision)),) if made.revision else ()),
                *((("Commit", code(made.commit)),) if made.commit else ()),
                *((("On hold", outside(held.reason)),) if held else ()),
            )
        )
        + parts.section("Newest verdict", said, drawn)
        + (request(viewer, made.id) if may_request else "")
        + parts.section("Rollbacks of it", lists.rollbacks(rollbacks))
    )


def request(viewer: Viewer, deployment_id: str | None = None) -> Html:
    """Ask for a rollback of a deployment, or of one whose id is to be typed."""
    which = (
        field("Failed deployment's id", "failed_deployment_id", at="plan", required=True)
        if deployment_id is None
        else tag("input", type="hidden", name="failed_deployment_id", value=deployment_id)
    )
    form = button(
        "Plan a rollback",
        "/rollbacks",
        viewer,
        fields=(
            tag("p", "A plan is made and shown. Nothing is changed before somebody approves it."),
            which,
            field("Reason", "reason", at="plan", maxlength=500),
            field("Version to go back to (empty: last known good)", "target_version", at="plan"),
            tag(
                "p",
                tag("input", type="checkbox", id="plan-dry", name="dry_run", value="yes"),
                tag("label", "Show the plan only (dry run)", for_="plan-dry"),
                class_="choice",
            ),
        ),
        kind="main",
    )
    return parts.section("Roll back", form)
