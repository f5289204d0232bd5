"""CDEvents that come in: deployments are recorded, and nothing hostile gets further."""

import json
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.operations.conftest import ALICE, BOB, MACHINE, Served

from smartspec_rollback.errors import Forbidden, UsageError
from smartspec_rollback.server.webhooks.cdevents import Outcome, handle

STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
IMAGE = (
    "pkg:oci/basket@sha256%3A0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"
    "?repository_url=registry.example%2Fbasket"
)


def an_event(what: str = "service.deployed", **more: Any) -> dict[str, Any]:
    """Make an event as CDEvents 0.5 has it, in CloudEvents' structured form."""
    event_id = more.get("id", str(uuid.uuid4()))
    kind = f"dev.cdevents.{what}.{more.get('version', '0.3.0')}"
    at = more.get("at", datetime.now(UTC).isoformat().replace("+00:00", "Z"))
    content = {
        "environment": {"id": more.get("environment", "production")},
        "artifactId": more.get("artifact", "pkg:generic/basket@v3"),
    }
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/pipelines/7",
        "type": kind,
        "subject": more.get("service", "basket"),
        "time": at,
        "datacontenttype": "application/json",
        "data": {
            "context": {
                "specversion": "0.5.1",
                "id": event_id,
                "source": "/pipelines/7",
                "type": kind,
                "timestamp": at,
            },
            "subject": {"id": more.get("service", "basket"), "content": content},
            **({"customData": more["custom"]} if "custom" in more else {}),
        },
    }


def sent(served: Served, told: object, headers: dict[str, str] = STRUCTURED) -> Outcome:
    """Send it as the pipeline's machine."""
    return handle(MACHINE, served.operations, json.dumps(told).encode(), headers)


def as_binary(event: dict[str, Any]) -> dict[str, str]:
    """Write an event's attributes as headers."""
    return {
        "content-type": "application/json",
        **{f"ce-{n}": event[n] for n in ("specversion", "id", "source", "type", "subject", "time")},
    }


def test_deployment_is_recorded(served: Served) -> None:
    """A pipeline that speaks CDEvents would have to call us by name as well."""
    at = "2026-03-02T12:00:00.123456789+01:00"
    event = an_event(at=at, custom={"deploymentId": "deploy-7", "commit": "0123abc"})
    assert sent(served, event) == Outcome(recorded=("deploy-7",))
    entry, _ = served.operations.deployment(ALICE, "deploy-7")
    deployment = entry.deployment
    assert str(deployment.target) == "basket/production"
    assert deployment.release.version == "v3"
    assert deployment.release.artifact == "pkg:generic/basket@v3"
    assert deployment.commit == "0123abc"
    assert deployment.at == datetime(2026, 3, 2, 11, 0, 0, 123456, UTC)
    assert deployment.recorded_by == "ci"


def test_image_is_recorded_as_platforms_know_it(served: Served) -> None:
    """What went live is not found again by its package URL."""
    (deployment,) = sent(served, an_event("service.upgraded", artifact=IMAGE)).recorded
    release = served.operations.deployment(ALICE, deployment)[0].deployment.release
    assert release.version.startswith("sha256:0b31")
    assert release.artifact == f"registry.example/basket@{release.version}"


def test_same_event_counts_once(served: Served) -> None:
    """A broker that delivers at least once makes two deployments of one."""
    for event in (an_event(), an_event(id="not a name, but an id")):
        first = sent(served, event)
        assert len(first.recorded) == 1
        again = handle(
            MACHINE, served.operations, json.dumps(event["data"]).encode(), as_binary(event)
        )
        assert again == Outcome(known=first.recorded)


def test_batch(served: Served) -> None:
    """Of several events at once some are lost."""
    batch = [
        an_event(id="one-1"),
        an_event("build.finished", id="two-2"),
        an_event(id="three-3", service="deployment/checkout", version="0.2.0"),
        an_event(id="four-4", service="unknown"),
    ]
    done = sent(served, batch, BATCH)
    assert done.recorded == ("one-1", "three-3")
    assert [each.id for each in done.ignored] == ["two-2", "four-4"]


