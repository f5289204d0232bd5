"""What may be posted to a response URL. Called by ``http``."""

import json

from smartspec_rollback.testing.slack.blocks import message_faults
from smartspec_rollback.testing.slack.state import Obj, SlackError, State, Whispered

_KNOWN = frozenset(
    {"text", "blocks", "response_type", "replace_original", "delete_original", "thread_ts"}
)


def respond(state: State, path: str, body: bytes) -> Obj:
    """Take one answer; five fit a response URL."""
    given = json.loads(body)
    if unknown := sorted(given.keys() - _KNOWN):
        raise SlackError("invalid_arguments", [f"unknown argument: {name}" for name in unknown])
    if given.get("response_type", "ephemeral") not in {"ephemeral", "in_channel"}:
        raise SlackError("invalid_arguments", ["response_type"])
    if not given.get("text") and not given.get("blocks"):
        raise SlackError("no_text")
    if faults := message_faults(given.get("blocks", [])):
        raise SlackError("invalid_blocks", faults)
    with state.lock:
        found = state.response(path)
        state.member(found.user)
        told = Whispered(found.user, found.channel, given.get("text", ""), given.get("blocks", []))
        state.whispered.append(told)
    return {"ok": True}
