"""``smartspec show``."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec show rb-abcdefgh", "smartspec show rb-abcdefgh --report"),
)
@click.argument("rollback_id", metavar="ID", shell_complete=completing.rollbacks)
@click.option("--report", is_flag=True, help="Print what became of it instead of the plan.")
@reaches
@pass_session
def show(session: Session, rollback_id: str, *, report: bool) -> int:
    """Print a rollback's plan again, byte for byte, or its report."""
    from smartspec_rollback.cli.showing import show_report, write_plan
    from smartspec_rollback.domain.names import checked_name

    found = session.verbs.report(checked_name("rollback id", rollback_id))
    if report:
        show_report(session.output, found)
    else:
        write_plan(session.output, found)
    return 0