@pytest.mark.parametrize(
    "event",
    [
        an_event("service.removed"),
        an_event("service.rolledback"),
        an_event("incident.detected"),
        {**an_event(), "type": "com.example.other", "data": "anything"},
        an_event(service="elsewhere"),
        an_event(environment="staging"),
        {"specversion": "1.0", "id": "x", "source": "/x", "type": "dev.cdevents.service.deployed"},
    ],
    ids=lambda event: str(event["type"]),
)
def test_what_is_not_ours_is_left_alone(served: Served, event: dict[str, Any]) -> None:
    """A broker takes a refused event for lost, and sends it for ever."""
    before = served.operations.deployments(ALICE, limit=50)
    done = sent(served, event)
    assert len(done.ignored) == 1
    assert served.operations.deployments(ALICE, limit=50) == before


def _without(event: dict[str, Any], *path: str) -> dict[str, Any]:
    held = event
    for key in path[:-1]:
        held = held[key]
    del held[path[-1]]
    return event


def _mixed_up() -> dict[str, Any]:
    return {**an_event(), "id": "another"}


@pytest.mark.parametrize(
    "event",
    [
        _without(an_event(), "id"),
        _without(an_event(), "data", "context"),
        _without(an_event(), "data", "subject", "id"),
        _without(an_event(), "data", "subject", "content", "environment"),
        _without(an_event(), "data"),
        {**an_event(), "specversion": "0.3"},
        {**an_event(), "source": "x" * 3000},
        _mixed_up(),
        an_event(at="yesterday"),
        an_event(at="2026-03-02T12:00:00"),
        an_event(at=(datetime.now(UTC) + timedelta(days=1)).isoformat()),
        an_event(artifact=""),
        an_event(artifact="pkg:generic/basket@../../etc/passwd"),
        an_event(environment="../production"),
        an_event(custom={"version": 7}),
        an_event(custom={"deploymentId": "a b"}),
        an_event(custom={"version": "v1\x1b[2J"}),
        [],
        "text",
        7,
        None,
    ],
)
def test_broken_event_is_refused(served: Served, event: object) -> None:
    """Half of an event is recorded as a deployment; or what is odd breaks the server."""
    before = served.operations.deployments(ALICE, limit=50)
    with pytest.raises(UsageError):
        sent(served, event)
    assert served.operations.deployments(ALICE, limit=50) == before


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", STRUCTURED),
        (b"{", STRUCTURED),
        (b"\xff\xfe", STRUCTURED),
        (b"[" * 100_000, STRUCTURED),
        (b'{"data":' + b"[" * 100_000, STRUCTURED),
        (b" " * 2_000_000, STRUCTURED),
        (b"{}", {}),
        (b"{}", {"content-type": "text/plain", "ce-specversion": "1.0"}),
        (json.dumps([an_event()] * 101).encode(), BATCH),
        (json.dumps(an_event()).encode(), BATCH),
        (json.dumps([an_event()]).encode(), STRUCTURED),
        (json.dumps(an_event()["data"]).encode(), {"content-type": "application/json"}),
    ],
)
def test_what_is_no_event_is_refused(served: Served, body: bytes, headers: dict[str, str]) -> None:
    """Somebody sends rubbish, and gets the server's insides as an answer."""
    with pytest.raises(UsageError):
        handle(MACHINE, served.operations, body, headers)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=8,
    ),
    st.sampled_from(["data", "custom", "subject", "content", "context"]),
)
def test_any_json_is_read_or_refused(served: Served, held: Any, where: str) -> None:
    """Some JSON of a stranger ends the request with an internal error."""
    event = an_event(id="fuzzed")
    match where:
        case "data":
            event["data"] = held
        case "custom":
            event["data"]["customData"] = held
        case "content":
            event["data"]["subject"]["content"] = held
        case _:
            event["data"][where] = held
    with suppress(UsageError):
        sent(served, event)


def test_who_may_not_record_records_nothing(served: Served) -> None:
    """A token for one thing does another."""
    with pytest.raises(Forbidden):
        handle(BOB, served.operations, json.dumps(an_event(id="deploy-9")).encode(), STRUCTURED)
    assert all(e.deployment.id != "deploy-9" for e in served.operations.deployments(ALICE, limit=9))
