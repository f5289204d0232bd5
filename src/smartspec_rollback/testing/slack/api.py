"""Slack's Web API: the methods this product calls, with the checks that Slack documents.

``http`` calls it with what came in. What is wrong is an error of Slack's own name; arguments that
nobody documents are refused, so that a typo does not pass here and fail there.
"""

import json
import secrets
from collections.abc import Callable, Mapping

from smartspec_rollback.testing.slack.blocks import message_faults, view_faults
from smartspec_rollback.testing.slack.state import (
    APP_SCOPES,
    Channel,
    Obj,
    SlackError,
    State,
    Whispered,
)

_TEXT = 40_000
_METADATA = 8_000
_COMMON = frozenset({"text", "blocks", "attachments", "parse", "link_names", "metadata"})
_POSTING = frozenset({"unfurl_links", "unfurl_media", "reply_broadcast", "mrkdwn", "thread_ts"})


def call(state: State, method: str, token: str, given: Mapping[str, object]) -> Obj:
    """Answer one call; SlackError where Slack would say no."""
    known = _METHODS.get(method)
    if known is None:
        raise SlackError("unknown_method")
    answer, scope = known
    _check_token(state, method, token, scope)
    arguments = {name: value for name, value in given.items() if name != "token"}
    with state.lock:
        return {"ok": True, **answer(state, arguments)}


def post(state: State, channel: Channel, arguments: Mapping[str, object]) -> Obj:
    """Make a message of the app's, checked."""
    message = _written(state, arguments)
    thread = arguments.get("thread_ts")
    if thread is not None:
        if thread not in channel.messages:
            raise SlackError("thread_not_found")
        message["thread_ts"] = thread
    message["ts"] = state.next_ts()
    channel.messages[message["ts"]] = message
    return message


def _check_token(state: State, method: str, token: str, scope: str | None) -> None:
    if not token:
        raise SlackError("not_authed")
    if state.revoked:
        raise SlackError("token_revoked")
    wants_app = method == "apps.connections.open"
    if token not in {state.bot_token, state.app_token}:
        raise SlackError("invalid_auth")
    if (token == state.app_token) is not wants_app:
        raise SlackError("not_allowed_token_type")
    held = APP_SCOPES if wants_app else state.bot_scopes
    if scope is not None and scope not in held:
        raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(held)))


def _auth_test(state: State, _: Mapping[str, object]) -> Obj:
    return {
        "url": "https://example.slack.com/",
        "team": "Example",
        "team_id": state.team,
        "user": "smartspec",
        "user_id": state.bot_user,
        "bot_id": state.bot,
    }


def _post_message(state: State, given: Mapping[str, object]) -> Obj:
    _only(given, _COMMON | _POSTING | {"channel"})
    channel = state.channel(_required(given, "channel"))
    message = post(state, channel, given)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def _update(state: State, given: Mapping[str, object]) -> Obj:
    _only(given, _COMMON | {"channel", "ts", "reply_broadcast"})
    channel = state.channel(_required(given, "channel"))
    ts = _required(given, "ts")
    found = channel.messages.get(ts)
    if found is None:
        raise SlackError("message_not_found")
    if found.get("bot_id") != state.bot:
        raise SlackError("cant_update_message")
    found |= _written(state, given)
    if "blocks" not in given:
        found.pop("blocks", None)
    found["edited"] = {"user": state.bot_user, "ts": state.next_ts()}
    return {"channel": channel.id, "ts": ts, "text": found["text"], "message": found}


def _post_ephemeral(state: State, given: Mapping[str, object]) -> Obj:
    _only(given, _COMMON - {"metadata"} | {"channel", "user", "thread_ts"})
    channel = state.channel(_required(given, "channel"))
    user = state.member(_required(given, "user"))
    message = _written(state, given)
    whispered = Whispered(user.id, channel.id, message["text"], message.get("blocks", []))
    state.whispered.append(whispered)
    return {"message_ts": state.next_ts()}


def _history(state: State, given: Mapping[str, object]) -> Obj:
    _only(given, {"channel", "limit", "cursor", "oldest", "latest", "include_all_metadata"})
    channel = state.channel(_required(given, "channel"))
    _check_history_scope(state, channel)
    top = [m for m in channel.messages.values() if m.get("thread_ts", m["ts"]) == m["ts"]]
    return _page(given, sorted(top, key=lambda m: str(m["ts"]), reverse=True))


def _replies(state: State, given: Mapping[str, object]) -> Obj:
    _only(given, {"channel", "ts", "limit", "cursor", "oldest", "latest", "include_all_metadata"})
    channel = state.channel(_required(given, "channel"))
    _check_history_scope(state, channel)
    thread = _required(given, "ts")
    if thread not in channel.messages:
        raise SlackError("thread_not_found")
    found = [m for m in channel.messages.values() if thread in {m["ts"], m.get("thread_ts")}]
    return _page(given, sorted(found, key=lambda m: str(m["ts"])))


