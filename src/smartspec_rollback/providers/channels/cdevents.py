"""CDEvents as an outlet: rollbacks as CloudEvents, for what listens to deliveries and incidents.

Made by ``wiring``; ``operations.courier`` sends. Events are those of CDEvents 0.5 in CloudEvents
1.0, structured mode. Each has an id that is made of the rollback's, so a repeated one is known by
its source and id, and says the same.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

import msgspec
from msgspec import Meta

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.secrets import SecretReference
from smartspec_rollback.domain.values import Value
from smartspec_rollback.ports.messenger import Form, Post
from smartspec_rollback.providers.facts import APPLIED, Facts, facts, part
from smartspec_rollback.providers.posting import Caller, Header

SPECIFICATION = "0.5.1"
"""The version of CDEvents that these events follow."""

_REMEMBERED = 1000
_TEXT = 500


class CdeventsSettings(Value):
    """Settings of the channel ``cdevents``."""

    url: Annotated[
        SecretReference,
        Meta(
            description="Where the URL of the sink is kept: an environment variable or a file.",
            examples=[{"env": "CDEVENTS_SINK_URL"}],
        ),
    ]
    source: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9/._~:-]{1,200}$",
            description="The events' source, a URI or the path of one.",
            examples=["https://rollback.example.org"],
        ),
    ] = "/smartspec-rollback"
    headers: Annotated[
        tuple[Header, ...],
        Meta(
            description="Headers to send along.",
            examples=[[{"name": "Authorization", "value": {"env": "CDEVENTS_TOKEN"}}]],
        ),
    ] = ()
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="How long sending one event may take.",
            examples=["5s"],
            extra={"smartspec": "duration"},
        ),
    ] = 5.0


class CdeventsMessenger:
    """Sends what happened as events."""

    name: ClassVar[str] = "cdevents"
    form: ClassVar[Form] = Form.FACTS
    settings_type: ClassVar[type[Value]] = CdeventsSettings

    def __init__(self, settings: CdeventsSettings, **_: object) -> None:
        """Send to ``settings.url``; nothing is read yet."""
        self._settings = settings
        self._caller = Caller(where=f"channel {self.place}", seconds=settings.timeout)
        self._sent: dict[str, None] = {}

    @property
    def place(self) -> str:
        """Name the place by where its URL is kept."""
        return f"{self.name}:{self._settings.url.place}"

    def send(self, post: Post, /, *, thread: str) -> str:  # noqa: ARG002 - there are no threads
        """Send the events that this part of the story brings, in order."""
        self._send(post)
        return post.key

    def edit(self, ref: str, post: Post, /) -> None:  # noqa: ARG002 - events have ids of their own
        """Send what has happened since; an event that was sent is not sent anew."""
        self._send(post)

    def _send(self, post: Post) -> None:
        told = facts(post, where=self._caller.where)
        if told.status is Status.DRY_RUN:
            return
        due = list(events(told, part(post), source=self._settings.source, page=post.link))
        if not due:
            return
        to = self._caller.address(self._settings.url)
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "smartspec-cdevents",
            "Connection": "close",
            **{h.name: self._caller.revealed(h.value) for h in self._settings.headers},
        }
        for event in due:
            if event["id"] not in self._sent:
                body = msgspec.json.encode(event)
                self._caller.call("POST", to, to.path, headers=headers, body=body)
                self._remember(event["id"])

    def _remember(self, event_id: str) -> None:
        self._sent[event_id] = None
        while len(self._sent) > _REMEMBERED:
            del self._sent[next(iter(self._sent))]


def events(told: Facts, of: str, *, source: str, page: str) -> Iterator[dict[str, Any]]:
    """Make the events that a plan or a report brings, oldest first; progress brings none.

    ``page`` is the rollback's, empty where nobody serves one.
    """
    if of not in {"plan", "report"}:
        return
    service, environment = told.target.service, told.target.environment
    bad, good = told.plan.from_release, told.plan.to.release
    where = {"environment": {"id": environment}}
    incident = {
        **where,
        "service": {"id": service},
        "artifactId": purl(service, bad),
        "description": _shown(told.reason),
    }
    detected = told.moments.detected or told.moments.decided
    yield _event(told, "incident.detected", detected, incident, source=source)
    if page:
        reported = {**incident, "ticketURI": page}
        yield _event(told, "incident.reported", told.moments.decided, reported, source=source)
    if of == "plan" or told.status not in APPLIED:
        return
    switched = told.moments.switched or told.moments.verified or told.moments.decided
    back = {**where, "artifactId": purl(service, good)}
    yield _event(told, "service.rolledback", switched, back, source=source)
    if told.status is Status.SUCCEEDED and told.moments.verified is not None:
        resolved = {
            **incident,
            "artifactId": purl(service, good),
            "description": f"Rolled back to {good.version} and verified",
        }
        yield _event(told, "incident.resolved", told.moments.verified, resolved, source=source)


def purl(service: str, release: Release) -> str:
    """Name a release as a package URL: of the image where it is one, else of the service."""
    artifact = release.artifact
    if artifact.startswith("pkg:"):
        return artifact
    reference, _, digest = artifact.partition("@")
    if not digest.startswith("sha256:") and release.artifact_digest and "/" in reference:
        digest = release.artifact_digest
    if digest.startswith("sha256:") and _is_image(reference):
        repository = reference.rpartition(":")[0] if _has_tag(reference) else reference
        name = repository.rpartition("/")[2].lower()
        address = quote(repository, safe="")
        return f"pkg:oci/{quote(name, safe='')}@{quote(digest, safe='')}?repository_url={address}"
    return f"pkg:generic/{quote(service, safe='')}@{quote(release.version, safe='')}"


def _is_image(reference: str) -> bool:
    """Tell an image's name from a path: its first part is a registry's host."""
    host, slash, _ = reference.partition("/")
    return bool(slash) and ("." in host or ":" in host or host == "localhost")


def _has_tag(reference: str) -> bool:
    return ":" in reference.rpartition("/")[2]


def _event(
    told: Facts, what: str, at: datetime, content: dict[str, Any], *, source: str
) -> dict[str, Any]:
    event_id = f"{told.rollback_id}/{what}"
    kind = f"dev.cdevents.{what}.0.3.0"
    of_service = what.startswith("service.")
    subject = told.target.service if of_service else told.failed_deployment_id
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": at,
        "datacontenttype": "application/json",
        "data": {
            "context": {
                "specversion": SPECIFICATION,
                "id": event_id,
                "source": source,
                "type": kind,
                "timestamp": at,
                "chainId": told.failed_deployment_id,
            },
            "subject": {"id": subject, "source": source, "content": content},
            "customData": {
                "rollbackId": told.rollback_id,
                "failedDeploymentId": told.failed_deployment_id,
                "fromVersion": told.from_version,
                "toVersion": told.to_version,
                "reason": _shown(told.reason),
            },
            "customDataContentType": "application/json",
        },
    }


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:_TEXT]
