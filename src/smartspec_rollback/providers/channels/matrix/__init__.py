"""Matrix as a Messenger: a room of a homeserver, by the client-server API and nothing else."""

from smartspec_rollback.providers.channels.matrix.messenger import MatrixMessenger
from smartspec_rollback.providers.channels.matrix.settings import MatrixSettings

__all__ = ["MatrixMessenger", "MatrixSettings"]
