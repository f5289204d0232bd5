"""``smartspec resume``."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec resume rb-abcdefgh", "smartspec resume rb-abcdefgh --format json"),
)
@click.argument("rollback_id", metavar="ID", shell_complete=completing.rollbacks)
@reaches
@pass_session
def resume(session: Session, rollback_id: str) -> int:
    """Go on with a rollback that was interrupted, or verify it again.

    Looks at the platform first, so nothing is done twice. Exit codes as smartspec_rollback.
    """
    from smartspec_rollback.cli.rolling_back import resume as go_on
    from smartspec_rollback.domain.names import checked_name

    return go_on(session, checked_name("rollback id", rollback_id))
