"""Slack keeps the promises of every Messenger, through its own SDK against a strict workspace."""

import json
from collections.abc import Callable, Iterator

import pytest
from tests.unit.providers.channels.slack_rooms import (
    a_workspace,
    plan_post,
    secrets_of,
    settings_for,
)

from smartspec_rollback.ports.messenger import Messenger, Post
from smartspec_rollback.providers.channels.slack import SlackMessenger
from smartspec_rollback.testing.messenger_contract import HearsContract
from smartspec_rollback.testing.messenger_room import Talk
from smartspec_rollback.testing.samples import a_plan
from smartspec_rollback.testing.slack.workspace import ALICE, BOB, Workspace


class TestSlack(HearsContract):
    """Slack."""

    ALICE, BOB = f"slack:{ALICE}", f"slack:{BOB}"

    @pytest.fixture
    def workspace(self) -> Iterator[Workspace]:
        """Supply a workspace; nothing may be refused for its form."""
        with a_workspace() as workspace:
            self.secrets = secrets_of(workspace)
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
        return plan_post(a_plan(rollback_id))
