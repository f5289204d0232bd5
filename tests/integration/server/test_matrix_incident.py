"""Incidents in a Matrix room, start to finish: command, plan, answers, progress, report.

The homeserver is a real Synapse, the server, its ledger and its HTTP are real; the cluster is
emulated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.acceptance.clusters import Shops
from tests.integration.server.running import awaited, serving
from tests.matrix_room import MatrixRoom, Relay
from tests.synapse import NAME, Homeserver

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.messenger_room import Shown

ALICE, BOB, EVE = (f"matrix:@{name}:{NAME}" for name in ("alice", "bob", "eve"))
V1, V2 = "registry.example/checkout:v1", "registry.example/checkout:v2"
COMMAND = "!smartspec_rollback"

_CHANNEL = """\
      database: none
      channel:
        kind: matrix
        homeserver: {url}
        room: "{room}"
        access_token: {{env: MATRIX_TOKEN}}
"""
_PEOPLE = """\
people:
  alice: {{matrix: "@alice:{name}"}}
  bob: {{matrix: "@bob:{name}"}}
"""
_OVER = (Status.SUCCEEDED, Status.UNSTABLE)


@dataclass
class Incident:
    """Services gone bad, and the room where people are; ``folder`` has the configuration."""

    folder: Path
    shops: Shops
    room: MatrixRoom

    def message(self, title: str, service: str = "checkout") -> Shown | None:
        """Find what stands in the room under a title."""
        wanted = f"{title}: {service}-v2"
        return next((each for each in self.room.shown() if each.text.startswith(wanted)), None)

    def plan(self, service: str = "checkout") -> Shown:
        """Wait for the plan of a service."""
        awaited(lambda: self.message("Rollback Plan", service) is not None, self.everything())
        found = self.message("Rollback Plan", service)
        assert found is not None
        return found

    def ask(self, service: str = "checkout", words: str = "--failed-deployment-id {}") -> Shown:
        """Let alice ask for a rollback; the plan."""
        self.room.until_heard()
        self.room.say(f"{COMMAND} {words.format(f'{service}-v2')}", account=ALICE)
        return self.plan(service)

    def named(self, plan: Shown) -> str:
        """Read how a plan's digest begins."""
        return plan.text.partition("Digest: sha256:")[2][:8]

    def told(self, who: str, words: str) -> None:
        """Wait until somebody is told something."""
        awaited(
            lambda: any(words in each for each in self.room.told(who)),
            f"{who} is not told {words!r} but {self.room.told(who)}",
        )

    def reported(self, service: str = "checkout") -> Shown:
        """Wait for the report."""
        awaited(lambda: self.message("Rollback Report", service) is not None, self.everything())
        found = self.message("Rollback Report", service)
        assert found is not None
        return found

    def everything(self) -> str:
        """Return all that stands in the room."""
        return repr([each.text[:200] for each in self.room.shown()])


@pytest.fixture
def incident(
    tmp_path: Path, homeserver: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Incident]:
    """Supply a room and a cluster; no server yet."""
    with Relay(homeserver.port) as relay, Cluster(speed=20.0) as cluster:
        room = MatrixRoom(homeserver, relay)
        room.people[EVE] = homeserver.person("eve")
        monkeypatch.setenv("MATRIX_TOKEN", room.bot.token)
        shops = Shops(tmp_path, cluster)
        path = tmp_path / "smartspec.yaml"
        channel = _CHANNEL.format(url=relay.url, room=room.id)
        written = path.read_text().replace("      database: none\n", channel)
        path.write_text(written + _PEOPLE.format(name=NAME))
        yield Incident(tmp_path, shops, room)


@pytest.fixture
def opened(incident: Incident) -> Iterator[Opened]:
    """Run a server over them."""
    with serving(incident.folder) as (_, opened):
        yield opened


@pytest.mark.usefixtures("opened")
def test_an_incident_from_the_command_to_the_report(incident: Incident) -> None:
    """If it fails, a room is no place to bring production back from."""
    room = incident.room
    plan = incident.ask(
        words="\u2014failed\u2011deployment\u2011id {} \u2014reason \u201cp99\u201d"
    )
    assert "Approve this plan? (yes/no)" in plan.text
    assert "Reason: p99" in plan.text
    incident.told(ALICE, "takes checkout/production back from v2 to v1")

    named = incident.named(plan)
    room.react(plan.ref, "👍🏼", account=BOB)
    incident.told(
        BOB, f"the risk is high. Read the plan, then reply approve {incident.named(plan)}"
    )
    room.reply(plan.ref, f"approve {named}", account=BOB)
    incident.told(BOB, "Counted: bob's approval")
    report = incident.reported()

    assert incident.shops.images()["checkout"] == V1
    assert not report.thread
    awaited(lambda: "Approved by bob (matrix)" in incident.plan().text, incident.everything())
    assert "Approve this plan?" not in incident.plan().text
    below = [each for each in room.shown() if each.thread == plan.ref and not each.calls]
    assert len(below) == 1, "progress is one message"
    alone = [each for each in room.shown() if not each.thread and not each.calls]
    assert len(alone) == 2, "plan and report, once each"


