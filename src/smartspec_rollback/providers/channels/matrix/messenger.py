"""A room of a Matrix homeserver as a Messenger: posts, threads, edits, and what people say.

Made by ``wiring``; ``operations`` posts and listens. Every message carries its key, and is sent
under a transaction id made of it, so that the homeserver itself takes a repeated one for the same.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.ports.messenger import Form, Heard, Post
from smartspec_rollback.providers.channels.matrix.api import Api, Denied, Json, Missing
from smartspec_rollback.providers.channels.matrix.events import listed, read
from smartspec_rollback.providers.channels.matrix.hearing import Ear, keep_listening, wanted
from smartspec_rollback.providers.channels.matrix.settings import MatrixSettings
from smartspec_rollback.providers.system import SystemClock

KEY = "dev.smartspec.key"
"""The name in a message's content that holds the post's key."""

_MESSAGE = "m.room.message"
_LOOK_BACK = 5
_QUIET = ("progress", "reply")


class MatrixMessenger:
    """Posts to one room and hears what is said there; its methods may be called by any thread."""

    name: ClassVar[str] = "matrix"
    form: ClassVar[Form] = Form.HTML
    settings_type: ClassVar[type[Value]] = MatrixSettings

    def __init__(
        self, settings: MatrixSettings, *, clock: Clock | None = None, **_: object
    ) -> None:
        """Serve the room of ``settings``; nothing is read or sent yet."""
        self._settings = settings
        self._clock = clock or SystemClock()
        self._api = Api(settings)
        self._lock = threading.Lock()
        self._joined: str | None = None

    @property
    def place(self) -> str:
        """Name the room."""
        return f"matrix:{self._settings.room}"

    @property
    def hearing(self) -> str:
        """Name what is listened to: each room by itself."""
        return self.place

    @property
    def sign(self) -> str:
        """Say what commands begin with."""
        return self._settings.prefix

    def send(self, post: Post, /, *, thread: str) -> str:
        """Post, and return the event's id; one that stands there already is found again."""
        content = _content(post)
        if thread:
            content["m.relates_to"] = _in_thread(thread, above=thread)
        with self._in_room() as (api, room):
            if post.again and (found := self._standing(api, room, post.key)) is not None:
                return found
            return self._put(api, room, post.key, content)

    def edit(self, ref: str, post: Post, /) -> None:
        """Replace a message; ProviderError where somebody deleted it."""
        new = _content(post)
        first = post.text.strip().split("\n", 1)[0][:200]
        content: Json = {
            "msgtype": new["msgtype"],
            "body": f"* {first}",
            "m.new_content": new,
            "m.relates_to": {"rel_type": "m.replace", "event_id": ref},
            "m.mentions": {},
        }
        with self._in_room() as (api, room):
            self._must_stand(api, room, ref)
            digest = hashlib.sha256(f"{post.text}\0{post.document}".encode()).hexdigest()
            self._put(api, room, f"{post.key} {ref} {digest}", content)

    def listen(self, hear: Callable[[Heard], None], /, *, stop: Callable[[], bool]) -> None:
        """Pass on what is said in the room until ``stop``."""
        api = Api(self._settings)
        ears: list[Ear] = []

        def once() -> None:
            room, me = _entered(api, self._settings.room), _myself(api)
            if not ears:
                ears.append(Ear(api, room=room, me=me, place=self.place, sign=self.sign))
            ears[0].listen(hear, stop)

        try:
            keep_listening(once, stop=stop, clock=self._clock, place=self.place)
        finally:
            api.close()

    def reply(self, handle: str, post: Post, /) -> None:
        """Answer one message where it was said, so that its writer is told of it."""
        to = read(handle)
        content = _content(post)
        content["m.mentions"] = {"user_ids": [to.to]}
        content["m.relates_to"] = (
            _in_thread(to.thread, above=to.event)
            if to.thread
            else {"m.in_reply_to": {"event_id": to.event}}
        )
        with self._in_room() as (api, room):
            self._put(api, room, post.key, content)

    def is_there(self, account: str, /) -> bool:
        """Tell whether an account is in the room now."""
        user = account.removeprefix(f"{self.name}:")
        with self._in_room() as (api, room):
            try:
                found = api.get("rooms", room, "state", "m.room.member", user)
            except Missing:
                return False
            return found.get("membership") == "join"

    def examine(self) -> str:
        """Say as whom this posts; ProviderError where it cannot. Enters nothing."""
        api = Api(self._settings)
        try:
            me, room = _myself(api), self._settings.room
            if room.startswith("#"):
                room = str(api.get("directory", "room", room).get("room_id", ""))
            if room not in (api.get("joined_rooms").get("joined_rooms") or ()):
                _must_be_invited(api, room)
            return me
        finally:
            api.close()

    @contextmanager
    def _in_room(self) -> Iterator[tuple[Api, str]]:
        """Use the one connection; the room is entered first, and again once it was refused."""
        with self._lock:
            if self._joined is None:
                self._joined = _entered(self._api, self._settings.room)
            try:
                yield self._api, self._joined
            except Denied:
                self._joined = None
                raise

    def _put(self, api: Api, room: str, key: str, content: Json) -> str:
        transaction = hashlib.sha256(f"{self.place}\0{key}".encode()).hexdigest()[:40]
        found = api.put("rooms", room, "send", _MESSAGE, transaction, body=content)
        ref = found.get("event_id")
        if not isinstance(ref, str) or not ref:
            raise ProviderError("the homeserver named no event", where=api.where)
        return ref

    def _standing(self, api: Api, room: str, key: str) -> str | None:
        """Look back for a message of ours that carries the key."""
        me = _myself(api)
        query = {"dir": "b", "limit": "100"}
        for _ in range(_LOOK_BACK):
            page = api.get("rooms", room, "messages", query=query)
            for event in listed(page.get("chunk")):
                content, ref = event.get("content"), event.get("event_id")
                if event.get("sender") != me or not isinstance(content, dict):
                    continue
                if content.get(KEY) == key and isinstance(ref, str):
                    return ref
            then = page.get("end")
            if not isinstance(then, str):
                return None
            query["from"] = then
        return None

    def _must_stand(self, api: Api, room: str, ref: str) -> None:
        try:
            event = api.get("rooms", room, "event", ref)
        except Missing:
            event = {}
        if not event.get("content"):
            raise ProviderError(
                "the message was deleted", where=api.where, remedy="leave what the bot posts"
            )


