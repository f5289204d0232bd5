"""An agent's view of a ledger that a server has. Made by ``cli.agents``.

Speaks the HTTP API as the commands do, with a machine's token. Documents are handed on as they
come: the server may be of another version than this.
"""

import secrets
from typing import Any
from urllib.parse import urlencode

from smartspec_rollback.agents.backend import Document, reason_of
from smartspec_rollback.remote.asking import Server, segment
from smartspec_rollback.remote.http import exchange
from smartspec_rollback.remote.place import Place
from smartspec_rollback.remote.problems import error_of

_SECONDS = 30.0
_GOOD = 200
_MARKDOWN = {"Accept": "text/markdown, application/problem+json"}


class RemoteBackend:
    """The API of one server."""

    def __init__(self, place: Place) -> None:
        """Speak to ``place``; nothing is asked yet."""
        self._place = place
        self._server = Server(place)

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def plan(self, failed_deployment_id: str, target_version: str | None, /) -> Document:
        """Plan and check, and change nothing."""
        asked = {
            "failed_deployment_id": failed_deployment_id,
            "target_version": target_version,
            "dry_run": True,
        }
        return self._asked(asked, harmless=True)

    def request(
        self, failed_deployment_id: str, target_version: str | None, /, *, reason: str
    ) -> Document:
        """Ask for a rollback that people approve."""
        asked = {
            "failed_deployment_id": failed_deployment_id,
            "target_version": target_version,
            "reason": reason_of(reason),
            "auto_approve": False,
        }
        return self._asked(asked, harmless=False)

    def rollback(self, rollback_id: str, /) -> Document:
        """Tell of one rollback."""
        return self._get(_of(rollback_id))

    def texts(self, rollback_id: str, /) -> tuple[str, str]:
        """Return its plan and its report."""
        return self._text(f"{_of(rollback_id)}/plan"), self._text(f"{_of(rollback_id)}/report")

    def rollbacks(self, service: str | None, environment: str | None, /, *, limit: int) -> Document:
        """List the newest."""
        return self._get("/v1/rollbacks", service=service, environment=environment, limit=limit)

    def deployments(
        self, service: str | None, environment: str | None, /, *, limit: int
    ) -> Document:
        """List the newest."""
        return self._get("/v1/deployments", service=service, environment=environment, limit=limit)

    def services(self) -> Document:
        """Say what is live where."""
        return self._get("/v1/services")

    def holds(self) -> Document:
        """List the holds in force."""
        return self._get("/v1/holds")

    def journal(self, rollback_id: str, /, *, after: int) -> Document:
        """List what was written after an entry."""
        return self._get(f"{_of(rollback_id)}/journal", after=after)

    def _get(self, path: str, **query: str | int | None) -> Document:
        given = {name: value for name, value in query.items() if value is not None}
        asked = f"{path}?{urlencode(given)}" if given else path
        return self._server.get(dict[str, Any], asked)

    def _asked(self, asked: Document, *, harmless: bool) -> Document:
        return self._server.post(
            dict[str, Any],
            "/v1/rollbacks",
            asked,
            again=True,
            harmless=harmless,
            headers={"Idempotency-Key": secrets.token_urlsafe(24)},
        )

    def _text(self, path: str) -> str:
        answer = exchange(self._place, "GET", path, headers=_MARKDOWN, seconds=_SECONDS)
        if answer.status != _GOOD:
            raise error_of(answer, place=str(self._place))
        return answer.body.decode("utf-8", "replace")


def _of(rollback_id: str) -> str:
    return f"/v1/rollbacks/{segment(rollback_id)}"
