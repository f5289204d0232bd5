"""The routes about rollbacks: asking, following, answering, going on.

One part of ``table``.
"""

from smartspec_rollback.domain.access import Action
from smartspec_rollback.domain.report import Report
from smartspec_rollback.server.api import rollbacks
from smartspec_rollback.server.api.documents import (
    AnswerRequest,
    GivenDocument,
    JournalDocument,
    JournalQuery,
    ReasonRequest,
    RollbackRequest,
    RollbacksQuery,
)
from smartspec_rollback.server.api.route import EVENTS, HTML, LOCATION, MARKDOWN, Returns, Route
from smartspec_rollback.views.json_documents import HistoryDocument, RollbackDocument

_STANDS = Returns(200, "How the rollback stands.", RollbackDocument)
_GOES_ON = Returns(
    202, "It goes on by itself, or waits for approval.", RollbackDocument, headers=LOCATION
)

ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/v1/rollbacks",
        name="askForRollback",
        summary="Roll a failed deployment back, or join the rollback that does so already.",
        description="Answered once the plan is made. A plan that is refused is a result: its "
        "`status` is `refused` and its `exit_code` 3. Two requests for one failed deployment give "
        "one rollback.",
        tag="rollbacks",
        action=Action.REQUEST,
        handler=rollbacks.ask,
        body=RollbackRequest,
        rule={
            "if": {"properties": {"override": {"type": "string"}}, "required": ["override"]},
            "then": {"properties": {"reason": {"type": "string"}}, "required": ["reason"]},
        },
        example={
            "failed_deployment_id": "deploy-12345",
            "target_version": "v1.2.0",
            "dry_run": False,
            "reason": "checkout page is blank",
        },
        returns=(
            Returns(
                200, "A dry run, a refused plan, or a rollback that is over.", RollbackDocument
            ),
            _GOES_ON,
        ),
        refuses=(404, 409, 502),
        keyed=True,
        slow=True,
    ),
    Route(
        method="GET",
        path="/v1/rollbacks",
        name="listRollbacks",
        summary="List rollbacks, newest first.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.listed,
        query=RollbacksQuery,
        returns=(Returns(200, "The newest that you may see.", HistoryDocument),),
        refuses=(404,),
    ),
    Route(
        method="GET",
        path="/v1/rollbacks/{rollback_id}",
        name="showRollback",
        summary="Tell how a rollback stands.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.show,
        returns=(_STANDS,),
    ),
    Route(
        method="GET",
        path="/v1/rollbacks/{rollback_id}/record",
        name="recordOfRollback",
        summary="Hand out everything of a rollback, for the commands of this very version.",
        description="Its shape follows the version of the server; use the document for programs "
        "of your own.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.record,
        returns=(Returns(200, "The report as it is kept.", Report),),
    ),
    Route(
        method="GET",
        path="/v1/rollbacks/{rollback_id}/plan",
        name="planOfRollback",
        summary="Show the plan as people see it.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.plan,
        returns=(Returns(200, "Markdown.", media=MARKDOWN),),
    ),
    Route(
        method="GET",
        path="/v1/rollbacks/{rollback_id}/report",
        name="reportOfRollback",
        summary="Show what became of it.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.report,
        returns=(Returns(200, "Markdown.", media=MARKDOWN),),
    ),
    Route(
        method="GET",
        path="/v1/rollbacks/{rollback_id}/report.html",
        name="reportFileOfRollback",
        summary="Hand out the report as one HTML file with charts, for the postmortem.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.report_page,
        returns=(Returns(200, "One file that needs nothing else.", media=HTML),),
    ),
    Route(
        method="GET",
        path="/v1/rollbacks/{rollback_id}/journal",
        name="journalOfRollback",
        summary="List journal entries.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.journal,
        query=JournalQuery,
        returns=(Returns(200, "The entries after `after`, in order.", JournalDocument),),
    ),
    Route(
        method="GET",
        path="/v1/rollbacks/{rollback_id}/events",
        name="followRollback",
        summary="Follow a rollback while it runs.",
        description="Server-sent events: `entry` with a journal entry (its `id` is the entry's "
        "number), `progress` with how far a step is, and `end` once it is over. A stream ends "
        "after 15 minutes at the latest; come again with `Last-Event-ID`, and nothing is missed.",
        tag="rollbacks",
        action=Action.READ,
        handler=rollbacks.follow,
        query=JournalQuery,
        returns=(Returns(200, "A stream of events.", media=EVENTS),),
    ),
    Route(
        method="POST",
        path="/v1/rollbacks/{rollback_id}/approve",
        name="approveRollback",
        summary="Consent to the plan that the digest names.",
        description="Also counts by the plan's own policy. A plan of high risk wants a fresh proof "
        "of who answers.",
        tag="rollbacks",
        action=Action.ANSWER,
        handler=rollbacks.approve,
        body=AnswerRequest,
        example={"digest": "sha256:" + "0123456789abcdef" * 4},
        returns=(Returns(200, "The answer counts.", GivenDocument),),
        refuses=(409,),
    ),
    Route(
        method="POST",
        path="/v1/rollbacks/{rollback_id}/deny",
        name="denyRollback",
        summary="Deny the plan that the digest names; before the first step a deny always wins.",
        tag="rollbacks",
        action=Action.ANSWER,
        handler=rollbacks.deny,
        body=AnswerRequest,
        example={"digest": "01234567", "reason": "the trouble is over"},
        returns=(Returns(200, "The answer counts.", GivenDocument),),
        refuses=(409,),
    ),
    Route(
        method="POST",
        path="/v1/rollbacks/{rollback_id}/resume",
        name="resumeRollback",
        summary="Go on with a rollback that stopped, or verify it again.",
        tag="rollbacks",
        action=Action.REQUEST,
        handler=rollbacks.resume,
        returns=(_STANDS, _GOES_ON),
        refuses=(409, 502),
        slow=True,
    ),
    Route(
        method="POST",
        path="/v1/rollbacks/{rollback_id}/abandon",
        name="abandonRollback",
        summary="Give up a rollback that stopped in the middle; production stays as it is.",
        tag="rollbacks",
        action=Action.REQUEST,
        handler=rollbacks.abandon,
        body=ReasonRequest,
        example={"reason": "mended by hand"},
        returns=(_STANDS,),
        refuses=(409, 502),
        slow=True,
    ),
)
