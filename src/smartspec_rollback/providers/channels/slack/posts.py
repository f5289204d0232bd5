"""What a Post is in Slack: arguments of a call, and how it is found again. Pure.

Called by the Messenger. The text beside the blocks is what notifications show; it is escaped here.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from smartspec_rollback.ports.messenger import Post

EVENT = "smartspec_post"
"""The type of the metadata that holds a post's key."""

TEXT_LIMIT = 4000
_SECTION = 1500  # UTF-16 counts twice what is beyond the basic plane, and a section takes 3000
_CUT = "…"


def written(post: Post, *, as_text: bool = False) -> dict[str, Any]:
    """Write a post as arguments: its blocks, or ``as_text`` what any reader understands.

    Text goes into blocks without markup, the one place where Slack shows it as it is.
    """
    document = json.loads(post.document).get("blocks") if post.document and not as_text else None
    return {"text": _escaped(_cut(post.text)), "blocks": document or _literal(post.text)}


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


def _literal(text: str) -> list[dict[str, Any]]:
    """Put text into sections that know no markup."""
    shown = _cut(text)
    pieces = (shown[at : at + _SECTION] for at in range(0, len(shown), _SECTION))
    return [
        {"type": "section", "text": {"type": "plain_text", "text": piece, "emoji": False}}
        for piece in pieces
        if piece.strip()
    ] or [{"type": "divider"}]


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + _CUT


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") or "-"
