"""What Slack's payloads say: commands, presses and modals as what was heard. Pure.

Called by ``app`` with payloads that came over an authenticated connection or with a good signature.
Their contents are as hostile as ever; a payload that is none of ours is ValueError.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.plan import SHORT, names_plan
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.buttons import Bound, Press, bound, choice
from smartspec_rollback.ports.messenger import COMMANDS, Answered, Commanded

MODAL = "smartspec_confirm"
TYPED = "digest"
"""The block of the modal in which the short form of the digest is typed."""

_LONGEST_DIGEST = len("sha256:") + 64 + 4
"""Characters of a whole digest, and a few that slip in with it."""

_ARGUMENTS_LIMIT = 8000
_METADATA_LIMIT = 3000

Payload = Mapping[str, Any]


class Handle(Value):
    """Where somebody is answered: by the response URL, or else to them in the channel."""

    url: str
    channel: str
    user: str


class Asked(Value):
    """What a modal that asks for the digest carries."""

    bound: Bound
    ref: str
    handle: Handle


def commanded(payload: Payload, names: Mapping[str, str]) -> Commanded:
    """Read a slash command; ``names`` says which of ours each configured one is."""
    typed = str(payload["command"])
    if typed not in names:
        raise ValueError("no command of ours")
    return Commanded(
        command=names[typed],
        arguments=_unescaped(str(payload.get("text") or ""))[:_ARGUMENTS_LIMIT],
        account=f"slack:{payload['user_id']}",
        room=f"slack:{payload['channel_id']}",
        event=_event("command", payload["trigger_id"]),
        handle=_handle(payload.get("response_url"), payload["channel_id"], payload["user_id"]),
    )


def chosen(payload: Payload) -> Commanded:
    """Read a press on a button that commands."""
    carried = choice(_action(payload)["value"])
    if carried.command not in COMMANDS:
        raise ValueError("no command of ours")
    _, channel, user = _place(payload)
    return Commanded(
        command=carried.command,
        arguments=carried.arguments,
        account=f"slack:{user}",
        room=f"slack:{channel}",
        event=_event("press", payload["trigger_id"]),
        handle=_handle(payload.get("response_url"), channel, user),
    )


def pressed(payload: Payload) -> Answered:
    """Read a press on Approve or Deny: bound to the whole digest of what was shown."""
    action = _action(payload)
    carried = bound(action["value"])
    ref, channel, user = _place(payload)
    approves = action["action_id"] == Press.APPROVE
    return Answered(
        answer=Answer.APPROVE if approves else Answer.DENY,
        account=f"slack:{user}",
        room=f"slack:{channel}",
        event=_event("press", payload["trigger_id"]),
        handle=_handle(payload.get("response_url"), channel, user),
        ref=ref,
        rollback_id=carried.rollback_id,
        digest=carried.digest,
    )


def modal(payload: Payload) -> dict[str, Any]:
    """Make the modal that asks for the short form of the digest."""
    carried = bound(_action(payload)["value"])
    ref, channel, user = _place(payload)
    asked = Asked(
        bound=Bound(rollback_id=carried.rollback_id, digest=carried.digest),
        ref=ref,
        handle=Handle(url=str(payload.get("response_url") or ""), channel=channel, user=user),
    )
    held = msgspec.json.encode(asked).decode()
    if len(held) > _METADATA_LIMIT:
        raise ValueError("too long for a modal")
    what = f"{carried.rollback_id}: {carried.gist}" if carried.gist else carried.rollback_id
    return {
        "type": "modal",
        "callback_id": MODAL,
        "private_metadata": held,
        "title": _plain("Approve a rollback"),
        "submit": _plain("Approve"),
        "close": _plain("Cancel"),
        "blocks": [
            {"type": "section", "block_id": "what", "text": _plain(what[:2900])},
            {
                "type": "input",
                "block_id": TYPED,
                "label": _plain(
                    f"The risk is high. Type the first {SHORT} digits of the plan's digest."
                ),
                "element": {
                    "type": "plain_text_input",
                    "action_id": TYPED,
                    "min_length": SHORT,
                    "max_length": _LONGEST_DIGEST,
                },
            },
        ],
    }


def submitted(payload: Payload) -> Answered | str:
    """Read a modal: an answer that names the digest as it was typed, or what is wrong with that."""
    view = payload["view"]
    if view.get("callback_id") != MODAL:
        raise ValueError("no modal of ours")
    try:
        asked = msgspec.json.decode(view["private_metadata"], type=Asked)
    except (msgspec.DecodeError, UnicodeError):
        raise ValueError("the modal is none of ours") from None
    user = str(payload["user"]["id"])
    if user != asked.handle.user:
        raise ValueError("the modal was opened for somebody else")
    said = str(view["state"]["values"][TYPED][TYPED].get("value") or "")
    typed = "".join(said.split()).lower().removeprefix("sha256:")
    if not names_plan(typed, asked.bound.digest):
        return (
            "That is not how this plan's digest begins. Read the plan, and type what stands there."
        )
    return Answered(
        answer=Answer.APPROVE,
        account=f"slack:{user}",
        room=f"slack:{asked.handle.channel}",
        event=_event("view", view["id"]),
        handle=msgspec.json.encode(asked.handle).decode(),
        ref=asked.ref,
        rollback_id=asked.bound.rollback_id,
        digest=typed,
    )


def handle_of(text: str) -> Handle:
    """Read where to answer; ValueError if it was not written here."""
    try:
        return msgspec.json.decode(text, type=Handle)
    except (msgspec.DecodeError, UnicodeError):
        raise ValueError("no handle of Slack") from None


def _action(payload: Payload) -> Mapping[str, Any]:
    action: Mapping[str, Any] = payload["actions"][0]
    return action


def _place(payload: Payload) -> tuple[str, str, str]:
    container = payload["container"]
    channel = container.get("channel_id") or payload["channel"]["id"]
    return str(container["message_ts"]), str(channel), str(payload["user"]["id"])


def _handle(url: object, channel: object, user: object) -> str:
    made = Handle(url=str(url or ""), channel=str(channel), user=str(user))
    return msgspec.json.encode(made).decode()


def _event(kind: str, unique: object) -> str:
    """Name an event; triggers are capabilities while they live, so they are kept as digests."""
    return f"slack:{kind}:{hashlib.sha256(str(unique).encode()).hexdigest()[:32]}"


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
