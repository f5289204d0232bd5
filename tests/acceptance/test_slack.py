"""``smartspec slack manifest``, as a user runs it."""

import json
import re
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION, Typed

from smartspec_rollback.testing.slack.state import BOT_SCOPES

_CHANNEL = """\
      channel:
        kind: slack
        channel: C012AB3CD
        bot_token: {env: SLACK_BOT_TOKEN}
"""
_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-slack.md"


def _configure(typed: Typed, *more: str) -> Typed:
    (typed.folder / "smartspec.yaml").write_text(CONFIGURATION + _CHANNEL + "".join(more))
    return typed


def _printed(typed: Typed) -> dict[str, object]:
    result = typed("smartspec", "slack", "manifest")
    assert result.code == 0, result.err
    return result.document


def test_manifest_is_what_the_page_shows(typed: Typed) -> None:
    """If it fails, people paste an app that does not fit the program."""
    _configure(typed, "        app_token: {env: SLACK_APP_TOKEN}\n")
    shown = re.search(r"```json\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    assert shown is not None
    assert _printed(typed) == json.loads(shown[1])


def test_manifest_asks_for_what_is_used(typed: Typed) -> None:
    """If it fails, the app cannot post, or may do what it never does."""
    _configure(typed, "        app_token: {env: SLACK_APP_TOKEN}\n")
    held = _printed(typed)["oauth_config"]
    assert isinstance(held, dict)
    assert set(held["scopes"]["bot"]) == BOT_SCOPES


def test_manifest_says_what_the_settings_say(typed: Typed) -> None:
    """If it fails, a renamed command is typed and nobody hears it."""
    _configure(
        typed,
        "        command: /undo\n",
        "        signing_secret: {env: SLACK_SIGNING_SECRET}\n",
        "server: {url: https://rollback.example.org}\n",
    )
    printed = json.dumps(_printed(typed))
    assert '"command": "/undo"' in printed
    assert '"url": "https://rollback.example.org/v1/slack/commands"' in printed
    assert '"request_url": "https://rollback.example.org/v1/slack/interactions"' in printed
    assert '"socket_mode_enabled": false' in printed


@pytest.mark.parametrize(
    ("more", "arguments", "said"),
    [
        ("", (), "server.url"),
        ("        app_token: {env: SLACK_APP_TOKEN}\n", ("--channel", "C9"), "C012AB3CD"),
    ],
)
def test_what_is_missing_is_said(
    typed: Typed, more: str, arguments: tuple[str, ...], said: str
) -> None:
    """If it fails, an app is made that nobody can reach, or of another channel."""
    result = _configure(typed, more)("smartspec", "slack", "manifest", *arguments)
    assert result.code == 2
    assert said in result.err
