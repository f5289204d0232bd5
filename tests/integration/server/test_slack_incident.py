"""An incident in Slack, start to finish: command, plan, approval, progress, report.

The server, its ledger and Slack's SDK are real; the workspace and the cluster are emulated.
"""

from collections.abc import Iterator

import pytest
from tests.acceptance.clusters import Shops
from tests.integration.server.running import awaited, serving
from tests.integration.server.slack_scene import SOCKET, Incident, configure
from tests.unit.providers.channels.slack_rooms import a_workspace

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.messenger_room import Trouble
from smartspec_rollback.testing.slack.workspace import ALICE, BOB
from smartspec_rollback.wiring.recording import Said


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Incident]:
    """Supply a server, a workspace and a cluster."""
    folder = tmp_path_factory.mktemp("slack")
    with (
        pytest.MonkeyPatch.context() as patched,
        a_workspace() as slack,
        Cluster(speed=20.0) as cluster,
    ):
        patched.setenv("SLACK_BOT_TOKEN", slack.state.bot_token)
        patched.setenv("SLACK_APP_TOKEN", slack.state.app_token)
        shops = Shops(folder, cluster)
        configure(folder, slack, SOCKET)
        with serving(folder) as (_, opened):
            yield Incident(opened, shops, slack)
        assert slack.refused == []


def test_an_incident_from_the_command_to_the_report(incident: Incident) -> None:
    """If it fails, Slack is no place to bring production back from."""
    plan = incident.ask("checkout", "\u2014failed-deployment-id checkout-v2")
    incident.told(ALICE, "back from")
    assert "Approve this plan? (yes/no)" in plan.text
    assert not plan.calls

    incident.approve(plan)
    incident.told(BOB, "Counted: bob's approval")
    report = incident.reported("checkout")

    assert incident.shops.images()["checkout"] == "registry.example/checkout:v1"
    assert "Applied" in report.text or "Rolled back" in report.text
    progress = [each for each in incident.slack.shown() if each.thread == plan.ref]
    assert len(progress) == 1
    awaited(
        lambda: "Approve this plan?" not in incident.plan("checkout").text,
        "the question still stands",
    )
    assert "bob" in incident.plan("checkout").text
    posted = [each for each in incident.slack.shown() if "checkout-v2" in each.text]
    assert len(posted) == 2, "plan and report, once each"


def test_a_denial_in_the_channel_ends_it(incident: Incident) -> None:
    """If it fails, nobody in the channel can stop what was asked for by mistake."""
    plan = incident.ask("basket", "--failed-deployment-id basket-v2")
    incident.slack.press(plan.ref, Press.DENY, account=BOB).wait()
    incident.told(BOB, "Counted: bob's denial")
    awaited(lambda: "Denied" in incident.plan("basket").text, "the plan does not say so")
    assert incident.shops.images()["basket"] == "registry.example/basket:v2"


def test_an_older_plan_is_approved_by_nobody(incident: Incident) -> None:
    """If it fails, a press on what stood there before approves what nobody read."""
    slack = incident.slack
    old = incident.ask("search", "--failed-deployment-id search-v2")
    late = slack.pressed(old.ref, Press.CONFIRM, account=BOB)
    slack.press(old.ref, Press.DENY, account=ALICE).wait()
    incident.told(ALICE, "Counted: alice's denial")
    new = incident.ask("search", "--failed-deployment-id search-v2")
    slack.server.sockets.send("interactive", late).wait()
    digest = old.text.partition("Digest: sha256:")[2][:8]
    slack.submit({"digest": digest}, account=BOB).wait()
    store = incident.opened.workspace.store
    newest = store.rollbacks(limit=1)[0]
    incident.told(BOB, f"The plan that stands now is {newest.id}.")
    old_id = old.text.partition("Rollback: ")[2].partition("\n")[0]
    assert f"Not counted: {old_id} is over (denied)" in slack.told(BOB)[-1]
    assert not store.decisions(newest.id)
    slack.press(new.ref, Press.DENY, account=ALICE).wait()
    awaited(lambda: bool(store.decisions(newest.id)), "the new plan cannot be denied")
    assert incident.shops.images()["search"] == "registry.example/search:v2"


def test_who_names_no_deployment_chooses_one(incident: Incident) -> None:
    """If it fails, somebody on a phone has to find an id before anything happens."""
    said = Said(deployment_id="search-v2", service="search", environment="production", version="v2")
    incident.opened.workspace.record(said)
    incident.slack.type("smartspec_rollback", "--dry-run", account=BOB)
    incident.told(BOB, "Which deployment?")
    incident.slack.press_told(Press.CHOOSE, account=BOB).wait()
    incident.told(BOB, "Dry run: nothing was changed")


def test_a_stranger_is_told_that_nobody_knows_them(incident: Incident) -> None:
    """If it fails, anybody in the channel rolls production back, or hears nothing at all."""
    eve = "U0EVE0000"
    incident.slack.add_user(eve, "eve")
    incident.slack.type("smartspec_rollback", "--failed-deployment-id basket-v2", account=eve)
    before = len(incident.opened.workspace.store.rollbacks(limit=99))
    incident.told(eve, "is nobody in people of smartspec.yaml")
    assert len(incident.opened.workspace.store.rollbacks(limit=99)) == before


def test_what_slack_missed_arrives_in_order_and_once(incident: Incident) -> None:
    """If it fails, an outage of Slack holds a rollback up, or its story is lost or told twice."""
    plan = incident.ask("basket", "--failed-deployment-id basket-v2 --reason outage")
    reports = len(incident.messages("Rollback Report", "basket"))
    incident.slack.befall(Trouble.DOWN)
    rollback = incident.opened.workspace.store.rollbacks(limit=1)[0]
    incident.opened.operations.answer(
        Principal(person=Person(name="bob", account=f"slack:{BOB}")),
        rollback.id,
        Answer.APPROVE,
        digest=rollback.plan_digest,
        channel="page",
    )
    store = incident.opened.workspace.store
    over = (Status.SUCCEEDED, Status.UNSTABLE)

    def ended() -> bool:
        found = store.rollback(rollback.id)
        return found is not None and found.status in over

    awaited(ended, "the rollback waits for Slack")
    assert incident.shops.images()["basket"] == "registry.example/basket:v1"
    incident.slack.mend()
    incident.reported("basket", after=reports)
    told = [each for each in incident.slack.shown() if each.ref >= plan.ref]
    assert [each.text.partition(":")[0] for each in told if not each.thread] == [
        "Rollback Plan",
        "Rollback Report",
    ]
    assert [each.thread for each in told if each.thread] == [plan.ref]
