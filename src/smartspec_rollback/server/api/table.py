"""Every route of the API. Requests are answered by this table, and OpenAPI is written from it.

A route is added in the module of its resource in ``routes`` and nowhere else: then it is
dispatched, described, documented, and part of the tests of who may do what.
"""

from smartspec_rollback.server.api.route import Route
from smartspec_rollback.server.api.routes import (
    deployments,
    inbound,
    ledger,
    process,
    rollbacks,
    tokens,
)

ROUTES: tuple[Route, ...] = (
    *rollbacks.ROUTES,
    *deployments.ROUTES,
    *ledger.ROUTES,
    *tokens.ROUTES,
    *inbound.ROUTES,
    *process.ROUTES,
)
"""Every route; one method of one path is there once."""
