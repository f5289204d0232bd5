"""Requests to the server count as Slack's only with its signature, in time, and once."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier
from tests.golden import cases
from tests.unit.providers.channels.slack_rooms import a_workspace, plan_post, settings_for

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import (
    ConfigurationError,
    Problem,
    ProviderError,
    StoreError,
    Unidentified,
    UsageError,
)
from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.ports.messenger import Answered, Commanded, Heard, HearsRequests
from smartspec_rollback.providers.channels.slack import SlackMessenger
from smartspec_rollback.providers.channels.slack.signed import check
from smartspec_rollback.testing.slack.workspace import ALICE, BOB, Signed, Workspace

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    """Supply a workspace."""
    with a_workspace() as workspace:
        yield workspace


@pytest.fixture
def slack(workspace: Workspace) -> SlackMessenger:
    """Supply a Messenger that is reached by requests."""
    return SlackMessenger(settings_for(workspace, app_token=msgspec.UNSET))


def _taken(
    slack: SlackMessenger, request: Signed, now: datetime = NOW
) -> tuple[list[Heard], bytes]:
    heard: list[Heard] = []
    assert isinstance(slack, HearsRequests)
    answer = slack.take(request.headers, request.body, heard.append, now=now)
    return heard, answer


def _command(workspace: Workspace) -> Signed:
    payload = workspace.command("smartspec_rollback", "--failed-deployment-id d-1", account=ALICE)
    return workspace.signed(payload, at=NOW.timestamp())


def test_a_signed_command_is_heard(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a server without Socket Mode is deaf."""
    heard, answer = _taken(slack, _command(workspace))
    (said,) = heard
    assert isinstance(said, Commanded)
    assert said.arguments == "--failed-deployment-id d-1"
    assert said.account == f"slack:{ALICE}"
    assert answer == b""


def test_the_same_request_twice_is_one_event(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, a replayed request counts twice."""
    request = _command(workspace)
    first, second = (_taken(slack, request)[0][0].event for _ in range(2))
    assert first == second
    assert _taken(slack, _command(workspace))[0][0].event != first


def test_a_signed_press_and_dialog_are_heard(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, buttons do nothing without Socket Mode."""
    at = NOW.timestamp()
    safe = slack.send(plan_post(cases.safe()), thread="")
    pressed = workspace.signed(workspace.pressed(safe, Press.DENY, account=ALICE), at=at)
    (said,), _ = _taken(slack, pressed)
    assert isinstance(said, Answered)
    assert said.digest == cases.safe().digest

    high = slack.send(plan_post(cases.uncertain()), thread="")
    confirm = workspace.signed(workspace.pressed(high, Press.CONFIRM, account=BOB), at=at)
    assert _taken(slack, confirm) == ([], b"")
    wrong = workspace.signed(workspace.submitted({"digest": "0" * 8}, account=BOB), at=at)
    heard, answer = _taken(slack, wrong)
    assert heard == []
    assert msgspec.json.decode(answer)["response_action"] == "errors"
    short = cases.uncertain().digest.removeprefix("sha256:")[:8]
    right = workspace.signed(workspace.submitted({"digest": short}, account=BOB), at=at)
    (said,), _ = _taken(slack, right)
    assert isinstance(said, Answered)
    assert (said.ref, said.digest) == (high, short)


def test_nothing_is_acknowledged_before_it_is_kept(
    slack: SlackMessenger, workspace: Workspace
) -> None:
    """If it fails, the server says 200 to an approval that it lost."""

    def full(_: Heard) -> None:
        raise StoreError("the disk is full")

    request = _command(workspace)
    with pytest.raises(StoreError, match="the disk is full"):
        slack.take(request.headers, request.body, full, now=NOW)


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
def test_a_request_of_another_time_is_refused(
    slack: SlackMessenger, workspace: Workspace, minutes: int
) -> None:
    """If it fails, a request that somebody kept approves later."""
    with pytest.raises(Unidentified):
        _taken(slack, _command(workspace), NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_may_differ_a_little(
    slack: SlackMessenger, workspace: Workspace, minutes: int
) -> None:
    """If it fails, a clock that is a little off makes the server deaf."""
    heard, _ = _taken(slack, _command(workspace), NOW + timedelta(minutes=minutes))
    assert heard


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=\u00e9"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "now"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 400},
        {"X-Slack-Request-Timestamp": "1772452799"},
    ],
)
def test_a_forged_request_is_refused(
    slack: SlackMessenger, workspace: Workspace, forged: dict[str, str]
) -> None:
    """If it fails, anybody who reaches the server approves in anybody's name."""
    request = _command(workspace)
    with pytest.raises(Unidentified):
        _taken(slack, Signed({**request.headers, **forged}, request.body))


