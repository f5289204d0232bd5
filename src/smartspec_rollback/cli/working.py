"""Taking over rollbacks whose process died: what ``smartspec worker`` does.

The driving is ``operations.runner``'s; chats are told and heard by ``operations.chatting``. This
loop says what is done and knows when to end.
"""

from smartspec_rollback.cli.lines import Lines
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.stop import Stage
from smartspec_rollback.domain.rollback import Rollback, Status
from smartspec_rollback.errors import StoreError
from smartspec_rollback.operations.chatting import Chats
from smartspec_rollback.operations.operations import Operations
from smartspec_rollback.operations.runner import Runner
from smartspec_rollback.wiring import Surroundings, open_workspace

_TICK = 0.05
_BEGUN = (Status.EXECUTING, Status.VERIFYING)


def work(session: Session, *, once: bool) -> int:
    """Take over what nobody drives, until told to stop, or (``once``) until nothing is left."""
    session.stop.stage = Stage.SERVE
    output = session.output

    def listen(found: Rollback) -> Lines:
        lines = Lines(output, found.target)
        lines.begun = found.status in _BEGUN
        return lines

    # A worker that stops must not cancel what people are asked about: so the engine is not told.
    workspace = open_workspace(session.config, Surroundings(warn=output.note))
    _ = workspace.store, workspace.operator  # once, before there are threads
    runner = Runner(workspace, listen=listen, tell=output.progress, warn=output.note)
    url = workspace.configuration.server.url or ""
    chats = Chats(workspace, Operations(workspace, runner), workspace.targets, url=url)
    if not once:
        chats.start()
    output.progress("Taking over rollbacks whose process died.")
    failing = ""
    while not session.stop():
        try:
            runner.turn()
            failing = ""
        except StoreError as error:  # what is carried out meanwhile must not be torn out of a step
            if error.what != failing:
                output.note(f"error: {error}")
            failing = error.what
        if once and runner.is_idle:
            break
        workspace.clock.sleep(_TICK)
    if not once:
        chats.hush()
    runner.stop()
    if not once:
        chats.stop()
    return 0
