"""The routes for what other programs send by their own formats.

One part of ``table``.
"""

from smartspec_rollback.domain.access import Action
from smartspec_rollback.server.api import inbound
from smartspec_rollback.server.api.documents import AlertsDocument, EventsDocument
from smartspec_rollback.server.api.route import JSON, Returns, Route

ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/v1/events",
        name="takeEvents",
        summary="Take CDEvents: what was deployed or upgraded is recorded.",
        description="CloudEvents 1.0, structured, batch or (as `application/json` with `ce-` "
        "headers) binary. The same event once more changes nothing.",
        tag="inbound",
        action=Action.RECORD,
        handler=inbound.events,
        takes=inbound.EVENTS_IN,
        returns=(Returns(200, "What became of the events.", EventsDocument),),
        refuses=(404, 409, 502),
        slow=True,
    ),
    Route(
        method="POST",
        path="/v1/alerts/alertmanager",
        name="takeAlerts",
        summary="Take alerts of Alertmanager, which may ask for a rollback that people approve.",
        description="An alert never approves and never goes unattended.",
        tag="inbound",
        action=Action.REQUEST,
        handler=inbound.alerted,
        takes=inbound.ALERTS_IN,
        returns=(Returns(200, "What became of the alerts.", AlertsDocument),),
        refuses=(404, 409, 502),
        slow=True,
    ),
    *(
        Route(
            method="POST",
            path=f"/v1/slack/{what}",
            name=name,
            summary=summary,
            description="Signed by Slack (`X-Slack-Signature`); needed only without Socket Mode.",
            tag="inbound",
            action=None,
            handler=inbound.slack,
            takes=inbound.SLACK_IN,
            returns=(Returns(200, "It is heard.", media=JSON),),
            refuses=(404,),
            signed=True,
        )
        for what, name, summary in (
            ("commands", "takeSlackCommand", "Hear a command that somebody typed in Slack."),
            ("interactions", "takeSlackAction", "Hear what somebody pressed in Slack."),
        )
    ),
)
