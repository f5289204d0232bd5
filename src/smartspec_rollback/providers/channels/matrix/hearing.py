"""Listening in a room: everything that is said there since it was first listened to, in order.

Called by ``messenger``. How far the room was heard is kept on the homeserver, in the bot's own
account data for the room, and only after all of it was passed on: it belongs to the account and
not to a ledger, a machine or a process, and whoever listens next as this account goes on from
there. What is passed on twice counts once; that is the ledger's part.
"""

import logging
import secrets
from collections.abc import Callable

import msgspec

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock, Deadline
from smartspec_rollback.ports.messenger import Heard
from smartspec_rollback.providers.channels.matrix.api import Api, Json, Missing
from smartspec_rollback.providers.channels.matrix.events import TYPES, heard, listed

_LOG = logging.getLogger(__name__)

HEARD_UP_TO = "dev.smartspec.heard"
"""The type of the account data that says how far a room was heard."""

_WAIT_MS = 2000
_AT_ONCE = 50
_PAGES = 1000
_SLICE = 0.1
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


class Ear:
    """Listens in one room with a connection of its own."""

    def __init__(self, api: Api, *, room: str, me: str, place: str, sign: str) -> None:
        """Listen in the room with the id ``room``, as the account ``me``."""
        self._api = api
        self._room = room
        self._me = me
        self._place = place
        self._sign = sign
        self._token: str | None = None
        self._is_kept = True

    def listen(self, hear: Callable[[Heard], None], stop: Callable[[], bool]) -> None:
        """Pass on what is said until ``stop``; ProviderError where that goes wrong.

        Called again it goes on from where it was.
        """
        if self._token is None:
            self._token = self._kept()
        if self._token is None:
            token = self._now()
            self._keep(token)
            self._token = token
        while not stop():
            if not self._is_kept:
                self._keep(self._token)
                self._is_kept = True
            found = self._sync(self._token, wait=_WAIT_MS, limit=_AT_ONCE)
            if self._pass_on(found, self._token, hear):
                self._is_kept = False
            self._token = str(found.get("next_batch", "")) or self._token

    def _pass_on(self, found: Json, token: str, hear: Callable[[Heard], None]) -> bool:
        """Pass on what came with a sync, and before it what did not fit in."""
        timeline = _within(found, "rooms", "join", self._room, "timeline")
        anything = False
        if timeline.get("limited") is True:
            anything = self._gap(token, str(timeline.get("prev_batch", "")), hear)
        for event in listed(timeline.get("events")):
            anything = True
            self._one(event, hear)
        return anything

    def _gap(self, start: str, end: str, hear: Callable[[Heard], None]) -> bool:
        """Page through what was said between two moments."""
        at, anything = start, False
        for _ in range(_PAGES):
            query = {"dir": "f", "from": at, "limit": "100", "filter": _text(_filter())}
            if end:
                query["to"] = end
            page = self._api.get("rooms", self._room, "messages", query=query)
            for event in listed(page.get("chunk")):
                anything = True
                self._one(event, hear)
            then = page.get("end")
            if not isinstance(then, str) or then == at:
                return anything
            at = then
        _LOG.warning("%s: too much was said while nobody listened", self._place)
        return anything

    def _one(self, event: Json, hear: Callable[[Heard], None]) -> None:
        said = heard(event, place=self._place, me=self._me, sign=self._sign)
        if said is not None:
            hear(said)

    def _now(self) -> str:
        """Return the present moment; what was said before it is not listened to."""
        token = self._sync("", wait=0, limit=1).get("next_batch")
        if not isinstance(token, str) or not token:
            raise ProviderError("the homeserver's answer says no time", where=self._api.where)
        return token

    def _sync(self, token: str, *, wait: int, limit: int) -> Json:
        query = {"filter": wanted(self._room, _filter(limit)), "timeout": str(wait)}
        if token:
            query["since"] = token
        return self._api.get("sync", query=query, seconds=wait / 1000)

    def _kept(self) -> str | None:
        try:
            found = self._api.get(*self._data()).get("token")
        except Missing:
            return None
        return found if isinstance(found, str) and found else None

    def _keep(self, token: str) -> None:
        self._api.put(*self._data(), body={"token": token})

    def _data(self) -> tuple[str, ...]:
        return ("user", self._me, "rooms", self._room, "account_data", HEARD_UP_TO)


def keep_listening(
    once: Callable[[], None], *, stop: Callable[[], bool], clock: Clock, place: str
) -> None:
    """Listen again whenever that failed, after longer and longer pauses, until ``stop``."""
    failures = 0
    while not stop():
        began = clock.monotonic()
        try:
            once()
        except ProviderError as error:
            _LOG.warning("%s: %s", place, error.what)
        except Exception as error:  # noqa: BLE001 - whoever hears may fail; nothing is lost by it
            _LOG.warning("%s: hearing failed: %s", place, type(error).__name__)
        if clock.monotonic() - began > _LONGEST_PAUSE:
            failures = 0
        pause = Deadline.after(clock, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 10)))
        failures += 1
        while not stop() and not pause.expired:
            pause.pause(_SLICE)


def wanted(room: str, timeline: Json) -> str:
    """Write what is wanted of a sync: a room's timeline, and never an answer given before.

    Homeservers remember their answers to a first sync for minutes; a room that does not exist
    makes this one another question.
    """
    nothing: Json = {"types": []}
    return _text(
        {
            "presence": nothing,
            "account_data": nothing,
            "room": {
                "rooms": [room],
                "not_rooms": [f"!{secrets.token_hex(8)}:none.invalid"],
                "timeline": timeline,
                "state": nothing,
                "ephemeral": nothing,
                "account_data": nothing,
            },
        }
    )


def _filter(limit: int | None = None) -> Json:
    events: Json = {"types": list(TYPES), "lazy_load_members": True}
    if limit is not None:
        events["limit"] = limit
    return events


def _within(found: Json, *path: str) -> Json:
    """Go down into what the server answered; nothing where it is not as it should be."""
    for name in path:
        inner = found.get(name)
        if not isinstance(inner, dict):
            return {}
        found = inner
    return found


def _text(value: Json) -> str:
    return msgspec.json.encode(value).decode()
