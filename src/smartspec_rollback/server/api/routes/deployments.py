"""The routes about deployments, their verdicts and gates.

One part of ``table``.
"""

from smartspec_rollback.domain.access import Action
from smartspec_rollback.server.api import deployments
from smartspec_rollback.server.api.documents import (
    DeploymentDocument,
    DeploymentRequest,
    DeploymentsQuery,
    GateRequest,
    GateRunDocument,
    RecordedDocument,
    VerdictDocument,
    VerdictRequest,
)
from smartspec_rollback.server.api.route import LOCATION, Returns, Route
from smartspec_rollback.views.json_documents import DeploymentsDocument

ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/v1/deployments",
        name="recordDeployment",
        summary="Record that a release was deployed; saying it twice changes nothing.",
        description="A configured database is looked at too, and what brings the release back is "
        "kept, by the server; where that fails, a remark says so.",
        tag="deployments",
        action=Action.RECORD,
        handler=deployments.record,
        body=DeploymentRequest,
        example={
            "deployment_id": "deploy-12345",
            "service": "checkout",
            "environment": "production",
            "version": "v1.2.1",
            "phase": "live",
        },
        returns=(
            Returns(200, "It was recorded already.", RecordedDocument, headers=LOCATION),
            Returns(201, "It is recorded.", RecordedDocument, headers=LOCATION),
        ),
        refuses=(404, 409, 502),
        slow=True,
    ),
    Route(
        method="GET",
        path="/v1/deployments",
        name="listDeployments",
        summary="List deployments, newest first.",
        tag="deployments",
        action=Action.READ,
        handler=deployments.listed,
        query=DeploymentsQuery,
        returns=(Returns(200, "The newest that you may see.", DeploymentsDocument),),
        refuses=(404,),
    ),
    Route(
        method="GET",
        path="/v1/deployments/{deployment_id}",
        name="showDeployment",
        summary="Show one deployment, with its newest verdict.",
        description="One that only a platform knows is shown as that.",
        tag="deployments",
        action=Action.READ,
        handler=deployments.show,
        returns=(Returns(200, "The deployment.", DeploymentDocument),),
        refuses=(502,),
        slow=True,
    ),
    Route(
        method="POST",
        path="/v1/deployments/{deployment_id}/verdicts",
        name="markDeployment",
        summary="Say that a deployment is healthy or failed; the newest word counts.",
        tag="deployments",
        action=Action.JUDGE,
        handler=deployments.mark,
        body=VerdictRequest,
        example={"health": "failed", "reason": "checkout page is blank"},
        returns=(Returns(201, "The verdict is recorded.", VerdictDocument),),
        refuses=(502,),
        slow=True,
    ),
    Route(
        method="POST",
        path="/v1/gates",
        name="judgeDeployment",
        summary="Judge a fresh deployment by its objectives, and record the verdict.",
        description="One gate of a deployment runs at a time; asking again joins it. A gate "
        "outlives its server: the next one judges anew.",
        tag="deployments",
        action=Action.JUDGE,
        handler=deployments.judge,
        body=GateRequest,
        example={"deployment_id": "deploy-12345"},
        returns=(Returns(202, "It is being judged.", GateRunDocument, headers=LOCATION),),
        refuses=(404, 502),
        slow=True,
    ),
    Route(
        method="GET",
        path="/v1/gates/{gate_id}",
        name="showGate",
        summary="Tell what came of a gate.",
        description="Kept for 30 days.",
        tag="deployments",
        action=Action.READ,
        handler=deployments.gate,
        returns=(Returns(200, "The gate.", GateRunDocument),),
        refuses=(502,),
        slow=True,
    ),
)
