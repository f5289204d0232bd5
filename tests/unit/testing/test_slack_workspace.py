"""The workspace refuses what Slack documents that it refuses, so that tests prove something."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from tests.unit.providers.channels.slack_rooms import a_workspace

from smartspec_rollback.testing.messenger_room import Trouble
from smartspec_rollback.testing.slack.blocks import message_faults, view_faults
from smartspec_rollback.testing.slack.mrkdwn import read
from smartspec_rollback.testing.slack.workspace import ALICE, CHANNEL, Workspace


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Supply a workspace."""
    with a_workspace() as workspace:
        yield workspace


@pytest.fixture
def client(workspace: Workspace) -> WebClient:
    """Supply Slack's own client."""
    return WebClient(workspace.state.bot_token, base_url=workspace.url, retry_handlers=[])


def _text(words: str = "words", **more: object) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": words, **more}


def _plain(words: str = "words") -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def _button(**more: object) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": _plain(), **more}


def _section(words: str = "words") -> dict[str, Any]:
    return {"type": "section", "text": _text(words)}


def _actions(*elements: object, **more: object) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


@pytest.mark.parametrize(
    "blocks",
    [
        [_section("x" * 3000)],
        [_section()] * 50,
        [{"type": "header", "text": _plain("x" * 150)}],
        [{"type": "context", "elements": [_text()] * 10}],
        [_actions(_button(value="x" * 2000, style="danger"))],
        [{"type": "section", "fields": [_text("x" * 2000)]}],
        [{"type": "divider"}],
    ],
)
def test_what_slack_takes_is_taken(blocks: list[Any]) -> None:
    """If it fails, tests forbid what Slack allows."""
    assert message_faults(blocks) == []


@pytest.mark.parametrize(
    "blocks",
    [
        "no list",
        [_section()] * 51,
        [_section("x" * 3001)],
        [_section("\U0001f6a8" * 1501)],
        [_section("")],
        [{"type": "section"}],
        [{"type": "section", "text": "words"}],
        [{"type": "section", "text": _text(emoji=True)}],
        [{"type": "header", "text": _text()}],
        [{"type": "header", "text": _plain("x" * 151)}],
        [{"type": "context", "elements": [_text()] * 11}],
        [{"type": "context", "elements": []}],
        [_actions()],
        [_actions(*(_button(action_id=str(n)) for n in range(26)))],
        [_actions(_button(), _button())],
        [_actions(_button(action_id="a"), block_id="b"), _actions(_button(), block_id="b")],
        [_actions(_button(text=_plain("x" * 76)))],
        [_actions(_button(value="x" * 2001))],
        [_actions(_button(style="green"))],
        [_actions({"type": "button", "text": _plain()})],
        [{"type": "nothing"}],
        [_section("x" * 2900)] * 6,
        [{**_section(), "colour": "red"}],
    ],
)
def test_what_slack_refuses_is_refused(blocks: object) -> None:
    """If it fails, a view passes here that Slack refuses in an incident."""
    assert message_faults(blocks)


@pytest.mark.parametrize(
    "change",
    [
        {"title": _plain("x" * 25)},
        {"private_metadata": "x" * 3001},
        {"submit": None},
        {"type": "home"},
        {"blocks": [_section()] * 101},
    ],
)
def test_modals_are_checked(change: dict[str, Any]) -> None:
    """If it fails, the dialog of a plan of high risk does not open in Slack."""
    entry = {"type": "plain_text_input", "action_id": "a"}
    view = {
        "type": "modal",
        "title": _plain(),
        "submit": _plain(),
        "blocks": [{"type": "input", "label": _plain(), "element": entry}],
    }
    assert view_faults(view) == []
    assert view_faults({k: v for k, v in {**view, **change}.items() if v is not None})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NONE", "text": "x"}, "channel_not_found"),
        ({"channel": CHANNEL}, "no_text"),
        ({"channel": CHANNEL, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": CHANNEL, "text": "x", "blocks": [{"type": "x"}]}, "invalid_blocks"),
        ({"channel": CHANNEL, "text": "x", "tread_ts": "1"}, "invalid_arguments"),
        ({"channel": CHANNEL, "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
        ({"channel": CHANNEL, "text": "x", "metadata": {"key": 1}}, "invalid_metadata_format"),
        ({"text": "x"}, "invalid_arguments"),
    ],
)
def test_calls_are_checked(client: WebClient, arguments: dict[str, Any], error: str) -> None:
    """If it fails, a call passes here that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        client.api_call("chat.postMessage", json=arguments)
    assert caught.value.response["error"] == error


def test_tokens_and_scopes_are_checked(workspace: Workspace, client: WebClient) -> None:
    """If it fails, an app that lacks a scope passes the tests."""
    state = workspace.state
    refusals = {}
    for name, token in {"none": "", "other": "xoxb-other", "app": state.app_token}.items():
        with pytest.raises(SlackApiError) as caught:
            WebClient(token, base_url=workspace.url).auth_test()
        refusals[name] = caught.value.response["error"]
    assert refusals == {
        "none": "not_authed",
        "other": "invalid_auth",
        "app": "not_allowed_token_type",
    }
    state.bot_scopes.discard("chat:write")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert caught.value.response["needed"] == "chat:write"
    with pytest.raises(SlackApiError) as caught:
        client.apps_connections_open(app_token=state.bot_token)
    assert caught.value.response["error"] == "not_allowed_token_type"


def test_only_own_messages_are_edited(workspace: Workspace, client: WebClient) -> None:
    """If it fails, an edit passes here that Slack refuses."""
    theirs = workspace.say("mine")
    with pytest.raises(SlackApiError) as caught:
        client.chat_update(channel=CHANNEL, ts=theirs, text="x")
    assert caught.value.response["error"] == "cant_update_message"


def test_a_trigger_opens_one_modal(workspace: Workspace, client: WebClient) -> None:
    """If it fails, a dialog opens here that Slack would not open."""
    view = {"type": "modal", "title": _plain(), "blocks": [_section()]}
    trigger = workspace.state.trigger(ALICE)
    client.views_open(trigger_id=trigger, view=view)
    for again in (trigger, "1.made-up"):
        with pytest.raises(SlackApiError):
            client.views_open(trigger_id=again, view=view)


def test_metadata_is_told_only_who_asks(client: WebClient) -> None:
    """If it fails, posts are found again here and not in Slack."""
    metadata = {"event_type": "t", "event_payload": {"key": "k"}}
    client.chat_postMessage(channel=CHANNEL, text="x", metadata=metadata)
    silent = client.conversations_history(channel=CHANNEL)["messages"][0]
    told = client.conversations_history(channel=CHANNEL, include_all_metadata=True)["messages"][0]
    assert "metadata" not in silent
    assert told["metadata"] == metadata


def test_a_busy_slack_says_when(workspace: Workspace, client: WebClient) -> None:
    """If it fails, limits of rate look like other errors."""
    workspace.befall(Trouble.BUSY)
    with pytest.raises(SlackApiError) as caught:
        client.auth_test()
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "2"


def test_mrkdwn_is_read_as_slack_shows_it() -> None:
    """If it fails, hostile text looks harmless in the tests and is not."""
    found = read(
        "*bold* _it_ `<!channel>` <!here> <@U1|al> <https://x.example|x> :tada: a_b_c &lt;"
    )
    assert found.marked == ["bold", "it"]
    assert found.calls == ["!channel", "!here", "@U1"]
    assert found.links == ["https://x.example"]
    assert found.emoji == [":tada:"]
    assert found.words.endswith("a_b_c <")
