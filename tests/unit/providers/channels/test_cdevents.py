"""The channel cdevents: what it sends is what CDEvents and CloudEvents say."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from tests.unit.providers.channels.told import Kept, a_post, a_report

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.messenger import Form, Messenger, Post
from smartspec_rollback.providers.channels.cdevents import (
    CdeventsMessenger,
    CdeventsSettings,
    purl,
)
from smartspec_rollback.providers.posting import Header
from smartspec_rollback.testing.web_service import Page, WebService, nobody, web_service

SINK = "/sink/T0P-SECRET"
PAGE = "https://rollback.example.org/rollbacks/rb-1"
TEXT = {"type": "string", "minLength": 1}


def struct(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """Describe an object that has these keys and no others."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


NAMED = struct({"id": TEXT}, source=TEXT)
INCIDENT = {"description": TEXT, "service": NAMED, "artifactId": TEXT}
CONTENT = {
    "incident.detected": struct({"environment": NAMED}, **INCIDENT),
    "incident.reported": struct({"environment": NAMED, "ticketURI": TEXT}, **INCIDENT),
    "incident.resolved": struct({"environment": NAMED}, **INCIDENT),
    "service.rolledback": struct({"environment": NAMED, "artifactId": TEXT}),
}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}


def event_schema(kind: str) -> dict[str, Any]:
    """Describe one event as CDEvents 0.5 has it, in CloudEvents 1.0's structured mode."""
    named = {"const": f"dev.cdevents.{kind}.0.3.0"}
    context = struct(
        {"specversion": TEXT, "id": TEXT, "source": TEXT, "type": named, "timestamp": MOMENT},
        chainId=TEXT,
    )
    subject = struct({"id": TEXT, "content": CONTENT[kind]}, source=TEXT)
    data = struct(
        {"context": context, "subject": subject},
        customData={"type": "object"},
        customDataContentType=TEXT,
    )
    return struct(
        {
            "specversion": {"const": "1.0"},
            "id": TEXT,
            "source": TEXT,
            "type": named,
            "subject": TEXT,
            "time": MOMENT,
            "datacontenttype": {"const": "application/json"},
            "data": data,
        }
    )


def messenger(url: str, **more: Any) -> CdeventsMessenger:
    """Make one that sends there."""
    return CdeventsMessenger(CdeventsSettings(url=Kept(url), **more))


def arrived(service: WebService) -> list[dict[str, Any]]:
    """List the events that arrived, each checked against what CDEvents says of it."""
    found = []
    for request in service.received:
        assert request.headers["Content-Type"].startswith("application/cloudevents+json")
        event = json.loads(request.body)
        kind = event["type"].removeprefix("dev.cdevents.").removesuffix(".0.3.0")
        jsonschema.validate(event, event_schema(kind))
        for one, other in (("id", "id"), ("source", "source"), ("type", "type")):
            assert event[one] == event["data"]["context"][other]
        assert event["time"] == event["data"]["context"]["timestamp"]
        assert event["subject"] == event["data"]["subject"]["id"]
        found.append(event)
    return found


def kinds(service: WebService) -> list[str]:
    """List what arrived by its kind."""
    return [e["type"].removeprefix("dev.cdevents.")[: -len(".0.3.0")] for e in arrived(service)]


@pytest.fixture
def service() -> Iterator[WebService]:
    """Supply a sink."""
    with web_service({SINK: Page(status=202)}) as service:
        yield service


def test_story_of_a_rollback(service: WebService) -> None:
    """What measures deliveries and incidents never learns that this one was taken back."""
    made: Messenger = messenger(service.url + SINK, source="https://rollback.example.org")
    assert made.form is Form.FACTS
    for part, status in (
        ("plan", Status.AWAITING_APPROVAL),
        ("progress", Status.EXECUTING),
        ("report", Status.SUCCEEDED),
    ):
        made.send(a_post(part, status, link=PAGE), thread="")
    assert kinds(service) == [
        "incident.detected",
        "incident.reported",
        "service.rolledback",
        "incident.resolved",
    ]
    detected, reported, back, resolved = arrived(service)
    assert detected["time"] == "2026-03-02T11:59:00Z"
    assert reported["data"]["subject"]["content"]["ticketURI"] == (PAGE)
    assert back["subject"] == "checkout"
    assert back["data"]["subject"]["content"] == {
        "environment": {"id": "production"},
        "artifactId": "pkg:generic/checkout@v1.2.0",
    }
    assert back["data"]["customData"]["fromVersion"] == "v1.2.1"
    assert resolved["subject"] == detected["subject"] == "deploy-12345"
    assert len({event["id"] for event in arrived(service)}) == 4


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.UNSTABLE, ["incident.detected", "service.rolledback"]),
        *(
            (status, ["incident.detected"])
            for status in (Status.DENIED, Status.UNKNOWN, Status.INTERRUPTED, Status.REFUSED)
        ),
        (Status.DRY_RUN, []),
    ],
)
def test_only_what_happened_is_told(
    service: WebService, status: Status, expected: list[str]
) -> None:
    """An incident is told to be over while nobody knows what is live."""
    messenger(service.url + SINK).send(a_post("report", status), thread="")
    assert kinds(service) == expected


