"""An agent's view of a ledger that a server has. Made by ``cli.mcp``.

Speaks the HTTP API with a machine's token. The token goes to that one server and nowhere else:
never over plain HTTP to another machine, never after a redirect, never into an error.
"""

import http.client
import json
import urllib.error
import urllib.request
from ipaddress import ip_address
from typing import IO, Any, cast
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from smartspec_rollback.agents.backend import Document, reason_of
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import (
    Forbidden,
    ProviderError,
    ProviderUnavailable,
    Refused,
    SmartSpecError,
    UsageError,
)

_SECONDS = 120.0
_LIMIT = 16 * 1024 * 1024
_JSON, _MARKDOWN = "application/json", "text/markdown"


class RemoteBackend:
    """The API of one server."""

    def __init__(self, url: str, token: Sensitive, *, seconds: float = _SECONDS) -> None:
        """Speak to ``url``; UsageError where the token would travel in the open."""
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
        if not is_web or parts.username is not None or parts.query or parts.fragment:
            raise UsageError(
                "this is no address of a server",
                where="--server",
                remedy="write it like https://rollback.example.org",
            )
        if parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
            raise UsageError(
                "the token would travel in the open",
                where="--server",
                remedy="use https, or http on this machine only",
            )
        if not token:
            raise UsageError(
                "there is no token to speak to the server with",
                where="SMARTSPEC_TOKEN",
                remedy="`smartspec token create --name agent --scope read --scope request`",
            )
        self._base = url.rstrip("/")
        self._token = token
        self._seconds = seconds
        ways = [] if parts.scheme == "https" else [urllib.request.ProxyHandler({})]
        self._opener = urllib.request.build_opener(_NoRedirect, *ways)

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def plan(self, failed_deployment_id: str, target_version: str | None, /) -> Document:
        """Plan and check, and change nothing."""
        asked = {
            "failed_deployment_id": failed_deployment_id,
            "target_version": target_version,
            "dry_run": True,
        }
        return self._json("POST", "/v1/rollbacks", asked)

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
        return self._json("POST", "/v1/rollbacks", asked)

    def rollback(self, rollback_id: str, /) -> Document:
        """Tell of one rollback."""
        return self._json("GET", _of(rollback_id))

    def texts(self, rollback_id: str, /) -> tuple[str, str]:
        """Return its plan and its report."""
        return (
            self._text(f"{_of(rollback_id)}/plan"),
            self._text(f"{_of(rollback_id)}/report"),
        )

    def rollbacks(self, service: str | None, environment: str | None, /, *, limit: int) -> Document:
        """List the newest."""
        return self._json("GET", "/v1/rollbacks" + _query(service, environment, limit=limit))

    def deployments(
        self, service: str | None, environment: str | None, /, *, limit: int
    ) -> Document:
        """List the newest."""
        return self._json("GET", "/v1/deployments" + _query(service, environment, limit=limit))

    def services(self) -> Document:
        """Say what is live where."""
        return self._json("GET", "/v1/services")

    def holds(self) -> Document:
        """List the holds in force."""
        return self._json("GET", "/v1/holds")

    def journal(self, rollback_id: str, /, *, after: int) -> Document:
        """List what was written after an entry."""
        return self._json("GET", f"{_of(rollback_id)}/journal?after={after}")

    def _json(self, method: str, path: str, document: Document | None = None) -> Document:
        body = None if document is None else json.dumps(document).encode()
        found = self._exchange(method, path, accepted=_JSON, body=body)
        try:
            decoded = msgspec.json.decode(found)
        except msgspec.DecodeError:
            decoded = None
        if not isinstance(decoded, dict):
            raise ProviderError("the server answered something else", where=self._base)
        return cast("Document", decoded)

    def _text(self, path: str) -> str:
        found = self._exchange("GET", path, accepted=_MARKDOWN)
        return found.decode("utf-8", "replace")

    def _exchange(
        self, method: str, path: str, *, accepted: str, body: bytes | None = None
    ) -> bytes:
        asked = urllib.request.Request(  # noqa: S310 - http or https, as checked when it was made
            self._base + path,
            data=body,
            method=method,
            headers={
                "Accept": f"{accepted}, application/problem+json",
                "Authorization": f"Bearer {self._token.reveal()}",
                "User-Agent": "smartspec-mcp",
                **({"Content-Type": _JSON} if body is not None else {}),
            },
        )
        try:
            with self._opener.open(asked, timeout=self._seconds) as answer:
                return _bounded(answer, where=self._base)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read(_LIMIT), where=self._base) from None
        except (OSError, http.client.HTTPException):
            raise ProviderUnavailable(
                "the server cannot be reached, or did not answer in time",
                where=self._base,
                remedy="check --server, and that `smartspec serve` runs there",
            ) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirect would take the token along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Decline."""


def _bounded(answer: IO[bytes], *, where: str) -> bytes:
    found = answer.read(_LIMIT + 1)
    if len(found) > _LIMIT:
        raise ProviderError("the server's answer is too large", where=where)
    return found


def _refusal(status: int, body: bytes, *, where: str) -> SmartSpecError:
    """Make the error that a problem document tells of."""
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        told = None
    problem = told if isinstance(told, dict) else {}
    what = str(problem.get("detail") or f"the server answered {status}")
    remedy = str(problem.get("remedy") or "")
    match status:
        case 401 | 403:
            return Forbidden(what, where=where, remedy=remedy)
        case 404 | 422 | 400:
            return UsageError(what, where=where, remedy=remedy)
        case 409:
            return Refused(what, where=where, remedy=remedy)
        case 429 | 503:
            return ProviderUnavailable(what, where=where, remedy=remedy)
        case _:
            return ProviderError(what, where=where, remedy=remedy)


def _of(rollback_id: str) -> str:
    return f"/v1/rollbacks/{quote(rollback_id, safe='')}"


def _query(service: str | None, environment: str | None, *, limit: int) -> str:
    named = {"service": service, "environment": environment, "limit": str(limit)}
    return "?" + urlencode({name: value for name, value in named.items() if value is not None})


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
