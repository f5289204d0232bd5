"""CDEvents that come in: what was deployed or upgraded is recorded as a deployment.

Called by the API with whoever was identified. CloudEvents 1.0 over HTTP in its three modes. Events
of other types are taken and left alone, as are those about services that are not ours: a broker
sends everything to everybody.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.domain.values import Value, digest
from smartspec_rollback.errors import UnknownName, UsageError
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.server.webhooks.reading import decoded, header, line, moment
from smartspec_rollback.wiring.recording import Said

MODES = ("application/cloudevents+json", "application/cloudevents-batch+json", "application/json")
"""The media types that are read: structured, batch and binary mode."""

_MANY = 100
_SHORTEST_ID = 3
_TYPE = re.compile(r"dev\.cdevents\.([a-z]+)\.([a-z]+)\.(\d+)\.\d+\.\d+(?:-[\w.-]+)?", re.ASCII)
_RECORDS = {("service", "deployed"), ("service", "upgraded")}
_TEXT = 2000


class Ignored(Value):
    """An event that was taken and left alone, and why."""

    id: str
    why: str


class Outcome(Value):
    """What became of the events: ids of deployments recorded, of those known already, the rest."""

    recorded: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()


class _Named(msgspec.Struct, frozen=True):
    id: str = ""


class _Content(msgspec.Struct, frozen=True, rename="camel"):
    environment: _Named = _Named()
    artifact_id: str = ""


class _Subject(msgspec.Struct, frozen=True):
    id: str
    content: _Content = _Content()


class _Context(msgspec.Struct, frozen=True):
    id: str
    source: str
    type: str
    timestamp: str


class _Cdevent(msgspec.Struct, frozen=True, rename="camel"):
    context: _Context
    subject: _Subject
    custom_data: Any = None


class _Cloudevent(msgspec.Struct, frozen=True):
    specversion: str
    id: str
    source: str
    type: str
    data: msgspec.Raw = msgspec.Raw()


def handle(
    who: Principal, operations: Operations, body: bytes, headers: Mapping[str, str]
) -> Outcome:
    """Record what was deployed. Every event is read before the first one is recorded.

    UsageError where something is no event, Forbidden where ``who`` may not record. The same event
    once more changes nothing.
    """
    recorded: list[str] = []
    known: list[str] = []
    ignored: list[Ignored] = []
    wanted: list[tuple[str, Said]] = []
    for event in list(_events(body, headers)):
        said = _said(event, operations)
        if isinstance(said, Ignored):
            ignored.append(said)
        else:
            wanted.append((event.id, said))
    for event_id, said in wanted:
        try:
            done = operations.record(who, said)
        except UnknownName as error:
            ignored.append(Ignored(id=_shown(event_id), why=error.what))
            continue
        (recorded if done.is_new else known).append(said.deployment_id)
    return Outcome(recorded=tuple(recorded), known=tuple(known), ignored=tuple(ignored))


def _events(body: bytes, headers: Mapping[str, str]) -> Iterator[_Cloudevent]:
    media = header(headers, "content-type").partition(";")[0].strip().lower()
    match media:
        case "application/cloudevents+json":
            yield _checked(decoded(body, _Cloudevent, what="a CloudEvent"))
        case "application/cloudevents-batch+json":
            batch = decoded(body, tuple[_Cloudevent, ...], what="a batch of CloudEvents")
            if len(batch) > _MANY:
                raise UsageError(f"a batch has at most {_MANY} events, not {len(batch)}")
            yield from map(_checked, batch)
        case _ if header(headers, "ce-specversion"):
            told = {
                name: unquote(header(headers, f"ce-{name}"))
                for name in ("specversion", "id", "source", "type")
            }
            if media not in {"application/json", ""}:
                raise UsageError(f"the data of a CDEvent is application/json, not {media[:80]!r}")
            yield _checked(_Cloudevent(**told, data=msgspec.Raw(body)))
        case _:
            raise UsageError(
                "this is no CloudEvent: neither its media type nor a header ce-specversion says so",
                remedy="send CloudEvents 1.0, in structured, batch or binary mode",
            )


def _checked(event: _Cloudevent) -> _Cloudevent:
    if event.specversion != "1.0":
        raise UsageError(f"CloudEvents {event.specversion[:20]!r} is not read here, only 1.0")
    for name, text in (("id", event.id), ("source", event.source), ("type", event.type)):
        if not text or len(text) > _TEXT or not text.isprintable():
            raise UsageError(f"the event's {name} is missing, too long, or not printable")
    return event


def _said(event: _Cloudevent, operations: Operations) -> Said | Ignored:
    """Say what was deployed, or why there is nothing to record. UsageError on a broken event."""
    kind = _TYPE.fullmatch(event.type)
    if kind is None or (kind[1], kind[2]) not in _RECORDS:
        return Ignored(id=_shown(event.id), why=f"{_shown(event.type)} is not recorded")
    told = decoded(bytes(event.data), _Cdevent, what="a CDEvent")
    context = told.context
    if (context.id, context.source, context.type) != (event.id, event.source, event.type):
        raise UsageError("the CloudEvent and the CDEvent in it name different events")
    at = moment(context.timestamp)
    if at is None:
        raise UsageError(f"{_shown(context.timestamp)!r} is no time with its zone")
    custom = told.custom_data if isinstance(told.custom_data, dict) else {}
    service = _service(told.subject.id, operations)
    if service is None:
        why = f"smartspec.yaml has no service {_shown(told.subject.id)!r}"
        return Ignored(id=_shown(event.id), why=why)
    artifact = told.subject.content.artifact_id
    version = _text(custom, "version") or _version(artifact)
    return Said(
        deployment_id=checked_name("deployment id", _text(custom, "deploymentId") or _id(event)),
        service=service,
        environment=checked_name("environment", told.subject.content.environment.id),
        version=checked_name("version", version),
        artifact=_text(custom, "artifact") or _reference(artifact) or None,
        commit=_text(custom, "commit") or None,
        at=at.isoformat(),
    )


def _service(subject: str, operations: Operations) -> str | None:
    """Find the service that a subject names: it is one, or its last part is (``app/checkout``)."""
    known = {target.service for target in operations.workspace.targets}
    return next((s for s in (subject, subject.rpartition("/")[2]) if s in known), None)


def _id(event: _Cloudevent) -> str:
    """Name the deployment by the event's id where that can be one; else by a digest of it."""
    try:
        if len(event.id) >= _SHORTEST_ID:
            return checked_name("deployment id", event.id)
    except UsageError:
        pass
    return f"event-{digest((event.source, event.id))[7:23]}"


def _version(artifact: str) -> str:
    """Take the version out of a package URL, or of an image's reference."""
    plain = unquote(artifact.partition("?")[0].partition("#")[0])
    if not plain:
        raise UsageError(
            "the event names no artifact",
            remedy="set artifactId, or version in customData",
        )
    name, at, version = plain.rpartition("@")
    if at and name:
        return version
    last = plain.rpartition("/")[2]
    return last.partition(":")[2] or last


def _reference(artifact: str) -> str:
    """Write an image's package URL as platforms know it; everything else stays as it is."""
    if not artifact.startswith("pkg:oci/"):
        return artifact
    path, _, query = artifact.partition("?")
    version = unquote(path.rpartition("@")[2])
    found = re.search(r"(?:^|&)repository_url=([^&#]*)", query)
    if found is None or not version.startswith("sha256:"):
        return artifact
    return f"{unquote(found[1])}@{version}"


def _text(custom: dict[Any, Any], name: str) -> str:
    held = custom.get(name, "")
    if not isinstance(held, str):
        raise UsageError(f"customData.{name} is no text")
    return held


def _shown(text: str) -> str:
    return line(text, limit=100)
