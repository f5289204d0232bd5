"""``smartspec serve``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, works
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec serve", "smartspec serve --host 0.0.0.0 --port 8443"),
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; others than this machine's own need logins and TLS.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@works
@pass_session
def serve(session: Session, *, host: str, port: int) -> int:
    """Serve the API and the console, and carry rollbacks out.

    It also takes over rollbacks whose process died, as a worker does. Told to stop, it takes no
    more requests and waits for what is being carried out; what only waits for an answer it leaves,
    for the next one. Several may run on one ledger.
    """
    from smartspec_rollback.cli.serving import serving

    return serving(session, host=host, port=port)
