"""What Slack sends to the server reaches the desk of the app that signed it, and nobody else's."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from tests.unit.providers.channels.slack_rooms import Kept, a_workspace, settings_for

from smartspec_rollback.errors import StoreError, Unidentified
from smartspec_rollback.ports.messenger import Heard, Messenger
from smartspec_rollback.providers.channels.slack import SlackMessenger
from smartspec_rollback.server.webhooks.slack import handle
from smartspec_rollback.testing.fake_messenger import FakeMessenger, FakeRoom
from smartspec_rollback.testing.slack.workspace import ALICE, Workspace

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def workspaces() -> Iterator[tuple[Workspace, Workspace]]:
    """Supply two workspaces with an app each."""
    with a_workspace() as one, a_workspace() as other:
        yield one, other


def _messenger(workspace: Workspace, name: str) -> SlackMessenger:
    secret = Kept(name, workspace.state.signing_secret)
    return SlackMessenger(settings_for(workspace, app_token=msgspec.UNSET, signing_secret=secret))


def test_the_app_that_signed_it_hears_it(workspaces: tuple[Workspace, Workspace]) -> None:
    """If it fails, a press in one workspace is answered in another, or by none."""
    one, other = workspaces
    messengers: list[Messenger] = [
        FakeMessenger(FakeRoom()),
        _messenger(one, "ONE"),
        _messenger(one, "ONE"),
        _messenger(other, "OTHER"),
    ]
    heard: list[tuple[str, Heard]] = []
    for workspace in (other, one):
        payload = workspace.command("smartspec_rollback", "", account=ALICE)
        signed = workspace.signed(payload, at=NOW.timestamp())
        handle(
            messengers,
            lambda hearing, said: heard.append((hearing, said)),
            headers=signed.headers,
            body=signed.body,
            now=NOW,
        )
    assert [hearing for hearing, _ in heard] == [
        "slack app of environment variable OTHER",
        "slack app of environment variable ONE",
    ]


def test_what_nobody_signed_is_refused(workspaces: tuple[Workspace, Workspace]) -> None:
    """If it fails, an app of somebody else's speaks for our people."""
    one, other = workspaces
    signed = one.signed(one.command("smartspec_rollback", "", account=ALICE), at=NOW.timestamp())
    theirs: tuple[list[Messenger], ...] = (
        [],
        [_messenger(other, "OTHER")],
        [FakeMessenger(FakeRoom())],
    )
    for messengers in theirs:
        with pytest.raises(Unidentified):
            handle(
                messengers,
                lambda *_: pytest.fail("it was heard"),
                headers=signed.headers,
                body=signed.body,
                now=NOW,
            )


def test_what_cannot_be_kept_is_not_acknowledged(
    workspaces: tuple[Workspace, Workspace],
) -> None:
    """If it fails, an approval is lost where the disk is full, and nobody is told."""
    one, _ = workspaces
    signed = one.signed(one.command("smartspec_rollback", "", account=ALICE), at=NOW.timestamp())

    def full(_: str, __: Heard) -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        handle([_messenger(one, "ONE")], full, headers=signed.headers, body=signed.body, now=NOW)
