"""A workspace with an app in it, for the tests of Slack beside this."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace
from tests.golden import cases

from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.messenger import Post
from smartspec_rollback.providers.channels.slack import SlackSettings
from smartspec_rollback.testing.slack.workspace import CHANNEL, Workspace
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


def settings_for(workspace: Workspace, **more: object) -> SlackSettings:
    """Make the settings of an app in this workspace."""
    state = workspace.state
    settings = SlackSettings(
        channel=CHANNEL,
        bot_token=Kept("SLACK_BOT_TOKEN", state.bot_token),
        app_token=Kept("SLACK_APP_TOKEN", state.app_token),
        signing_secret=Kept("SLACK_SIGNING_SECRET", state.signing_secret),
        api_url=workspace.url,
    )
    return replace(settings, **more)


def secrets_of(workspace: Workspace) -> tuple[str, ...]:
    """Name what must never be shown."""
    state = workspace.state
    return state.bot_token, state.app_token, state.signing_secret


@contextmanager
def a_workspace() -> Iterator[Workspace]:
    """Run a workspace without the proxies of this machine, which the SDK would go through."""
    with pytest.MonkeyPatch.context() as patched, Workspace() as workspace:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            patched.delenv(name, raising=False)
        yield workspace


def plan_post(plan: Plan) -> Post:
    """Write a plan that is asked about."""
    content = chat_blocks.plan(cases.asked(plan))
    return Post(key=f"{plan.rollback_id}/plan", text=content.text, document=content.document)


def said(key: str, *lines: str) -> Post:
    """Write some sentences."""
    content = chat_blocks.said(*lines)
    return Post(key=key, text=content.text, document=content.document)