def test_repeated_event_is_the_same() -> None:
    """After a crash everything is sent anew, and counts as a second rollback."""
    with web_service({SINK: Page()}) as service:
        for _ in range(2):
            messenger(service.url + SINK).send(a_post("report", Status.SUCCEEDED), thread="")
        first, second = service.received[:3], service.received[3:]
        assert [request.body for request in first] == [request.body for request in second]


def test_what_arrived_is_not_sent_anew() -> None:
    """A sink that fails at the third event gets the first two at every try."""
    with web_service({SINK: [Page(), Page(status=503), Page()]}) as service:
        made = messenger(service.url + SINK)
        post = a_post("report", Status.SUCCEEDED)
        with pytest.raises(ProviderUnavailable):
            made.send(post, thread="")
        made.edit("rb-1/report", post)
        assert kinds(service) == [
            "incident.detected",
            "service.rolledback",
            "service.rolledback",
            "incident.resolved",
        ]


def test_later_success_is_told(service: WebService) -> None:
    """A rollback that was verified at the second look stays an open incident."""
    made = messenger(service.url + SINK)
    made.send(a_post("report", Status.UNSTABLE), thread="")
    made.send(a_post("2/report", Status.SUCCEEDED), thread="")
    assert kinds(service)[-1] == "incident.resolved"
    assert kinds(service).count("service.rolledback") == 1


def test_headers_are_sent(service: WebService) -> None:
    """A sink that wants a token lets nothing in."""
    header = Header(name="Authorization", value=Kept("Bearer T0KEN"))
    messenger(service.url + SINK, headers=(header,)).send(
        a_post("plan", Status.AWAITING_APPROVAL), thread=""
    )
    assert service.received[0].headers["Authorization"] == "Bearer T0KEN"


@pytest.mark.parametrize(("status", "passing"), [(503, True), (429, True), (400, False)])
def test_failure_is_said_without_the_url(status: int, *, passing: bool) -> None:
    """The URL of a sink stands in an error; or an outage is taken for good."""
    page = Page(status=status, headers={"Retry-After": "7"})
    with web_service({SINK: page}) as service, pytest.raises(ProviderError) as caught:
        messenger(service.url + SINK).send(a_post("plan", Status.PLANNED), thread="")
    assert "T0P-SECRET" not in str(caught.value)
    assert isinstance(caught.value, ProviderUnavailable) == passing
    if isinstance(caught.value, ProviderUnavailable):
        assert caught.value.after == 7


def test_nobody_there_is_unavailable() -> None:
    """A sink that is restarted loses an event for ever."""
    with nobody() as url, pytest.raises(ProviderUnavailable) as caught:
        messenger(url + SINK).send(a_post("plan", Status.PLANNED), thread="")
    assert "T0P-SECRET" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "not a url", "ftp://T0P-SECRET/", "https://u:T0P-SECRET@x/"])
def test_wrong_url_is_said(url: str) -> None:
    """A mistyped URL shows itself in an error, or is tried for ever."""
    with pytest.raises(ProviderError) as caught:
        messenger(url).send(a_post("plan", Status.PLANNED), thread="")
    assert "T0P-SECRET" not in str(caught.value)
    assert not isinstance(caught.value, ProviderUnavailable)


def test_post_without_facts_is_an_error(service: WebService) -> None:
    """Half an event is sent."""
    with pytest.raises(ProviderError):
        messenger(service.url + SINK).send(Post(key="rb-1/plan", text="", document="{}"), thread="")
    assert not service.received


def test_hostile_reason_is_text(service: WebService) -> None:
    """A reason breaks the events of everything that is told."""
    told = a_report()
    rollback = msgspec.structs.replace(told.rollback, reason='"}\n\x00\u202e' + "x" * 9000)
    post = a_post(
        "plan", told.rollback.status, told=msgspec.structs.replace(told, rollback=rollback)
    )
    messenger(service.url + SINK).send(post, thread="")
    description = arrived(service)[0]["data"]["subject"]["content"]["description"]
    assert len(description) <= 500
    assert description.isprintable()


@pytest.mark.parametrize(
    ("artifact", "digest", "expected"),
    [
        ("releases/v1.2.0", "sha256:ab", "pkg:generic/checkout@v1.2.0"),
        ("v1.2.0", None, "pkg:generic/checkout@v1.2.0"),
        ("pkg:pypi/checkout@1.2.0", None, "pkg:pypi/checkout@1.2.0"),
        (
            "registry.example.org:5000/checkout:v1.2.0@sha256:0b31",
            None,
            "pkg:oci/checkout@sha256%3A0b31?repository_url=registry.example.org%3A5000%2Fcheckout",
        ),
        (
            "registry.example.org/shop/checkout:v1.2.0",
            "sha256:0b31",
            "pkg:oci/checkout@sha256%3A0b31?repository_url=registry.example.org%2Fshop%2Fcheckout",
        ),
    ],
)
def test_artifacts_are_package_urls(artifact: str, digest: str | None, expected: str) -> None:
    """Nobody can tell which artifact an event is about."""
    release = Release(version="v1.2.0", artifact=artifact, artifact_digest=digest)
    assert purl("checkout", release) == expected
