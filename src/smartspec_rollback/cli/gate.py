"""``smartspec_quality_gate`` and ``smartspec gate``."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec_quality_gate --deployment-id deploy-12345",
        "smartspec_quality_gate --deployment-id deploy-12345 --format json > verdict.json",
    ),
)
@click.option(
    "--deployment-id",
    required=True,
    metavar="ID",
    shell_complete=completing.deployments,
    help="The deployment to judge; it has to be the live one.",
)
@reaches
@pass_session
def gate(session: Session, deployment_id: str) -> int:
    """Judge a fresh deployment by its objectives, and record the verdict.

    Exit codes: 0 pass, 1 fail (said only after the verdict was recorded), 2 usage or
    configuration, 3 inconclusive (no data is never a pass), 4 an error of a provider or of ours.
    """
    session.judges = True
    from smartspec_rollback.cli.showing import show_verdict
    from smartspec_rollback.domain.names import checked_name
    from smartspec_rollback.domain.verdict import VerdictOutcome

    checked_name("deployment id", deployment_id)
    verdict = session.verbs.gate(deployment_id, session.screen)
    code = {
        VerdictOutcome.PASS: 0,
        VerdictOutcome.FAIL: 1,
        VerdictOutcome.INCONCLUSIVE: 3,
    }[verdict.outcome]
    show_verdict(session.output, verdict, exit_code=code)
    return code
