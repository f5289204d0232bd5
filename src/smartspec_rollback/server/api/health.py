"""What anybody may ask of the process itself. Called through ``table``."""

from smartspec_rollback.server.api.documents import HealthDocument
from smartspec_rollback.server.api.route import Call, Reply
from smartspec_rollback.server.api.served import Served


def alive(_: Served, __: Call[None, None]) -> Reply:
    """Say that the process answers."""
    return Reply(HealthDocument(ok=True))


def ready(served: Served, _: Call[None, None]) -> Reply:
    """Say whether requests are taken: the ledger can be read, and the server is not stopping."""
    why = served.health()
    return Reply(HealthDocument(ok=not why, why=why), status=503 if why else 200)


def described(served: Served, _: Call[None, None]) -> Reply:
    """Describe the API."""
    return Reply(served.describe())
