"""``smartspec abandon``."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec abandon rb-abcdefgh --reason 'finished by hand'",
        "smartspec abandon rb-abcdefgh --reason 'rolled forward' --format json",
    ),
)
@click.argument("rollback_id", metavar="ID", shell_complete=completing.rollbacks)
@click.option("--reason", metavar="TEXT", required=True, help="Why; recorded in the audit log.")
@reaches
@pass_session
def abandon(session: Session, rollback_id: str, reason: str) -> int:
    """Give up a rollback that stopped in the middle, and free its service.

    Production stays as it is, and the bad release stays on hold. Exit code 5: production is partly
    changed, as the report says.
    """
    from smartspec_rollback.cli.rolling_back import abandon as give_up
    from smartspec_rollback.domain.names import checked_name, checked_text

    checked_name("rollback id", rollback_id)
    return give_up(session, rollback_id, reason=checked_text("reason", reason))
