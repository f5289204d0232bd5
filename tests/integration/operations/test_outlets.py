"""Systems that are only told: a rollback's whole story, by a server and by an agent's process."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.clusters import Shops
from tests.integration.agents.talking import Agent, talk
from tests.integration.server.running import awaited, configure, serving
from tests.unit.providers.channels.github_stub import TOKEN, Github, github

from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.testing.web_service import Page, WebService, web_service

HOOK, SINK = "/hook/T0P-SECRET", "/sink/T0P-SECRET"
_NOTIFY = """\
      notify:
        - {{kind: apprise, urls: [{{env: NO_SUCH_VARIABLE}}, {{file: hook}}]}}
        - {{kind: cdevents, url: {{file: sink}}}}
        - {{kind: github, repository: example/checkout, token: {{file: token}}, api: {api}}}
"""


@dataclass
class Outside:
    """What is told, and where."""

    shops: Shops
    service: WebService
    hub: Github

    def sent(self, path: str) -> list[dict[str, Any]]:
        """List what arrived at a path."""
        return [json.loads(r.body) for r in self.service.received if r.path == path]

    def kinds(self) -> list[str]:
        """List the events that arrived, without those that arrived before."""
        kinds = [event["type"].split(".")[2:4] for event in self.sent(SINK)]
        return [".".join(kind) for kind in kinds]


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    """Supply a cluster, and systems that are told of one of its services."""
    pages = {HOOK: Page(), SINK: Page(status=202)}
    with Cluster(speed=20.0) as cluster, web_service(pages) as service, github() as hub:
        shops = Shops(tmp_path, cluster)
        (tmp_path / "hook").write_text(service.url.replace("http:", "json:") + HOOK)
        (tmp_path / "sink").write_text(service.url + SINK)
        (tmp_path / "token").write_text(TOKEN)
        path = tmp_path / "smartspec.yaml"
        head = "  basket:\n    production:\n"
        notify = _NOTIFY.format(api=hub.url)
        path.write_text(path.read_text().replace(head, head + notify))
        yield Outside(shops, service, hub)
        assert not hub.faults


def test_a_server_tells_the_whole_story(outside: Outside) -> None:
    """An outlet works alone and is never asked; or one in trouble keeps the others from it all."""
    good = outside.hub.deploy("v1", "a" * 40)
    bad = outside.hub.deploy("v2", "b" * 40)
    configure(outside.shops.folder)
    with serving(outside.shops.folder) as (call, _):
        asked = {"failed_deployment_id": "basket-v2", "reason": "it is empty"}
        begun = call("POST", "/v1/rollbacks", asked, by="olga").document
        rollback_id = begun["rollback_id"]
        path = f"/v1/rollbacks/{rollback_id}"
        awaited(lambda: bool(outside.sent(HOOK)), "nobody was asked")
        assert rollback_id in outside.sent(HOOK)[0]["title"]
        assert f"/rollbacks/{rollback_id}" in outside.sent(HOOK)[0]["message"]
        digest = begun["plan"]["digest"]
        assert call("POST", f"{path}/approve", {"digest": digest}, by="anna").status == 200
        ends = ("succeeded", "unstable")
        call.until(path, lambda told: told["status"] in ends, by="olga")
        awaited(lambda: outside.hub.states(bad) == ["inactive"], "GitHub was not told")
        awaited(lambda: "service.rolledback" in outside.kinds(), "no event came")
    assert outside.kinds()[:2] == ["incident.detected", "incident.reported"]
    assert outside.hub.states(good)[-1] in {"success", "failure"}
    titles = [each["title"] for each in outside.sent(HOOK)]
    assert len(titles) == len(set(titles)), titles
    assert len(titles) < 10
    for event in outside.sent(SINK):
        assert event["data"]["customData"]["rollbackId"] == rollback_id


def test_people_are_told_what_an_agent_asks_for(outside: Outside) -> None:
    """An agent asks, and nobody hears of it."""

    async def asks(agent: Agent) -> str:
        asked = await agent.call(
            "request_rollback", failed_deployment_id="basket-v2", reason="it is empty"
        )
        return str(asked["rollback_id"])

    rollback_id = talk(outside.shops.folder, asks)
    awaited(lambda: bool(outside.sent(HOOK)), "nobody was told")
    assert rollback_id in outside.sent(HOOK)[0]["title"]
    assert "asked for by an agent" in outside.sent(HOOK)[0]["message"]
