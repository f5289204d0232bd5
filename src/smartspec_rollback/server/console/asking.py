"""One request for a page: who asks and for what; and what comes of errors, which is a page too.

Used by the console's pages. Handlers are plain functions that run in a thread, since they may wait
for a disk, or for a platform while a plan is made.
"""

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.server.api.problems import Problem, Rejected, of_error, unforeseen
from smartspec_rollback.server.auth import Guard
from smartspec_rollback.server.auth.forms import fields_of
from smartspec_rollback.server.console.assets import ASSETS
from smartspec_rollback.views.html.layout import Viewer, link, page
from smartspec_rollback.views.markup import Node, outside, prose, tag

_LOG = logging.getLogger(__name__)

SEE_OTHER = 303


@dataclass(frozen=True)
class Asked:
    """A request for a page: by whom, with what; ``viewer`` is what the page says of them."""

    who: Principal
    viewer: Viewer
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]


Handler = Callable[[Asked], Response]


class Endpoints:
    """Makes endpoints of handlers."""

    def __init__(self, guard: Guard, *, at_once: int, audits: Callable[[Principal], bool]) -> None:
        """Let ``guard`` say who asks, and so many handlers run at once.

        ``audits`` tells whether somebody may read the audit log.
        """
        self._guard = guard
        self._audits = audits
        self._at_once = at_once

    @functools.cached_property
    def _threads(self) -> CapacityLimiter:
        return CapacityLimiter(self._at_once)

    def of(self, handler: Handler) -> Callable[[Request], object]:
        """Make the endpoint of a handler; whatever it raises becomes a page."""

        async def endpoint(request: Request) -> Response:
            viewer = Viewer()
            try:
                who = self._guard.principal(request)
                viewer = Viewer(
                    name=who.person.name,
                    csrf=self._guard.csrf_token(request),
                    audits=self._audits(who),
                )
                form = await _form(request)
                asked = Asked(
                    who=who,
                    viewer=viewer,
                    path={name: str(value) for name, value in request.path_params.items()},
                    query=dict(request.query_params),
                    form=form,
                )
                return await to_thread.run_sync(handler, asked, limiter=self._threads)
            except SmartSpecError as error:
                return refused(of_error(error), viewer)
            except Rejected as rejected:
                return refused(rejected.problem, viewer)
            except Exception:  # noqa: BLE001 - its text may hold what nobody outside should read
                _LOG.exception("a page could not be made", extra={"action": "console"})
                return refused(unforeseen(), viewer)

        return endpoint


def shown(
    title: str,
    *body: Node,
    viewer: Viewer,
    here: str = "",
    status: int = 200,
    live: bool = False,
    refresh: int | None = None,
) -> Response:
    """Answer with a page."""
    written = page(
        title, *body, viewer=viewer, assets=ASSETS, here=here, live=live, refresh=refresh
    )
    return HTMLResponse(written, status)


def refused(found: Problem, viewer: Viewer) -> Response:
    """Answer with a page about what went wrong, and what to do about it."""
    nearest = [tag("li", outside(name)) for name in found.nearest]
    return shown(
        found.title,
        tag("p", outside(found.detail), role="alert"),
        tag("p", "Where: ", outside(found.where)) if found.where else None,
        tag("p", "To do: ", prose(found.remedy)) if found.remedy else None,
        tag("ul", (tag("li", outside(each)) for each in found.details)) if found.details else None,
        (tag("p", "Did you mean:"), tag("ul", nearest)) if nearest else None,
        tag("p", link("Rollback ", "rollbacks", found.rollback_id)) if found.rollback_id else None,
        tag("p", tag("a", "Back to the start", href="/")),
        viewer=viewer,
        status=found.status,
    )


async def _form(request: Request) -> dict[str, str]:
    if request.method != "POST":
        return {}
    try:
        return fields_of(await request.body())
    except ValueError:
        raise Rejected("malformed", "the form cannot be read") from None


def leads_to(address: str) -> Response:
    """Send the browser on after a form, so that reloading sends nothing again."""
    return RedirectResponse(address, SEE_OTHER)
