"""``smartspec deny``."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec deny rb-abcdefgh", "smartspec deny rb-abcdefgh --reason 'we roll forward'"
    ),
)
@click.argument("rollback_id", metavar="ID", shell_complete=completing.rollbacks)
@click.option("--reason", metavar="TEXT", help="Why; recorded, and shown to whoever waits.")
@reaches
@pass_session
def deny(session: Session, rollback_id: str, reason: str | None) -> int:
    """Deny a rollback; before its first step a deny always wins.

    What was started for it is removed. Exit code 3: your answer does not count, or it is too late.
    """
    from smartspec_rollback.cli.answering import close, give
    from smartspec_rollback.domain.approval import Answer

    given = give(session, rollback_id, Answer.DENY, reason)
    if given.driven_by is None and given.is_open:
        close(session, rollback_id)
    return given.show(session)
