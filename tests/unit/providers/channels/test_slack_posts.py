"""Posts to Slack arrive once, whatever somebody deletes, forges or forbids."""

import logging
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.golden import cases
from tests.unit.providers.channels.slack_rooms import (
    Kept,
    a_workspace,
    plan_post,
    said,
    secrets_of,
    settings_for,
)

from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.messenger import Post
from smartspec_rollback.providers.channels.slack import SlackMessenger
from smartspec_rollback.testing.messenger_room import Trouble
from smartspec_rollback.testing.slack.workspace import ALICE, CHANNEL, Workspace


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Supply a workspace."""
    with a_workspace() as workspace:
        yield workspace


@pytest.fixture
def slack(workspace: Workspace) -> SlackMessenger:
    """Supply a Messenger of its channel."""
    return SlackMessenger(settings_for(workspace))


def _texts(workspace: Workspace) -> list[str]:
    return [shown.text for shown in workspace.shown()]


def _sent_again(slack: SlackMessenger, post: Post, *, thread: str = "") -> str:
    return slack.send(replace(post, again=True), thread=thread)


def test_a_first_post_looks_for_nothing(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, every post reads the channel, and a busy one runs into Slack's limits."""
    slack.send(said("rb-1/plan", "the plan"), thread="")
    assert workspace.server.calls == ["/api/chat.postMessage"]


def test_what_was_found_again_says_what_it_should(
    slack: SlackMessenger, workspace: Workspace
) -> None:
    """If it fails, a post that arrived before a crash keeps what is no longer so."""
    ref = slack.send(said("rb-1/plan", "before the crash"), thread="")
    assert _sent_again(slack, said("rb-1/plan", "after the crash")) == ref
    assert _texts(workspace) == ["after the crash"]


