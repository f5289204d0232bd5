"""``smartspec approve``."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec show rb-abcdefgh && smartspec approve rb-abcdefgh",
        "smartspec approve rb-abcdefgh --reason 'seen with bob, go ahead'",
    ),
)
@click.argument("rollback_id", metavar="ID", shell_complete=completing.rollbacks)
@click.option("--reason", metavar="TEXT", help="Why; recorded.")
@reaches
@pass_session
def approve(session: Session, rollback_id: str, reason: str | None) -> int:
    """Approve a rollback that waits for it.

    You are who the operating system says you are. Exit code 3: your answer does not count, or
    the question is over.
    """
    from smartspec_rollback.cli.answering import give
    from smartspec_rollback.domain.approval import Answer

    given = give(session, rollback_id, Answer.APPROVE, reason)
    if given.driven_by is None and given.is_open:
        session.output.note(
            f"Nobody is carrying it out: `smartspec resume {rollback_id}` goes on from here."
        )
    return given.show(session)
