"""What a Slack workspace holds: people, one app, channels with their messages, and modals.

``api`` changes it for calls, ``workspace`` for people. Every method is called under its lock.
"""

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

Obj = dict[str, Any]

BOT_SCOPES = frozenset({"chat:write", "commands", "channels:history", "groups:history"})
APP_SCOPES = frozenset({"connections:write"})

_TRIGGER_LIVES = 3.0
_FIRST_TS = 1_772_452_800
_RESPONSES = 5


class SlackError(Exception):
    """A call that Slack refuses, by its documented name."""

    def __init__(self, name: str, messages: list[str] | None = None, **more: str) -> None:
        """Name the error; ``messages`` say what is wrong with the arguments."""
        super().__init__(name)
        self.name = name
        self.messages = messages or []
        self.more = more


@dataclass
class User:
    """Somebody of the workspace."""

    id: str
    name: str
    deleted: bool = False


@dataclass
class Channel:
    """A channel, whether the app is in it, and its messages by their time stamps."""

    id: str
    private: bool = False
    joined: bool = True
    archived: bool = False
    messages: dict[str, Obj] = field(default_factory=dict)


@dataclass(frozen=True)
class Whispered:
    """A message that one person sees."""

    user: str
    channel: str
    text: str
    blocks: list[Obj]


@dataclass
class Response:
    """A response URL: whom it answers, and how often it was used."""

    user: str
    channel: str
    used: int = 0


@dataclass
class State:
    """All of it. Tokens are made up anew for each workspace."""

    channels: dict[str, Channel] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    whispered: list[Whispered] = field(default_factory=list)
    responses: dict[str, Response] = field(default_factory=dict)
    triggers: dict[str, tuple[str, float]] = field(default_factory=dict)
    views: dict[str, Obj] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    bot_token: str = field(default_factory=lambda: f"xoxb-{secrets.token_hex(12)}")
    app_token: str = field(default_factory=lambda: f"xapp-1-{secrets.token_hex(12)}")
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    bot_scopes: set[str] = field(default_factory=lambda: set(BOT_SCOPES))
    revoked: bool = False
    team: str = "T012AB3CD"
    app: str = "A012AB3CD"
    bot: str = "B012AB3CD"
    bot_user: str = "U0B0TB0T0"
    lock: threading.RLock = field(default_factory=threading.RLock)
    _count: int = 0

    def next_ts(self) -> str:
        """Make the time stamp of the next message; no two are the same."""
        self._count += 1
        return f"{_FIRST_TS + self._count // 10}.{self._count:06d}"

    def channel(self, channel_id: str) -> Channel:
        """Find a channel that the app may speak in."""
        found = self.channels.get(channel_id)
        if found is None or (found.private and not found.joined):
            raise SlackError("channel_not_found")
        if found.archived:
            raise SlackError("is_archived")
        if not found.joined:
            raise SlackError("not_in_channel")
        return found

    def member(self, user_id: str) -> User:
        """Find somebody who is still there."""
        found = self.users.get(user_id)
        if found is None or found.deleted:
            raise SlackError("user_not_in_channel")
        return found

    def trigger(self, user_id: str) -> str:
        """Make the trigger of an interaction; it opens one modal, soon."""
        trigger = f"{len(self.triggers)}.{secrets.token_hex(8)}"
        self.triggers[trigger] = (user_id, time.monotonic() + _TRIGGER_LIVES)
        return trigger

    def use_trigger(self, trigger: str) -> str:
        """Use a trigger up, and say whose it was."""
        if trigger not in self.triggers:
            raise SlackError("invalid_trigger_id")
        user, until = self.triggers[trigger]
        if not user:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() > until:
            raise SlackError("expired_trigger_id")
        self.triggers[trigger] = ("", until)
        return user

    def response(self, path: str) -> Response:
        """Use a response URL once more."""
        found = self.responses.get(path)
        if found is None:
            raise SlackError("invalid_url")
        if found.used >= _RESPONSES:
            raise SlackError("used_url")
        found.used += 1
        return found