def _content(post: Post) -> Json:
    """Write a message: what asks for attention as text, what goes on by itself as a notice."""
    quiet = post.key.rpartition("/")[2] in _QUIET or post.key.startswith("reply/")
    content: Json = {
        "msgtype": "m.notice" if quiet else "m.text",
        "body": post.text,
        "m.mentions": {},
        KEY: post.key,
    }
    if post.document:
        content["format"] = "org.matrix.custom.html"
        content["formatted_body"] = post.document
    return content


def _in_thread(root: str, *, above: str) -> Json:
    return {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": above == root,
        "m.in_reply_to": {"event_id": above},
    }


def _entered(api: Api, room: str) -> str:
    """Enter the room, and return its id; ProviderError where it cannot be used."""
    found = api.post("join", room, body={}).get("room_id")
    if not isinstance(found, str) or not found:
        raise ProviderError("the homeserver named no room", where=api.where)
    try:
        api.get("rooms", found, "state", "m.room.encryption", "")
    except Missing:
        return found
    raise ProviderError(
        "the room is end-to-end encrypted; nothing can be read or written there",
        where=api.where,
        remedy="use a room without encryption",
    )


def _must_be_invited(api: Api, room: str) -> None:
    """Raise ProviderError where the bot is neither in the room nor invited."""
    rooms = api.get("sync", query={"timeout": "0", "filter": wanted(room, {"limit": 1})}).get(
        "rooms"
    )
    invites = rooms.get("invite") if isinstance(rooms, dict) else None
    if not isinstance(invites, dict) or room not in invites:
        raise ProviderError(
            "the bot is not in the room",
            where=api.where,
            remedy="invite it; it joins when it first posts or listens",
        )


def _myself(api: Api) -> str:
    found = api.get("account", "whoami").get("user_id")
    if not isinstance(found, str) or not found:
        raise ProviderError("the homeserver does not say who the bot is", where=api.where)
    return found
