"""The routes about what the ledger knows: what is live, held, ready, and who did what.

One part of ``table``.
"""

from smartspec_rollback.domain.access import Action
from smartspec_rollback.server.api import ledger
from smartspec_rollback.server.api.documents import (
    AuditDocument,
    AuditQuery,
    HoldDocument,
    MeDocument,
    ProofDocument,
    ReasonRequest,
    ServicesDocument,
    TargetQuery,
)
from smartspec_rollback.server.api.route import Returns, Route
from smartspec_rollback.views.json_documents import HoldsDocument, ReadinessDocument

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/v1/me",
        name="whoAmI",
        summary="Say who asks, and which version answers.",
        tag="ledger",
        action=Action.READ,
        handler=ledger.me,
        returns=(Returns(200, "Whoever the token or the session belongs to.", MeDocument),),
    ),
    Route(
        method="GET",
        path="/v1/readiness",
        name="listReadiness",
        summary="Say whether each live deployment could be gone back on, and how fast.",
        description="The newest answers, as they count now: one that is old, or about what is no "
        "longer live, is unknown. Nothing is executed to answer.",
        tag="ledger",
        action=Action.READ,
        handler=ledger.readiness,
        returns=(Returns(200, "Every Target that you may see.", ReadinessDocument),),
    ),
    Route(
        method="GET",
        path="/v1/services",
        name="listServices",
        summary="Say what is live where, what is being done there, and what is banned.",
        tag="ledger",
        action=Action.READ,
        handler=ledger.services,
        returns=(Returns(200, "Every Target that you may see.", ServicesDocument),),
    ),
    Route(
        method="GET",
        path="/v1/holds",
        name="listHolds",
        summary="List the holds in force, newest first.",
        tag="ledger",
        action=Action.READ,
        handler=ledger.holds,
        query=TargetQuery,
        returns=(Returns(200, "The holds that you may see.", HoldsDocument),),
        refuses=(404,),
    ),
    Route(
        method="POST",
        path="/v1/holds/{hold_id}/release",
        name="releaseHold",
        summary="Lift a hold, so that its release may be deployed again.",
        tag="ledger",
        action=Action.RELEASE_HOLD,
        handler=ledger.release,
        body=ReasonRequest,
        example={"reason": "fixed by configuration"},
        returns=(Returns(200, "The hold is lifted.", HoldDocument),),
        refuses=(409,),
    ),
    Route(
        method="GET",
        path="/v1/audit",
        name="listAudit",
        summary="List the newest entries of the audit log.",
        tag="ledger",
        action=Action.AUDIT,
        handler=ledger.audit,
        query=AuditQuery,
        returns=(Returns(200, "The entries, newest first.", AuditDocument),),
    ),
    Route(
        method="GET",
        path="/v1/audit/proof",
        name="proveAudit",
        summary="Prove that the audit log is what was written.",
        tag="ledger",
        action=Action.AUDIT,
        handler=ledger.proof,
        returns=(Returns(200, "What the hash chain says.", ProofDocument),),
        slow=True,
    ),
)
