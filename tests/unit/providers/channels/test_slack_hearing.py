"""What people type and press in Slack is heard as meant, and acknowledged once it is kept."""

import logging
from collections.abc import Iterator

import msgspec
import pytest
from tests.golden import cases
from tests.unit.providers.channels.slack_rooms import (
    a_workspace,
    plan_post,
    secrets_of,
    settings_for,
)

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.ports.messenger import Answered, Commanded, Post
from smartspec_rollback.providers.channels.slack import SlackMessenger, socket_mode
from smartspec_rollback.testing.messenger_room import DEADLINE, Trouble, listening
from smartspec_rollback.testing.samples import a_deployment
from smartspec_rollback.testing.slack.workspace import ALICE, BOB, Workspace
from smartspec_rollback.views import chat_blocks


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Supply a workspace; nothing may be refused for its form."""
    with a_workspace() as workspace:
        yield workspace
        assert workspace.refused == []


@pytest.fixture
def slack(workspace: Workspace) -> SlackMessenger:
    """Supply a Messenger of its channel."""
    return SlackMessenger(settings_for(workspace))


def _high(slack: SlackMessenger) -> tuple[str, str]:
    """Post a plan of high risk; its ref, and its digest."""
    plan = cases.uncertain()
    return slack.send(plan_post(plan), thread=""), plan.digest


def test_a_button_is_bound_to_the_whole_digest(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a press on an older plan approves the newer one."""
    plan = cases.safe()
    ref = slack.send(plan_post(plan), thread="")
    with listening(slack) as ear:
        envelope = workspace.press(ref, Press.APPROVE, account=ALICE)
        heard = ear.next()
        assert envelope.wait() == {}
    assert isinstance(heard, Answered)
    assert (heard.answer, heard.ref) == (Answer.APPROVE, ref)
    assert (heard.rollback_id, heard.digest) == (plan.rollback_id, plan.digest)


def test_high_risk_is_approved_by_typing_the_digest(
    slack: SlackMessenger, workspace: Workspace
) -> None:
    """If it fails, a plan of high risk is approved unread, or by nobody at all."""
    ref, digest = _high(slack)
    short = digest.removeprefix("sha256:")[:8]
    with listening(slack) as ear:
        workspace.press(ref, Press.CONFIRM, account=BOB).wait()
        assert ear.rest() == ()
        wrong = workspace.submit({"digest": "12345678"}, account=BOB).wait()
        assert wrong["response_action"] == "errors"
        assert "not how this plan's digest begins" in wrong["errors"]["digest"]
        assert ear.rest() == ()
        right = workspace.submit({"digest": f" SHA256:{short.upper()} "}, account=BOB)
        heard = ear.next()
        assert right.wait() == {}
    assert isinstance(heard, Answered)
    assert (heard.answer, heard.account) == (Answer.APPROVE, f"slack:{BOB}")
    assert (heard.ref, heard.rollback_id, heard.digest) == (ref, "rb-1", short)
    slack.reply(heard.handle, Post(key="reply", text="Counted."))
    assert workspace.told(BOB) == ("Counted.",)


@pytest.mark.parametrize("typed", ["", "1234567", "zzzzzzzz", "0" * 64, "\u0660" * 8])
def test_nothing_else_approves_high_risk(
    slack: SlackMessenger, workspace: Workspace, typed: str
) -> None:
    """If it fails, an empty or made-up digest counts."""
    ref, _ = _high(slack)
    with listening(slack) as ear:
        workspace.press(ref, Press.CONFIRM, account=BOB).wait()
        answer = workspace.submit({"digest": typed}, account=BOB).wait()
        assert answer["response_action"] == "errors"
        assert ear.rest() == ()


