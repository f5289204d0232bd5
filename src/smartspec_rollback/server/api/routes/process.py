"""The routes about the process itself; they need no permission.

One part of ``table``.
"""

from smartspec_rollback.server.api import health
from smartspec_rollback.server.api.documents import HealthDocument
from smartspec_rollback.server.api.route import JSON, Returns, Route

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/healthz",
        name="isAlive",
        summary="Say that the process answers.",
        tag="process",
        action=None,
        handler=health.alive,
        returns=(Returns(200, "It does.", HealthDocument),),
    ),
    Route(
        method="GET",
        path="/readyz",
        name="isReady",
        summary="Say whether requests are taken.",
        tag="process",
        action=None,
        handler=health.ready,
        returns=(
            Returns(200, "They are.", HealthDocument),
            Returns(503, "They are not.", HealthDocument),
        ),
    ),
    Route(
        method="GET",
        path="/openapi.json",
        name="describeApi",
        summary="Describe this API.",
        tag="process",
        action=None,
        handler=health.described,
        returns=(Returns(200, "An OpenAPI 3.1 document.", media=JSON),),
    ),
)
