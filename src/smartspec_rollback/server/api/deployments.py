"""What the API does with deployments, their verdicts and gates. Called through ``table``."""

from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.gate import GateRun
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.server.api.documents import (
    DeploymentDocument,
    DeploymentRequest,
    DeploymentsQuery,
    GateRequest,
    GateRunDocument,
    RecordedDocument,
    RemarkDocument,
    VerdictDocument,
    VerdictRequest,
)
from smartspec_rollback.server.api.route import Call, Reply
from smartspec_rollback.server.api.served import Served
from smartspec_rollback.views import json
from smartspec_rollback.wiring.recording import Said


def record(served: Served, call: Call[DeploymentRequest, None]) -> Reply:
    """Record a deployment, and what can be learnt about it right then."""
    asked = call.body
    done = served.operations.record(
        call.who,
        Said(
            deployment_id=asked.deployment_id,
            service=asked.service,
            environment=asked.environment,
            version=asked.version,
            artifact=asked.artifact,
            commit=asked.commit,
            at=None if asked.at is None else asked.at.isoformat(),
            phase=asked.phase,
            database=asked.database,
        ),
    )
    return Reply(
        RecordedDocument(
            is_new=done.is_new,
            deployment=done.entry or LedgerEntry(deployment=done.deployment),
            remarks=tuple(
                RemarkDocument(text=each.text, is_warning=each.is_warning) for each in done.remarks
            ),
        ),
        status=201 if done.is_new else 200,
        headers={"Location": f"/v1/deployments/{done.deployment.id}"},
    )


def show(served: Served, call: Call[None, None]) -> Reply:
    """Tell of one deployment."""
    entry, verdict = served.operations.deployment(call.who, call.names["deployment_id"])
    return Reply(DeploymentDocument(deployment=entry, newest_verdict=verdict))


def listed(served: Served, call: Call[None, DeploymentsQuery]) -> Reply:
    """List deployments."""
    asked = call.query
    found = [
        each
        for target in served.narrowed(asked.service, asked.environment)
        for each in served.operations.deployments(call.who, target, limit=asked.limit)
    ]
    found.sort(key=lambda each: each.deployment.at, reverse=True)
    return Reply(json.deployments_document(found[: asked.limit]))


def mark(served: Served, call: Call[VerdictRequest, None]) -> Reply:
    """Say that a deployment is healthy or failed."""
    is_good = call.body.health == "healthy"
    verdict = served.operations.mark(
        call.who,
        call.names["deployment_id"],
        VerdictOutcome.PASS if is_good else VerdictOutcome.FAIL,
        reason=call.body.reason or "no reason given",
    )
    return Reply(VerdictDocument(verdict=verdict), status=201)


def judge(served: Served, call: Call[GateRequest, None]) -> Reply:
    """Begin a gate, or join the one of this deployment that is running."""
    run = served.gates.begin(call.who, call.body.deployment_id)
    where = {"Location": f"/v1/gates/{run.id}"}
    return Reply(_run(run), status=202, headers=where)


def gate(served: Served, call: Call[None, None]) -> Reply:
    """Tell what came of a gate."""
    return Reply(_run(served.gates.find(call.who, call.names["gate_id"])))


def _run(run: GateRun) -> GateRunDocument:
    return GateRunDocument(
        gate_id=run.id,
        deployment_id=run.deployment_id,
        asked_by=run.asked_by.person.name,
        asked_at=run.asked_at,
        ended_at=run.ended_at,
        exit_code=run.exit_code,
        verdict=run.verdict,
        error=run.error,
        remedy=run.remedy,
    )
