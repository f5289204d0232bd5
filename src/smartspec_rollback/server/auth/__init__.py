"""Who may come in to ``smartspec serve``: the guard around the whole application, and logging in.

``server.process`` asks ``listening`` where it may listen; the server's assembly makes a ``Guard``,
puts ``guard.protected`` around its application and adds the routes of ``Login``.
"""

from smartspec_rollback.server.auth.forms import CSRF_FIELD, CSRF_HEADER
from smartspec_rollback.server.auth.guard import Guard
from smartspec_rollback.server.auth.limits import Limits, Rate
from smartspec_rollback.server.auth.listening import Listening, listening
from smartspec_rollback.server.auth.login import Login

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "Guard",
    "Limits",
    "Listening",
    "Login",
    "Rate",
    "listening",
]
