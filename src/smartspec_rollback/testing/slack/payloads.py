"""What Slack sends to an app, with the fields that it documents. Called by ``workspace``."""

import secrets
from collections.abc import Mapping

from smartspec_rollback.testing.slack.state import Obj, State, User


def command(
    state: State, user: User, channel: str, typed: str, text: str, *, trigger: str, url: str
) -> Obj:
    """Make a slash command, as a form holds it."""
    return {
        "token": "deprecated",
        "team_id": state.team,
        "team_domain": "example",
        "channel_id": channel,
        "channel_name": "incidents",
        "user_id": user.id,
        "user_name": user.name,
        "command": typed,
        "text": text,
        "api_app_id": state.app,
        "is_enterprise_install": "false",
        "response_url": url,
        "trigger_id": trigger,
    }


def press(
    state: State,
    user: User,
    message: Obj,
    button: Obj,
    *,
    block_id: str,
    channel: str,
    trigger: str,
    url: str,
) -> Obj:
    """Make the press of a button."""
    return {
        "type": "block_actions",
        **_who(state, user),
        "container": {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": channel,
            "is_ephemeral": False,
        },
        "channel": {"id": channel, "name": "incidents"},
        "message": message,
        "state": {"values": {}},
        "response_url": url,
        "trigger_id": trigger,
        "actions": [
            {
                "type": "button",
                "action_id": button["action_id"],
                "block_id": block_id,
                "text": button["text"],
                "value": button.get("value", ""),
                "action_ts": f"1772452800.{secrets.randbelow(10**6):06d}",
            }
        ],
    }


def submission(
    state: State, user: User, view: Obj, values: Mapping[str, str], *, trigger: str
) -> Obj:
    """Make a modal that was filled in."""
    filled = {
        block["block_id"]: {
            block["element"]["action_id"]: {
                "type": block["element"]["type"],
                "value": values[block["block_id"]],
            }
        }
        for block in view["blocks"]
        if block["type"] == "input"
    }
    shown = {name: value for name, value in view.items() if name != "opened_for"}
    return {
        "type": "view_submission",
        **_who(state, user),
        "trigger_id": trigger,
        "view": {**shown, "state": {"values": filled}, "hash": secrets.token_hex(8)},
        "response_urls": [],
    }


def _who(state: State, user: User) -> Obj:
    return {
        "team": {"id": state.team, "domain": "example"},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": state.team},
        "api_app_id": state.app,
        "token": "deprecated",
        "is_enterprise_install": False,
        "enterprise": None,
    }
