"""The one place that exits: results and errors become exit codes, errors become text.

Called by ``main``. Nothing heavy is imported unless something went wrong.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.stop import Interrupted

_USAGE = 2


def run(command: click.Command, program: str) -> NoReturn:
    """Run a command with the process's arguments, and exit."""
    sys.exit(execute(command, program, sys.argv[1:]))


def execute(command: click.Command, program: str, arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; every error has been said by then."""
    session = Session(arguments)
    with session.stop.listening():
        try:
            returned = command.main(
                list(arguments), prog_name=program, standalone_mode=False, obj=session
            )
            code = returned if isinstance(returned, int) else 0
        except (Exception, Interrupted) as error:  # noqa: BLE001 - here every error ends
            session.close()
            code = _explained(error, session)
        finally:
            session.close()
    return _lost(session, code)


def _explained(error: BaseException, session: Session) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        session.output.note(error.format_message())
        return _USAGE
    from smartspec_rollback.cli.faults import explain

    return explain(error, session)


def _lost(session: Session, code: int) -> int:
    """Say that the result could not be written; only a code that says nothing else changes."""
    if not session.output.lost:
        return code
    session.output.note(f"error: the result could not be written: {session.output.lost}")
    says_more = session.judges or bool(session.rollback_id)
    return code if code or says_more else 1
