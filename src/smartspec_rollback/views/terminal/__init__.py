"""Everything on a terminal: colours, tables, a live display. The only views that import rich.

Called by ``cli``, which imports this lazily and only where standard output or error is a terminal.
Colour never carries meaning by itself: marks and words do, so NO_COLOR loses nothing.
"""

from smartspec_rollback.views.terminal.host import render_host, render_looked
from smartspec_rollback.views.terminal.lists import render_deployments, render_holds
from smartspec_rollback.views.terminal.live import LiveProgress
from smartspec_rollback.views.terminal.plan import render_plan
from smartspec_rollback.views.terminal.report import render_report, render_verdict

__all__ = [
    "LiveProgress",
    "render_deployments",
    "render_holds",
    "render_host",
    "render_looked",
    "render_plan",
    "render_report",
    "render_verdict",
]
