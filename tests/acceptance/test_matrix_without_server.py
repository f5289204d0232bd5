"""A command that runs without a server tells a Matrix room, and is answered there.

The homeserver is a real Synapse; the cluster is emulated.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.acceptance.clusters import Shops
from tests.matrix_room import MatrixRoom, Relay
from tests.synapse import NAME, Homeserver

from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.messenger_room import Shown

BOB = f"matrix:@bob:{NAME}"
PATIENCE = 60.0

_CHANNEL = """\
      database: none
      channel: {{kind: matrix, homeserver: "{url}", room: "{room}", access_token: {{env: TOKEN}}}}
"""
_PEOPLE = f'people:\n  bob: {{matrix: "@bob:{NAME}"}}\n'


@pytest.fixture
def room(homeserver: Homeserver) -> Iterator[MatrixRoom]:
    """Supply a room."""
    with Relay(homeserver.port) as relay:
        yield MatrixRoom(homeserver, relay)


@pytest.fixture
def shops(tmp_path: Path, room: MatrixRoom) -> Iterator[Shops]:
    """Supply a cluster whose services share the room."""
    with Cluster(speed=20.0) as cluster:
        shops = Shops(tmp_path, cluster)
        path = tmp_path / "smartspec.yaml"
        channel = _CHANNEL.format(url=room.relay.url, room=room.id)
        path.write_text(path.read_text().replace("      database: none\n", channel) + _PEOPLE)
        yield shops


@contextmanager
def begun(shops: Shops, room: MatrixRoom, *services: str) -> Iterator["subprocess.Popen[str]"]:
    """Begin to roll services back at no terminal, in a process of its own."""
    program = str(Path(sys.executable).with_name("smartspec_rollback"))
    words = [word for each in services for word in ("--failed-deployment-id", f"{each}-v2")]
    process = subprocess.Popen(
        [program, *words, "--reason", "slow"],
        cwd=shops.folder,
        env={**os.environ, "TOKEN": room.bot.token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


def plan_of(room: MatrixRoom, service: str) -> Shown:
    """Wait for the plan of a service."""
    deadline = Deadline.after(SystemClock(), PATIENCE)
    while True:
        for each in room.shown():
            if each.text.startswith(f"Rollback Plan: {service}-v2"):
                return each
        assert not deadline.expired, f"no plan of {service}"
        deadline.pause(0.05)


def approve(room: MatrixRoom, plan: Shown) -> None:
    """Approve a plan of any risk, once the bot listens."""
    room.until_heard()
    digest = plan.text.partition("Digest: sha256:")[2][:8]
    room.reply(plan.ref, f"approve {digest}", account=BOB)


def test_services_that_share_a_room_are_asked_about_side_by_side(
    shops: Shops, room: MatrixRoom
) -> None:
    """If it fails, one command holds the room, and another one's plan is shown too late."""
    with begun(shops, room, "basket", "checkout") as both, begun(shops, room, "search") as one:
        plans = [plan_of(room, name) for name in ("basket", "checkout", "search")]
        for plan in plans:
            approve(room, plan)
        for command in (both, one):
            out, err = command.communicate(timeout=PATIENCE)
            assert command.returncode in (0, 7), out + err
    assert all(image.endswith(":v1") for image in shops.images().values())
    title = re.compile(r"Rollback (?:Plan|Report): [a-z]+-v2")
    told = [title.match(each.text) for each in room.shown() if not each.thread]
    assert sorted(found[0] if found else "" for found in told) == [
        f"Rollback {what}: {name}-v2"
        for what in ("Plan", "Report")
        for name in ("basket", "checkout", "search")
    ]
    assert {each.thread for each in room.shown() if each.thread} == {each.ref for each in plans}
