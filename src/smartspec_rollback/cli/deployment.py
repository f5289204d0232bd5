"""``smartspec deployment record|list|show|mark``: options and help."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import (
    SETTINGS,
    examples,
    limited,
    narrowed,
    pass_session,
    reaches,
)
from smartspec_rollback.cli.session import Session

PHASES = ("before-migrations", "after-migrations", "live")
MARKS = ("healthy", "failed")


@click.group(context_settings=SETTINGS)
def deployment() -> None:
    """Record, list, show and mark deployments."""


@deployment.command(
    "record",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec deployment record --id deploy-12345 --service checkout \\",
        "    --environment production --version v1.2.1",
        "smartspec deployment record --id deploy-12345 --service checkout \\",
        "    --environment production --version v1.2.1 --at 2026-03-02T12:00:00Z --phase live",
    ),
)
@click.option("--id", "deployment_id", required=True, metavar="ID", help="The pipeline's id of it.")
@click.option("--service", required=True, metavar="NAME", help="Which service.")
@click.option("--environment", required=True, metavar="NAME", help="Which environment.")
@click.option("--version", required=True, metavar="VERSION", help="The name of the release.")
@click.option(
    "--artifact", metavar="REF", help="What the platform finds the release by; default: version."
)
@click.option("--commit", metavar="SHA", help="The commit that it was built from.")
@click.option(
    "--at", metavar="TIME", help="When, ISO 8601 with zone (2026-03-02T12:00:00Z); default: now."
)
@click.option(
    "--phase",
    type=click.Choice(PHASES),
    default="live",
    show_default=True,
    help="How far it has come; record it again for each phase.",
)
@click.option(
    "--no-database", is_flag=True, help="Look at no database; a rollback then knows less of it."
)
@reaches
@pass_session
def record(
    session: Session,
    *,
    deployment_id: str,
    service: str,
    environment: str,
    version: str,
    artifact: str | None,
    commit: str | None,
    at: str | None,
    phase: str,
    no_database: bool,
) -> int:
    """Record that a release was deployed; saying it twice changes nothing.

    A configured database is looked at too, read-only: its schema, its migrations and what the
    service asks of it, so that a later rollback can be judged. Of a release that is live, what the
    platform needs to bring that very release back is kept too, and never a secret's value. Where
    that fails, exit code 0 and a warning: the deployment happened.
    """
    from smartspec_rollback.cli import deployments
    from smartspec_rollback.wiring.recording import Said

    said = Said(
        deployment_id=deployment_id,
        service=service,
        environment=environment,
        version=version,
        artifact=artifact,
        commit=commit,
        at=at,
        phase=phase,
        database=not no_database,
    )
    return deployments.record(session, said)


@deployment.command(
    "list",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec deployment list", "smartspec deployment list --service checkout --limit 5"
    ),
)
@narrowed
@limited
@reaches
@pass_session
def list_deployments(
    session: Session, service: str | None, environment: str | None, limit: int
) -> int:
    """List the recorded deployments, newest first, with what is known of their health."""
    from smartspec_rollback.cli import deployments

    found = session.verbs.deployments(service, environment, limit=limit)
    deployments.show(session.output, found)
    return 0


@deployment.command(
    "show",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec deployment show deploy-12345",
        "smartspec deployment show deploy-12345 --format json",
    ),
)
@click.argument("deployment_id", metavar="ID", shell_complete=completing.deployments)
@reaches
@pass_session
def show_one(session: Session, deployment_id: str) -> int:
    """Show one deployment, with its newest verdict."""
    from smartspec_rollback.cli import deployments

    return deployments.show_one(session, deployment_id)


@deployment.command(
    "mark",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec deployment mark deploy-12345 failed --reason 'checkout page is blank'",
        "smartspec deployment mark deploy-12344 healthy",
    ),
)
@click.argument("deployment_id", metavar="ID", shell_complete=completing.deployments)
@click.argument("health", type=click.Choice(MARKS))
@click.option("--reason", metavar="TEXT", help="Why; a rollback's plan shows it.")
@reaches
@pass_session
def mark(session: Session, deployment_id: str, health: str, reason: str | None) -> int:
    """Say yourself that a deployment is healthy or failed; the newest word counts."""
    from smartspec_rollback.cli import deployments

    return deployments.mark(session, deployment_id, health, reason)