def test_a_changed_body_is_refused(slack: SlackMessenger, workspace: Workspace) -> None:
    """If it fails, who sees a request puts their own name into it."""
    request = _command(workspace)
    with pytest.raises(Unidentified):
        _taken(slack, Signed(request.headers, request.body.replace(b"ALICE", b"MALLO")))


def test_without_a_secret_nothing_is_signed(workspace: Workspace) -> None:
    """If it fails, an empty secret makes everybody Slack."""
    request = _command(workspace)
    slack = SlackMessenger(settings_for(workspace, signing_secret=msgspec.UNSET))
    with pytest.raises(Unidentified):
        _taken(slack, request)
    with pytest.raises(Unidentified):
        check(request.headers, request.body, Sensitive(" "), now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"payload=",
        b"payload={",
        b"payload=[]",
        b'payload={"type":"block_actions"}',
        b'payload={"type":"block_actions","actions":[]}',
        b'payload={"type":"view_submission","view":{"callback_id":"other"}}',
        b'payload={"type":"event_callback"}',
        b"command=%2Fsmartspec_rollback",
        b"payload=" + b"[" * 100_000,
    ],
)
def test_what_is_malformed_is_no_crash(
    slack: SlackMessenger, workspace: Workspace, body: bytes
) -> None:
    """If it fails, one request that makes no sense is an internal error."""
    request = workspace.sign(body, at=NOW.timestamp())
    heard: list[Heard] = []
    with contextlib.suppress(UsageError):
        slack.take(request.headers, request.body, heard.append, now=NOW)
    assert heard == []


def test_a_secret_that_is_not_there_is_said(workspace: Workspace) -> None:
    """If it fails, a missing variable looks like a forged request."""

    class Missing:
        place = "environment variable SLACK_SIGNING_SECRET"

        def resolve(self) -> Sensitive:
            raise ConfigurationError("smartspec.yaml", [Problem(1, "signing_secret", "not set")])

    request = _command(workspace)
    slack = SlackMessenger(settings_for(workspace, signing_secret=Missing()))
    with pytest.raises(ProviderError, match="not set"):
        _taken(slack, request)


class _Stopped(Clock):
    def now(self) -> float:
        return NOW.timestamp()


@given(
    body=st.text(max_size=50),
    stamp=st.integers(int(NOW.timestamp()) - 400, int(NOW.timestamp()) + 400),
    is_right=st.booleans(),
)
def test_it_decides_as_slacks_own_library_does(body: str, stamp: int, is_right: bool) -> None:  # noqa: FBT001 - Hypothesis names it
    """If it fails, requests count that Slack would not call its own, or the other way round."""
    verifier = SignatureVerifier("secret" if is_right else "other", _Stopped())
    signature = verifier.generate_signature(timestamp=str(stamp), body=body) or ""
    headers = {"X-Slack-Request-Timestamp": str(stamp), "X-Slack-Signature": signature}
    theirs = SignatureVerifier("secret", _Stopped()).is_valid_request(body, headers)
    try:
        check(headers, body.encode(), Sensitive("secret"), now=NOW)
        ours = True
    except Unidentified:
        ours = False
    assert ours == theirs
