"""``smartspec hold list`` and ``smartspec hold release``."""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, narrowed, pass_session, reaches
from smartspec_rollback.cli.session import Session


@click.group(context_settings=SETTINGS)
def hold() -> None:
    """List and release the holds on bad releases."""


@hold.command(
    "list",
    context_settings=SETTINGS,
    epilog=examples("smartspec hold list", "smartspec hold list --format json"),
)
@narrowed
@reaches
@pass_session
def list_holds(session: Session, service: str | None, environment: str | None) -> int:
    """List the releases that must not be deployed again until a person says so."""
    from smartspec_rollback.views import json, tables

    output = session.output
    holds = session.verbs.holds(service, environment)
    if output.as_json:
        output.document(json.holds_document(holds))
    elif output.rich:
        from smartspec_rollback.views.terminal import render_holds

        output.render(lambda console: render_holds(holds, console))
    else:
        output.result(tables.holds(holds))
    return 0


@hold.command(
    "release",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec hold release hold-rb-abcdefgh",
        "smartspec hold release hold-rb-abcdefgh --reason 'fixed by configuration'",
    ),
)
@click.argument("hold_id", metavar="ID", shell_complete=completing.holds)
@click.option("--reason", metavar="TEXT", help="Why it may be deployed again; recorded.")
@reaches
@pass_session
def release(session: Session, hold_id: str, reason: str | None) -> int:
    """Lift a hold, so that its release may be deployed again."""
    from smartspec_rollback.domain.names import checked_name, checked_text
    from smartspec_rollback.views import json

    checked_name("hold id", hold_id)
    why = checked_text("reason", reason) if reason is not None else "no reason given"
    lifted = session.verbs.release_hold(hold_id, reason=why)
    if session.output.as_json:
        session.output.document(json.holds_document([lifted]))
    else:
        session.output.result(
            f"Released {lifted.id}: {lifted.release.version} may be deployed to {lifted.target} "
            "again.\n"
        )
    return 0
