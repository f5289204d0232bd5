"""Talking to an agent until it hangs up: what ``smartspec mcp`` does around ``agents``."""

import os
from typing import TYPE_CHECKING

from smartspec_rollback.cli.session import Session
from smartspec_rollback.errors import UsageError

if TYPE_CHECKING:
    from smartspec_rollback.agents.local import LocalBackend
    from smartspec_rollback.agents.remote import RemoteBackend


def talk(session: Session) -> int:
    """Serve tools and prompts on standard input and output; everything else goes to errors."""
    try:
        from smartspec_rollback.agents.tools import server_of
    except ImportError as error:
        raise UsageError(
            f"the package for agents is not installed: {error}",
            remedy="`pip install 'smartspec-rollback[mcp]'`",
        ) from error
    backend = _backend(session)
    try:
        server_of(backend).run("stdio")
    finally:
        backend.close()
    return 0


def _backend(session: Session) -> "LocalBackend | RemoteBackend":
    if session.server:
        from smartspec_rollback.agents.remote import RemoteBackend
        from smartspec_rollback.remote.place import place

        return RemoteBackend(place(session.server, os.environ))
    from smartspec_rollback.agents.local import LocalBackend

    return LocalBackend(session.config, tell=session.output.progress, warn=session.output.note)
