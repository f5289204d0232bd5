"""An incident in Slack without Socket Mode: Slack sends signed requests to the server."""

import time
from collections.abc import Iterator, Mapping

import pytest
from tests.acceptance.clusters import Shops
from tests.integration.server.running import Answer, Caller, awaited, serving
from tests.integration.server.slack_scene import SIGNED, Incident, configure
from tests.unit.providers.channels.slack_rooms import a_workspace

from smartspec_rollback.ports.buttons import Press
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.slack.state import Obj
from smartspec_rollback.testing.slack.workspace import ALICE, BOB, Signed

COMMANDS, INTERACTIONS = "/v1/slack/commands", "/v1/slack/interactions"

Scene = tuple[Incident, Caller]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Supply a server that Slack reaches."""
    folder = tmp_path_factory.mktemp("slack")
    with (
        pytest.MonkeyPatch.context() as patched,
        a_workspace() as slack,
        Cluster(speed=20.0) as cluster,
    ):
        patched.setenv("SLACK_BOT_TOKEN", slack.state.bot_token)
        patched.setenv("SLACK_SIGNING_SECRET", slack.state.signing_secret)
        shops = Shops(folder, cluster)
        configure(folder, slack, SIGNED)
        with serving(folder) as (call, opened):
            yield Incident(opened, shops, slack), call
        assert slack.refused == []


def _send(scene: Scene, path: str, payload: Obj) -> Answer:
    incident, call = scene
    return _sent(call, path, incident.slack.signed(payload, at=time.time()))


def _sent(
    call: Caller, path: str, request: Signed, headers: Mapping[str, str] | None = None
) -> Answer:
    return call("POST", path, raw=request.body, headers={**request.headers, **(headers or {})})


def test_an_incident_from_the_command_to_the_report(scene: Scene) -> None:
    """If it fails, Slack needs Socket Mode, which not everybody may use."""
    incident, call = scene
    slack = incident.slack
    typed = slack.command("smartspec_rollback", "--failed-deployment-id checkout-v2", account=ALICE)
    request = slack.signed(typed, at=time.time())
    for _ in range(2):  # the second is a replay
        answer = _sent(call, COMMANDS, request)
        assert answer.status == 200, answer.content
        assert answer.content == b""
    plan = incident.plan("checkout")

    pressed = slack.pressed(plan.ref, Press.CONFIRM, account=BOB)
    assert _send(scene, INTERACTIONS, pressed).status == 200
    wrong = _send(scene, INTERACTIONS, slack.submitted({"digest": "0" * 8}, account=BOB))
    assert wrong.status == 200
    assert wrong.document["response_action"] == "errors"
    digest = plan.text.partition("Digest: sha256:")[2][:8]
    right = slack.signed(slack.submitted({"digest": digest}, account=BOB), at=time.time())
    for _ in range(2):
        assert _sent(call, INTERACTIONS, right).status == 200
    incident.told(BOB, "Counted: bob's approval")
    incident.reported("checkout")
    assert incident.shops.images()["checkout"] == "registry.example/checkout:v1"
    store = incident.opened.workspace.store
    (rollback,) = store.rollbacks(limit=9)
    assert len(store.decisions(rollback.id)) == 1
    assert len([each for each in slack.told(BOB) if "Counted" in each]) == 1


@pytest.mark.parametrize("path", [COMMANDS, INTERACTIONS])
@pytest.mark.parametrize("wrong", ["signature", "time", "body", "unsigned"])
def test_what_slack_did_not_sign_is_refused(scene: Scene, path: str, wrong: str) -> None:
    """If it fails, anybody who reaches the server speaks for anybody in Slack."""
    incident, call = scene
    slack = incident.slack
    typed = slack.command("smartspec_rollback", "--failed-deployment-id search-v2", account=BOB)
    request = slack.signed(typed, at=time.time() - (600 if wrong == "time" else 0))
    if wrong == "body":
        request = Signed(request.headers, request.body.replace(b"search", b"basket"))
    forged = {"X-Slack-Signature": f"v0={'0' * 64}"} if wrong == "signature" else {}
    if wrong == "unsigned":
        request = Signed({"Content-Type": request.headers["Content-Type"]}, request.body)
    answer = _sent(call, path, request, forged)
    assert answer.status == 401, answer.content
    assert slack.state.signing_secret.encode() not in answer.content


def test_what_slack_signed_and_nobody_knows_is_refused(scene: Scene) -> None:
    """If it fails, a request that makes no sense is an internal error."""
    incident, call = scene
    for body in (b"", b"payload={", b"payload=" + b"[" * 10_000):
        request = incident.slack.sign(body, at=time.time())
        assert _sent(call, INTERACTIONS, request).status == 422
    awaited(lambda: call("GET", "/healthz").status == 200, "the server fell")
