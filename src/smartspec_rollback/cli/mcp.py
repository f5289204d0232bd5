"""``smartspec mcp``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, works
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec mcp", "smartspec mcp --server https://rollback.example.org"),
)
@click.option(
    "--server",
    envvar="SMARTSPEC_SERVER",
    metavar="URL",
    help="Speak to this server, with the token in SMARTSPEC_TOKEN; without it, to this "
    "machine's ledger.",
)
@works
@pass_session
def mcp(session: Session, server: str | None) -> int:
    """Let an AI agent plan, explain, list and follow rollbacks.

    It speaks the Model Context Protocol over standard input and output. An agent may also ask for
    a rollback; people approve it as any other. Approving and denying are no tools.
    """
    from smartspec_rollback.cli.agents import talk

    return talk(session, server)
