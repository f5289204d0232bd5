"""The console's routes: which page is where, and what its forms do.

Made by ``app``, which adds ``routes`` behind the guard and opens and closes ``live`` with itself.
"""

from collections.abc import Callable
from http import HTTPStatus

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from smartspec_rollback.domain.access import Action, Principal
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.operations.events import Hub
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.server.auth import Guard
from smartspec_rollback.server.console import assets
from smartspec_rollback.server.console.asking import Endpoints, Handler
from smartspec_rollback.server.console.incident import Incident
from smartspec_rollback.server.console.live import Live
from smartspec_rollback.server.console.overview import Overview
from smartspec_rollback.server.streaming import EventStream

_PAGES, _PLANS = 16, 8


class Console:
    """The pages of one ledger."""

    def __init__(self, operations: Operations, guard: Guard, hub: Hub) -> None:
        """Show what ``operations`` has to whom ``guard`` knows; ``hub`` tells what happens."""
        self._operations = operations
        self._guard = guard
        self.live = Live(hub, operations.workspace.report)

    def _audits(self, who: Principal) -> bool:
        return self._operations.may(who, Action.AUDIT, None)

    def routes(self) -> list[BaseRoute]:
        """Return what is served where."""
        overview, incident = Overview(self._operations), Incident(self._operations)
        pages, plans = (
            Endpoints(self._guard, at_once=n, audits=self._audits) for n in (_PAGES, _PLANS)
        )
        seen: dict[str, Handler] = {
            "/": overview.services,
            "/deployments": overview.deployments,
            "/deployments/{deployment_id}": incident.deployment,
            "/rollbacks": overview.rollbacks,
            "/rollbacks/{rollback_id}": incident.rollback,
            "/rollbacks/{rollback_id}/report.html": incident.report_html,
            "/rollbacks/{rollback_id}/report.md": incident.report_markdown,
            "/rollbacks/{rollback_id}/report.json": incident.report_json,
            "/holds": overview.holds,
            "/readiness": overview.readiness,
            "/audit": overview.audit,
        }
        done: dict[str, Handler] = {
            "/rollbacks/{rollback_id}/approve": incident.approve,
            "/rollbacks/{rollback_id}/deny": incident.deny,
            "/rollbacks/{rollback_id}/resume": incident.resume,
            "/rollbacks/{rollback_id}/abandon": incident.abandon,
            "/holds/{hold_id}/release": overview.release,
        }
        return [
            *assets.routes(),
            *(Route(path, pages.of(handler), methods=["GET"]) for path, handler in seen.items()),
            *(Route(path, pages.of(handler), methods=["POST"]) for path, handler in done.items()),
            Route("/rollbacks", plans.of(incident.plan), methods=["POST"]),
            Route("/rollbacks/{rollback_id}/events", self._events, methods=["GET"]),
        ]

    async def _events(self, request: Request) -> Response:
        """Follow a rollback; whether the viewer may look is asked again and again."""
        rollback_id = str(request.path_params["rollback_id"])
        if self.live.is_full:
            busy = {"Retry-After": "5"}
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers=busy)
        if not await self._may_look(request, rollback_id):
            return Response(status_code=HTTPStatus.NO_CONTENT)  # the browser stops asking

        async def still() -> bool:
            return await self._may_look(request, rollback_id)

        seen = request.headers.get("last-event-id", "")
        return EventStream(self.live.follow(rollback_id, seen, still=still))

    async def _may_look(self, request: Request, rollback_id: str) -> bool:
        try:
            who = await self._guard.renewed(request)
            look: Callable[[], bool] = lambda: self._operations.may(  # noqa: E731 - for a thread
                who, Action.READ, self._operations.report(who, rollback_id).rollback.target
            )
            return await to_thread.run_sync(look)
        except SmartSpecError:
            return False
