"""A rollback from the first request to the report, by HTTP alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from tests.acceptance.clusters import Shops
from tests.integration.server.running import Answer, Caller, a_server

from smartspec_rollback.domain.report import Report
from smartspec_rollback.server import streams


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Shops]]:
    """Run one server for the tests of this file; each uses a service of its own."""
    folder: Path = tmp_path_factory.mktemp("served")
    with a_server(folder) as running:
        yield running


def test_a_rollback_by_http(server: tuple[Caller, Shops]) -> None:
    """Somebody asks for a rollback, another approves it, and production stays on the bad release.

    On the way: the same request again is the same rollback, and everything said of it is there.
    """
    call, shops = server
    asked = {"failed_deployment_id": "basket-v2", "reason": "slow"}
    first = call("POST", "/v1/rollbacks", asked, by="olga")
    assert first.status == 202, first.content
    waiting = first.document
    assert waiting["schema"] == "smartspec.rollback/1"
    where = first.headers["location"]
    assert where == f"/v1/rollbacks/{waiting['rollback_id']}"
    again = call("POST", "/v1/rollbacks", asked, by="robot")
    assert again.document["rollback_id"] == waiting["rollback_id"]
    call.until(where, lambda told: told["status"] == "awaiting-approval", by="vera")
    assert "# Rollback Plan: basket-v2" in call("GET", f"{where}/plan", by="vera").content.decode()
    digest = waiting["plan"]["digest"]
    given = call("POST", f"{where}/approve", {"digest": digest}, by="anna")
    assert given.status == 200, given.content
    assert given.document["person"] == "anna"
    assert given.document["is_new"] is True
    over = call.until(where, lambda told: told["exit_code"] in (0, 7), by="vera")
    assert over["approval"]["decisions"][0]["channel"] == "api"
    assert shops.images()["basket"].endswith(":v1")
    assert "v1" in call("GET", f"{where}/report", by="vera").content.decode()
    record = call("GET", f"{where}/record", by="vera")
    assert msgspec.json.decode(record.content, type=Report).rollback.id == waiting["rollback_id"]
    listed = call("GET", "/v1/rollbacks?service=basket", by="vera").document["rollbacks"]
    assert [each["id"] for each in listed] == [waiting["rollback_id"]]


def test_a_stream_tells_everything_once(server: tuple[Caller, Shops]) -> None:
    """A console misses an entry, or shows one twice, after its connection broke."""
    call, _ = server
    asked = {"failed_deployment_id": "checkout-v2", "reason": "slow"}
    told = call("POST", "/v1/rollbacks", asked, by="olga").document
    where = f"/v1/rollbacks/{told['rollback_id']}"
    heard: list[Answer] = []
    viewer = Thread(target=lambda: heard.append(call("GET", f"{where}/events", by="vera")))
    viewer.start()
    call.until(where, lambda now: now["status"] == "awaiting-approval", by="vera")
    call("POST", f"{where}/deny", {"digest": told["plan"]["digest"][7:15]}, by="anna")
    viewer.join(40.0)
    journal = call("GET", f"{where}/journal", by="vera").document["entries"]
    assert [each["seq"] for each in _entries(heard[0])] == [each["seq"] for each in journal]
    assert "event: end" in heard[0].content.decode()
    rest = call("GET", f"{where}/events", by="vera", headers={"Last-Event-ID": "2"})
    assert _entries(rest) == [each for each in journal if each["seq"] > 2]


def _entries(answer: Answer) -> list[dict[str, object]]:
    events = answer.content.decode().split("\n\n")
    lines = [event.splitlines() for event in events if "event: entry" in event]
    return [json.loads(data.removeprefix("data: ")) for _, _, data in lines]


def test_a_dry_run_is_a_result(server: tuple[Caller, Shops]) -> None:
    """Somebody only wants to see the plan, and a rollback is begun."""
    call, _ = server
    asked = {"failed_deployment_id": "search-v2", "dry_run": True}
    answer = call("POST", "/v1/rollbacks", asked, by="olga")
    assert answer.status == 200, answer.content
    assert answer.document["status"] == "dry-run"
    services = call("GET", "/v1/services", by="vera").document["services"]
    assert {s["target"]["service"]: s["active"] for s in services}["search"] is None


def test_a_stream_ends_with_the_token(
    server: tuple[Caller, Shops], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is revoked because it leaked, and whoever has it goes on reading."""
    call, _ = server
    monkeypatch.setattr(streams, "QUIET", 0.2)
    asked = {"failed_deployment_id": "search-v2", "reason": "slow"}
    told = call("POST", "/v1/rollbacks", asked, by="olga").document
    wanted = {"name": "leaked", "scopes": ["read"]}
    made = call("POST", "/v1/tokens", wanted, by="adam").document
    call.tokens["leaked"] = made["secret"]
    heard: list[Answer] = []
    path = f"/v1/rollbacks/{told['rollback_id']}/events"
    viewer = Thread(target=lambda: heard.append(call("GET", path, by="leaked")))
    viewer.start()
    ended = call("DELETE", f"/v1/tokens/{made['token']['id']}", by="adam")
    assert ended.document["token"]["revoked_at"] is not None
    viewer.join(40.0)
    assert not viewer.is_alive()
    assert call("GET", path, by="leaked").status == 401
    assert call("DELETE", f"/v1/tokens/{made['token']['id']}", by="adam").status == 409


def test_the_report_is_one_file(server: tuple[Caller, Shops]) -> None:
    """Somebody opens the report in a browser, and it may load or run something."""
    call, _ = server
    asked = {"failed_deployment_id": "search-v2", "dry_run": True}
    told = call("POST", "/v1/rollbacks", asked, by="olga").document
    page = call("GET", f"/v1/rollbacks/{told['rollback_id']}/report.html", by="vera")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "sandbox" in page.headers["content-security-policy"]
