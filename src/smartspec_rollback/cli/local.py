"""``smartspec local up|deploy|status|down``: options and help."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, narrowed, pass_session, works
from smartspec_rollback.cli.session import Session


@click.group(context_settings=SETTINGS)
def local() -> None:
    """Run and deploy releases on this machine."""


@local.command(
    "up",
    context_settings=SETTINGS,
    epilog=examples("smartspec local up", "smartspec local up --service checkout"),
)
@narrowed
@works
@pass_session
def up(session: Session, service: str | None, environment: str | None) -> int:
    """Start the proxy and whatever should run; nothing where it runs already."""
    from smartspec_rollback.cli.local_host import start

    return start(session, service, environment)


@local.command(
    "deploy",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec local deploy --version v1.2.1",
        "smartspec local deploy --version v1.2.1 --id deploy-12345 --service checkout",
    ),
)
@narrowed
@click.option(
    "--version",
    required=True,
    metavar="VERSION",
    shell_complete=completing.versions,
    help="The release to put live.",
)
@click.option("--id", "deployment_id", metavar="ID", help="Its id; default: a new one.")
@works
@pass_session
def deploy(
    session: Session,
    service: str | None,
    environment: str | None,
    version: str,
    deployment_id: str | None,
) -> int:
    """Put a release live without losing a request, and record the deployment.

    Exit code 3: the release is on hold, or a rollback is running; nothing was changed.
    """
    from smartspec_rollback.cli.local_host import deploy as put_live

    return put_live(session, service, environment, version, deployment_id)


@local.command(
    "status",
    context_settings=SETTINGS,
    epilog=examples("smartspec local status", "smartspec local status --format json"),
)
@narrowed
@works
@pass_session
def status(session: Session, service: str | None, environment: str | None) -> int:
    """Show what is live and what runs."""
    from smartspec_rollback.cli.local_host import show_status

    return show_status(session, service, environment)


@local.command(
    "down",
    context_settings=SETTINGS,
    epilog=examples("smartspec local down", "smartspec local down --service checkout"),
)
@narrowed
@works
@pass_session
def down(session: Session, service: str | None, environment: str | None) -> int:
    """Stop everything that was started here; nothing of it is left running."""
    from smartspec_rollback.cli.local_host import stop

    return stop(session, service, environment)
