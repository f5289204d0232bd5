"""``smartspec readiness``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, narrowed, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec readiness",
        "smartspec readiness --environment production --format json",
    ),
)
@narrowed
@reaches
@pass_session
def readiness(session: Session, service: str | None, environment: str | None) -> int:
    """Say whether each live deployment could be gone back on, and how fast.

    By planning a rollback of what is live and running its checks. Nothing is executed or started,
    and nothing but the answer is kept, so that the next one can say what changed.

    Exit code 0: every live deployment could go back; 3: one could not; 4: one could not be told,
    or nothing is live.
    """
    from smartspec_rollback.domain.readiness import exit_code

    answers = session.verbs.readiness(service, environment)
    output = session.output
    if output.as_json:
        from smartspec_rollback.views import json

        output.document(json.readiness_document(answers))
    else:
        from smartspec_rollback.views import readiness as view

        output.result(
            view.plain(answers, width=output.width) if output.for_person else view.markdown(answers)
        )
    return exit_code(answers)
