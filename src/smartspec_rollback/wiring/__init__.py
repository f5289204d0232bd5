"""The only place where objects are put together.

``workspace`` is one configuration with everything behind it, and its verbs; ``providers`` makes
what a Target is served by, ``assembly`` what the engine works with; ``recording`` keeps what is
known of a deployment. Whatever is heavy is imported when it is first needed, so that a command pays
for what it uses.
"""

from smartspec_rollback.wiring.assembly import short_id
from smartspec_rollback.wiring.surroundings import Surroundings
from smartspec_rollback.wiring.workspace import Workspace, open_workspace

__all__ = ["Surroundings", "Workspace", "open_workspace", "short_id"]
