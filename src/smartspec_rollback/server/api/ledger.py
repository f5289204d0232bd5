"""What the API tells of services, holds and the audit log. Called through ``table``."""

from importlib.metadata import version

from smartspec_rollback.server.api.documents import (
    AuditDocument,
    AuditQuery,
    HoldDocument,
    MeDocument,
    ProofDocument,
    ReasonRequest,
    TargetQuery,
)
from smartspec_rollback.server.api.route import Call, Reply
from smartspec_rollback.server.api.served import Served
from smartspec_rollback.server.api.telling import services_document
from smartspec_rollback.views import json


def me(_: Served, call: Call[None, None]) -> Reply:
    """Say who asks."""
    who = call.who
    return Reply(
        MeDocument(
            name=who.person.name,
            is_machine=who.is_machine,
            version=version("smartspec-rollback"),
        )
    )


def readiness(served: Served, call: Call[None, None]) -> Reply:
    """Say whether Targets could be gone back on."""
    return Reply(json.readiness_document(served.operations.readiness(call.who)))


def services(served: Served, call: Call[None, None]) -> Reply:
    """Say what is live where."""
    return Reply(services_document(served.operations.services(call.who)))


def holds(served: Served, call: Call[None, TargetQuery]) -> Reply:
    """List the holds in force."""
    found = [
        each
        for target in served.narrowed(call.query.service, call.query.environment)
        for each in served.operations.holds(call.who, target)
    ]
    found.sort(key=lambda each: each.placed_at, reverse=True)
    return Reply(json.holds_document(found))


def release(served: Served, call: Call[ReasonRequest, None]) -> Reply:
    """Lift a hold."""
    lifted = served.operations.release_hold(
        call.who, call.names["hold_id"], reason=call.body.reason
    )
    return Reply(HoldDocument(hold=lifted))


def audit(served: Served, call: Call[None, AuditQuery]) -> Reply:
    """List the newest entries of the audit log."""
    found = served.operations.audit_log(call.who, limit=call.query.limit)
    return Reply(AuditDocument(entries=found))


def proof(served: Served, call: Call[None, None]) -> Reply:
    """Prove that the audit log is what was written."""
    entries, fault = served.operations.verify_audit(call.who)
    newest = served.operations.audit_log(call.who, limit=1) if fault is None else ()
    return Reply(
        ProofDocument(
            sound=fault is None,
            entries=entries,
            fault=fault,
            newest_hash=newest[0].hash if newest else None,
        )
    )