def test_a_post_is_found_behind_many_messages(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a busy channel gets the plan twice after a crash."""
    ref = slack.send(said("rb-1/plan", "the plan"), thread="")
    for number in range(450):
        workspace.say(f"what is going on? {number}")
    assert _sent_again(slack, said("rb-1/plan", "the plan")) == ref


def test_a_forged_post_is_not_ours(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, anybody's app keeps a plan from being shown by copying its metadata."""
    metadata = {"event_type": "smartspec_post", "event_payload": {"key": "rb-1/plan"}}
    workspace.say("looks like the plan", metadata=metadata, bot_id="B0ATTACK0")
    _sent_again(slack, said("rb-1/plan", "the plan"))
    assert _texts(workspace) == ["looks like the plan", "the plan"]


def test_a_channel_that_may_not_be_read_is_told_all_the_same(
    slack: SlackMessenger, workspace: Workspace
) -> None:
    """If it fails, a missing scope keeps every plan from being shown after a hiccup."""
    workspace.state.bot_scopes.discard("channels:history")
    _sent_again(slack, said("rb-1/plan", "the plan"))
    assert _texts(workspace) == ["the plan"]


def test_a_private_channel_is_told(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, an incident channel has to be public."""
    workspace.channel.private = True
    ref = slack.send(said("rb-1/plan", "the plan"), thread="")
    assert _sent_again(slack, said("rb-1/plan", "the plan")) == ref


def test_a_deleted_plan_does_not_swallow_its_progress(
    slack: SlackMessenger, workspace: Workspace
) -> None:
    """If it fails, deleting one message hides how the rollback went."""
    plan = slack.send(said("rb-1/plan", "the plan"), thread="")
    workspace.delete(plan)
    slack.send(said("rb-1/progress", "step 1"), thread=plan)
    _sent_again(slack, said("rb-1/other", "step 2"), thread=plan)
    assert _texts(workspace) == ["step 1", "step 2"]


def test_blocks_that_are_refused_become_text(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a view that Slack dislikes keeps a plan from being shown at all."""
    broken = '{"blocks":[{"type":"section","text":{"type":"mrkdwn","text":""}}]}'
    ref = slack.send(Post(key="rb-1/plan", text="the plan", document=broken), thread="")
    assert _texts(workspace) == ["the plan"]
    slack.edit(ref, Post(key="rb-1/plan", text="the plan, approved", document=broken))
    assert _texts(workspace) == ["the plan, approved"]


def test_the_whole_plan_is_taken_by_slack(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, people see the plan without its buttons."""
    for plan in (cases.safe(), cases.uncertain(), cases.refused(), cases.breaking()):
        slack.send(plan_post(plan), thread="")
    assert workspace.refused == []
    assert len(workspace.shown()) == 4


def test_a_text_longer_than_slack_takes_is_cut(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a long reason is an error instead of a message."""
    slack.send(Post(key="rb-1/plan", text="&" * 100_000), thread="")
    assert _texts(workspace)[0].endswith("…")


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("not-joined", f"invite the app to the channel {CHANNEL}"),
        ("scope", "give the app the scope chat:write"),
        ("token", "put its bot token (xoxb-…) into the environment variable SLACK_BOT_TOKEN"),
        ("archived", "invite the app to the channel"),
    ],
)
def test_what_a_person_must_mend_is_said(workspace: Workspace, wrong: str, remedy: str) -> None:
    """If it fails, nobody knows why Slack is silent, or the token stands in a log."""
    settings = settings_for(workspace)
    if wrong == "not-joined":
        workspace.channel.joined = False
    elif wrong == "archived":
        workspace.channel.archived = True
    elif wrong == "scope":
        workspace.state.bot_scopes.discard("chat:write")
    else:
        settings = replace(settings, bot_token=Kept("SLACK_BOT_TOKEN", "xoxb-of-somebody-else"))
    with pytest.raises(ProviderError) as caught:
        SlackMessenger(settings).send(said("rb-1/plan", "the plan"), thread="")
    assert not isinstance(caught.value, ProviderUnavailable)
    assert remedy in caught.value.remedy
    assert "xoxb-of" not in str(caught.value)


def test_rate_limits_say_how_long(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a limited app goes on calling and is limited for longer."""
    workspace.befall(Trouble.BUSY)
    with pytest.raises(ProviderUnavailable) as caught:
        slack.send(said("rb-1/plan", "the plan"), thread="")
    assert caught.value.after == 2
    assert workspace.server.calls == ["/api/chat.postMessage"]


def test_no_secret_is_logged(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    """If it fails, whoever reads the log can post and approve."""
    caplog.set_level(logging.DEBUG)
    slack = SlackMessenger(settings_for(workspace))
    for trouble in Trouble:
        workspace.befall(trouble)
        with pytest.raises(ProviderError) as caught:
            slack.send(said("rb-1/plan", "the plan"), thread="")
        workspace.mend()
        assert not any(secret in repr(caught.value) for secret in secrets_of(workspace))
        assert caught.value.__cause__ is None
    slack.send(said("rb-2/plan", "the plan"), thread="")
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert not any(secret in told for secret in secrets_of(workspace))


def test_a_reply_goes_to_its_writer_when_the_address_is_spent(
    slack: SlackMessenger, workspace: Workspace
) -> None:
    """If it fails, the sixth answer to a command is never told."""
    url = str(workspace.command("smartspec_rollback", "", account=ALICE)["response_url"])
    handle = f'{{"url":"{url}","channel":"{CHANNEL}","user":"{ALICE}"}}'
    for number in range(7):
        slack.reply(handle, said("reply", f"answer {number}"))
    assert workspace.told(ALICE) == tuple(f"answer {number}" for number in range(7))
    assert workspace.server.calls.count("/api/chat.postEphemeral") == 2
    assert not workspace.shown()


def test_who_left_cannot_be_told(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, answering somebody who left is tried for ever."""
    handle = f'{{"url":"","channel":"{CHANNEL}","user":"{ALICE}"}}'
    workspace.state.users[ALICE].deleted = True
    with pytest.raises(ProviderError) as caught:
        slack.reply(handle, said("reply", "Counted."))
    assert not isinstance(caught.value, ProviderUnavailable)


@pytest.mark.parametrize("handle", ["", "{}", "null", '{"url":1}', "\x00"])
def test_a_broken_handle_is_said(slack: SlackMessenger, handle: str) -> None:
    """If it fails, one bad row of the ledger ends the desk."""
    with pytest.raises(ProviderError):
        slack.reply(handle, said("reply", "Counted."))


def test_only_slack_is_answered(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a handle makes this server call any address it can reach."""
    with a_workspace() as other:
        elsewhere = str(other.command("smartspec_rollback", "", account=ALICE)["response_url"])
        handle = f'{{"url":"{elsewhere}","channel":"{CHANNEL}","user":"{ALICE}"}}'
        slack.reply(handle, said("reply", "Counted."))
        assert other.server.calls == []
    assert workspace.told(ALICE) == ("Counted.",)


def test_it_is_tried_without_anybody_noticing(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, that nobody invited the app comes out in the first incident."""
    assert slack.examine() == "smartspec of Example"
    workspace.state.channels[CHANNEL].joined = False
    with pytest.raises(ProviderError) as caught:
        slack.examine()
    assert "invite the app" in caught.value.remedy
    assert not workspace.shown()


def test_an_app_token_that_is_wrong_is_found(workspace: Workspace) -> None:
    """If it fails, the doctor finds all well, and in the incident nobody is heard."""
    wrong = Kept("SLACK_APP_TOKEN", "xapp-1-of-somebody-else")
    with pytest.raises(ProviderError) as caught:
        SlackMessenger(settings_for(workspace, app_token=wrong)).examine()
    assert "into the environment variable SLACK_APP_TOKEN" in caught.value.remedy
    assert "somebody-else" not in str(caught.value)
