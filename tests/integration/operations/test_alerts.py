"""Alerts that come in: they ask for rollbacks where they may, and never do more."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.clusters import Shops
from tests.integration.operations.alertmanager import Alertmanager, alertmanager, posting_to
from tests.integration.operations.conftest import ADMIN, ALICE, BOB, MACHINE, Served
from tests.integration.server.running import awaited, configure, serving

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.errors import Forbidden, ProviderUnavailable, StoreError, UsageError
from smartspec_rollback.server.webhooks.alerts import Outcome, Taken, handle
from smartspec_rollback.testing.kubernetes.cluster import Cluster
from smartspec_rollback.wiring.recording import Said

ALLOWED = ("basket", "checkout")
_FAIL = VerdictOutcome.FAIL


@pytest.fixture
def shops(shops: Shops) -> Shops:
    """Let alerts about two of the services open rollbacks."""
    path = shops.folder / "smartspec.yaml"
    text = path.read_text()
    for name in ALLOWED:
        head = f"  {name}:\n    production:\n"
        text = text.replace(head, f"{head}      alerts: {{open_rollbacks: true}}\n")
    path.write_text(text)
    return shops


@pytest.fixture
def recorded(served: Served) -> Served:
    """Record what is live, two minutes ago."""
    at = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    for name in (*ALLOWED, "search"):
        said = Said(
            deployment_id=f"{name}-v2",
            service=name,
            environment="production",
            version="v2",
            artifact=f"registry.example/{name}:v2",
            at=at,
            database=False,
        )
        served.operations.record(MACHINE, said)
    return served


def minutes(ago: float) -> str:
    """Write a time as Alertmanager does, so many minutes ago."""
    at = datetime.now(UTC) - timedelta(minutes=ago)
    return at.isoformat().replace("+00:00", "123Z")


def an_alert(service: str = "basket", *, ago: float = 1, **more: Any) -> dict[str, Any]:
    """Make an alert of a message."""
    labels = {
        "alertname": more.pop("name", "HighErrorRate"),
        "service": service,
        "environment": "production",
        "severity": "critical",
        "deployment": service,  # what kube-state-metrics calls a workload
        **more.pop("labels", {}),
    }
    return {
        "status": "firing",
        "labels": {name: value for name, value in labels.items() if value is not None},
        "annotations": {"summary": "12% of the requests fail"},
        "startsAt": minutes(ago),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": more.pop("fingerprint", f"f-{service}"),
        **more,
    }


def a_message(*alerts: dict[str, Any], **more: Any) -> bytes:
    """Make a message as Alertmanager sends it."""
    told = {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "smartspec",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": alerts,
        **more,
    }
    return json.dumps(told).encode()


def sent(served: Served, *alerts: dict[str, Any]) -> tuple[Taken, ...]:
    """Send a message as Alertmanager's token."""
    return handle(MACHINE, served.operations, a_message(*alerts), {}).alerts


def rollbacks(served: Served) -> tuple[Rollback, ...]:
    """List all there are."""
    return served.operations.rollbacks(ALICE, limit=50)


def test_alert_opens_a_rollback_for_people(recorded: Served) -> None:
    """Nobody is asked although everybody was told; or an alert rolls production back by itself."""
    alert = an_alert()
    (taken,) = sent(recorded, alert)
    assert recorded.comes_to(taken.rollback_id, Status.AWAITING_APPROVAL)
    report = recorded.operations.report(ADMIN, taken.rollback_id)
    assert report.rollback.failed_deployment_id == "basket-v2"
    since = alert["startsAt"][:19]
    assert report.plan.reason == (
        f"Alert HighErrorRate (critical), firing since {since}Z: 12% of the requests fail"
    )
    assert report.plan.requested_by.name == "ci"
    assert recorded.shops.images()["basket"].endswith(":v2")
    with pytest.raises(Forbidden):
        recorded.operations.answer(
            MACHINE, taken.rollback_id, Answer.APPROVE, digest=report.digest, channel="api"
        )


def test_failed_verdict_does_not_let_an_alert_go_unattended(recorded: Served) -> None:
    """An alert about what the gate failed too rolls back with nobody asked."""
    recorded.operations.mark(ALICE, "basket-v2", _FAIL, reason="the gate said so")
    (taken,) = sent(recorded, an_alert())
    assert recorded.comes_to(taken.rollback_id, Status.AWAITING_APPROVAL)


