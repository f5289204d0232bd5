"""Everything as JSON: one document per command, for scripts and pipelines.

Called by ``cli`` and, through wiring, when reports are saved. The shapes are those of
``json_documents``; ``rollback_schema`` describes them to others. Bytes are UTF-8, indented by two,
and end with a newline; control and bidirectional characters are written as escapes, so that
printing a document on a terminal is harmless.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from smartspec_rollback.domain.candidate import Candidate, LedgerEntry
from smartspec_rollback.domain.hold import Hold
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.readiness import Readiness, exit_code
from smartspec_rollback.domain.report import Ended, Moments, Report
from smartspec_rollback.domain.rollback import JournalEntry, Rollback
from smartspec_rollback.domain.step import Step
from smartspec_rollback.domain.values import Parameter, Value
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.errors import ConfigurationError, SmartSpecError, UnknownName
from smartspec_rollback.views import wording
from smartspec_rollback.views.json_documents import (
    ApprovalDocument,
    DeploymentsDocument,
    DurationsDocument,
    EndedDocument,
    EntryDocument,
    ErrorDocument,
    GateDocument,
    HistoryDocument,
    HoldsDocument,
    PlanAlone,
    PlanDocument,
    ProblemDocument,
    ReadinessDocument,
    RollbackDocument,
    RollbacksDocument,
    StepDocument,
)

_BEYOND_ASCII = re.compile(r"[^\n\x20-\x7e]")


def rollback_document(report: Report, *, report_paths: tuple[str, ...]) -> bytes:
    """Write a rollback as ``smartspec.rollback/1``.

    Keys: schema, rollback_id, status, status_detail, exit_code, outcome, failed_deployment_id,
    target, from_version, to_version, reason, break_glass, plan (with digest), findings, approval,
    prewarm, steps (with times), verdict, hold, moments, durations, advice, journal, report_paths,
    commits.
    """
    return written(_rollback(report, report_paths))


def rollbacks_document(
    ended: Sequence[Ended], *, exit_code: int, paths_of: Callable[[Report], tuple[str, ...]]
) -> bytes:
    """Write several rollbacks as ``smartspec.rollbacks/1``."""
    return written(
        RollbacksDocument(
            exit_code=exit_code,
            rollbacks=tuple(
                EndedDocument(
                    failed_deployment_id=each.failed_deployment_id,
                    target=each.target,
                    exit_code=each.exit_code,
                    rollback=_rollback(each.report, paths_of(each.report)) if each.report else None,
                    error=_encodable(each.error),
                    remedy=_encodable(each.remedy),
                )
                for each in ended
            ),
        )
    )


def _rollback(report: Report, report_paths: tuple[str, ...]) -> RollbackDocument:
    rollback, plan = report.rollback, report.plan
    return RollbackDocument(
        rollback_id=rollback.id,
        status=rollback.status,
        status_detail=rollback.status_detail,
        exit_code=report.exit_code,
        outcome=wording.outcome(report)[1].replace("`", ""),
        failed_deployment_id=rollback.failed_deployment_id,
        target=rollback.target,
        from_version=rollback.from_version,
        to_version=rollback.to_version,
        reason=rollback.reason,
        break_glass=rollback.break_glass,
        plan=_plan(plan, digest=report.digest),
        findings=wording.ordered(plan.findings),
        approval=ApprovalDocument(
            quorum=plan.policy.quorum,
            approvers=plan.policy.approvers,
            expires_at=rollback.expires_at,
            decisions=report.decisions,
        ),
        prewarm=report.prewarm,
        steps=report.steps,
        verdict=report.verdict,
        hold=report.hold,
        moments=report.moments,
        durations=_durations(report.moments),
        advice=report.advice,
        journal=tuple(entry_document(entry) for entry in report.journal),
        report_paths=report_paths,
        commits=report.commits,
    )


def rollback_schema() -> dict[str, Any]:
    """Describe ``smartspec.rollback/1`` as JSON Schema (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(RollbackDocument),
    }


def plan_document(plan: Plan) -> bytes:
    """Write a plan by itself as ``smartspec.plan/1``: plan (with digest) and findings."""
    findings = wording.ordered(plan.findings)
    return written(PlanAlone(plan=_plan(plan, digest=plan.digest), findings=findings))


