"""``smartspec history``. Imports no terminal view, so that it answers at once."""

import click

from smartspec_rollback.cli.options import (
    SETTINGS,
    examples,
    limited,
    narrowed,
    pass_session,
    reaches,
)
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec history", "smartspec history --service checkout --limit 5"),
)
@narrowed
@limited
@reaches
@pass_session
def history(session: Session, service: str | None, environment: str | None, limit: int) -> int:
    """List the rollbacks, newest first."""
    from smartspec_rollback.views import json, plain, tables

    output = session.output
    rollbacks = session.verbs.history(service, environment, limit=limit)
    if output.as_json:
        output.document(json.history_document(rollbacks))
    elif output.for_person:
        output.result(plain.history(rollbacks, width=output.width))
    else:
        output.result(tables.history(rollbacks))
    return 0