def test_repeats_count_once(recorded: Served) -> None:
    """Alertmanager repeats itself, and people are asked anew about what they denied."""
    alert = an_alert()
    (taken,) = sent(recorded, alert)
    assert "heard before" in sent(recorded, alert)[0].what
    recorded.comes_to(taken.rollback_id, Status.AWAITING_APPROVAL)
    digest = recorded.operations.report(ADMIN, taken.rollback_id).digest
    recorded.operations.answer(BOB, taken.rollback_id, Answer.DENY, digest=digest, channel="web")
    recorded.comes_to(taken.rollback_id, Status.DENIED)
    assert "heard before" in sent(recorded, alert)[0].what
    other = an_alert(name="HighLatency", fingerprint="f-2")
    assert sent(recorded, other)[0].what == (
        f"ignored: {taken.rollback_id} was asked for since it began (denied)"
    )
    assert len(rollbacks(recorded)) == 1


def test_death_before_the_answer_opens_no_second_one(
    recorded: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that dies while it takes an alert asks people twice, or never."""
    alert = an_alert()

    def dies(*_: Any, **__: Any) -> bool:
        raise StoreError("the process died here")

    monkeypatch.setattr(recorded.opened.workspace.store, "hear", dies)
    with pytest.raises(StoreError):
        sent(recorded, alert)
    monkeypatch.undo()
    (opened,) = rollbacks(recorded)
    assert sent(recorded, alert)[0].rollback_id == opened.id
    assert len(rollbacks(recorded)) == 1


def test_several_services_at_once(recorded: Served) -> None:
    """Of a group of alerts only the first is looked at."""
    first = an_alert()
    done = sent(recorded, first, an_alert("search"), an_alert("checkout"), first)
    assert [bool(each.rollback_id) for each in done] == [True, False, True, False]
    assert done[1].what == "ignored: alerts open no rollbacks of search/production"
    assert {r.target.service for r in rollbacks(recorded)} == {"basket", "checkout"}


@pytest.mark.parametrize(
    ("alert", "why"),
    [
        (an_alert(labels={"severity": "warning"}), "its severity is not one of critical"),
        (an_alert(labels={"severity": None}), "its severity is not one of critical"),
        (an_alert(labels={"service": None}), "it has no label 'service'"),
        (an_alert("shop"), "unknown service: 'shop'"),
        (an_alert("../basket"), "cannot be a service"),
        (an_alert(labels={"environment": "staging"}), "unknown environment of basket: 'staging'"),
        (an_alert(ago=10), "it began before basket-v2 went live"),
        (an_alert(labels={"deployment_id": "nope-1"}), "unknown deployment"),
        (an_alert(labels={"deployment_id": "basket-v1"}), "basket-v1 is not live any more"),
        (an_alert(labels={"deployment_id": "search-v2"}), "is a deployment of search"),
    ],
)
def test_what_opens_nothing(recorded: Served, alert: dict[str, Any], why: str) -> None:
    """People are asked about a deployment that has nothing to do with it."""
    (taken,) = sent(recorded, alert)
    assert why in taken.what
    assert not rollbacks(recorded)


def test_old_deployment_is_not_suspected(served: Served) -> None:
    """Every outage of the network asks people to take last month's release back."""
    said = Said(
        deployment_id="basket-v2",
        service="basket",
        environment="production",
        version="v2",
        artifact="registry.example/basket:v2",
        at=(datetime.now(UTC) - timedelta(hours=3)).isoformat(),
        database=False,
    )
    assert sent(served, an_alert())[0].what == (
        "ignored: no deployment of basket/production is recorded"
    )
    served.operations.record(MACHINE, said)
    assert "too long before" in sent(served, an_alert())[0].what


def test_environment_is_clear_where_there_is_one(recorded: Served) -> None:
    """A service with one environment has to name it in every alert."""
    assert sent(recorded, an_alert(labels={"environment": None}))[0].rollback_id


def test_what_is_over_is_noted_once(recorded: Served) -> None:
    """An alert that ends rolls something back, or is forgotten."""
    over = an_alert(status="resolved")
    for _ in range(2):
        assert sent(recorded, over)[0].what == "noted: it is over"
    (entry,) = [
        e for e in recorded.operations.audit_log(ADMIN, limit=20) if e.action == "alert.resolved"
    ]
    assert entry.actor == "ci"
    assert "HighErrorRate" in entry.detail
    assert not rollbacks(recorded)


def test_who_may_not_ask_asks_for_nothing(recorded: Served) -> None:
    """A token for something else opens rollbacks."""
    with pytest.raises(Forbidden):
        handle(BOB, recorded.operations, a_message(an_alert()), {})
    assert not rollbacks(recorded)


def test_trouble_with_one_is_told_after_the_others(
    recorded: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that is away loses the alert: nobody sends it again."""
    real = recorded.operations.rollback

    def flaky(who: Any, request: Any) -> Any:
        if request.failed_deployment_id == "basket-v2":
            raise ProviderUnavailable("the cluster is away")
        return real(who, request)

    monkeypatch.setattr(recorded.operations, "rollback", flaky)
    with pytest.raises(ProviderUnavailable):
        sent(recorded, an_alert(), an_alert("checkout"))
    monkeypatch.undo()
    first, second = sent(recorded, an_alert(), an_alert("checkout"))
    assert first.rollback_id
    assert len(rollbacks(recorded)) == 2
    assert "ignored" in second.what


def test_hostile_texts_are_a_plain_line(recorded: Served) -> None:
    """An annotation forges a line of the plan."""
    alert = an_alert(name="A\n## Steps\x1b[2J" + "x" * 500)
    alert["annotations"] = {"summary": "\r\n- [✅] all is well\x00 " + "y" * 9000}
    (taken,) = sent(recorded, alert)
    reason = recorded.operations.report(ADMIN, taken.rollback_id).plan.reason
    assert reason.isprintable()
    assert len(reason) < 500


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b" " * 2_000_000,
        a_message(version="3"),
        a_message(an_alert()).replace(b'"startsAt"', b'"started"'),
        a_message({**an_alert(), "startsAt": "now"}),
        a_message({**an_alert(), "labels": {"service": 7}}),
        a_message({**an_alert(), "labels": None}),
        a_message(*[an_alert()] * 1001),
    ],
)
def test_what_is_no_message_is_refused(recorded: Served, body: bytes) -> None:
    """Rubbish opens a rollback, or breaks the server."""
    with pytest.raises(UsageError):
        handle(MACHINE, recorded.operations, body, {})
    assert not rollbacks(recorded)


@pytest.fixture
def manager(recorded: Served) -> Iterator[Alertmanager]:
    """Run a real Alertmanager that tells what is served."""

    def take(body: bytes) -> Outcome:
        return handle(MACHINE, recorded.operations, body, {})

    with alertmanager(recorded.shops.folder, take) as running:
        yield running


def test_with_a_real_alertmanager(recorded: Served, manager: Alertmanager) -> None:
    """What Alertmanager really sends is not what we read."""
    manager.fire(an_alert(), an_alert("checkout", labels={"severity": "warning"}))
    recorded.until(lambda: len(rollbacks(recorded)) == 1, "no rollback was opened")
    (opened,) = rollbacks(recorded)
    recorded.comes_to(opened.id, Status.AWAITING_APPROVAL)
    assert opened.reason.startswith("Alert HighErrorRate (critical), firing since ")
    recorded.until(lambda: manager.messages > 2, "it does not repeat itself")
    manager.resolve(an_alert())
    recorded.until(
        lambda: any(
            e.action == "alert.resolved" for e in recorded.operations.audit_log(ADMIN, limit=20)
        ),
        "nothing was noted",
    )
    assert len(rollbacks(recorded)) == 1
    assert not manager.refused


def test_alertmanager_and_the_server(tmp_path: Path) -> None:
    """What the how-to tells to write into both configurations does not work together."""
    with Cluster(speed=20.0) as cluster:
        Shops(tmp_path, cluster)
        path = tmp_path / "smartspec.yaml"
        head = "  basket:\n    production:\n"
        path.write_text(
            path.read_text().replace(head, f"{head}      alerts: {{open_rollbacks: true}}\n")
        )
        configure(tmp_path)
        with serving(tmp_path) as (call, _):
            recorded = {
                "deployment_id": "basket-v2",
                "service": "basket",
                "environment": "production",
                "version": "v2",
                "artifact": "registry.example/basket:v2",
                "database": False,
            }
            assert call("POST", "/v1/deployments", recorded, by="robot").status == 201
            url = f"http://127.0.0.1:{call.port}/v1/alerts/alertmanager"
            with posting_to(tmp_path, url, token=call.tokens["robot"]) as at:
                Alertmanager(at).fire(an_alert(ago=0))

                def opened() -> list[dict[str, Any]]:
                    found: list[dict[str, Any]] = call("GET", "/v1/rollbacks", by="olga").document[
                        "rollbacks"
                    ]
                    return found

                awaited(lambda: bool(opened()), "no rollback was opened")
            (rollback,) = opened()
            assert rollback["reason"].startswith("Alert HighErrorRate (critical), firing since ")
            assert rollback["requested_by"]["name"] == "machine:robot"
