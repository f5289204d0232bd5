"""The console's lists: services, deployments, rollbacks, holds, and the audit log.

Called by the console. What may be seen was decided before; here it is only laid out.
"""

from collections.abc import Iterable, Sequence

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.store import AuditEntry, AuditFault
from smartspec_rollback.views import wording
from smartspec_rollback.views.html import parts
from smartspec_rollback.views.html.layout import Viewer, address, button, field, link, nothing
from smartspec_rollback.views.markup import Html, Node, code, outside, tag
from smartspec_rollback.views.units import NONE, moment


def service(
    target: Target, live: LedgerEntry | None, active: Rollback | None, holds: Sequence[Hold]
) -> Html:
    """Write what is live on a Target, what is being done, and what is banned."""
    running: Node = nothing("No rollback is running.")
    if active is not None:
        going = (code(active.from_version), " → ", code(active.to_version))
        running = tag(
            "p",
            link(("Rollback ", outside(active.id)), "rollbacks", active.id),
            ": ",
            going,
            f", {active.status}",
        )
    return tag(
        "section",
        tag("h2", outside(str(target))),
        tag("p", "Live: ", _live(live)),
        running,
        tag("p", link(f"On hold: {len(holds)}", "holds")) if holds else None,
        tag(
            "p",
            link(
                ("Deployments", tag("span", f" of {target}", class_="hidden")),
                "deployments",
                service=target.service,
                environment=target.environment,
            ),
        ),
        class_="card",
    )


def deployments(entries: Sequence[LedgerEntry]) -> Html:
    """List deployments with what is known of their health."""
    if not entries:
        return nothing("No deployments are recorded.")
    rows = [
        (
            link(outside(entry.deployment.id), "deployments", entry.deployment.id),
            outside(str(entry.deployment.target)),
            code(entry.deployment.release.version),
            str(entry.deployment.phase),
            moment(entry.deployment.at),
            outside(wording.health(entry)),
        )
        for entry in entries
    ]
    headings = ("Deployment", "Target", "Version", "Phase", "At", "Health")
    return parts.table(headings, rows, caption="Deployments")


def rollbacks(found: Sequence[Rollback]) -> Html:
    """List rollbacks and what they came to, those that are running first."""
    if not found:
        return nothing("No rollbacks are recorded.")
    running = [each for each in found if each.status in ACTIVE]
    over = [each for each in found if each.status not in ACTIVE]
    return Html(
        (_rollbacks(running, "Running") if running else "")
        + (_rollbacks(over, "Ended") if over else "")
    )


def _rollbacks(found: Iterable[Rollback], title: str) -> Html:
    rows = [
        (
            link(outside(each.id), "rollbacks", each.id),
            str(each.status),
            outside(each.failed_deployment_id),
            outside(str(each.target)),
            (code(each.from_version), " → ", code(each.to_version)),
            moment(each.requested_at),
            outside(each.requested_by.name),
        )
        for each in found
    ]
    headings = ("Rollback", "Status", "Deployment", "Target", "From → to", "At", "By")
    return parts.section(title, parts.table(headings, rows, caption=f"{title} rollbacks"))


def holds(in_force: Sequence[tuple[Hold, bool]], viewer: Viewer) -> Html:
    """List the holds in force, each with a form where the viewer may lift it."""
    if not in_force:
        return nothing("No release is on hold.")
    return Html("".join(_hold(hold, viewer, liftable=may) for hold, may in in_force))


def _hold(hold: Hold, viewer: Viewer, *, liftable: bool) -> Html:
    name = f"Lift {hold.id}"
    return tag(
        "section",
        tag("h2", code(hold.release.version), " on ", outside(str(hold.target))),
        parts.facts(
            (
                ("Hold", code(hold.id)),
                ("Since", moment(hold.placed_at)),
                ("By", outside(hold.placed_by)),
                ("Reason", outside(hold.reason)),
            )
        ),
        button(
            "Lift this hold",
            address("holds", hold.id, "release"),
            viewer,
            fields=field("Why it may be deployed again", "reason", at=hold.id, required=True),
            name=name,
        )
        if liftable
        else tag("p", "You may not lift it.", class_="soft"),
        class_="card",
    )


def audit(entries: Sequence[AuditEntry], checked: tuple[int, AuditFault | None] | None) -> Html:
    """List the newest entries of the audit log; ``checked`` is what checking the chain found."""
    rows = [
        (
            entry.seq,
            moment(entry.at),
            outside(entry.actor),
            outside(entry.action),
            outside(entry.subject),
            outside(entry.detail) if entry.detail else NONE,
        )
        for entry in entries
    ]
    headings = ("#", "Time", "Who", "What", "On", "Detail")
    return Html(_checked(checked) + parts.table(headings, rows, caption="Audit log"))


def _checked(checked: tuple[int, AuditFault | None] | None) -> Html:
    if checked is None:
        return tag("p", link("Check the whole chain", "audit", check="1"))
    count, fault = checked
    if fault is None:
        return tag("p", f"All {count} entries are what was written.", role="status")
    return tag(
        "p",
        tag("strong", f"Entry {fault.seq} is not what was written: "),
        outside(fault.what),
        role="alert",
    )


def _live(entry: LedgerEntry | None) -> Node:
    if entry is None:
        return "not known; no deployment is recorded"
    made = entry.deployment
    return (
        code(made.release.version),
        ", ",
        link(outside(made.id), "deployments", made.id),
        f" at {moment(made.at)}, ",
        outside(wording.health(entry)),
    )
