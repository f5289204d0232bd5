"""What an event of a room means: a command, an answer, or nothing to us. Pure.

Called by ``hearing``. Events come from any homeserver that takes part in the room, so nothing in
them is believed but what the own homeserver proves: the sender.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.messenger import COMMANDS, Answered, Commanded, Heard
from smartspec_rollback.providers.channels.matrix.api import Json

_MESSAGE, _REACTION = "m.room.message", "m.reaction"
TYPES = (_MESSAGE, _REACTION)
"""The types of events that may concern us."""

_APPROVE = frozenset("\u2705\u2714\u2611\U0001f44d\U0001f44c\U0001f7e2")
_DENY = frozenset("\u274c\u2716\u274e\U0001f44e\U0001f6ab\u26d4\U0001f6d1\U0001f534")
_MODIFIERS = re.compile("[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]")
_YES = re.compile(
    r"(?:approve|approved)[.!,:]?(?:\s+`?(?:sha256:)?(?P<digest>[0-9a-f]{8,64})`?"
    r"(?:[\s.,;:!]\s*(?P<reason>.*))?)?",
    re.IGNORECASE | re.DOTALL,
)
_NO = re.compile(r"(?:deny|denied)(?:[\s.,;:!]\s*(?P<reason>.*))?", re.IGNORECASE | re.DOTALL)
_SHORTLY = {"yes": Answer.APPROVE, "no": Answer.DENY}
"""What answers a plan that is replied to directly; in a thread people answer each other so."""

_USER = re.compile(r"@\S{1,254}")
_ID = re.compile(r"[!-~]{1,255}")
_QUOTED = re.compile(r"(?:>[^\n]*\n)+\n?")
_LATEST = 253402300799000


class Handle(Value):
    """Where a reply belongs: to an event, in a thread if there is one, for somebody."""

    event: str
    thread: str
    to: str


def written(handle: Handle) -> str:
    """Write a handle as the port passes it on."""
    return msgspec.json.encode(handle).decode()


def read(handle: str) -> Handle:
    """Read a handle of ours."""
    return msgspec.json.decode(handle, type=Handle)


def heard(event: Json, *, place: str, me: str, sign: str) -> Heard | None:
    """Say what an event means to us; None for talk, edits, and whatever is no event.

    ``me`` is the bot's own account, whose events mean nothing.
    """
    sender, name, content = event.get("sender"), event.get("event_id"), event.get("content")
    if not _is(sender, _USER) or not _is(name, _ID) or not isinstance(content, dict):
        return None
    if sender == me or "state_key" in event:
        return None
    found: Heard | None = None
    if event.get("type") == _REACTION:
        found = _reaction(content, str(sender), str(name), place)
    elif event.get("type") == _MESSAGE and content.get("msgtype") == "m.text":
        found = _message(content, str(sender), str(name), place, sign)
    at = _time(event.get("origin_server_ts"))
    return None if found is None else msgspec.structs.replace(found, said_at=at)


def meaning(key: str) -> Answer | None:
    """Say what a reaction answers, in any colour."""
    bare = _MODIFIERS.sub("", key)
    if len(bare) != 1:
        return None
    if bare in _APPROVE:
        return Answer.APPROVE
    return Answer.DENY if bare in _DENY else None


def listed(found: Any) -> Iterator[Json]:
    """Go through what should be a list of events."""
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            yield each


def _reaction(content: Json, sender: str, name: str, place: str) -> Answered | None:
    relation = _relation(content)
    to, key = relation.get("event_id"), relation.get("key")
    if relation.get("rel_type") != "m.annotation" or not _is(to, _ID) or not isinstance(key, str):
        return None
    answer = meaning(key[:16])
    if answer is None:
        return None
    handle = Handle(event=str(to), thread=str(to), to=sender)
    return Answered(
        answer=answer,
        account=f"matrix:{sender}",
        room=place,
        event=name,
        handle=written(handle),
        ref=str(to),
    )


def _message(
    content: Json, sender: str, name: str, place: str, sign: str
) -> Commanded | Answered | None:
    """Read a message; one that replaces another was edited, and means nothing any more."""
    relation, body = _relation(content), content.get("body")
    if relation.get("rel_type") == "m.replace" or not isinstance(body, str):
        return None
    above = _above(relation)
    thread = str(relation["event_id"]) if relation.get("rel_type") == "m.thread" and above else ""
    said = _QUOTED.sub("", body, count=1) if above and not thread else body
    if (command := _command(said, sign)) is not None:
        handle = Handle(event=name, thread=thread, to=sender)
        return Commanded(
            command=command[0],
            arguments=command[1],
            account=f"matrix:{sender}",
            room=place,
            event=name,
            handle=written(handle),
        )
    if not above:
        return None
    if not thread and (shortly := _SHORTLY.get(said.strip().rstrip(".!").lower())) is not None:
        said = "approve" if shortly is Answer.APPROVE else "deny"
    return _reply(said.strip(), above, sender, name, place)


def _command(said: str, sign: str) -> tuple[str, str] | None:
    """Split a command from what stands behind it; phones begin with a capital."""
    stripped = said.lstrip()
    lead = next((each for each in (sign, "/") if stripped.startswith(each)), None)
    if lead is None:
        return None
    word, *rest = stripped.removeprefix(lead).lstrip().split(maxsplit=1) or [""]
    plain = word.lower().replace("\\_", "_").replace("-", "_")
    return (plain, rest[0] if rest else "") if plain in COMMANDS else None


def _reply(said: str, above: str, sender: str, name: str, place: str) -> Answered | None:
    """Read a reply as an answer; anything that is not clearly one is talk."""
    yes, no = _YES.fullmatch(said), _NO.fullmatch(said)
    found = yes or no
    if found is None:
        return None
    groups = found.groupdict()
    return Answered(
        answer=Answer.APPROVE if yes else Answer.DENY,
        account=f"matrix:{sender}",
        room=place,
        event=name,
        handle=written(Handle(event=name, thread=above, to=sender)),
        ref=above,
        digest=(groups.get("digest") or "").lower(),
        reason=(groups.get("reason") or "").strip()[:2000],
    )


def _above(relation: Json) -> str:
    """Name the message that was answered: the thread's first, else the one replied to."""
    if relation.get("rel_type") == "m.thread" and _is(relation.get("event_id"), _ID):
        return str(relation["event_id"])
    replied = relation.get("m.in_reply_to")
    to = replied.get("event_id") if isinstance(replied, dict) else None
    return str(to) if _is(to, _ID) else ""


def _relation(content: Json) -> Json:
    found = content.get("m.relates_to")
    return found if isinstance(found, dict) else {}


def _is(found: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(found, str) and pattern.fullmatch(found) is not None


def _time(found: Any) -> datetime | None:
    if not isinstance(found, int) or not 0 <= found <= _LATEST:
        return None
    return datetime.fromtimestamp(found / 1000, UTC)
