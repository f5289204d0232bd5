"""What a Post is in Slack: arguments of a call, and how it is found again. Pure.

Called by the Messenger. Text without blocks is escaped here, since it is nobody's markup.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from smartspec_rollback.ports.messenger import Post

EVENT = "smartspec_post"
"""The type of the metadata that holds a post's key."""

TEXT_LIMIT = 4000
_CUT = "…"


def written(post: Post, *, blocks: bool = True) -> dict[str, Any]:
    """Write a post as arguments; without ``blocks``, as text alone."""
    document = json.loads(post.document).get("blocks") if post.document and blocks else None
    arguments: dict[str, Any] = {"text": _plain(post.text), "mrkdwn": False}
    if document:
        arguments["blocks"] = document
    return arguments


def metadata(post: Post) -> dict[str, Any]:
    """Make the metadata by which a post is found again."""
    return {"event_type": EVENT, "event_payload": {"key": post.key}}


def is_there(message: Mapping[str, Any], post: Post, *, bot: str) -> bool:
    """Tell whether a message is this post, sent by this app itself; anybody can copy metadata."""
    held = message.get("metadata") or {}
    payload = held.get("event_payload") or {}
    return bool(
        bot
        and message.get("bot_id") == bot
        and held.get("event_type") == EVENT
        and payload.get("key") == post.key
    )


def found(messages: Iterable[Mapping[str, Any]], post: Post, *, bot: str) -> str | None:
    """Find a post among messages; its time stamp."""
    return next((str(m["ts"]) for m in messages if is_there(m, post, bot=bot)), None)


def _plain(text: str) -> str:
    shown = text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + _CUT
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") or "-"
