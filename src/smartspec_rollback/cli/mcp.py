"""``smartspec mcp``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec mcp", "smartspec mcp --server https://rollback.example.org"),
)
@reaches
@pass_session
def mcp(session: Session) -> int:
    """Let an AI agent plan, explain, list and follow rollbacks.

    It speaks the Model Context Protocol over standard input and output. An agent may also ask for
    a rollback; people approve it as any other. Approving and denying are no tools.
    """
    from smartspec_rollback.cli.agents import talk

    return talk(session)