def _check_history_scope(state: State, channel: Channel) -> None:
    scope = "groups:history" if channel.private else "channels:history"
    if scope not in state.bot_scopes:
        held = ",".join(sorted(state.bot_scopes))
        raise SlackError("missing_scope", needed=scope, provided=held)


def _page(given: Mapping[str, object], messages: list[Obj]) -> Obj:
    limit = int(str(given.get("limit", 100)))
    if not 1 <= limit <= 999:
        raise SlackError("invalid_limit")
    oldest = str(given.get("oldest", "0"))
    if float(oldest):
        messages = [m for m in messages if float(m["ts"]) > float(oldest)]
    start = int(str(given.get("cursor") or 0))
    shown = messages[start : start + limit]
    if str(given.get("include_all_metadata", "0")).lower() not in {"1", "true"}:
        shown = [{k: v for k, v in m.items() if k != "metadata"} for m in shown]
    more = start + limit < len(messages)
    answer: Obj = {"messages": shown, "has_more": more}
    if more:
        answer["response_metadata"] = {"next_cursor": str(start + limit)}
    return answer


def _views_open(state: State, given: Mapping[str, object]) -> Obj:
    _only(given, {"trigger_id", "view"})
    view = _decoded(given.get("view"))
    if faults := view_faults(view):
        raise SlackError("invalid_arguments", faults)
    user = state.use_trigger(_required(given, "trigger_id"))
    opened: Obj = {**view, "id": f"V{secrets.token_hex(5).upper()}", "opened_for": user}
    state.views[opened["id"]] = opened
    return {"view": opened}


def _connections_open(state: State, given: Mapping[str, object]) -> Obj:
    _only(given, set())
    ticket = secrets.token_hex(8)
    state.tickets.add(ticket)
    return {"ticket": ticket}


_METHODS: Mapping[str, tuple[Callable[[State, Mapping[str, object]], Obj], str | None]] = {
    "auth.test": (_auth_test, None),
    "chat.postMessage": (_post_message, "chat:write"),
    "chat.update": (_update, "chat:write"),
    "chat.postEphemeral": (_post_ephemeral, "chat:write"),
    "conversations.history": (_history, None),
    "conversations.replies": (_replies, None),
    "views.open": (_views_open, None),
    "apps.connections.open": (_connections_open, "connections:write"),
}


def _written(state: State, given: Mapping[str, object]) -> Obj:
    """Check what is to be shown, and make a message of it."""
    text = given.get("text", "")
    if not isinstance(text, str):
        raise SlackError("invalid_arguments", ["text: must be a string"])
    if len(text) > _TEXT:
        raise SlackError("msg_too_long")
    message: Obj = {
        "type": "message",
        "user": state.bot_user,
        "bot_id": state.bot,
        "app_id": state.app,
        "text": text,
        "mrkdwn": str(given.get("mrkdwn", True)).lower() not in {"0", "false"},
    }
    if given.get("blocks") is not None:
        blocks = _decoded(given["blocks"])
        faults = message_faults(blocks)
        if any(fault.startswith("msg_blocks_too_long") for fault in faults):
            raise SlackError("msg_blocks_too_long")
        if faults:
            raise SlackError("invalid_blocks", faults)
        message["blocks"] = blocks
    elif not text:
        raise SlackError("no_text")
    if given.get("metadata") is not None:
        message["metadata"] = _metadata(_decoded(given["metadata"]))
    return message


def _metadata(given: object) -> object:
    fits = (
        isinstance(given, dict)
        and set(given) == {"event_type", "event_payload"}
        and isinstance(given["event_type"], str)
        and isinstance(given["event_payload"], dict)
    )
    if not fits:
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(given)) > _METADATA:
        raise SlackError("metadata_too_large")
    return given


def _decoded(given: object) -> Obj:
    """Read what forms carry as JSON."""
    if not isinstance(given, str):
        return given  # type: ignore[return-value]  # a JSON body has it decoded; it is checked next
    try:
        decoded: Obj = json.loads(given)
    except ValueError:
        raise SlackError("invalid_arguments", ["not JSON"]) from None
    return decoded


def _required(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise SlackError("invalid_arguments", [f"missing required field: {name}"])
    return value


def _only(given: Mapping[str, object], known: frozenset[str] | set[str]) -> None:
    if unknown := sorted(given.keys() - known):
        raise SlackError("invalid_arguments", [f"unknown argument: {name}" for name in unknown])
