"""What went wrong, said to people or as a document, and the exit code that goes with it.

Called by ``exits`` alone. A traceback is shown only with ``--verbose``.
"""

import traceback

import click

from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.stop import Interrupted, Stage
from smartspec_rollback.errors import Refused, ServerLost, SmartSpecError, UsageError

_SHOWN = 300
_GATE_CODES = (2, 3, 4)


class _Left(SmartSpecError):
    """Stopped on request."""

    exit_code = 130


class _LeftExecuting(SmartSpecError):
    """Left while steps may be under way."""

    exit_code = 5


class _GateFailed(SmartSpecError):
    """The quality gate could not judge, by an error of its own."""

    exit_code = 4


def explain(error: BaseException, session: Session) -> int:
    """Say what went wrong, as text on standard error or as the one document, and give its code."""
    said = _ours(error, session)
    if session.verbose:
        session.output.note("".join(traceback.format_exception(error)))
    if session.output.as_json:
        from smartspec_rollback.views.json import error_document

        session.output.document(error_document(said))
    else:
        session.output.note(f"error: {said}")
    return said.exit_code


def _ours(error: BaseException, session: Session) -> SmartSpecError:
    """Turn whatever was raised into one of our errors, with the code of this command."""
    match error:
        case SmartSpecError():
            said = error
        case click.UsageError():
            return _usage(error)
        case click.ClickException():
            return UsageError(error.format_message())
        case Interrupted() | click.Abort():
            said = _interrupted(error, session)
        case _:
            said = _unexpected(error, session)
    if session.judges and said.exit_code not in _GATE_CODES:
        return _GateFailed(said.what, where=said.where, remedy=said.remedy, details=said.details)
    return said


def _usage(error: click.UsageError) -> UsageError:
    path = error.ctx.command_path if error.ctx else ""
    return UsageError(
        error.format_message().rstrip("."), remedy=f"see `{path} --help`" if path else ""
    )


def _interrupted(error: BaseException, session: Session) -> SmartSpecError:
    rollback = session.rollback_id
    stage = error.stage if isinstance(error, Interrupted) else Stage.LEAVE
    if session.judges and session.server is not None:
        return Refused("left on request before there was a verdict; the server goes on judging")
    if session.judges:
        return Refused("stopped on request before there was a verdict; nothing was recorded")
    if stage is Stage.FINISH:
        return _LeftExecuting("left on request", remedy=f"smartspec resume {rollback}")
    if stage is Stage.ASK and session.server is not None:
        look = f"smartspec show {rollback} --report" if rollback else "smartspec history"
        return ServerLost(
            "left on request; the server goes on with what it was asked for",
            remedy=f"`{look}` tells what became of it",
        )
    if stage is Stage.ASK and rollback:
        return Refused(
            "left on request before anything was changed; the rollback may still be open",
            remedy=f"`smartspec deny {rollback}` closes it, `smartspec resume {rollback}` goes on",
        )
    return _Left("stopped on request")


def _unexpected(error: BaseException, session: Session) -> SmartSpecError:
    rollback = session.rollback_id
    state = f"; production's state is in the journal: smartspec show {rollback} --report"
    return SmartSpecError(
        f"unexpected internal error ({type(error).__name__}: {str(error)[:_SHOWN]})"
        f"{state if rollback else ''}",
        remedy="" if session.verbose else "--verbose shows where; please report it",
    )
