"""Rolling back and resuming: checks what was typed, calls the engine, shows what it came to.

Called by ``rollback``, ``resume`` and ``abandon``.
"""

from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.showing import show_report
from smartspec_rollback.cli.stop import Stage
from smartspec_rollback.domain.names import checked_name, checked_text
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.values import Value
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import ClaimLost, JournalLost, StoreError, UsageError


class Asked(Value):
    """What was typed, before anybody looked at it."""

    failed_deployment_ids: tuple[str, ...]
    target_version: str | None
    auto_approve: bool
    dry_run: bool
    override: str | None
    reason: str | None
    break_glass: str | None


def roll_back(session: Session, asked: Asked) -> int:
    """Roll back, show the report, and return the exit code that says what became of it."""
    request = _checked(asked)
    if len(asked.failed_deployment_ids) > 1:
        from smartspec_rollback.cli.several import roll_back_several

        for each in asked.failed_deployment_ids:
            checked_name("deployment id", each)
        return roll_back_several(session, request, asked.failed_deployment_ids)
    if request.break_glass:
        _at_hand(session)
    session.stop.stage = Stage.ASK
    try:
        report = session.verbs.rollback(request, session.screen)
    except (ClaimLost, JournalLost):
        raise
    except StoreError as error:
        if not request.break_glass and session.stop.stage is not Stage.FINISH:
            error.remedy = _or_break_glass(error.remedy, request.failed_deployment_id)
        raise
    return _finish(session, report)


def resume(session: Session, rollback_id: str) -> int:
    """Go on with a rollback, show the report, and return its exit code."""
    session.screen.follow(session.verbs.report(rollback_id))
    session.stop.stage = Stage.ASK
    return _finish(session, session.verbs.resume(rollback_id, session.screen))


def abandon(session: Session, rollback_id: str, *, reason: str) -> int:
    """Give up a rollback, show the report, and return its exit code."""
    session.screen.follow(session.verbs.report(rollback_id))
    return _finish(session, session.verbs.abandon(rollback_id, session.screen, reason=reason))


def _finish(session: Session, report: Report) -> int:
    session.screen.close()
    session.screen.follow(report)
    closed_by_plan = report.rollback.status is Status.DRY_RUN or (
        report.rollback.status is Status.REFUSED and bool(report.plan.blocking)
    )
    # A plan that says why it was not carried out is its own report.
    if session.output.as_json or not closed_by_plan:
        show_report(session.output, report)
    return report.exit_code


def _at_hand(session: Session) -> None:
    """Insist on doing without any server: break-glass is for when nothing but production is up."""
    if session.server is not None:
        raise UsageError(
            "--break-glass is done on this machine, without a server",
            where="--server, SMARTSPEC_SERVER",
            remedy="leave the server out; a smartspec.yaml is needed here",
        )


def _or_break_glass(remedy: str, failed_deployment_id: str) -> str:
    """Add how to do without the ledger to what would mend it."""
    command = (
        f'smartspec_rollback --failed-deployment-id {failed_deployment_id} --break-glass "why"'
    )
    instead = f"to roll back without the ledger, run at a terminal: {command}"
    return f"{remedy}; {instead}" if remedy else instead


def _checked(asked: Asked) -> Request:
    """Check every text before anything else is done; UsageError says which is wrong."""
    why = [
        checked_text(name, text)
        for name, text in (("break-glass reason", asked.break_glass), ("reason", asked.reason))
        if text is not None
    ]
    if asked.override is not None:
        checked_name("check", asked.override)
        if asked.reason is None:
            raise UsageError(
                "--override needs a reason", remedy="add --reason TEXT; it is recorded"
            )
    if asked.target_version is not None:
        checked_name("version", asked.target_version)
    return Request(
        failed_deployment_id=checked_name("deployment id", asked.failed_deployment_ids[0]),
        target_version=asked.target_version,
        auto_approve=asked.auto_approve,
        dry_run=asked.dry_run,
        override=asked.override,
        reason="; ".join(why) or None,
        break_glass=asked.break_glass is not None,
    )