def test_high_risk_is_denied_by_one_press(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, stopping something dangerous takes longer than starting it."""
    ref, digest = _high(slack)
    with listening(slack) as ear:
        workspace.press(ref, Press.DENY, account=ALICE)
        heard = ear.next()
    assert isinstance(heard, Answered)
    assert (heard.answer, heard.digest) == (Answer.DENY, digest)


def test_a_dialog_that_does_not_open_is_said(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a press does nothing, and nobody knows why."""
    ref, _ = _high(slack)
    payload = workspace.pressed(ref, Press.CONFIRM, account=BOB)
    workspace.state.use_trigger(str(payload["trigger_id"]))
    with listening(slack) as ear:
        workspace.server.sockets.send("interactive", payload).wait()
        assert ear.rest() == ()
    assert "Press the button once more" in workspace.told(BOB)[-1]


def test_a_deployment_is_chosen_from_the_list(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, who typed no id has to type it after all."""
    entries = [LedgerEntry(deployment=a_deployment(f"deploy-{n}")) for n in range(3)]
    content = chat_blocks.choices(
        entries, command="/smartspec_rollback", flag="--failed-deployment-id"
    )
    ref = slack.send(Post(key="list", text=content.text, document=content.document), thread="")
    with listening(slack) as ear:
        workspace.press(ref, Press.CHOOSE, account=ALICE)
        heard = ear.next()
    assert isinstance(heard, Commanded)
    assert heard.command == "smartspec_rollback"
    assert heard.arguments == "--failed-deployment-id deploy-0"
    assert heard.account == f"slack:{ALICE}"


def test_what_slack_escapes_is_read_as_typed(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a reason is kept as ``p99 &gt; 200ms``."""
    arguments = '--reason "p99 > 200ms & <!channel> &lt;"'
    with listening(slack) as ear:
        workspace.type("smartspec_rollback", arguments, account=ALICE)
        heard = ear.next()
    assert isinstance(heard, Commanded)
    assert heard.arguments == arguments


def test_a_renamed_command_is_the_same_command(workspace: Workspace) -> None:
    """If it fails, a team that calls it ``/undo`` is not heard."""
    slack = SlackMessenger(settings_for(workspace, command="/undo", gate_command="/judge"))
    with listening(slack) as ear:
        workspace.type("undo", "--help", account=ALICE)
        workspace.type("judge", "", account=ALICE)
        names = [
            heard.command for heard in (ear.next(), ear.next()) if isinstance(heard, Commanded)
        ]
        assert names == ["smartspec_rollback", "smartspec_quality_gate"]
        other = workspace.typed("smartspec_rollback", "", account=ALICE).wait()
        assert "not a command of SmartSpec Rollback" in other["text"]
        assert ear.rest() == ()


def test_nothing_is_acknowledged_before_it_is_kept(
    slack: SlackMessenger, workspace: Workspace
) -> None:
    """If it fails, an approval is lost between Slack and the ledger, and nobody is told."""
    ref = slack.send(plan_post(cases.safe()), thread="")
    with listening(slack) as ear:
        ear.failing.set()
        lost = workspace.press(ref, Press.APPROVE, account=ALICE)
        assert ear.failed.wait(DEADLINE)
        ear.failing.clear()
        workspace.press(ref, Press.APPROVE, account=ALICE).wait()
        assert not lost.answered.is_set()
        assert isinstance(ear.next(), Answered)


@pytest.mark.parametrize(
    "value", ["", "rb-1", "{}", '{"rollback_id":1,"digest":2}', '{"command":"rm","arguments":""}']
)
@pytest.mark.parametrize("press", [Press.APPROVE, Press.CONFIRM])
def test_a_button_that_is_not_ours_answers_nothing(
    slack: SlackMessenger, workspace: Workspace, press: Press, value: str
) -> None:
    """If it fails, a forged or old button ends the listening, or counts."""
    ref = slack.send(plan_post(cases.safe()), thread="")
    payload = workspace.pressed(ref, Press.APPROVE, account=ALICE)
    payload["actions"][0] |= {"action_id": press.value, "value": value}
    with listening(slack) as ear:
        workspace.server.sockets.send("interactive", payload).wait()
        assert ear.rest() == ()
    assert "too old" in workspace.told(ALICE)[-1]


def test_following_a_link_answers_nothing(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, opening the page approves, or shows an error."""
    ref = slack.send(plan_post(cases.safe()), thread="")
    payload = workspace.pressed(ref, Press.APPROVE, account=ALICE)
    payload["actions"][0]["action_id"] = "followed_a_link"
    with listening(slack) as ear:
        assert workspace.server.sockets.send("interactive", payload).wait() == {}
        assert ear.rest() == ()


def test_it_connects_anew_when_slack_asks(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, the bot falls silent after a few hours, when Slack refreshes connections."""
    with listening(slack) as ear:
        workspace.type("smartspec_rollback", "before", account=ALICE)
        ear.next()
        workspace.server.sockets.refresh()
        workspace.server.sockets.wait_for_opened(2)
        workspace.type("smartspec_rollback", "after", account=ALICE)
        heard = ear.next()
    assert isinstance(heard, Commanded)
    assert heard.arguments == "after"


def test_it_connects_anew_after_a_cut_cable(
    slack: SlackMessenger, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, a connection that died without a word is waited on for ever."""
    monkeypatch.setattr(socket_mode, "PING_EVERY", 0.05)
    with listening(slack) as ear:
        workspace.type("smartspec_rollback", "before", account=ALICE)
        ear.next()
        workspace.server.sockets.close(politely=False)
        workspace.type("smartspec_rollback", "after", account=ALICE)
        assert isinstance(ear.next(), Commanded)


def test_it_waits_for_a_slack_that_is_down(
    slack: SlackMessenger, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    """If it fails, a server started during an outage of Slack never hears anybody."""
    caplog.set_level(logging.DEBUG)
    workspace.befall(Trouble.DOWN)
    with listening(slack) as ear:
        while not workspace.server.calls:
            assert ear.rest() == ()
        workspace.mend()
        workspace.type("smartspec_rollback", "", account=ALICE)
        assert isinstance(ear.next(), Commanded)
    assert "Slack is not listened to" in caplog.text
    told = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert not any(secret in told for secret in secrets_of(workspace))


def test_without_an_app_token_it_waits_for_requests(workspace: Workspace) -> None:
    """If it fails, a server without Socket Mode starts listening over and over."""
    slack = SlackMessenger(settings_for(workspace, app_token=msgspec.UNSET))
    with listening(slack):
        pass
    assert workspace.server.calls == []
    assert slack.hearing == "slack app of environment variable SLACK_SIGNING_SECRET"
