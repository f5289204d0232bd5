"""Requests to a homeserver's client-server API, and what its refusals mean. Called by the package.

Each thread has its own ``Api``. Errors say what to do and show neither the token nor what the
server wrote: that comes from outside.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import msgspec

from smartspec_rollback.errors import ConfigurationError, ProviderError, ProviderUnavailable
from smartspec_rollback.providers.channels.matrix.settings import MatrixSettings
from smartspec_rollback.providers.web import Answer, Connection, NoAnswer, address

Json: TypeAlias = dict[str, Any]
"""A JSON object from the server: hostile, every value of it is looked at before it is used."""

ANSWER_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer that are read: a hundred events of the greatest size, and some."""

_OK = 200
_REFUSED, _FORBIDDEN, _MISSING, _TOO_MANY, _SERVER_ERROR = 401, 403, 404, 429, 500
_SHORTEST, _LONGEST = 1.0, 60.0
_CODE = re.compile(r"[A-Z0-9_]{1,60}")


class Missing(ProviderError):
    """What was asked for is not there."""


class Denied(ProviderError):
    """The bot may not do that in this room."""


class Api:
    """One connection to the homeserver; not thread-safe."""

    def __init__(self, settings: MatrixSettings) -> None:
        """Connect when first needed."""
        self._settings = settings
        self._connection = Connection(address(settings.homeserver))

    @property
    def where(self) -> str:
        """Say where this talks to, for errors."""
        return f"channel matrix: {self._settings.room} at {self._settings.homeserver}"

    def close(self) -> None:
        """Close the connection; it may be used again."""
        self._connection.close()

    def get(self, *path: str, query: Mapping[str, str] | None = None, seconds: float = 0.0) -> Json:
        """Ask; ``seconds`` longer than usual where the server may wait."""
        asked = f"?{urlencode(query)}" if query else ""
        return self._request("GET", _path(path) + asked, None, seconds)

    def put(self, *path: str, body: Json) -> Json:
        """Put; the same request again does the same once."""
        return self._request("PUT", _path(path), body, 0.0)

    def post(self, *path: str, body: Json) -> Json:
        """Post."""
        return self._request("POST", _path(path), body, 0.0)

    def _request(self, method: str, path: str, body: Json | None, more: float) -> Json:
        try:
            token = self._settings.access_token.resolve().reveal().strip()
        except ConfigurationError as error:  # a channel that fails never stops a rollback
            raise ProviderError(error.what, where=self.where, remedy=error.remedy) from None
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "smartspec-matrix"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._connection.request(
                method,
                path,
                seconds=self._settings.timeout + more,
                headers=headers,
                body=None if body is None else msgspec.json.encode(body),
                limit=ANSWER_LIMIT,
            )
        except NoAnswer as error:
            raise ProviderUnavailable(
                f"the homeserver did not answer: {error.what}",
                where=self.where,
                remedy="check that the homeserver can be reached from here",
            ) from None
        return self._read(answer)

    def _read(self, answer: Answer) -> Json:
        found = _object(answer.body)
        if answer.status == _OK and found is not None:
            return found
        code = str((found or {}).get("errcode", ""))
        named = f" ({code})" if _CODE.fullmatch(code) else ""
        if answer.status == _TOO_MANY:
            raise ProviderUnavailable(
                "the homeserver asks to be quiet for a while",
                where=self.where,
                remedy="exempt the bot from its rate limits",
                after=_asked_for(answer, found or {}),
            )
        if answer.status >= _SERVER_ERROR or found is None:
            raise ProviderUnavailable(
                f"the homeserver failed: it answered {answer.status}{named}",
                where=self.where,
                remedy="look at the homeserver's log, and whether this is its address",
            )
        if answer.status == _REFUSED:
            raise ProviderError(
                f"the homeserver does not accept the access token{named}",
                where=self.where,
                remedy=f"log the bot in, and put its new token into "
                f"{self._settings.access_token.place}",
            )
        if answer.status == _FORBIDDEN:
            raise Denied(
                f"the homeserver refused{named}",
                where=self.where,
                remedy="invite the bot to the room, and let it write there",
            )
        kind = Missing if answer.status == _MISSING else ProviderError
        raise kind(
            f"the homeserver refused: it answered {answer.status}{named}",
            where=self.where,
            remedy="check the room and the homeserver's address",
        )


def _path(parts: tuple[str, ...]) -> str:
    """Write a path of the API; each part is quoted whole, so that none adds another."""
    return "/_matrix/client/v3/" + "/".join(quote(part, safe="") for part in parts)


def _object(body: bytes) -> Json | None:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _asked_for(answer: Answer, found: Json) -> float:
    """Read for how many seconds to be quiet; within reason."""
    told = found.get("retry_after_ms")
    if isinstance(told, int | float):
        seconds = told / 1000
    else:
        header = answer.headers.get("retry-after", "")
        seconds = float(header) if header.isdecimal() else _SHORTEST
    return min(_LONGEST, max(_SHORTEST, seconds))
