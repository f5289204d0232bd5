"""Slack keeps the promises of every Messenger, through its own SDK against a strict workspace."""

import json
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace
from tests.golden import cases

from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.messenger import Messenger, Post
from smartspec_rollback.providers.channels.slack import SlackMessenger, SlackSettings
from smartspec_rollback.testing.messenger_contract import HearsContract
from smartspec_rollback.testing.messenger_room import Talk
from smartspec_rollback.testing.samples import a_plan, a_rollback
from smartspec_rollback.testing.slack.workspace import ALICE, BOB, CHANNEL, Workspace
from smartspec_rollback.views import chat_blocks


class Kept:
    """A secret that a test made up."""

    def __init__(self, name: str, text: str) -> None:
        """Hold it."""
        self.place = f"environment variable {name}"
        self._text = text

    def resolve(self) -> Sensitive:
        """Return it."""
        return Sensitive(self._text)


def settings_for(workspace: Workspace) -> SlackSettings:
    """Make the settings of an app in this workspace."""
    state = workspace.state
    return SlackSettings(
        channel=CHANNEL,
        bot_token=Kept("SLACK_BOT_TOKEN", state.bot_token),
        app_token=Kept("SLACK_APP_TOKEN", state.app_token),
        signing_secret=Kept("SLACK_SIGNING_SECRET", state.signing_secret),
        api_url=workspace.url,
    )


class TestSlack(HearsContract):
    """Slack."""

    ALICE, BOB = f"slack:{ALICE}", f"slack:{BOB}"

    @pytest.fixture
    def workspace(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
        """Supply a workspace; nothing may be refused for its form."""
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)  # the SDK would go through it
        with Workspace() as workspace:
            self.secrets = (workspace.state.bot_token, workspace.state.app_token)
            yield workspace
            assert workspace.refused == []

    @pytest.fixture
    def make(self, workspace: Workspace) -> Callable[[], Messenger]:
        """Supply what makes Messengers of its channel."""
        return lambda: SlackMessenger(settings_for(workspace))

    @pytest.fixture
    def room(self, workspace: Workspace) -> Workspace:
        """Supply the channel."""
        return workspace

    @pytest.fixture
    def talk(self, workspace: Workspace) -> Talk:
        """Supply the channel with its people."""
        return workspace

    def document(self, text: str) -> str:
        """Write blocks."""
        section = {"type": "section", "text": {"type": "plain_text", "text": text}}
        return json.dumps({"blocks": [section]})

    def answerable(self, rollback_id: str) -> Post:
        """Write a plan with its buttons."""
        plan = a_plan(rollback_id)
        told = replace(
            cases.succeeded(plan),
            rollback=a_rollback(plan=plan, status=Status.AWAITING_APPROVAL),
        )
        content = chat_blocks.plan(told)
        return Post(key=f"{rollback_id}/plan", text=content.text, document=content.document)
