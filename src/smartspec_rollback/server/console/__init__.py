"""The console: server-rendered pages over ``operations``, and live updates of a rollback's page.

``app`` makes a ``Console`` and serves its routes behind the guard. ``views.html`` makes the pages;
what may be seen or done is decided by ``operations``. Nothing here needs a script but to be live.
"""

from smartspec_rollback.server.console.console import Console

__all__ = ["Console"]
