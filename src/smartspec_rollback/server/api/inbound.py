"""What other systems send: events of deliveries, alerts, and what people do in Slack.

Called by ``dispatch`` through ``table``. ``webhooks`` and the Messengers read what was sent; here
are only the routes of it, and the shapes by which the document describes it.
"""

from collections.abc import Mapping
from typing import Any

from smartspec_rollback.errors import UnknownName
from smartspec_rollback.ports.messenger import HearsRequests
from smartspec_rollback.server.api.documents import AlertsDocument, EventsDocument
from smartspec_rollback.server.api.route import FORM, JSON, Call, Reply
from smartspec_rollback.server.api.served import Served
from smartspec_rollback.server.webhooks import alerts, cdevents
from smartspec_rollback.server.webhooks import slack as signed

_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000, "format": "printable-text"}
_EVENT: Mapping[str, Any] = {
    "type": "object",
    "description": "A CloudEvent 1.0. CDEvents `service.deployed` and `service.upgraded` are "
    "recorded as deployments; others are taken and left alone.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": _TEXT,
        "type": _TEXT,
        "data": {"description": "The CDEvent."},
    },
    "required": ["specversion", "id", "source", "type"],
}
_LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
_STRUCTURED, _BATCH, _PLAIN = cdevents.MODES

EVENTS_IN: Mapping[str, Mapping[str, Any]] = {
    _STRUCTURED: _EVENT,
    _BATCH: {"type": "array", "maxItems": 100, "items": dict(_EVENT)},
}
"""What ``events`` takes, besides the binary mode, whose headers make it one."""

ALERTS_IN: Mapping[str, Mapping[str, Any]] = {
    JSON: {
        "type": "object",
        "description": "A message of Alertmanager's webhook, version 4.",
        "properties": {
            "version": {"const": "4"},
            "alerts": {
                "type": "array",
                "maxItems": 1000,
                "items": {
                    "type": "object",
                    "properties": {
                        "status": {"type": "string", "description": "`firing` or `resolved`."},
                        "labels": _LABELS,
                        "annotations": _LABELS,
                        "startsAt": {
                            "type": "string",
                            "pattern": r"^20[0-9]{2}-0[1-9]-[01][1-9]T[01][0-9]:[0-5][0-9]"
                            r":[0-5][0-9](\.[0-9]{1,9})?Z$",
                            "description": "RFC 3339, as Alertmanager writes it.",
                        },
                        "fingerprint": {"type": "string"},
                    },
                    "required": ["status", "labels", "startsAt"],
                },
            },
        },
        "required": ["version", "alerts"],
    }
}
"""What ``alerted`` takes."""

SLACK_IN: Mapping[str, Mapping[str, Any]] = {FORM: {"type": "object"}}
"""What Slack sends; its signature is what counts."""


def events(served: Served, call: Call[None, None]) -> Reply:
    """Record what CDEvents say was deployed."""
    done = cdevents.handle(call.who, served.operations, call.raw, call.headers)
    return Reply(EventsDocument(recorded=done.recorded, known=done.known, ignored=done.ignored))


def alerted(served: Served, call: Call[None, None]) -> Reply:
    """Ask for rollbacks where alerts may."""
    done = alerts.handle(call.who, served.operations, call.raw, call.headers)
    return Reply(AlertsDocument(alerts=done.alerts))


def slack(served: Served, call: Call[None, None]) -> Reply:
    """Hear what somebody typed or pressed in Slack; kept before Slack is told so."""
    chats = served.chats
    if not any(isinstance(each, HearsRequests) for each in chats.messengers):
        raise UnknownName("channel", "slack", remedy="configure one, with its signing_secret")
    said = signed.handle(
        chats.messengers,
        chats.desk.hear,
        headers=call.headers,
        body=call.raw,
        now=served.operations.workspace.clock.now(),
    )
    return Reply(said or None)
