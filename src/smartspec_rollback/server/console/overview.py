"""The pages about the whole: services, deployments, rollbacks, holds, readiness, the audit log.

Part of ``console``.
"""

from starlette.responses import Response

from smartspec_rollback.domain.access import Action
from smartspec_rollback.domain.target import Target
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.server.console.asking import Asked, leads_to, shown
from smartspec_rollback.views.html import deployment, lists, readiness
from smartspec_rollback.views.html.layout import link, nothing
from smartspec_rollback.views.markup import Node, tag

_SHOWN, _MOST = 50, 500
_LIFTED = "lifted"


class Overview:
    """Handlers of these pages."""

    def __init__(self, operations: Operations) -> None:
        """Show what ``operations`` has."""
        self._operations = operations

    def services(self, asked: Asked) -> Response:
        """Show what is live everywhere."""
        found = self._operations.services(asked.who)
        cards: Node = [lists.service(s.target, s.live, s.active, s.holds) for s in found]
        empty = nothing("There is no service that you may see.") if not found else None
        return shown("Services", cards, empty, viewer=asked.viewer, here="/")

    def deployments(self, asked: Asked) -> Response:
        """List deployments, of one Target where the address names it."""
        target, limit = self._narrowed(asked), _limit(asked)
        found = self._operations.deployments(asked.who, target, limit=limit)
        listed = lists.deployments(found)
        more = _more(asked, limit, len(found), "deployments")
        title = "Deployments" if target is None else f"Deployments of {target}"
        return shown(title, listed, more, viewer=asked.viewer, here="/deployments")

    def rollbacks(self, asked: Asked) -> Response:
        """List rollbacks."""
        target, limit = self._narrowed(asked), _limit(asked)
        found = self._operations.rollbacks(asked.who, target, limit=limit)
        listed = lists.rollbacks(found)
        more = _more(asked, limit, len(found), "rollbacks")
        form = deployment.request(asked.viewer) if self._may_request(asked) else None
        return shown("Rollbacks", listed, more, form, viewer=asked.viewer, here="/rollbacks")

    def holds(self, asked: Asked) -> Response:
        """List the holds in force."""
        found = self._operations.holds(asked.who)
        may = self._operations.may
        listed = [(each, may(asked.who, Action.RELEASE_HOLD, each.target)) for each in found]
        notice = tag("div", tag("p", "The hold is lifted."), role="status", class_="notice")
        return shown(
            "Holds",
            notice if asked.query.get("said") == _LIFTED else None,
            lists.holds(listed, asked.viewer),
            viewer=asked.viewer,
            here="/holds",
        )

    def release(self, asked: Asked) -> Response:
        """Lift a hold."""
        reason = asked.form.get("reason", "")
        self._operations.release_hold(asked.who, asked.path["hold_id"], reason=reason)
        return leads_to(f"/holds?said={_LIFTED}")

    def readiness(self, asked: Asked) -> Response:
        """Show whether every Target could go back now."""
        answers = self._operations.readiness(asked.who)
        body = readiness.body(answers)
        return shown("Readiness", body, viewer=asked.viewer, here="/readiness")

    def audit(self, asked: Asked) -> Response:
        """Show the newest entries of the audit log, and check it where that is asked for."""
        limit = _limit(asked)
        found = self._operations.audit_log(asked.who, limit=limit)
        wanted = asked.query.get("check") == "1"
        checked = self._operations.verify_audit(asked.who) if wanted else None
        more = _more(asked, limit, len(found), "audit")
        listed = lists.audit(found, checked)
        return shown("Audit log", listed, more, viewer=asked.viewer, here="/audit")

    def _may_request(self, asked: Asked) -> bool:
        may, targets = self._operations.may, self._operations.workspace.targets
        return any(may(asked.who, Action.REQUEST, target) for target in targets)

    def _narrowed(self, asked: Asked) -> Target | None:
        service, environment = asked.query.get("service"), asked.query.get("environment")
        if not service or not environment:
            return None
        return self._operations.target(service, environment)


def _limit(asked: Asked) -> int:
    wanted = asked.query.get("limit", "")
    return (
        min(int(wanted), _MOST)
        if wanted.isascii() and wanted.isdigit() and wanted != "0"
        else _SHOWN
    )


def _more(asked: Asked, limit: int, count: int, *way: str) -> Node:
    """Link to a longer list, where there may be more."""
    if count < limit or limit >= _MOST:
        return None
    kept = {n: asked.query[n] for n in ("service", "environment") if asked.query.get(n)}
    return tag("p", link("Show more", *way, **kept, limit=str(min(2 * limit, _MOST))))
