"""The pages of one incident: the failed deployment, its rollback's plan, the answer, the report.

Part of ``console``. An answer is given by POST alone, names the whole digest that was shown, and is
recorded before the page says so.
"""

from collections.abc import Mapping

from starlette.responses import Response

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.domain.approval import Answer, may_answer
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.plan import names_plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, ANSWERABLE, RESUMABLE
from smartspec_rollback.engine.approve import question_of
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import AnotherRunning, Refused
from smartspec_rollback.operations.operations import Operations, ProofTooOld
from smartspec_rollback.operations.saying import stranger
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.server.console.asking import Asked, leads_to, shown
from smartspec_rollback.views import json, markdown
from smartspec_rollback.views.html import deployment, report_file
from smartspec_rollback.views.html import rollback as view
from smartspec_rollback.views.html.file import policy
from smartspec_rollback.views.html.layout import address
from smartspec_rollback.views.markup import Node, outside, prose, tag

_CHANNEL = "web"
_REFRESH = 5
_FEW = 20
_SOON, _TICK = 2.0, 0.05
_SAID: Mapping[str, str] = {
    "approved": "Your approval is recorded.",
    "denied": "Your denial is recorded.",
    "again": "You had answered so before; nothing was changed by it.",
    "resumed": "The rollback goes on.",
    "abandoned": "The rollback is given up; production stays as the steps left it.",
    "joined": "A rollback of this deployment was there already; this is it.",
}


