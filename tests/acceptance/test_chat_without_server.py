"""A command that runs without a server is asked about in chat, and answered there."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.acceptance.clusters import Shops

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.slack.workspace import ALICE, BOB, CHANNEL, Workspace

_SLACK = """\
      soak: 0s
      channel:
        kind: slack
        channel: {channel}
        bot_token: {{env: SLACK_BOT_TOKEN}}
        app_token: {{env: SLACK_APP_TOKEN}}
        api_url: {url}
"""
_PEOPLE = """\
people:
  alice: {{slack: {alice}}}
"""


@pytest.fixture
def slack() -> Iterator[Workspace]:
    """Supply a Slack workspace."""
    with Workspace() as workspace:
        yield workspace


@pytest.fixture
def shops(tmp_path: Path, slack: Workspace) -> Iterator[Shops]:
    """Supply a cluster whose services are asked about in Slack."""
    with Cluster(speed=20.0) as cluster:
        shops = Shops(tmp_path, cluster)
        path = tmp_path / "smartspec.yaml"
        channel = _SLACK.format(channel=CHANNEL, url=slack.url)
        text = path.read_text().replace("      soak: 0s\n", channel)
        path.write_text(text + _PEOPLE.format(alice=ALICE))
        yield shops


@pytest.fixture
def command(shops: Shops, slack: Workspace) -> Iterator["subprocess.Popen[str]"]:
    """Begin a rollback at no terminal, in a process of its own."""
    program = str(Path(sys.executable).with_name("smartspec_rollback"))
    hidden = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    process = subprocess.Popen(
        [program, "--failed-deployment-id", "basket-v2", "--reason", "slow"],
        cwd=shops.folder,
        env={
            **hidden,
            "SLACK_BOT_TOKEN": slack.state.bot_token,
            "SLACK_APP_TOKEN": slack.state.app_token,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20.0)


def _await(true: Callable[[], bool], what: str) -> None:
    deadline = Deadline.after(SystemClock(), 40.0)
    while not true():
        assert not deadline.expired, what
        deadline.pause(0.05)


def _plan(slack: Workspace) -> str:
    _await(lambda: bool(slack.shown()), "no plan is shown")
    return slack.shown()[0].ref


def test_a_plan_is_denied_in_slack(
    shops: Shops, slack: Workspace, command: "subprocess.Popen[str]"
) -> None:
    """On-call people without a server would have to find the terminal that asks."""
    ref = _plan(slack)
    slack.answer(ref, Answer.DENY, account=ALICE)
    out, err = command.communicate(timeout=40.0)
    assert command.returncode == 3, err
    assert "alice" in out
    assert shops.images()["basket"].endswith(":v2")
    assert len({shown.thread for shown in slack.shown()} - {""}) <= 1
    assert any("denied" in shown.text.lower() for shown in slack.shown())
    assert not slack.refused


def test_a_stranger_in_the_channel_decides_nothing(
    shops: Shops, slack: Workspace, command: "subprocess.Popen[str]"
) -> None:
    """Whoever happens to be in the channel could take production back."""
    ref = _plan(slack)
    slack.answer(ref, Answer.DENY, account=BOB)
    _await(lambda: bool(slack.told(BOB)), "nothing is said to the stranger")
    assert "Not counted" in slack.told(BOB)[0]
    assert command.poll() is None
    slack.type("smartspec_rollback", "--failed-deployment-id checkout-v2", account=ALICE)
    _await(lambda: bool(slack.told(ALICE)), "nothing is said to who commands")
    assert "no server takes commands" in slack.told(ALICE)[0].lower()
    assert shops.images()["checkout"].endswith(":v2")
