"""Reaching the server that has the ledger. Called by ``session``; imports what only that needs."""

import os
from typing import TYPE_CHECKING

from smartspec_rollback.cli.session import Session
from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.remote.place import place
from smartspec_rollback.remote.verbs import RemoteVerbs

if TYPE_CHECKING:
    from smartspec_rollback.cli.verbs import Verbs


def reached(session: Session, server: str) -> "Verbs":
    """Make the verbs of the ledger behind ``server``; nothing is asked yet."""
    if session.config is not None:
        raise UsageError(
            "--config and a server are both given; the server has a configuration of its own",
            where="--server, SMARTSPEC_SERVER",
            remedy="leave one of them out",
        )
    if session.verbose:
        from smartspec_rollback.cli.logs import show

        show(session.output)
    return RemoteVerbs(
        place(server, os.environ),
        clock=SystemClock(),
        stop=session.stop,
        terminal=session.terminal,
    )
