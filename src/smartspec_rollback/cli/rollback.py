"""``smartspec_rollback`` and ``smartspec rollback``: options and help."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec_rollback --failed-deployment-id deploy-12345 --dry-run",
        "smartspec_rollback --failed-deployment-id deploy-12345",
    ),
)
@click.option(
    "--failed-deployment-id",
    "failed_deployment_ids",
    required=True,
    multiple=True,
    metavar="ID",
    shell_complete=completing.deployments,
    help="The deployment to take back; `smartspec deployment list` shows them. Given several "
    "times, they are rolled back side by side.",
)
@click.option(
    "--target-version",
    metavar="VERSION",
    help="Go back to this version instead of the last known good one.",
)
@click.option(
    "--auto-approve",
    is_flag=True,
    help="Skip the question where the newest verdict is fail and the policy allows the risk; "
    "otherwise it is asked.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option(
    "--override",
    metavar="CHECK",
    shell_complete=completing.checks,
    help="Lift the blocking finding of one check; needs --reason and a person's approval.",
)
@click.option("--reason", metavar="TEXT", help="Why; recorded, and shown in the plan.")
@click.option(
    "--break-glass",
    metavar="REASON",
    help="Do without the ledger, when it cannot be used; asks at this terminal.",
)
@reaches
@pass_session
def rollback(
    session: Session,
    failed_deployment_ids: tuple[str, ...],
    target_version: str | None,
    *,
    auto_approve: bool,
    dry_run: bool,
    override: str | None,
    reason: str | None,
    break_glass: str | None,
) -> int:
    """Return a failed production deployment to a version known to be good.

    Shows a plan with its safety checks, asks for approval, moves traffic, verifies. The same
    command again joins a rollback that runs, or takes over one whose process died.

    Exit codes: 0 rolled back (or a dry run that may proceed), 2 usage, 3 refused, 4 a provider
    failed; with these nothing was changed. 5 partly applied, 6 a person must look, 7 applied but
    not verified stable, 1 a bug: production's state is in the journal.
    """
    from smartspec_rollback.cli.rolling_back import Asked, roll_back

    asked = Asked(
        failed_deployment_ids=failed_deployment_ids,
        target_version=target_version,
        auto_approve=auto_approve,
        dry_run=dry_run,
        override=override,
        reason=reason,
        break_glass=break_glass,
    )
    return roll_back(session, asked)