def gate_document(verdict: Verdict, exit_code: int) -> bytes:
    """Write a gate's verdict as ``smartspec.gate/1``."""
    return written(
        GateDocument(
            deployment_id=verdict.deployment_id,
            outcome=verdict.outcome,
            exit_code=exit_code,
            verdict=verdict,
        )
    )


def error_document(error: SmartSpecError, *, candidates: Sequence[Candidate] = ()) -> bytes:
    """Write an error as ``smartspec.error/1``; ``candidates`` are those a refusal passed over."""
    problems = error.problems if isinstance(error, ConfigurationError) else ()
    return written(
        ErrorDocument(
            error=type(error).__name__,
            exit_code=error.exit_code,
            what=_encodable(error.what),
            where=_encodable(error.where),
            remedy=_encodable(error.remedy),
            details=tuple(_encodable(detail) for detail in error.details),
            nearest=error.nearest if isinstance(error, UnknownName) else (),
            problems=tuple(
                ProblemDocument(line=p.line, key=p.key, what=p.what, remedy=p.remedy)
                for p in problems
            ),
            candidates=tuple(candidates),
        )
    )


def deployments_document(entries: Sequence[LedgerEntry]) -> bytes:
    """Write deployments as ``smartspec.deployments/1``."""
    return written(DeploymentsDocument(deployments=tuple(entries)))


def holds_document(holds: Sequence[Hold]) -> bytes:
    """Write the holds in force as ``smartspec.holds/1``."""
    return written(HoldsDocument(holds=tuple(holds)))


def history_document(rollbacks: Sequence[Rollback]) -> bytes:
    """Write rollbacks as ``smartspec.history/1``."""
    return written(HistoryDocument(rollbacks=tuple(rollbacks)))


def readiness_document(answers: Sequence[Readiness]) -> bytes:
    """Write whether Targets could be gone back on as ``smartspec.readiness/1``."""
    return written(ReadinessDocument(exit_code=exit_code(answers), answers=tuple(answers)))


def _plan(plan: Plan, *, digest: str) -> PlanDocument:
    return PlanDocument(
        digest=digest,
        rollback_id=plan.rollback_id,
        failed_deployment_id=plan.failed_deployment_id,
        target=plan.target,
        reason=plan.reason,
        headline=wording.first_line(plan).replace("`", ""),
        risk=plan.risk,
        may_proceed=not plan.blocking,
        from_release=plan.from_release,
        to=plan.to,
        rejected=plan.rejected,
        overrides=plan.overrides,
        failing_now=plan.failing_now,
        prewarm=plan.prewarm,
        steps=tuple(_step(step) for step in plan.steps),
        verification=plan.verification,
        objectives=plan.objectives,
        baseline=plan.baseline,
        policy=plan.policy,
        estimate=plan.estimate,
        fingerprint=plan.fingerprint,
        requested_by=plan.requested_by,
        made_at=plan.made_at,
    )


def _step(step: Step) -> StepDocument:
    return StepDocument(
        id=step.id,
        kind=step.kind,
        title=step.title,
        parameters=_object(step.parameters),
        expected=_object(step.expected),
        undo=step.undo,
        repeat=step.repeat,
        timeout=step.timeout,
        moves_traffic=step.moves_traffic,
        danger=step.danger,
        afterwards=step.afterwards,
    )


def entry_document(entry: JournalEntry) -> EntryDocument:
    """Show a journal entry, its data as a plain object."""
    return EntryDocument(
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        text=entry.text,
        step=entry.step,
        operation=entry.operation,
        data=_object(entry.data),
    )


def _object(held: tuple[Parameter, ...]) -> dict[str, str]:
    return {parameter.name: parameter.value for parameter in held}


def _durations(moments: Moments) -> DurationsDocument:
    return DurationsDocument(
        detect=_seconds(moments.deployed, moments.detected),
        decide=_seconds(moments.detected, moments.decided),
        approve=_seconds(moments.decided, moments.approved),
        switch=_seconds(moments.approved, moments.switched),
        verify=_seconds(moments.switched, moments.verified),
        recovery=_seconds(moments.deployed, moments.verified),
    )


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


def _encodable(text: str) -> str:
    """Write what came from a command line in another encoding so that UTF-8 can hold it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def written(document: Value) -> bytes:
    """Write a document, harmless to print on a terminal."""
    indented = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    return (_BEYOND_ASCII.sub(_harmless, indented) + "\n").encode()


def _harmless(found: re.Match[str]) -> str:
    """Escape a character that is not printable; it can only stand inside a string."""
    character = found[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