class Incident:
    """Handlers of these pages."""

    def __init__(self, operations: Operations) -> None:
        """Show what ``operations`` has, and ask it."""
        self._operations = operations

    def deployment(self, asked: Asked) -> Response:
        """Show a deployment."""
        entry, judged = self._operations.deployment(asked.who, asked.path["deployment_id"])
        made = entry.deployment
        found = self._operations.rollbacks(
            asked.who, made.target, failed_deployment_id=made.id, limit=_FEW
        )
        may = self._operations.may(asked.who, Action.REQUEST, made.target)
        body = deployment.body(entry, judged, found, asked.viewer, may_request=may)
        return shown(f"Deployment {made.id}", body, viewer=asked.viewer, here="/deployments")

    def plan(self, asked: Asked) -> Response:
        """Plan a rollback, and show its page; nothing is changed before somebody approves it."""
        form = asked.form
        request = Request(
            failed_deployment_id=form.get("failed_deployment_id", ""),
            target_version=form.get("target_version") or None,
            dry_run=bool(form.get("dry_run")),
            reason=form.get("reason") or None,
        )
        try:
            told = self._operations.rollback(asked.who, request)
        except AnotherRunning as other:
            if other.rollback_id is None:
                raise
            return leads_to(address("rollbacks", other.rollback_id, said="joined"))
        return leads_to(address("rollbacks", told.rollback.id))

    def rollback(self, asked: Asked) -> Response:
        """Show a rollback: how it stands, the question, and the plan."""
        told = self._operations.report(asked.who, asked.path["rollback_id"])
        said = _SAID.get(asked.query.get("said", ""))
        return self._page(asked, told, tag("p", said) if said else None)

    def approve(self, asked: Asked) -> Response:
        """Record an approval of the very plan that was shown."""
        told = self._operations.report(asked.who, asked.path["rollback_id"])
        typed = "".join(asked.form.get("typed", "").split())
        if told.plan.risk is Risk.HIGH and not names_plan(typed, told.digest):
            why = "What was typed is not how this plan's digest begins; nothing was recorded."
            return self._page(asked, told, tag("p", why), status=422)
        return self._answered(asked, told, Answer.APPROVE)

    def deny(self, asked: Asked) -> Response:
        """Record a denial."""
        told = self._operations.report(asked.who, asked.path["rollback_id"])
        return self._answered(asked, told, Answer.DENY)

    def _answered(self, asked: Asked, told: Report, answer: Answer) -> Response:
        rollback_id = told.rollback.id
        try:
            given = self._operations.answer(
                asked.who,
                rollback_id,
                answer,
                digest=asked.form.get("digest", ""),
                channel=_CHANNEL,
                reason=asked.form.get("reason", ""),
            )
        except ProofTooOld:
            return leads_to(f"/login/again?next={address('rollbacks', rollback_id)}")
        except Refused as refusal:
            now = self._operations.report(asked.who, rollback_id)
            why = (
                tag("p", outside(refusal.what)),
                tag("p", prose(refusal.remedy or "Nothing was changed.")),
            )
            return self._page(asked, now, why, status=409)
        word = "denied" if answer is Answer.DENY else "approved"
        return leads_to(address("rollbacks", rollback_id, said=word if given.is_new else "again"))

    def resume(self, asked: Asked) -> Response:
        """Go on with a rollback that stopped, or verify it again."""
        told = self._operations.resume(asked.who, asked.path["rollback_id"])
        self._await_begun(asked, told)
        return leads_to(address("rollbacks", told.rollback.id, said="resumed"))

    def _await_begun(self, asked: Asked, before: Report) -> None:
        """Wait until it goes on, so that the page shows that; not for long, since it may not."""
        deadline = Deadline.after(self._operations.workspace.clock, _SOON)
        now = before
        while now.rollback.status in RESUMABLE and not deadline.expired:
            deadline.pause(_TICK)
            now = self._operations.report(asked.who, before.rollback.id)

    def abandon(self, asked: Asked) -> Response:
        """Give a rollback up that stopped in the middle."""
        reason = asked.form.get("reason", "")
        told = self._operations.abandon(asked.who, asked.path["rollback_id"], reason=reason)
        return leads_to(address("rollbacks", told.rollback.id, said="abandoned"))

    def report_html(self, asked: Asked) -> Response:
        """Give the report as one file; its own policy lets nothing run in it."""
        told = self._operations.report(asked.who, asked.path["rollback_id"])
        headers = {"Content-Security-Policy": f"{policy()}; frame-ancestors 'none'; sandbox"}
        return Response(report_file(told), headers=headers, media_type="text/html")

    def report_markdown(self, asked: Asked) -> Response:
        """Give the report as Markdown."""
        told = self._operations.report(asked.who, asked.path["rollback_id"])
        return Response(markdown.report(told), media_type="text/plain")

    def report_json(self, asked: Asked) -> Response:
        """Give the report as JSON."""
        told = self._operations.report(asked.who, asked.path["rollback_id"])
        document = json.rollback_document(told, report_paths=())
        return Response(document, media_type="application/json")

    def _page(self, asked: Asked, told: Report, notice: Node, *, status: int = 200) -> Response:
        refusals = {answer: self._refusal(asked.who, told, answer) for answer in Answer}
        asks = told.rollback.status in ANSWERABLE and None in refusals.values()
        running = told.rollback.status in ACTIVE
        return shown(
            view.title(told),
            view.body(
                told,
                asked.viewer,
                refusals=refusals,
                may_request=self._operations.may(asked.who, Action.REQUEST, told.rollback.target),
                notice=notice,
            ),
            viewer=asked.viewer,
            here="/rollbacks",
            status=status,
            live=not view.is_over(told),
            # Loading anew would take away what somebody is typing.
            refresh=_REFRESH if running and not asks else None,
        )

    def _refusal(self, who: Principal, told: Report, answer: Answer) -> str | None:
        """Say why somebody may not give an answer, or None."""
        if who.is_machine:
            return "Machines don't answer; log in as a person."
        if not self._operations.may(who, Action.ANSWER, told.rollback.target):
            return f"{who.person.name} has no role that answers for {told.rollback.target}."
        if answer is Answer.APPROVE and (why := stranger(who.person)):
            return f"{why}."
        return may_answer(question_of(told.rollback, told.plan), who.person, answer)
