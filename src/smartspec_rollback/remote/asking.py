"""Asking one server: documents out and in, errors as our own, and asking again where that is safe.

Called by everything here that asks a server, and by ``agents``. What changes something is sent
again only where the server does it once; where nobody knows whether it was heard, that is what
the error says.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import (
    ProviderError,
    ProviderUnavailable,
    ServerLost,
    SmartSpecError,
)
from smartspec_rollback.remote.http import Answer, NoAnswer, NotSent, Unsecured, exchange
from smartspec_rollback.remote.place import Place
from smartspec_rollback.remote.problems import error_of, is_between, is_passing, is_uncertain

V = TypeVar("V")

JSON = {"Accept": "application/json, application/problem+json"}

_WITHIN = 30.0
_SLOW = 180.0
_PATIENCE = 20.0
_PAUSES = (0.2, 0.5, 1.0, 2.0)
_FINE = (200, 201, 202)


def segment(name: str) -> str:
    """Write a name as one part of a path."""
    return quote(name, safe="")


class Server:
    """One server; safe to use from several threads."""

    def __init__(
        self,
        place: Place,
        *,
        patience: float = _PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask at ``place``; for ``patience`` seconds again where that may help."""
        self.place = place
        self._patience = patience
        self._sleep = sleep
        self._monotonic = monotonic

    def get(self, kind: type[V], path: str, *, slow: bool = False, **query: str | int | None) -> V:
        """Read a document."""
        given = {name: value for name, value in query.items() if value is not None}
        asked = f"{path}?{urlencode(given)}" if given else path
        sending = _Sending("GET", asked, None, {}, again=True, slow=slow)
        try:
            return self._read(kind, self._send(sending))
        except _Heard as error:
            raise ProviderError(error.what) from None

    def post(
        self,
        kind: type[V],
        path: str,
        body: Value | Mapping[str, object] | None = None,
        *,
        again: bool,
        harmless: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> V:
        """Ask for something to be done; ``again``: done once, however often it is asked for.

        ServerLost where it may have been heard and no answer came, unless it is ``harmless``.
        """
        content = None if body is None else msgspec.json.encode(body)
        sending = _Sending("POST", path, content, headers or {}, again=again, slow=True)
        try:
            return self._read(kind, self._send(sending))
        except _Heard as error:
            if harmless:
                raise ProviderUnavailable(error.what, where=str(self.place)) from None
            raise ServerLost(
                f"{error.what}; whether it was done is not known",
                remedy="look with `smartspec history` or `smartspec show` once it answers again",
            ) from None

    def _send(self, sending: "_Sending") -> Answer:
        """Send until there is an answer; _Heard where it may have been heard without one."""
        ends, heard = self._monotonic() + self._patience, False
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            try:
                return self._exchanged(sending)
            except _Again as error:
                failed, heard = error.reason, heard or error.heard
            except SmartSpecError as error:
                if heard:
                    raise _Heard(error.what) from None
                raise
            too_late = self._monotonic() + pause >= ends
            if too_late or (heard and not sending.again):
                break
            self._sleep(pause)
        if heard and sending.method != "GET":
            raise _Heard(failed.what)
        raise failed

    def _exchanged(self, sending: "_Sending") -> Answer:
        """Send once; _Again where sending it once more may help."""
        try:
            answer = exchange(
                self.place,
                sending.method,
                sending.path,
                body=sending.body,
                headers={**JSON, **sending.headers},
                seconds=_SLOW if sending.slow else _WITHIN,
            )
        except Unsecured:
            raise
        except (NotSent, NoAnswer) as error:
            raise _Again(error, heard=isinstance(error, NoAnswer)) from None
        if answer.status in _FINE:
            return answer
        refused = error_of(answer, place=str(self.place))
        heard = is_between(answer) or (sending.again and is_uncertain(answer))
        if heard or is_passing(answer):
            away = ProviderUnavailable(refused.what, where=str(self.place))
            raise _Again(away, heard=heard)
        raise refused

    def _read(self, kind: type[V], answer: Answer) -> V:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _Heard(
                f"the answer of {self.place} cannot be read ({str(error)[:200]}): "
                "the server and this command have to be of one version"
            ) from None


@dataclass(frozen=True)
class _Sending:
    """One request; ``again``: it may be sent again."""

    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]
    again: bool
    slow: bool


class _Again(Exception):
    """One try came to nothing; ``heard`` if the server may have heard it."""

    def __init__(self, reason: ProviderError, *, heard: bool) -> None:
        super().__init__(reason.what)
        self.reason = reason
        self.heard = heard


class _Heard(ProviderError):
    """The server may have done what it was asked for, and nobody can say."""
