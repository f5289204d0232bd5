"""Taking over rollbacks whose process died: what ``smartspec worker`` does.

Each is driven by the same code as in the process that began it. Told to stop, a worker takes over
nothing more and waits for what is being carried out; what only waits for an answer it leaves, for
the next one. A worker that is killed leaves nothing that another one could not take over.
"""

import threading
from datetime import timedelta

from smartspec_rollback.cli.lines import Lines
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.stop import Stage
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.errors import SmartSpecError
from smartspec_rollback.wiring import Surroundings, Workspace, open_workspace

TAKEN_OVER = (
    Status.PLANNED,
    Status.AWAITING_APPROVAL,
    Status.APPROVED,
    Status.EXECUTING,
    Status.VERIFYING,
)
"""What needs nobody to look at it first."""

_EVERY = 1.0
_UNDISTURBED = timedelta(seconds=3)
_MANY = 1000


def work(session: Session, *, once: bool) -> int:
    """Take over what nobody drives, until told to stop, or (``once``) until nothing is left."""
    session.stop.stage = Stage.ASK
    # A worker that stops must not cancel what people are asked about: so the engine is not told.
    workspace = open_workspace(session.config, Surroundings(warn=session.output.note))
    _ = workspace.store, workspace.operator  # once, before there are threads
    worker = _Worker(session, workspace)
    session.output.progress("Taking over rollbacks whose process died.")
    while not session.stop():
        worker.turn()
        if once and not worker.busy:
            break
        workspace.clock.sleep(_EVERY)
    while worker.executing:
        workspace.clock.sleep(_EVERY)
    return 0


class _Worker:
    """What this process has taken over."""

    def __init__(self, session: Session, workspace: Workspace) -> None:
        self._session = session
        self._workspace = workspace
        self._running: dict[str, tuple[threading.Thread, Lines]] = {}
        self._failed: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether anything is driven here."""
        return any(thread.is_alive() for thread, _ in self._running.values())

    @property
    def executing(self) -> bool:
        """Whether anything driven here may be touching production."""
        return any(thread.is_alive() and lines.begun for thread, lines in self._running.values())

    def turn(self) -> None:
        """Look once for what nobody drives, and begin to drive it."""
        store, now = self._workspace.store, self._workspace.clock.now()
        self._running = {k: held for k, held in self._running.items() if held[0].is_alive()}
        for status in TAKEN_OVER:
            for each in store.rollbacks(status=status, limit=_MANY):
                # Whoever just began it may not have claimed it yet.
                fresh = now - each.updated_at < _UNDISTURBED
                mine = each.id in self._running or each.id in self._failed
                if not fresh and not mine and store.holder(each.id) is None:
                    self._take_over(each)

    def _take_over(self, found: Rollback) -> None:
        lines = Lines(self._session.output, found.target)
        lines.begun = found.status in (Status.EXECUTING, Status.VERIFYING)
        self._session.output.progress(f"{found.target}: taking over {found.id} ({found.status})")
        thread = threading.Thread(
            target=self._drive, args=(found, lines), name=found.id, daemon=True
        )
        self._running[found.id] = thread, lines
        thread.start()

    def _drive(self, found: Rollback, lines: Lines) -> None:
        output = self._session.output
        try:
            report = self._workspace.resume(found.id, lines)
        except SmartSpecError as error:
            # Once is enough: it would come to the same, and people are to look.
            self._failed.add(found.id)
            output.note(f"{found.target}: {found.id}: error: {error}")
        except Exception as error:  # noqa: BLE001 - the others go on; the journal says where this is
            self._failed.add(found.id)
            output.note(f"{found.target}: {found.id}: unexpected {type(error).__name__}")
        else:
            output.progress(f"{found.target}: {found.id} is {report.rollback.status}")
