"""``smartspec worker``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, works
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec worker", "smartspec worker --once"),
)
@click.option("--once", is_flag=True, help="End when nothing is left to take over.")
@works
@pass_session
def worker(session: Session, *, once: bool) -> int:
    """Take over rollbacks whose process died, until told to stop.

    One that waits for approval goes on waiting, and is carried out once approved; one that was in
    the middle is brought to its end. Those that a person has to look at are left to people. Several
    workers may run on one ledger.
    """
    from smartspec_rollback.cli.working import work

    return work(session, once=once)