@pytest.mark.usefixtures("opened")
def test_strangers_leavers_and_late_answers_are_told_so(incident: Incident) -> None:
    """If it fails, somebody approves who is nobody, or believes that their answer counted."""
    room, plan = incident.room, incident.ask()
    named = incident.named(plan)
    room.invite(EVE)
    room.reply(plan.ref, f"approve {named}", account=EVE)
    incident.told(EVE, "is nobody in people of smartspec.yaml")
    room.say(f"{COMMAND} --failed-deployment-id search-v2", account=EVE)
    incident.told(EVE, "Not done:")
    room.react(plan.ref, "❌", account=BOB)
    incident.told(BOB, "Counted: bob's denial")
    awaited(lambda: "Denied" in incident.plan().text, incident.everything())
    room.reply(plan.ref, f"approve {named}", account=ALICE)
    incident.told(ALICE, "Not counted:")
    assert incident.message("Rollback Plan", "search") is None
    assert incident.shops.images()["checkout"] == V2


def test_answers_while_the_bot_is_away_count(incident: Incident) -> None:
    """If it fails, a restart of the server loses an approval, or counts what was taken back."""
    room = incident.room
    with serving(incident.folder):
        plan, other = incident.ask(), incident.ask("search")
    edited = room.say(f"{COMMAND} --failed-deployment-id basket-v2", account=ALICE)
    room.edit(edited, "never mind", account=ALICE)
    room.redact(edited, account=ALICE)
    taken_back = room.reply(other.ref, f"approve {incident.named(other)}", account=BOB)
    room.redact(taken_back, account=BOB)
    for number in range(120):
        room.say(f"talk {number}", account=ALICE)
    room.reply(plan.ref, f"approve {incident.named(plan)}", account=BOB)
    for number in range(60):
        room.say(f"more talk {number}", account=ALICE)
    room.leave(BOB)
    with serving(incident.folder) as (_, opened):
        incident.told(BOB, "is not in this room any more")
        room.invite(BOB)
        room.reply(plan.ref, f"approve {incident.named(plan)}", account=BOB)
        incident.told(BOB, "Counted: bob's approval")
        incident.reported()
        store = opened.workspace.store
        assert store.decisions(_rollback(opened, "search")) == ()
    assert incident.shops.images()["checkout"] == V1
    assert incident.shops.images()["search"] == "registry.example/search:v2"
    assert incident.message("Rollback Plan", "basket") is None
    texts = [each.text.partition("\n")[0] for each in room.shown() if not each.calls]
    assert len(texts) == len(set(texts)), "nothing stands there twice"


def test_an_outage_of_the_homeserver_stops_nothing(
    incident: Incident, opened: Opened, homeserver: Homeserver
) -> None:
    """If it fails, a rollback waits for chat, or its story is lost, shuffled or told twice."""
    room, plan = incident.room, incident.ask()
    homeserver.stop()
    try:
        store = opened.workspace.store
        rollback_id = _rollback(opened, "checkout")
        known = store.rollback(rollback_id)
        assert known is not None
        opened.operations.answer(
            Principal(person=Person(name="bob", account=BOB)),
            rollback_id,
            Answer.APPROVE,
            digest=known.plan_digest,
            channel="page",
        )

        def ended() -> bool:
            found = store.rollback(rollback_id)
            return found is not None and found.status in _OVER

        awaited(ended, "the rollback waits for the homeserver")
        assert incident.shops.images()["checkout"] == V1
    finally:
        homeserver.start()
    report = incident.reported()
    awaited(lambda: "Approved by bob (page)" in incident.plan().text, incident.everything())
    shown = [each.ref for each in room.shown() if not each.calls]
    assert len(shown) == 3
    assert (shown[0], shown[-1]) == (plan.ref, report.ref)
    assert room.shown()[-2].thread == plan.ref
    room.say(f"{COMMAND} --help", account=ALICE)
    incident.told(ALICE, "without an id")


@pytest.mark.usefixtures("opened")
def test_who_names_no_deployment_is_shown_which_there_are(incident: Incident) -> None:
    """If it fails, somebody on a phone has to find an id before anything happens."""
    incident.room.until_heard()
    incident.room.say(COMMAND, account=ALICE)
    awaited(lambda: bool(incident.room.told(ALICE)), incident.everything())
    assert incident.room.told(ALICE)


def _rollback(opened: Opened, service: str) -> str:
    found = opened.workspace.store.rollbacks(limit=9)
    return next(each.id for each in found if each.target.service == service)
