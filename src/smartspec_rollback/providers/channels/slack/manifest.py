"""The app manifest to paste into Slack: what the app is called, may do and listens to. Pure.

Called by ``smartspec slack manifest``. It says what the settings say, and asks for no scope that is
not used.
"""

from typing import Any

from msgspec import UNSET

from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.channels.slack.settings import SlackSettings

SCOPES = ("chat:write", "commands", "channels:history", "groups:history")
"""To post; to be commanded; to find an own post again, in a public or a private channel."""

COMMANDS_PATH, INTERACTIONS_PATH = "/v1/slack/commands", "/v1/slack/interactions"
"""Where a server takes signed requests in."""


def manifest(settings: SlackSettings, *, url: str | None) -> dict[str, Any]:
    """Write the manifest; ``url`` is the server's public address, needed without Socket Mode."""
    by_socket = settings.app_token is not UNSET
    if not by_socket and not url:
        raise UsageError(
            "Slack has to be told where the server is",
            where=f"channel slack: {settings.channel}",
            remedy="set `server.url`, or use Socket Mode: set `app_token`",
        )
    base = "" if by_socket or url is None else url.rstrip("/")
    interactions = {"request_url": base + INTERACTIONS_PATH} if base else {}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "SmartSpec Rollback",
            "description": "Returns a failed deployment to a version known to be good.",
            "background_color": "#1d3557",
        },
        "features": {
            "bot_user": {"display_name": "smartspec", "always_online": True},
            "slash_commands": [
                _command(
                    settings.command,
                    "Return a failed deployment to a version known to be good",
                    "--failed-deployment-id deploy-12345",
                    base,
                ),
                _command(
                    settings.gate_command,
                    "Judge a deployment by its objectives",
                    "--deployment-id deploy-12345",
                    base,
                ),
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "interactivity": {"is_enabled": True, **interactions},
            "org_deploy_enabled": False,
            "socket_mode_enabled": by_socket,
            "token_rotation_enabled": False,
        },
    }


def _command(name: str, description: str, hint: str, base: str) -> dict[str, Any]:
    where = {"url": base + COMMANDS_PATH} if base else {}
    return {
        "command": name,
        "description": description,
        "usage_hint": hint,
        "should_escape": False,
        **where,
    }
