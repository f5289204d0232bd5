"""Rolling several deployments back at once: one incident, many services.

Called by ``rolling_back``. Each is a rollback of its own, with its own plan, digest, journal and
report; they run side by side, and one that fails stops no other. Decides nothing but the order of
what is shown.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import replace

from smartspec_rollback.cli.ballot import Ballot
from smartspec_rollback.cli.lines import Lines
from smartspec_rollback.cli.own_terminal import OwnTerminal
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.showing import report_paths
from smartspec_rollback.cli.stop import Stage
from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.report import Ended
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import SmartSpecError, UsageError
from smartspec_rollback.views import json, several

_AT_ONCE = 256
_POLL = 0.05
_UNTOUCHED = (2, 3, 4)
_GRAVEST = (1, 6, 5, 7, 4, 3, 2, 0)
"""Exit codes, the one that says most about production first."""


def roll_back_several(session: Session, request: Request, ids: tuple[str, ...]) -> int:
    """Roll all of them back side by side, show what became of each; the gravest exit code.

    Before anything is done every id must be known, and of a Target of its own.
    """
    if request.target_version is not None or request.override is not None or request.break_glass:
        raise UsageError(
            "--target-version, --override and --break-glass are about one deployment",
            remedy="run the command for that deployment alone",
        )
    found = session.verbs.locate_all(ids)
    session.stop.stage = Stage.ASK
    asks = OwnTerminal.can_decide() and not request.dry_run and session.verbs.decides_here
    ballot = Ballot(session.output) if asks else None
    with ThreadPoolExecutor(min(len(found), _AT_ONCE), thread_name_prefix="rollback") as pool:
        running = [pool.submit(_one, session, request, failed, ballot) for failed in found]
        _attend(running, ballot)
        ended = tuple(each.result() for each in running)
    code = next((code for code in _GRAVEST if any(each.exit_code == code for each in ended)), 1)
    if session.output.as_json:
        document = json.rollbacks_document(ended, exit_code=code, paths_of=report_paths)
        session.output.document(document)
    else:
        width = session.output.width if session.output.for_person else None
        session.output.result(several.results(ended, width=width))
    return code


def _attend(running: "list[Future[Ended]]", ballot: Ballot | None) -> None:
    """Wait for all of them; ask once every one that is not over has its question."""
    while not all(each.done() for each in running):
        left = sum(not each.done() for each in running)
        if ballot is not None and ballot.waiting >= left:
            ballot.turn()
            time.sleep(_POLL)
        else:
            wait_for(running, timeout=_POLL)


def _one(session: Session, request: Request, failed: Deployment, ballot: Ballot | None) -> Ended:
    listener = Lines(
        session.output,
        failed.target,
        planned=ballot.planned if ballot is not None else lambda _: None,
        begins=lambda: _no_longer_at_once(session),
    )
    voice = ballot.voice() if ballot is not None else None
    asked = replace(request, failed_deployment_id=failed.id)
    try:
        report = session.verbs.rollback(asked, listener, failed=failed, terminal=voice)
    except SmartSpecError as error:
        session.output.note(f"{failed.target}: error: {error}")
        code = 5 if listener.begun and error.exit_code in _UNTOUCHED else error.exit_code
        return _failed(failed, code, error.what, error.remedy)
    except Exception as error:  # noqa: BLE001 - the others go on; the journal says where this one is
        what = f"unexpected {type(error).__name__}; production's state is in the journal"
        session.output.note(f"{failed.target}: error: {what}")
        return _failed(failed, 1, what, "run the same command for it alone with --verbose")
    return Ended(
        failed_deployment_id=failed.id,
        target=failed.target,
        exit_code=report.exit_code,
        report=report,
    )


def _no_longer_at_once(session: Session) -> None:
    """From the first step on nobody leaves at once."""
    session.stop.stage = Stage.FINISH


def _failed(failed: Deployment, code: int, what: str, remedy: str) -> Ended:
    return Ended(
        failed_deployment_id=failed.id,
        target=failed.target,
        exit_code=code,
        report=None,
        error=what,
        remedy=remedy,
    )
